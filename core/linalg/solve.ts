import { ShapeError } from '../errors.js'
import { lu, luSolve, solveTriangle } from './lu.js'

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
 * Solves A x = b for a dense square A [n, n] and b [n, nrhs], row-major, by LU with partial pivoting. Singularity is
 * reported, not thrown: a caller stepping towards a solution has other steps to try.
 */
export function solve(A: Float64Array, n: number, b: Float64Array, nrhs = 1): Solution {
  if (A.length !== n * n) throw new ShapeError('solve', `${A.length} entries for [${n}, ${n}]`, `Give ${n * n} entries`)
  if (b.length !== n * nrhs)
    throw new ShapeError('solve', `${b.length} entries for b [${n}, ${nrhs}]`, `Give ${n * nrhs} entries`)
  const f = lu(A, n)
  if (f.singular >= 0) return { x: new Float64Array(n * nrhs), singular: true, column: f.singular, pivotRatio: 0 }
  let smallest = Infinity
  let largest = 0
  for (let k = 0; k < n; k++) {
    smallest = Math.min(smallest, Math.abs(f.lu[k * n + k]))
    largest = Math.max(largest, Math.abs(f.lu[k * n + k]))
  }
  return { x: luSolve(f, b, nrhs), singular: false, column: -1, pivotRatio: n === 0 ? 1 : smallest / largest }
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
  solveTriangle(L, n, x, nrhs, { lower: true, transposed: false, unitDiagonal: false })
  solveTriangle(L, n, x, nrhs, { lower: true, transposed: true, unitDiagonal: false })
  return x
}
