import { ShapeError } from '../errors.js'
import { ChaseLog } from './chases.js'
import { addAt, dotAt } from './products.js'
import { norm2, powerOfTwoScale } from './scaling.js'
import { tridiagonalValues } from './tridiagonal.js'

export interface LanczosOptions {
  n: number
  /** A v: [n] → [n], A symmetric. */
  apply: (v: Float64Array) => Float64Array
  /** [n], not zero: where it starts. */
  b: Float64Array
  /** At most so many steps; n by default. */
  steps?: number
}

export interface Lanczos {
  /** Steps done: fewer than asked for where b sees no more of A. */
  steps: number
  /** Diagonal [k] and off-diagonal [k] of T = QᵀA Q; the last of `beta` is the length of what is left, 0 if nothing is. */
  alpha: Float64Array
  beta: Float64Array
  /** [k, n]: row j is q_j. */
  Q: Float64Array
  /** Ritz values, descending. */
  values: Float64Array
  /** Of each Ritz value: an eigenvalue of A is at least as near as this, |β_k y_k|. */
  errors: Float64Array
  /** ‖b‖ Q f(T) e_1: approximates f(A) b. */
  apply(f: (value: number) => number): Float64Array
}

/**
 * k steps of Lanczos with full reorthogonalisation: A Q = Q T + β_k q_k+1 e_kᵀ, T tridiagonal, whose eigenvalues approximate
 * those of A from the ends inwards. A need not be definite. Memory is that of k vectors.
 *
 * Source: Lanczos 1950; Golub & Van Loan, Matrix Computations, 4th ed., 10.1 and 10.3 (reorthogonalisation); Parlett 1980,
 * 13.2 (the errors).
 */
export function lanczos({ n, apply, b, steps = n }: LanczosOptions): Lanczos {
  if (b.length !== n) throw new ShapeError('lanczos', `${b.length} entries for b [${n}]`, `Give ${n} entries`)
  const most = Math.min(steps, n)
  const Q = new Float64Array(most * n)
  const [alphas, betas]: number[][] = [[], []]
  const length = norm2(b)
  const q = b.map(v => (length > 0 ? v / length : 0))
  let largest = 0
  while (alphas.length < most && length > 0) {
    const k = alphas.length
    Q.set(q, k * n)
    const r = apply(q.slice())
    if (r.length !== n) throw new ShapeError('lanczos', `apply returned ${r.length} entries`, `It returns [${n}]`)
    alphas.push(dotAt(Q, k * n, r, 0, n))
    largest = Math.max(largest, norm2(r))
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j <= k; j++) addAt(r, 0, -dotAt(Q, j * n, r, 0, n), Q, j * n, n)
    const beta = norm2(r)
    // What is left of rounding is no direction.
    const done = k + 1 === n || !(beta > 10 * Number.EPSILON * largest)
    betas.push(done ? 0 : beta)
    if (done) break
    for (let i = 0; i < n; i++) q[i] = r[i] / beta
  }
  const k = alphas.length
  const alpha = Float64Array.from(alphas)
  const beta = Float64Array.from(betas)
  const log = new ChaseLog()
  const scale = powerOfTwoScale(largest)
  const d = alpha.map(v => v / scale)
  const e = beta.map(v => v / scale).subarray(0, Math.max(0, k - 1))
  tridiagonalValues(d, e, log)
  for (let i = 0; i < k; i++) d[i] *= scale
  const order = Array.from(d, (_, i) => i).sort((i, j) => d[j] - d[i] || i - j)
  const unit = (i: number) => Float64Array.from({ length: k }, (_, j) => (i === j ? 1 : 0))
  const last = unit(k - 1)
  log.forward(last)
  return {
    steps: k,
    alpha,
    beta,
    Q: Q.subarray(0, k * n),
    values: Float64Array.from(order, i => d[i]),
    errors: Float64Array.from(order, i => Math.abs(last[i]) * beta[k - 1]),
    apply: f => {
      const c = unit(0)
      log.forward(c)
      for (let i = 0; i < k; i++) c[i] *= f(d[i]) * length
      log.backward(c)
      const x = new Float64Array(n)
      for (let j = 0; j < k; j++) addAt(x, 0, c[j], Q, j * n, n)
      return x
    }
  }
}
