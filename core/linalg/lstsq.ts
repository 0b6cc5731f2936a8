import { ShapeError } from '../errors.js'
import { orthogonaliseRows } from './jacobi.js'
import { maxAbs, norm2, powerOfTwoScale, transpose } from './scaling.js'
import { svdOfWide } from './svd.js'

export interface LeastSquares {
  /** [n] */
  x: Float64Array
  /** Singular values kept. */
  rank: number
  /** [min(m, n)], descending. */
  singularValues: Float64Array
}

export interface LeastSquaresOptions {
  /** Kept are the singular values strictly greater than rcond · s_max; max(m, n) · 2⁻⁵² by default. */
  rcond?: number
}

/** A shorter side up to SHORT and a longer one up to LONG: Jacobi rotations on A directly, without QR first. */
const SHORT = 8
const LONG = 64

const isTiny = (m: number, n: number) => Math.min(m, n) <= SHORT && Math.max(m, n) <= LONG

/**
 * The x of least norm among those that minimise ‖A x - b‖, for A [m, n] row-major of any shape and rank:
 * x = Σ_k v_k (u_kᵀ b) / s_k over the singular values kept.
 *
 * Through the singular values rather than the normal equations AᵀA x = Aᵀb, whose condition number is the square of
 * A's, and which do not single out the smallest x when A has a null space. Throws NonFiniteError on NaN or infinity in A.
 */
export function lstsq(
  A: Float64Array,
  m: number,
  n: number,
  b: Float64Array,
  { rcond = Math.max(m, n) * Number.EPSILON }: LeastSquaresOptions = {}
): LeastSquares {
  if (A.length !== m * n) throw new ShapeError('lstsq', `${A.length} entries for [${m}, ${n}]`, `Give ${m * n} entries`)
  if (b.length !== m) throw new ShapeError('lstsq', `${b.length} entries of b for A [${m}, ${n}]`, `Give ${m} entries`)
  if (isTiny(m, n)) {
    maxAbs(A, 'lstsq')
    const x = new Float64Array(n)
    const singularValues = new Float64Array(Math.min(m, n))
    return { x, rank: tiny(A, b, m, n, 0, rcond, x, singularValues), singularValues }
  }
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

export interface LeastSquaresBatch {
  /** [B, n], zeros where rank is -1. */
  x: Float64Array
  /** [B], -1 for a system with a NaN or infinity in it: one bad sample does not stop the others. */
  rank: Int32Array
  /** [B, min(m, n)], each descending. */
  singularValues: Float64Array
}

/** `lstsq` for B systems, A [B, m, n] and b [B, m], without allocating for each when they are small. */
export function lstsqBatch(
  A: Float64Array,
  batch: number,
  m: number,
  n: number,
  b: Float64Array,
  { rcond = Math.max(m, n) * Number.EPSILON }: LeastSquaresOptions = {}
): LeastSquaresBatch {
  if (A.length !== batch * m * n || b.length !== batch * m) {
    throw new ShapeError(
      'lstsqBatch',
      `${A.length} entries for A, ${b.length} for b`,
      `Give A [${batch}, ${m}, ${n}] and b [${batch}, ${m}]`
    )
  }
  const r = Math.min(m, n)
  const x = new Float64Array(batch * n)
  const rank = new Int32Array(batch)
  const singularValues = new Float64Array(batch * r)
  for (let k = 0; k < batch; k++) {
    if (!allFinite(A, k * m * n, m * n) || !allFinite(b, k * m, m)) rank[k] = -1
    else if (isTiny(m, n)) rank[k] = tiny(A, b, m, n, k, rcond, x, singularValues)
    else {
      const one = lstsq(A.subarray(k * m * n, (k + 1) * m * n), m, n, b.subarray(k * m, (k + 1) * m), { rcond })
      x.set(one.x, k * n)
      rank[k] = one.rank
      singularValues.set(one.singularValues, k * r)
    }
  }
  return { x, rank, singularValues }
}

function allFinite(a: Float64Array, from: number, count: number): boolean {
  for (let i = from; i < from + count; i++) if (!(Math.abs(a[i]) < Infinity)) return false
  return true
}

// Scratch of `tiny`, kept between calls: allocating costs more than the arithmetic at these sizes.
const W = new Float64Array(SHORT * (LONG + SHORT))
const norms = new Float64Array(SHORT)
const order = new Int32Array(SHORT)

/**
 * The k-th of a batch of small systems: writes x and the singular values, returns the rank.
 *
 * Wide: rotations M on the rows of [A | b] until A's rows are orthogonal. M A then has the rows s_k v_kᵀ and M b the
 * entries u_kᵀ b, so that x = Σ (row k) (M b)_k / s_k²: neither U nor V is needed.
 * Tall: rotations on the rows of [Aᵀ | I]; Aᵀ becomes the rows s_k u_kᵀ, and I the rows v_kᵀ.
 */
function tiny(
  A: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  index: number,
  rcond: number,
  x: Float64Array,
  singularValues: Float64Array
): number {
  const tall = m > n
  const r = tall ? n : m
  const len = tall ? m : n
  const width = tall ? m + n : n + 1
  const a0 = index * m * n
  const b0 = index * m
  const x0 = index * n
  let max = 0
  for (let i = a0; i < a0 + m * n; i++) max = Math.max(max, Math.abs(A[i]))
  const scale = max > 1e-30 && max < 1e30 ? 1 : powerOfTwoScale(max)
  for (let k = 0; k < r; k++) {
    const row = k * width
    for (let i = 0; i < len; i++) W[row + i] = A[a0 + (tall ? i * n + k : k * n + i)] / scale
    if (tall) for (let j = 0; j < n; j++) W[row + m + j] = j === k ? 1 : 0
    else W[row + n] = b[b0 + k]
  }
  orthogonaliseRows(W, r, len, width, undefined, norms)
  for (let k = 0; k < r; k++) {
    norms[k] = norm2(W, k * width, k * width + len)
    let at = k // insertion sort, largest first
    for (; at > 0 && norms[order[at - 1]] < norms[k]; at--) order[at] = order[at - 1]
    order[at] = k
  }
  let rank = 0
  for (let i = 0; i < r; i++) {
    const norm = norms[order[i]]
    const row = order[i] * width
    singularValues[index * r + i] = norm * scale
    if (!(norm > rcond * norms[order[0]])) continue
    rank++
    let f = 0
    if (tall) for (let l = 0; l < m; l++) f += (W[row + l] / norm) * b[b0 + l]
    else f = W[row + n]
    f = f / norm / scale
    for (let j = 0; j < n; j++) x[x0 + j] += f * (tall ? W[row + m + j] : W[row + j] / norm)
  }
  return rank
}
