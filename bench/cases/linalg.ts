import { Matrix, SVD } from 'ml-matrix'
import { partialInverseApply, svd } from '../../core/linalg/index.js'
import { type Cases, numbers } from '../case.js'

/** Entries of a spectrum from 1 down to 1e-6, in rows that are mixed: what Jacobians of networks are like. */
function graded(rows: number, cols: number): Float64Array {
  const { U, s, V } = svd(numbers(rows * cols, 'f64') as Float64Array, rows, cols)
  const r = s.length
  const A = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < r; k++) {
      const u = U[i * r + k] * 10 ** ((-6 * k) / (r - 1))
      for (let j = 0; j < cols; j++) A[i * cols + j] += u * V[j * r + k]
    }
  return A
}

/** The thin SVD, and the half-inverse times one vector, which needs less of it. */
export const linalgCases: Cases = extent => {
  const sizes = [[64, 37], ...(extent === 'quick' ? [] : [[256, 1000]]), ...(extent === 'full' ? [[512, 5000]] : [])]
  return sizes.flatMap(([m, n]) => {
    const peer = () => {
      const M = Matrix.from1DArray(m, n, graded(m, n))
      return () => {
        new SVD(M, { autoTranspose: true })
      }
    }
    // It takes half a minute for the largest.
    const peers = m > 256 ? {} : { 'ml-matrix': peer }
    const python = { script: 'numpy' as const, key: `svd ${m} ${n}` }
    return [
      {
        name: `svd f64 ${m}×${n}`,
        setup: () => {
          const J = graded(m, n)
          return () => svd(J, m, n)
        },
        peers,
        python
      },
      {
        name: `half-inverse of ${m}×${n}, applied`,
        setup: () => {
          const [J, g] = [graded(m, n), numbers(m, 'f64') as Float64Array]
          return () => partialInverseApply(J, m, n, g)
        },
        python
      }
    ]
  })
}
