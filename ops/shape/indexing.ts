import { gather, scatterAdd } from '../../core/backends/plain/gather.js'
import { ShapeError } from '../../core/errors.js'
import type { AlongAxisAttrs } from '../../core/families/alongAxis.js'
import { allocUnset } from '../../core/memory.js'
import { type Shape, sameShape, show, size } from '../../core/shape.js'
import { checkTensor, Tensor, tensor } from '../../core/tensor.js'

/** What gather and scatterAdd, each the adjoint of the other, have in common: arrays, and what fits. */

export interface ScatterAttrs extends AlongAxisAttrs {
  /** Of the axis of y. */
  readonly length: number
}

export const resized = (s: Shape, axis: number, d: number): number[] => s.map((v, k) => (k === s.length + axis ? d : v))

/** Runs a kernel that indexes an axis of length n, and makes one with as many `rows`. */
function run(kernel: typeof gather, x: Tensor, index: Tensor, axis: number, n: number, rows: number): Tensor {
  const a = x.rank + axis
  const shape = resized(x.shape, axis, rows)
  const y = allocUnset(size(shape), x.dtype)
  const m = index.shape[index.rank + axis]
  const bad = kernel(x.data, index.data, y, size(x.shape.slice(0, a)), n, m, size(x.shape.slice(a + 1)))
  if (bad >= 0)
    throw new ShapeError(
      `${kernel === gather ? 'gather' : 'scatterAdd'} along axis ${axis} of length ${n}`,
      `index ${index.data[bad]}`,
      n === 0 ? 'An axis of length 0 has no entries' : `Indices are whole numbers from 0 to ${n - 1}`
    )
  return new Tensor(shape, y)
}

export const taken = (x: Tensor, index: Tensor, axis: number): Tensor =>
  run(gather, x, index, axis, x.shape[x.rank + axis], index.shape[index.rank + axis])
export const added = (u: Tensor, index: Tensor, { axis, length }: ScatterAttrs): Tensor =>
  run(scatterAdd, u, index, axis, length, length)

/** The index has the axes of the other input, or only the last of them. */
export function checkFit(name: string, x: Shape, index: Shape, axis: number, equal: boolean): void {
  const own = x.slice(x.length - index.length)
  const fits = index.length <= x.length && index.length >= -axis
  if (!fits || !sameShape(resized(own, axis, 0), resized(index, axis, 0)) || (equal && !sameShape(own, index)))
    throw new ShapeError(
      `${name} of ${show(x)} by an index ${show(index)} along axis ${axis}`,
      'the shapes do not fit',
      equal ? 'An index for each update' : 'All axes but that one are equal; leading axes of the index may be missing'
    )
}

/** In the dtype of x, with whose entries it goes through the operator; indices have no derivative. */
export function indexFor(x: Tensor, index: Tensor, name: string, length: number): Tensor {
  checkTensor(index, name, 'its index')
  if (x.dtype === 'f32' && length > 2 ** 24)
    throw new ShapeError(name, `an axis of length ${length} in f32`, 'f32 tells whole numbers apart up to 2²⁴: use f64')
  return index.dtype === x.dtype ? index : tensor(index, { dtype: x.dtype })
}
