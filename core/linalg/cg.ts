import { ShapeError } from '../errors.js'
import { norm2, powerOfTwoScale } from './scaling.js'

/** Why a system of a batch stopped. */
export type CGStatus = 'converged' | 'maxIterations' | 'indefinite' | 'nonFinite'

export interface CGOptions {
  batch: number
  n: number
  /** A v for all systems at once: [B, n] → [B, n], A symmetric positive definite. */
  apply: (v: Float64Array) => Float64Array
  /** [B, n] */
  b: Float64Array
  /** M⁻¹ r for all systems at once, M symmetric positive definite and near A: fewer iterations, the nearer. */
  precondition?: (r: Float64Array) => Float64Array
  /** Stops at ‖r‖ <= max(rtol ‖b‖, atol); 1e-10 and 0. */
  rtol?: number
  atol?: number
  /** 2n by default. */
  maxIterations?: number
}

export interface CGResult {
  /** [B, n] */
  x: Float64Array
  /** Of the slowest system. */
  iterations: number
  iterationsPerSystem: Int32Array
  /** [B], ‖b - A x‖ as the recurrence has it. */
  residualNorm: Float64Array
  status: CGStatus[]
}

/**
 * Conjugate gradients (Hestenes & Stiefel 1952; Golub & Van Loan, algorithm 11.3.3) for B independent systems, advanced
 * together with scalars of their own, so that one product serves all. A system that is done stays as it is; its direction
 * is zero from then on. With a preconditioner M the directions are those of M^-½ A M^-½ (algorithm 11.5.1); the stopping rule
 * stays that of ‖r‖. Where pᵀA p <= 0 the system is not positive definite along p: it stops there as 'indefinite' with
 * the x so far, as in Newton-CG. Starts from zero.
 *
 * Not for least squares: on AᵀA it would see the square of A's condition number; use `lsmr`.
 */
export function cg(options: CGOptions): CGResult {
  const { batch, n, apply, b, precondition, rtol = 1e-10, atol = 0, maxIterations = 2 * n } = options
  if (b.length !== batch * n)
    throw new ShapeError('cg', `${b.length} entries for b [${batch}, ${n}]`, `Give ${batch * n} entries`)
  const x = new Float64Array(batch * n)
  // b to unit size, exactly, so that ⟨p, A p⟩ of a large b does not overflow.
  const scale = Float64Array.from({ length: batch }, (_, s) => unitOf(b.subarray(s * n, (s + 1) * n)))
  const r = b.map((v, i) => v / scale[Math.floor(i / n)])
  const z = precondition ? preconditioned(precondition, r) : r
  const p = z.slice()
  // √(rᵀM⁻¹r), which is ‖r‖ without a preconditioner; by its root, so that no square leaves the range.
  const size = new Float64Array(batch)
  const sizeOf = (s: number, z: Float64Array): number =>
    precondition ? Math.sqrt(product(r, z, s * n, (s + 1) * n)) : residualNorm[s]
  const residualNorm = new Float64Array(batch)
  const stopAt = new Float64Array(batch)
  const iterationsPerSystem = new Int32Array(batch)
  const status: (CGStatus | undefined)[] = new Array(batch).fill(undefined)
  let running = 0
  const stop = (s: number, why: CGStatus) => {
    status[s] = why
    p.fill(0, s * n, (s + 1) * n)
    running--
  }
  for (let s = 0; s < batch; s++) {
    running++
    residualNorm[s] = norm2(r, s * n, (s + 1) * n)
    stopAt[s] = Math.max(rtol * residualNorm[s], atol / scale[s])
    if (!(residualNorm[s] < Infinity)) stop(s, 'nonFinite')
    else if (residualNorm[s] <= stopAt[s] || residualNorm[s] === 0) stop(s, 'converged')
    else {
      size[s] = sizeOf(s, z)
      if (Number.isNaN(size[s])) stop(s, 'indefinite')
    }
  }
  let iterations = 0
  while (running > 0 && iterations < maxIterations) {
    iterations++
    const Ap = apply(p)
    if (Ap.length !== batch * n)
      throw new ShapeError('cg', `apply returned ${Ap.length} entries`, `It returns [${batch}, ${n}]`)
    for (let s = 0; s < batch; s++) {
      if (status[s]) continue
      const from = s * n
      const to = from + n
      const curvature = product(p, Ap, from, to)
      if (!Number.isFinite(curvature)) {
        stop(s, 'nonFinite')
        continue
      }
      if (curvature <= 0) {
        stop(s, 'indefinite')
        continue
      }
      iterationsPerSystem[s]++
      const alpha = (size[s] / curvature) * size[s]
      for (let i = from; i < to; i++) {
        x[i] += alpha * p[i]
        r[i] -= alpha * Ap[i]
      }
      residualNorm[s] = norm2(r, from, to)
      if (residualNorm[s] <= stopAt[s] || residualNorm[s] === 0) stop(s, 'converged')
    }
    if (running === 0) break
    const z = precondition ? preconditioned(precondition, r) : r
    for (let s = 0; s < batch; s++) {
      if (status[s]) continue
      const old = size[s]
      size[s] = sizeOf(s, z)
      const beta = (size[s] / old) ** 2
      if (!Number.isFinite(beta)) stop(s, 'indefinite')
      else for (let i = s * n; i < (s + 1) * n; i++) p[i] = z[i] + beta * p[i]
    }
  }
  for (let i = 0; i < x.length; i++) x[i] *= scale[Math.floor(i / n)]
  for (let s = 0; s < batch; s++) residualNorm[s] *= scale[s]
  return { x, iterations, iterationsPerSystem, residualNorm, status: status.map(why => why ?? 'maxIterations') }
}

/** Σ a_i b_i over i in [from, to). */
function product(a: Float64Array, b: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += a[i] * b[i]
  return sum
}

function preconditioned(precondition: (r: Float64Array) => Float64Array, r: Float64Array): Float64Array {
  const z = precondition(r)
  if (z.length !== r.length)
    throw new ShapeError(
      'cg',
      `precondition returned ${z.length} entries`,
      `It returns as many as it gets, ${r.length}`
    )
  return z
}

/** The power of two next to the largest entry; 1 where there is a NaN or an infinity. */
function unitOf(b: Float64Array): number {
  let max = 0
  for (let i = 0; i < b.length; i++) max = Number.isNaN(b[i]) ? Number.POSITIVE_INFINITY : Math.max(max, Math.abs(b[i]))
  return max < Number.POSITIVE_INFINITY ? powerOfTwoScale(max) : 1
}
