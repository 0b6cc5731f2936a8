import { ShapeError } from '../errors.js'
import { maxAbs } from './scaling.js'

export interface Solution {
  /** [n, nrhs]; zeros if singular. */
  x: Float64Array
  singular: boolean
  /** Column at which no pivot was left, -1 if there was none. */
  column: number
  /** Smallest over largest |pivot|: a cheap warning of ill-conditioning (an upper bound of nothing, but telling). */
  pivotRatio: number
}

/**
 * Solves A x = b for a dense square A [n, n] and b [n, nrhs], row-major, by LU with partial pivoting (Golub & Van Loan
 * 3.4). A pivot at or below n · 2⁻⁵² times the largest entry of its column of A counts as zero: what is left of the column
 * is then rounding. By column, so that unknowns in different units do not make a regular matrix singular. Singularity
 * is reported, not thrown: a caller stepping towards a solution has other steps to try.
 */
export function solve(A: Float64Array, n: number, b: Float64Array, nrhs = 1): Solution {
  if (A.length !== n * n) throw new ShapeError('solve', `${A.length} entries for [${n}, ${n}]`, `Give ${n * n} entries`)
  if (b.length !== n * nrhs)
    throw new ShapeError('solve', `${b.length} entries for b [${n}, ${nrhs}]`, `Give ${n * nrhs} entries`)
  maxAbs(A, 'solve') // finite entries only
  const columnMax = new Float64Array(n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) columnMax[j] = Math.max(columnMax[j], Math.abs(A[i * n + j]))
  const lu = A.slice()
  const x = b.slice()
  let smallest = Infinity
  let largest = 0
  for (let k = 0; k < n; k++) {
    let pivotRow = k
    for (let i = k + 1; i < n; i++) if (Math.abs(lu[i * n + k]) > Math.abs(lu[pivotRow * n + k])) pivotRow = i
    const size = Math.abs(lu[pivotRow * n + k])
    if (size <= n * Number.EPSILON * columnMax[k])
      return { x: new Float64Array(n * nrhs), singular: true, column: k, pivotRatio: 0 }
    smallest = Math.min(smallest, size)
    largest = Math.max(largest, size)
    if (pivotRow !== k) {
      swapRows(lu, n, k, pivotRow)
      swapRows(x, nrhs, k, pivotRow)
    }
    const pivot = lu[k * n + k]
    for (let i = k + 1; i < n; i++) {
      const factor = lu[i * n + k] / pivot
      if (factor === 0) continue
      for (let j = k + 1; j < n; j++) lu[i * n + j] -= factor * lu[k * n + j]
      for (let r = 0; r < nrhs; r++) x[i * nrhs + r] -= factor * x[k * nrhs + r]
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let r = 0; r < nrhs; r++) {
      let sum = x[i * nrhs + r]
      for (let j = i + 1; j < n; j++) sum -= lu[i * n + j] * x[j * nrhs + r]
      x[i * nrhs + r] = sum / lu[i * n + i]
    }
  }
  return { x, singular: false, column: -1, pivotRatio: n === 0 ? 1 : smallest / largest }
}

/**
 * The lower triangular L with A = L Lᵀ (zeros above the diagonal), or null if A is not positive definite. Only A's lower
 * triangle is read. This is also the cheapest test for definiteness (Golub & Van Loan 4.2).
 */
export function cholesky(A: Float64Array, n: number): Float64Array | null {
  if (A.length !== n * n)
    throw new ShapeError('cholesky', `${A.length} entries for [${n}, ${n}]`, `Give ${n * n} entries`)
  const L = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = A[i * n + j]
      for (let k = 0; k < j; k++) sum -= L[i * n + k] * L[j * n + k]
      if (j < i) L[i * n + j] = sum / L[j * n + j]
      else if (sum > 0 && sum < Infinity) L[i * n + i] = Math.sqrt(sum)
      else return null // not positive, or NaN
    }
  }
  return L
}

/** Solves L Lᵀ x = b for b [n, nrhs], given L of `cholesky`. */
export function choleskySolve(L: Float64Array, n: number, b: Float64Array, nrhs = 1): Float64Array {
  if (b.length !== n * nrhs)
    throw new ShapeError('choleskySolve', `${b.length} entries for b [${n}, ${nrhs}]`, `Give ${n * nrhs} entries`)
  const x = b.slice()
  for (let r = 0; r < nrhs; r++) {
    for (let i = 0; i < n; i++) {
      let sum = x[i * nrhs + r]
      for (let j = 0; j < i; j++) sum -= L[i * n + j] * x[j * nrhs + r]
      x[i * nrhs + r] = sum / L[i * n + i]
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = x[i * nrhs + r]
      for (let j = i + 1; j < n; j++) sum -= L[j * n + i] * x[j * nrhs + r]
      x[i * nrhs + r] = sum / L[i * n + i]
    }
  }
  return x
}

function swapRows(a: Float64Array, width: number, i: number, j: number): void {
  for (let c = 0; c < width; c++) {
    const held = a[i * width + c]
    a[i * width + c] = a[j * width + c]
    a[j * width + c] = held
  }
}
