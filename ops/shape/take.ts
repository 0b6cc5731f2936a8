import { apply } from '../../core/apply.js'
import { ShapeError } from '../../core/errors.js'
import type { AlongAxisAttrs } from '../../core/families/alongAxis.js'
import { describe, display } from '../../core/options.js'
import { fromEnd, show } from '../../core/shape.js'
import { checkTensor, type Tensor, tensor } from '../../core/tensor.js'
import { indexMap } from './indexMap.js'

interface TakeAttrs extends AlongAxisAttrs {
  /** All from 0 on and below the length of the axis. */
  readonly indices: ArrayLike<number>
}

export const takeOp = indexMap<TakeAttrs>({
  name: 'take',
  doc: 'y_i = x_{indices[i]} along an axis: entries chosen by a constant list, in any order, also more than once',
  y: 'y_i = x_{k_i}',
  index: (n, { indices }) => {
    for (let i = 0; i < indices.length; i++)
      if (!(Number.isInteger(indices[i]) && indices[i] >= 0 && indices[i] < n))
        throw new ShapeError(
          'take',
          `index ${display(indices[i])} of an axis of length ${n}`,
          `Indices run from ${-n} to ${n - 1}`
        )
    return indices
  },
  examples: r => [
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, indices: [0, 2, 2, 1] }, note: 'one of them twice' },
    { inputs: [r.normal([2, 4])], attrs: { axis: -1, indices: [3, 1] }, note: 'some are left' },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, indices: [0, 0, 0] }, note: 'copies of one entry' },
    { inputs: [r.normal([3])], attrs: { axis: -1, indices: [] }, note: 'nothing taken' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, indices: [] }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300])], attrs: { axis: -1, indices: [1, 1, 0] }, extreme: true }
  ]
})

/**
 * The entries with these indices along an axis, in the order of the list: the same for all vectors along the axis, while
 * `gather` chooses for each entry. Negative indices count from the end (NumPy's take, PyTorch's index_select). Throws
 * ShapeError for an index that is not there.
 */
export function take(x: Tensor, indices: readonly number[] | Int32Array, axis: number): Tensor {
  checkTensor(x, 'take')
  const a = fromEnd(axis, x.rank, 'take')
  if (!Array.isArray(indices) && !(indices instanceof Int32Array))
    throw new ShapeError(
      `take of ${show(x.shape)}`,
      `${describe(indices)} for its indices`,
      'Indices are a list of whole numbers; gather takes them as a tensor'
    )
  const n = x.shape[x.rank + a]
  return apply(takeOp, [x], {
    axis: a,
    indices: Array.from(indices, i => (Number.isInteger(i) && i < 0 && i >= -n ? i + n : i))
  })
}
