import { orthogonaliseRows, rowNorms } from './jacobi.js'
import { maxAbs, powerOfTwoScale, transpose } from './scaling.js'
import { svdOfWide } from './svd.js'

export interface LeastSquares {
  /** [n] */
  x: Float64Array
  /** Singular values kept. */
  rank: number
  /** [min(m, n)], descending. */
  singularValues: Float64Array
}

/** Up to this size of both sides, the Jacobi rotations are applied to A directly, without QR first. */
const TINY = 8

/**
 * The x of least norm among those that minimise ‖A x - b‖, for A [m, n] row-major of any shape and rank:
 * x = Σ_k v_k (u_kᵀ b) / s_k over s_k > rcond · s_max (strictly; rcond = max(m, n) · 2⁻⁵² by default).
 *
 * Through the singular values rather than the normal equations AᵀA x = Aᵀb, whose condition number is the square of
 * A's, and which do not single out the smallest x when A has a null space. Throws a RangeError on NaN or infinity in A.
 */
export function lstsqMinNorm(
  A: Float64Array,
  m: number,
  n: number,
  b: Float64Array,
  { rcond = Math.max(m, n) * Number.EPSILON }: { rcond?: number } = {}
): LeastSquares {
  if (A.length !== m * n) throw new RangeError(`lstsqMinNorm: [${m}, ${n}] needs ${m * n} entries, got ${A.length}`)
  if (b.length !== m) throw new RangeError(`lstsqMinNorm: A is [${m}, ${n}], so b needs ${m} entries, got ${b.length}`)
  if (m <= TINY && n <= TINY) return m <= n ? tinyWide(A, m, n, b, rcond) : tinyTall(A, m, n, b, rcond)
  const tall = m > n
  const f = tall ? svdOfWide(transpose(A, m, n), n, m) : svdOfWide(A, m, n)
  const c = tall ? f.applyVt(b) : f.applyUt(b)
  let rank = 0
  for (let k = 0; k < c.length; k++) {
    const keep = f.s[k] > rcond * f.s[0]
    c[k] = keep ? c[k] / f.s[k] : 0
    if (keep) rank++
  }
  return { x: tall ? f.applyU(c) : f.applyV(c), rank, singularValues: f.s }
}

/**
 * Rotations M on the rows of [A | b] until A's rows are orthogonal: M A has the rows s_k v_kᵀ, and M b the entries u_kᵀ b.
 * So x = Σ (row k) (M b)_k / s_k²: neither U nor V is needed.
 */
function tinyWide(A: Float64Array, m: number, n: number, b: Float64Array, rcond: number): LeastSquares {
  const scale = powerOfTwoScale(maxAbs(A, 'lstsqMinNorm'))
  const width = n + 1
  const W = new Float64Array(m * width)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) W[i * width + j] = A[i * n + j] / scale
    W[i * width + n] = b[i]
  }
  orthogonaliseRows(W, m, n, width)
  const { norms, order } = rowNorms(W, m, n, width)
  const x = new Float64Array(n)
  let rank = 0
  for (const k of order) {
    if (!(norms[k] > rcond * norms[order[0]])) break
    rank++
    const f = W[k * width + n] / norms[k] / scale
    for (let j = 0; j < n; j++) x[j] += f * (W[k * width + j] / norms[k])
  }
  return { x, rank, singularValues: Float64Array.from(order, k => norms[k] * scale) }
}

/** Rotations on the rows of [Aᵀ | I]: Aᵀ becomes the rows s_k u_kᵀ, I the rows v_kᵀ. */
function tinyTall(A: Float64Array, m: number, n: number, b: Float64Array, rcond: number): LeastSquares {
  const scale = powerOfTwoScale(maxAbs(A, 'lstsqMinNorm'))
  const width = m + n
  const W = new Float64Array(n * width)
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) W[j * width + i] = A[i * n + j] / scale
    W[j * width + m + j] = 1
  }
  orthogonaliseRows(W, n, m, width)
  const { norms, order } = rowNorms(W, n, m, width)
  const x = new Float64Array(n)
  let rank = 0
  for (const k of order) {
    if (!(norms[k] > rcond * norms[order[0]])) break
    rank++
    let f = 0
    for (let i = 0; i < m; i++) f += (W[k * width + i] / norms[k]) * b[i]
    f = f / norms[k] / scale
    for (let j = 0; j < n; j++) x[j] += f * W[k * width + m + j]
  }
  return { x, rank, singularValues: Float64Array.from(order, k => norms[k] * scale) }
}
