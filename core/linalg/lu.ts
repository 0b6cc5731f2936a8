import { ShapeError } from '../errors.js'
import { maxAbs, powerOfTwoScale } from './scaling.js'

/** P D⁻¹ A = L U: L unit lower triangular and U upper triangular, both in one matrix, D a diagonal of powers of two. */
export interface LU {
  n: number
  /** [n, n]: U on and above the diagonal, L below it. */
  lu: Float64Array
  /** Row i of P A is row rows[i] of A. */
  rows: Int32Array
  /** D: row i of A was divided by scale[i] first, so that rows in other units do not count differently as pivots. */
  scale: Float64Array
  /** Of the permutation: det A = sign · Π u_kk · Π d_k. */
  sign: 1 | -1
  /** The first column without a pivot, -1 if there was none: then A is singular to rounding. */
  singular: number
}

/**
 * Factors a dense square A [n, n], row-major, by Gaussian elimination with partial pivoting of the rows brought to one
 * scale (Golub & Van Loan 3.4 and 3.5.2). The elimination goes on where there is no pivot, since a determinant is
 * defined there too. Throws NonFiniteError on NaN or infinity.
 *
 * A pivot counts as none if all of it may be rounding: at most 4 n · 2⁻⁵² times the largest entry of its column, and
 * times what it is the difference of, |a_ik| + Σ |l_im| |u_mk|. Neither depends on the units of rows or of columns.
 */
export function lu(A: Float64Array, n: number): LU {
  if (A.length !== n * n) throw new ShapeError('lu', `${A.length} entries for [${n}, ${n}]`, `Give ${n * n} entries`)
  const { scaled, scale, columnMax } = sameScale(A, n)
  const f = scaled.slice()
  const rows = Int32Array.from({ length: n }, (_, i) => i)
  let sign: 1 | -1 = 1
  let singular = -1
  for (let k = 0; k < n; k++) {
    let pivotRow = k
    for (let i = k + 1; i < n; i++) if (Math.abs(f[i * n + k]) > Math.abs(f[pivotRow * n + k])) pivotRow = i
    if (pivotRow !== k) {
      swapRows(f, n, k, pivotRow)
      const held = rows[k]
      rows[k] = rows[pivotRow]
      rows[pivotRow] = held
      sign = sign === 1 ? -1 : 1
    }
    const pivot = f[k * n + k]
    const rounding = 4 * n * Number.EPSILON
    if (singular < 0 && Math.abs(pivot) <= rounding * columnMax[k]) {
      let terms = Math.abs(scaled[rows[k] * n + k])
      for (let m = 0; m < k; m++) terms += Math.abs(f[k * n + m] * f[m * n + k])
      if (Math.abs(pivot) <= rounding * terms) singular = k
    }
    if (pivot === 0) continue
    for (let i = k + 1; i < n; i++) {
      const factor = f[i * n + k] / pivot
      f[i * n + k] = factor
      if (factor !== 0) for (let j = k + 1; j < n; j++) f[i * n + j] -= factor * f[k * n + j]
    }
  }
  return { n, lu: f, rows, scale, sign, singular }
}

/** Every row of A divided by a power of two, so that its largest entry lies in [1, 2); exact but for underflow. */
function sameScale(A: Float64Array, n: number) {
  const scaled = new Float64Array(n * n)
  const scale = new Float64Array(n)
  const columnMax = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    scale[i] = powerOfTwoScale(maxAbs(A.subarray(i * n, (i + 1) * n), `row ${i} of the matrix`))
    for (let j = 0; j < n; j++) {
      const v = A[i * n + j] / scale[i]
      scaled[i * n + j] = v
      columnMax[j] = Math.max(columnMax[j], Math.abs(v))
    }
  }
  return { scaled, scale, columnMax }
}

/** det A = sign · significand · 2^exponent, the significand in [1, 2), or 0: no partial product leaves the range. */
export function determinant({ n, lu, scale, sign }: LU): { sign: number; significand: number; exponent: number } {
  let product: number = sign
  let exponent = 0
  for (let k = 0; k < n && product !== 0; k++) {
    product *= lu[k * n + k]
    const unit = powerOfTwoScale(Math.abs(product))
    product /= unit
    exponent += Math.log2(unit) + Math.log2(scale[k])
  }
  return { sign: Math.sign(product), significand: Math.abs(product), exponent: product === 0 ? 0 : exponent }
}

/** Solves A X = B, or Aᵀ X = B, for B [n, nrhs] from the factors of a regular A: n² nrhs multiplications. */
export function luSolve(f: LU, B: Float64Array, nrhs: number, transposed = false): Float64Array {
  const { n, lu, rows, scale } = f
  if (B.length !== n * nrhs)
    throw new ShapeError('luSolve', `${B.length} entries for B [${n}, ${nrhs}]`, `Give ${n * nrhs} entries`)
  const X = new Float64Array(n * nrhs)
  if (!transposed) {
    for (let i = 0; i < n; i++) for (let r = 0; r < nrhs; r++) X[i * nrhs + r] = B[rows[i] * nrhs + r] / scale[rows[i]]
    solveTriangle(lu, n, X, nrhs, { lower: true, transposed: false, unitDiagonal: true })
    solveTriangle(lu, n, X, nrhs, { lower: false, transposed: false, unitDiagonal: false })
    return X
  }
  // Aᵀ = Uᵀ Lᵀ P D
  const Y = B.slice()
  solveTriangle(lu, n, Y, nrhs, { lower: false, transposed: true, unitDiagonal: false })
  solveTriangle(lu, n, Y, nrhs, { lower: true, transposed: true, unitDiagonal: true })
  for (let i = 0; i < n; i++) for (let r = 0; r < nrhs; r++) X[rows[i] * nrhs + r] = Y[i * nrhs + r] / scale[rows[i]]
  return X
}

export interface Triangle {
  /** Which triangle of the matrix counts; the other is not read. */
  lower: boolean
  /** Solve with its transpose. */
  transposed: boolean
  /** Ones on the diagonal, which is then not read either. */
  unitDiagonal: boolean
}

/** X ← T⁻¹ X, or T⁻ᵀ X, in place, for a triangle T of a row-major [n, n] matrix and X [n, nrhs]. */
export function solveTriangle(
  T: Float64Array,
  n: number,
  X: Float64Array,
  nrhs: number,
  { lower, transposed, unitDiagonal }: Triangle
): void {
  const forwards = lower !== transposed
  const [down, across] = transposed ? [1, n] : [n, 1]
  for (let p = 0; p < n; p++) {
    const i = forwards ? p : n - 1 - p
    const from = forwards ? 0 : i + 1
    const to = forwards ? i : n
    for (let j = from; j < to; j++) {
      const t = T[i * down + j * across]
      if (t !== 0) for (let r = 0; r < nrhs; r++) X[i * nrhs + r] -= t * X[j * nrhs + r]
    }
    if (!unitDiagonal) for (let r = 0; r < nrhs; r++) X[i * nrhs + r] /= T[i * n + i]
  }
}

function swapRows(a: Float64Array, width: number, i: number, j: number): void {
  for (let c = 0; c < width; c++) {
    const held = a[i * width + c]
    a[i * width + c] = a[j * width + c]
    a[j * width + c] = held
  }
}
