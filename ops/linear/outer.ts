import { ShapeError } from '../../core/errors.js'
import { show } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { rectangle } from './matrices.js'

/**
 * Y = a bᵀ: a [..., m], b [..., n] → [..., m, n]; leading axes broadcast. A product with broadcasting, and its rules
 * are those of mul: the inverse in a is the least-squares ã_i = Σ_j b_j ỹ_ij / ‖b‖², exact for a target of rank one with
 * this b. Throws ShapeError.
 */
export function outer(a: Tensor, b: Tensor): Tensor {
  checkTensor(a, 'outer', 'its left factor')
  checkTensor(b, 'outer', 'its right factor')
  if (a.rank === 0 || b.rank === 0)
    throw new ShapeError(
      `outer of ${show(a.shape)} and ${show(b.shape)}`,
      'a scalar',
      'Give vectors [..., m] and [..., n]'
    )
  const row = [...b.shape.slice(0, -1), 1, b.shape[b.rank - 1]]
  return mul(reshape(a, [...a.shape, 1]), reshape(b, row))
}

/**
 * The Kronecker product [..., m p, n q] of A [..., m, n] and B [..., p, q]: block i, j is a_ij B; leading axes
 * broadcast. Rules as of `outer`: the inverse in A is the least-squares ã_ij = ⟨B, block i, j⟩ / ‖B‖². Throws ShapeError.
 */
export function kron(A: Tensor, B: Tensor): Tensor {
  checkTensor(A, 'kron', 'its left factor')
  checkTensor(B, 'kron', 'its right factor')
  const [m, n] = rectangle(A.shape, 'kron')
  const [p, q] = rectangle(B.shape, 'kron')
  const y = mul(reshape(A, [...A.shape.slice(0, -2), m, 1, n, 1]), reshape(B, [...B.shape.slice(0, -2), 1, p, 1, q]))
  return reshape(y, [...y.shape.slice(0, -4), m * p, n * q])
}
