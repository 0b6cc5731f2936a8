import { ShapeError } from '../../core/errors.js'
import { display } from '../../core/options.js'
import { fromEnd, show } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { slice } from './slice.js'

/**
 * The entry `index` along an axis, which goes away. The last axis by default, since physics acts on trailing axes:
 * `at(x, 0)` of states `[B, n]` is `[B]`.
 */
export function at(x: Tensor, index: number, axis = -1): Tensor {
  checkTensor(x, 'at')
  const a = fromEnd(axis, x.rank, 'at') + x.rank
  const n = x.shape[a]
  const whole = Number.isInteger(index)
  const i = whole && index < 0 ? index + n : index
  if (!whole || i < 0 || i >= n)
    throw new ShapeError(
      `at of ${show(x.shape)} along axis ${axis}`,
      `index ${display(index)} of an axis of length ${n}`,
      `Indices run from ${-n} to ${n - 1}`
    )
  return reshape(slice(x, a, i, i + 1), [...x.shape.slice(0, a), ...x.shape.slice(a + 1)])
}
