import { apply } from '../../core/apply.js'
import { ShapeError } from '../../core/errors.js'
import { display } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { sum } from '../../core/structural/sum.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { padOp, sliceOp } from '../shape/slice.js'
import { batch, rectangle, square } from './matrices.js'

/**
 * Diagonals are every (n + 1)-th entry of a matrix with n columns, read row by row: what takes them is slice, and what
 * puts them among zeros is pad. Rules and inverses are theirs.
 */
const stepThrough = (m: number, n: number, offset: number) => ({
  axis: -1,
  start: offset < 0 ? -offset * n : offset,
  step: n + 1,
  count: Math.max(0, Math.min(offset < 0 ? m + offset : m, offset > 0 ? n - offset : n)),
  length: m * n
})

function checkOffset(offset: number, op: string): void {
  if (!Number.isInteger(offset))
    throw new ShapeError(
      `${op} with offset ${display(offset)}`,
      'no whole number',
      'Offsets are whole: 1 is above the main diagonal'
    )
}

/**
 * y_i = x_{i, i + offset} of matrices [..., m, n] → [..., count]: offset 0 is the main diagonal, positive ones lie
 * above. The inverse puts the entries of ỹ in x. Throws ShapeError.
 */
export function diagonal(x: Tensor, offset = 0): Tensor {
  checkTensor(x, 'diagonal')
  const [m, n] = rectangle(x.shape, 'diagonal')
  checkOffset(offset, 'diagonal')
  const attrs = stepThrough(m, n, offset)
  if (attrs.count === 0) attrs.start = 0
  return apply(sliceOp, [reshape(x, [...batch(x.shape), m * n])], attrs)
}

/**
 * Square matrices [..., n, n] with x [..., k] on a diagonal and zeros elsewhere, n = k + |offset|. The inverse takes the
 * entries of ỹ there. Throws ShapeError.
 */
export function diag(x: Tensor, offset = 0): Tensor {
  checkTensor(x, 'diag')
  if (x.rank === 0) throw new ShapeError(`diag of ${show(x.shape)}`, 'a scalar', 'Give a vector [n] or a batch of them')
  checkOffset(offset, 'diag')
  const n = x.shape[x.rank - 1] + Math.abs(offset)
  return reshape(apply(padOp, [x], stepThrough(n, n, offset)), [...x.shape.slice(0, -1), n, n])
}

/**
 * y = Σ x_ii of square matrices [..., n, n] → [...]: tangent Σ dx_ii, adjoint ct I, inverse the smallest change, the
 * difference spread evenly over the diagonal. Throws ShapeError.
 */
export function trace(x: Tensor): Tensor {
  checkTensor(x, 'trace')
  square(x.shape, 'trace')
  return sum(diagonal(x), -1)
}
