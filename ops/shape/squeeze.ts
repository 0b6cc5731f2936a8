import { ShapeError } from '../../core/errors.js'
import { axesFromEnd, show } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'

/**
 * x without these axes, which have length 1; without all such axes where none is named, also a sample axis of one sample.
 * Throws ShapeError for an axis of another length.
 */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  checkTensor(x, 'squeeze')
  const named = axesFromEnd(axes, x.rank, 'squeeze')
  const long = named.find(a => x.shape[x.rank + a] !== 1)
  if (axes !== undefined && long !== undefined)
    throw new ShapeError(
      `squeeze of ${show(x.shape)}`,
      `axis ${long} has length ${x.shape[x.rank + long]}`,
      'Only axes of length 1 can go: take an entry by at, or sum over the axis'
    )
  return reshape(
    x,
    x.shape.filter((d, k) => d !== 1 || !named.includes(k - x.rank))
  )
}

/**
 * x with new axes of length 1, which stand at these places of the result: `expandDims(x, -1)` of [B, n] is [B, n, 1], and
 * `expandDims(x, [0, 2])` is [1, B, 1, n] (NumPy's expand_dims, PyTorch's unsqueeze).
 */
export function expandDims(x: Tensor, axes: number | readonly number[]): Tensor {
  checkTensor(x, 'expandDims')
  const rank = x.rank + (Array.isArray(axes) ? axes.length : 1)
  const fresh = axesFromEnd(axes ?? [Number.NaN], rank, 'expandDims')
  const left = x.shape.values()
  return reshape(
    x,
    Array.from({ length: rank }, (_, k) => (fresh.includes(k - rank) ? 1 : left.next().value!))
  )
}
