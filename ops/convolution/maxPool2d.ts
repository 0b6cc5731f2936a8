import { apply } from '../../core/apply.js'
import { gatherPlanes, maxPool2d as kernel, scatterPlanes } from '../../core/backends/plain/pool.js'
import { ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { carryInFront, defineOp, type Op } from '../../core/op.js'
import { show, size } from '../../core/shape.js'
import { checkTensor, Tensor } from '../../core/tensor.js'

interface PoolAttrs {
  window: number
  stride: number
}

export const maxPool2dOp: Op<PoolAttrs> = defineOp<PoolAttrs>({
  name: 'maxPool2d',
  doc: `y[Y, X] = the largest x[Y s + i, X s + j], i, j < window
  tangent  dy = dx at the place of the maximum
  adjoint  ct put at that place; at a tie, the first in row-major order
  inverse  none: the smaller entries are lost
  domain   everywhere; not differentiable at ties`,
  outShape: ([x], { window, stride }) => {
    const out = x.slice(-2).map(d => Math.floor((d - window) / stride) + 1)
    if (x.length < 2 || out.some(d => d < 1))
      throw new ShapeError(
        `maxPool2d of ${show(x)} with window ${window}`,
        x.length < 2 ? 'fewer than two axes' : 'the window is larger than the image',
        'Give [..., H, W] with H, W ≥ window'
      )
    return [...x.slice(0, -2), ...out]
  },
  forward: ([x], { window, stride }, shape, saved) => {
    const y = alloc(size(shape), x.dtype)
    const [h, w] = x.shape.slice(-2)
    saved.index = new Int32Array(y.length)
    kernel(x.data, y, saved.index, size(x.shape.slice(0, -2)), h, w, window, stride)
    return new Tensor(shape, y)
  },
  jvp: ([dx], v) => dx && apply(takePlanesOp, [dx], planes(v)),
  vjp: (ct, v) => [apply(putPlanesOp, [ct], planes(v))],
  carry: carryInFront(2),
  noInverse: 'the entries below the maximum are lost',
  examples: r => [
    { inputs: [r.normal([2, 4, 5])], attrs: { window: 2, stride: 2 } },
    { inputs: [r.normal([2, 1, 3, 3])], attrs: { window: 2, stride: 1 }, note: 'overlapping windows' },
    { inputs: [new Tensor([2, 2], new Float64Array(4))], attrs: { window: 2, stride: 2 }, smooth: false, note: 'a tie' }
  ]
})

interface PlaneAttrs {
  /** For each entry of the small planes its place in the large plane; repeats over further leading axes. */
  index: Int32Array
  large: readonly [number, number]
  small: readonly [number, number]
}

const planes = (v: { x: readonly Tensor[]; y: Tensor; saved: Record<string, Int32Array> }): PlaneAttrs => ({
  index: v.saved.index,
  large: v.x[0].shape.slice(-2) as unknown as [number, number],
  small: v.y.shape.slice(-2) as unknown as [number, number]
})

const example = (shape: readonly number[]): PlaneAttrs => ({
  index: Int32Array.from({ length: size(shape.slice(0, -2)) * 2 }, (_, i) => (i * 3 + 1) % 6),
  large: [2, 3],
  small: [1, 2]
})

export const takePlanesOp: Op<PlaneAttrs> = defineOp<PlaneAttrs>({
  name: 'takePlanes',
  doc: `y = entries of x, per plane, at given places: the tangent of max pooling
  tangent  the same entries of dx
  adjoint  putPlanes(ct)`,
  outShape: ([x], { small }) => [...x.slice(0, -2), ...small],
  forward: ([x], { index, large, small }, shape) => {
    const y = alloc(size(shape), x.dtype)
    gatherPlanes(x.data, index, y, size(shape.slice(0, -2)), size(large), size(small))
    return new Tensor(shape, y)
  },
  jvp: ([dx], v) => dx && apply(takePlanesOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(putPlanesOp, [ct], v.attrs)],
  carry: carryInFront(2),
  noInverse: 'entries that are not taken are lost',
  examples: r => [{ inputs: [r.normal([2, 2, 3])], attrs: example([2, 2, 3]) }]
})

export const putPlanesOp: Op<PlaneAttrs> = defineOp<PlaneAttrs>({
  name: 'putPlanes',
  doc: `y = entries of x, per plane, added at given places among zeros: the adjoint of max pooling
  tangent  putPlanes(dx)
  adjoint  takePlanes(ct)`,
  outShape: ([x], { large }) => [...x.slice(0, -2), ...large],
  forward: ([x], { index, large, small }, shape) => {
    const y = alloc(size(shape), x.dtype)
    scatterPlanes(x.data, index, y, size(shape.slice(0, -2)), size(large), size(small))
    return new Tensor(shape, y)
  },
  jvp: ([dx], v) => dx && apply(putPlanesOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(takePlanesOp, [ct], v.attrs)],
  carry: carryInFront(2),
  noInverse: 'most of its output is zero whatever is asked',
  examples: r => [{ inputs: [r.normal([2, 1, 2])], attrs: example([2, 1, 2]) }]
})

/** The largest entry of each window of the last two axes. */
export function maxPool2d(x: Tensor, window: number, stride = window): Tensor {
  checkTensor(x, 'maxPool2d')
  if (![window, stride].every(n => Number.isInteger(n) && n >= 1))
    throw new ShapeError(
      `maxPool2d of ${show(x.shape)}`,
      `window ${window}, stride ${stride}`,
      'Windows and strides are whole numbers, 1 or more'
    )
  return apply(maxPool2dOp, [x], { window, stride })
}
