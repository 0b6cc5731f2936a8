import { linalgKernels } from '../backends/kernels.js'
import { ChaseLog } from './chases.js'
import { type Reflectors, reflect, reflectBack } from './qr.js'
import { identity, norm2 } from './scaling.js'

/**
 * A = X diag(values) Xᵀ for a symmetric A [n, n], X as a product of reflectors and rotations: one vector passes through it
 * at n² and 3n² flops, and only who asks for the whole matrix pays for it.
 */
export interface SymmetricFactors {
  /** [n], descending. */
  values: Float64Array
  /** Xᵀ g: [n] → [n]. */
  applyXt(g: Float64Array): Float64Array
  /** X c: [n] → [n]. */
  applyX(c: Float64Array): Float64Array
  /** [n, n]: row k is the eigenvector of values[k]. */
  rows(): Float64Array
  /** False if 30 chases per value were not enough; never seen on finite input. */
  converged: boolean
}

/**
 * Factors a symmetric A [n, n] with entries up to about 1, of which the upper triangle is read; A is used up.
 *
 * 1. Rows and columns are put in the order of the diagonal, largest first, which is how the chases like it.
 * 2. A = Q T Qᵀ by reflectors, T tridiagonal (4/3 n³ flops; in WebAssembly half of them in matrix products).
 * 3. T = Y diag(values) Yᵀ by chases of rotations, which are logged, as for singular values (chases.ts).
 *
 * values are right to about ε times the largest of them.
 *
 * Source: Golub & Van Loan, Matrix Computations, 4th ed., 8.3 (Householder, implicit QR with Wilkinson's shift).
 */
export function factorSymmetric(A: Float64Array, n: number): SymmetricFactors {
  const place = sortDiagonal(A, n)
  const kernels = linalgKernels('eigh', n * n * n)
  const { d, e, h } = kernels ? kernels.tridiagonalise(A, n) : plainTridiagonal(A, n)
  const log = new ChaseLog()
  const converged = tridiagonalValues(d, e, log)
  const order = Array.from(d, (_, i) => i).sort((i, j) => d[j] - d[i] || i - j)
  return {
    values: Float64Array.from(order, from => d[from]),
    applyXt: g => {
      const x = Float64Array.from(place, from => g[from])
      reflectBack(h, x)
      log.forward(x)
      return Float64Array.from(order, from => x[from])
    },
    applyX: c => {
      const x = new Float64Array(n)
      for (let k = 0; k < n; k++) x[order[k]] = c[k]
      log.backward(x)
      reflect(h, x)
      const out = new Float64Array(n)
      for (let i = 0; i < n; i++) out[place[i]] = x[i]
      return out
    },
    rows: () => {
      // Row k of M Qᵀ, M all rotations. They run over the rows of Qᵀ and not of the identity, where products of small sines
      // would make subnormal numbers, on which processors are slow.
      const X = kernels ? kernels.formRowsOf(h) : identity(n)
      if (kernels) kernels.rotateRows(log, X, n, n, false)
      else {
        for (let k = 0; k < n; k++) reflect(h, X.subarray(k * n, (k + 1) * n))
        log.forwardRows(X, n)
      }
      const out = new Float64Array(n * n)
      for (let k = 0; k < n; k++) for (let i = 0; i < n; i++) out[k * n + place[i]] = X[order[k] * n + i]
      return out
    },
    converged
  }
}

/** Exchanges rows and columns so that the diagonal falls; place[i] is where row i comes from. Only the upper triangle moves. */
function sortDiagonal(A: Float64Array, n: number): number[] {
  const place = Array.from({ length: n }, (_, i) => i)
  if (place.every(i => i === 0 || A[i * n + i] <= A[(i - 1) * n + i - 1])) return place
  place.sort((i, j) => A[j * n + j] - A[i * n + i] || i - j)
  // The lower triangle becomes the copy to take from.
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) A[i * n + j] = A[j * n + i]
  const row = new Float64Array(n)
  const done = new Uint8Array(n)
  for (let start = 0; start < n; start++) {
    // Rows move along the cycles of the permutation.
    if (done[start]) continue
    const held = A.slice(start * n, (start + 1) * n)
    let i = start
    for (;;) {
      done[i] = 1
      const from = place[i]
      if (from === start) break
      A.copyWithin(i * n, from * n, (from + 1) * n)
      i = from
    }
    A.set(held, i * n)
  }
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) row[j] = A[i * n + place[j]]
    A.set(row.subarray(i, n), i * n + i)
  }
  return place
}

/** The same as assembly/tridiagonal.ts, one reflector at a time. */
function plainTridiagonal(A: Float64Array, n: number): { d: Float64Array; e: Float64Array; h: Reflectors } {
  const [d, e, tau, v, w] = Array.from({ length: 5 }, () => new Float64Array(n))
  for (let k = 0; k < n; k++) {
    d[k] = A[k * n + k]
    A.fill(0, k * n, k * n + k + 1)
    const from = k * n + k + 1
    const [x0, norm] = [A[from], norm2(A, from, (k + 1) * n)]
    if (k + 1 === n) break
    if (norm2(A, from + 1, (k + 1) * n) === 0) {
      e[k] = x0
      A[from] = 1
      continue
    }
    const beta = x0 > 0 ? -norm : norm
    e[k] = beta
    tau[k] = (beta - x0) / beta
    for (let j = from + 1; j < (k + 1) * n; j++) A[j] /= x0 - beta
    A[from] = 1
    v.set(A.subarray(k * n, (k + 1) * n))
    w.fill(0)
    for (let i = k + 1; i < n; i++) {
      let sum = A[i * n + i] * v[i]
      for (let j = i + 1; j < n; j++) {
        sum += A[i * n + j] * v[j]
        w[j] += A[i * n + j] * v[i]
      }
      w[i] += sum
    }
    let wv = 0
    for (let i = k + 1; i < n; i++) wv += w[i] * v[i]
    const half = -0.5 * tau[k] * wv
    for (let i = k + 1; i < n; i++) w[i] = tau[k] * (w[i] + half * v[i])
    for (let i = k + 1; i < n; i++) for (let j = i; j < n; j++) A[i * n + j] -= v[i] * w[j] + w[i] * v[j]
  }
  return { d, e, h: { rows: n, cols: n, Y: A, tau } }
}

/**
 * The eigenvalues of the tridiagonal T with diagonals d[n] and e[n - 1], in d, by implicit QR steps with Wilkinson's shift
 * from the top down; e is used up. All rotations of the rows go to the log. Returns whether it converged.
 */
export function tridiagonalValues(d: Float64Array, e: Float64Array, log: ChaseLog): boolean {
  const n = d.length
  const TINIEST = 2 ** -1022
  const UNIT = Number.EPSILON / 2
  const negligible = (i: number) => e[i] * e[i] <= UNIT * Math.abs(d[i]) * (UNIT * Math.abs(d[i + 1])) + TINIEST
  let steps = 0
  for (let m = n - 1; m > 0; ) {
    let l = m
    while (l > 0 && !negligible(l - 1)) l--
    if (l > 0) e[l - 1] = 0
    if (l === m) {
      m--
      continue
    }
    if (steps++ >= 30 * n) return false
    const half = (d[m - 1] - d[m]) / 2
    const root = Math.sqrt(half * half + e[m - 1] * e[m - 1])
    const shift = d[m] - e[m - 1] * (e[m - 1] / (half + (half < 0 ? -root : root)))
    log.run(l, m - l)
    let f = d[l] - shift
    let g = e[l]
    for (let i = l; i < m; i++) {
      // [c s; -s c] [f; g] = [r; 0]
      let [c, s, r] = [1, 0, f]
      if (g !== 0) {
        r = Math.abs(f) > Math.abs(g) ? f * Math.sqrt(1 + (g / f) ** 2) : g * Math.sqrt(1 + (f / g) ** 2)
        c = f / r
        s = g / r
      }
      if (i > l) e[i - 1] = r
      const [a, b, h] = [d[i], d[i + 1], e[i]]
      const t = s * (b - a) + 2 * c * h
      d[i] = a + s * t
      d[i + 1] = b - s * t
      e[i] = c * t - h
      if (i + 1 < m) {
        f = e[i]
        g = s * e[i + 1]
        e[i + 1] *= c
      }
      log.push(c, s)
    }
  }
  return true
}
