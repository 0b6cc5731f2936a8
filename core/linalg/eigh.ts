import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { ShapeError } from '../errors.js'
import { maxAbs, powerOfTwoScale } from './scaling.js'
import { factorSymmetric } from './tridiagonal.js'

export interface SymmetricEigen {
  /** [n], ascending. */
  values: Float64Array
  /** [n, n] row-major: column k belongs to values[k]. */
  vectors: Float64Array
}

/**
 * Up to this size cyclic Jacobi, beyond it ml-matrix (tridiagonalisation and QL). Measured on a busy machine, µs, Jacobi
 * against ml-matrix: n = 2: 8 / 12, 4: 11 / 21, 8: 83 / 24, 16: 285 / 170.
 */
const JACOBI_UP_TO = 4

/** From here on reflectors and rotations of our own (tridiagonal.ts), 128: 2 ms, where ml-matrix takes 32. */
const LARGE = 32

/**
 * Eigen-decomposition A = X diag(values) Xᵀ of a symmetric matrix [n, n]. Only its symmetric part (A + Aᵀ)/2 counts.
 * Throws NonFiniteError on NaN or infinity.
 */
export function eigh(A: Float64Array, n: number): SymmetricEigen {
  if (A.length !== n * n) throw new ShapeError('eigh', `${A.length} entries for [${n}, ${n}]`, `Give ${n * n} entries`)
  const scale = powerOfTwoScale(maxAbs(A, 'eigh'))
  const S = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) S[i * n + j] = A[i * n + j] / scale / 2 + A[j * n + i] / scale / 2
  if (n >= LARGE) {
    const { values, rows, converged } = factorSymmetric(S, n)
    if (converged) {
      const descending = rows()
      const vectors = new Float64Array(n * n)
      for (let k = 0; k < n; k++) for (let i = 0; i < n; i++) vectors[i * n + n - 1 - k] = descending[k * n + i]
      return { values: values.map(v => v * scale).reverse(), vectors }
    }
  }
  const { values, vectors } = n <= JACOBI_UP_TO ? jacobi(S, n) : tridiagonalQL(S, n)
  const order = Array.from(values, (_, k) => k).sort((i, j) => values[i] - values[j] || i - j)
  const sorted = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) sorted[i * n + k] = vectors[i * n + order[k]]
  return { values: Float64Array.from(order, k => values[k] * scale), vectors: sorted }
}

function tridiagonalQL(S: Float64Array, n: number): SymmetricEigen {
  const evd = new EigenvalueDecomposition(Matrix.from1DArray(n, n, Array.from(S)), { assumeSymmetric: true })
  return {
    values: Float64Array.from(evd.realEigenvalues),
    vectors: Float64Array.from(evd.eigenvectorMatrix.to1DArray())
  }
}

/** Cyclic two-sided Jacobi (Golub & Van Loan 8.5): A ← Gᵀ A G zeroes a_pq; overwrites A. */
function jacobi(A: Float64Array, n: number): SymmetricEigen {
  const X = new Float64Array(n * n)
  for (let i = 0; i < n; i++) X[i * n + i] = 1
  for (let sweep = 0; sweep < 60; sweep++) {
    let rotated = false
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = A[p * n + q]
        // Entries that no longer change either diagonal entry are done, and so are those far below any rounding.
        const near = Math.sqrt(Math.abs(A[p * n + p])) * Math.sqrt(Math.abs(A[q * n + q]))
        if (Math.abs(apq) <= Math.max(Number.EPSILON * 0.25 * near, 1e-40)) {
          A[p * n + q] = A[q * n + p] = 0
          continue
        }
        rotated = true
        const zeta = (A[q * n + q] - A[p * n + p]) / (2 * apq)
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta))
        const c = 1 / Math.sqrt(1 + t * t)
        const s = c * t
        for (let k = 0; k < n; k++) rotate(A, k * n + p, k * n + q, c, s)
        for (let k = 0; k < n; k++) rotate(A, p * n + k, q * n + k, c, s)
        A[p * n + q] = A[q * n + p] = 0
        for (let k = 0; k < n; k++) rotate(X, k * n + p, k * n + q, c, s)
      }
    }
    if (!rotated) break
  }
  return { values: Float64Array.from({ length: n }, (_, k) => A[k * n + k]), vectors: X }
}

function rotate(a: Float64Array, i: number, j: number, c: number, s: number): void {
  const x = a[i]
  const y = a[j]
  a[i] = c * x - s * y
  a[j] = s * x + c * y
}
