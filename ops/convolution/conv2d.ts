import { apply } from '../../core/apply.js'
import * as kernels from '../../core/backends/plain/conv2d.js'
import { ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { defineOp, type Op } from '../../core/op.js'
import { broadcastShapes, type Shape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { checkTensor, Tensor } from '../../core/tensor.js'
import { conv2dInputOp } from './conv2dInput.js'
import { weightOf } from './conv2dWeight.js'
import { type ConvAttrs, each, evenly, geometry, lastOf, leads, outSize, part } from './geometry.js'

export const conv2dOp: Op<ConvAttrs> = defineOp<ConvAttrs>({
  name: 'conv2d',
  doc: `y[o, Y, X] = Σ w[o, c, i, j] x[c, Y s + i - p, X s + j - p], zeros outside; stride s, padding p
  tangent  dy = conv2d(dx, w) + conv2d(x, dw)
  adjoint  conv2dInput(ct, w) to x, conv2dWeight(x, ct) to w
  inverse  none of its own: in general neither square nor of full rank; the ladder solves it
  cost     2 O C h w H' W' flops per sample, as a packed matrix product`,
  outShape: ([x, w], a) => {
    checkConv(x, w, a)
    return [...broadcastShapes(x.slice(0, -3), w.slice(0, -4), 'conv2d, leading axes'), w[w.length - 4], ...outSize(a)]
  },
  forward: ([x, w], a, shape) => {
    const y = alloc(size(shape), x.dtype)
    const [C, O] = [x.shape[x.rank - 3], w.shape[w.rank - 4]]
    if (w.rank === 4) kernels.conv2d(x.data, w.data, y, geometry(a, size(leads(x, 3)), C, O))
    else {
      const g = geometry(a, 1, C, O)
      const [nx, nw, ny] = [size(lastOf(x, 3)), size(lastOf(w, 4)), size(shape.slice(-3))]
      each(leads(x, 3), leads(w, 4), shape.slice(0, -3), (i, j, k) => {
        kernels.conv2d(part(x.data, i, nx), part(w.data, j, nw), part(y, k, ny), g)
      })
    }
    return new Tensor(shape, y)
  },
  jvp: ([dx, dw], v) =>
    both(dx && apply(conv2dOp, [dx, v.x[1]], v.attrs), dw && apply(conv2dOp, [v.x[0], dw], v.attrs)),
  vjp: (ct, v) => [
    v.wants(0) ? v.fold(apply(conv2dInputOp, [ct, v.x[1]], v.attrs), 0) : null,
    v.wants(1) ? weightOf(v.x[0], ct, v, 1) : null
  ],
  // A single image [O, H', W'] has no sample axis: its axis 0 is the channels.
  carry: ({ inputs: [x, w], out }) =>
    out.rank > 3
      ? [
          x.rank > 3 && x.rank === out.rank && x.shape[0] === out.shape[0],
          w.rank > 4 && w.rank === out.rank + 1 && w.shape[0] === out.shape[0]
        ]
      : undefined,
  noInverse: 'in general neither square nor of full rank; the newton rung solves it',
  examples: r => [
    { inputs: [r.normal([2, 2, 4, 3]), r.normal([3, 2, 3, 3])], attrs: evenly(1, 1, [4, 3], [3, 3]) },
    { inputs: [r.normal([2, 1, 5, 4]), r.normal([2, 1, 2, 3])], attrs: evenly(2, 1, [5, 4], [2, 3]), note: 'stride 2' },
    {
      inputs: [r.normal([2, 3, 3]), r.normal([1, 2, 1, 1])],
      attrs: evenly(1, 0, [3, 3], [1, 1]),
      note: 'one sample, 1×1'
    },
    {
      inputs: [r.normal([2, 1, 3, 3]), r.normal([2, 1, 1, 2, 2])],
      attrs: evenly(1, 0, [3, 3], [2, 2]),
      note: 'a weight per sample'
    },
    {
      inputs: [r.normal([0, 1, 3, 3]), r.normal([1, 1, 3, 3])],
      attrs: evenly(1, 1, [3, 3], [3, 3]),
      note: 'empty batch'
    }
  ]
})

function checkConv(x: Shape, w: Shape, a: ConvAttrs): void {
  const asked = `conv2d of ${show(x)} with weights ${show(w)}`
  if (x.length < 3 || w.length < 4)
    throw new ShapeError(asked, `ranks ${x.length} and ${w.length}`, 'Give x [..., C, H, W] and w [O, C, h, w]')
  if (x[x.length - 3] !== w[w.length - 3])
    throw new ShapeError(
      asked,
      `${x[x.length - 3]} channels of x, weights for ${w[w.length - 3]}`,
      'Axis -3 of x and of w must be equal'
    )
  if (outSize(a).some(n => n < 1))
    throw new ShapeError(asked, 'the kernel is larger than the padded image', 'Use a smaller kernel or more padding')
}

export interface ConvOptions {
  stride?: number | readonly [number, number]
  padding?: number | readonly [number, number]
}

const pair = (v: number | readonly [number, number]): readonly [number, number] => (typeof v === 'object' ? v : [v, v])

/** Two-dimensional convolution: x [..., C, H, W], w [O, C, h, w] → [..., O, H', W']. */
export function conv2d(x: Tensor, w: Tensor, { stride = 1, padding = 0 }: ConvOptions = {}): Tensor {
  checkTensor(x, 'conv2d')
  checkTensor(w, 'conv2d', 'its weight')
  if (x.rank < 3 || w.rank < 4) checkConv(x.shape, w.shape, evenly(1, 0, [1, 1], [1, 1]))
  const [height, width] = x.shape.slice(-2)
  const [h, k] = w.shape.slice(-2)
  const [strides, paddings] = [pair(stride), pair(padding)]
  if (
    strides.length + paddings.length !== 4 ||
    ![...strides, ...paddings].every(Number.isInteger) ||
    Math.min(...strides) < 1 ||
    Math.min(...paddings) < 0
  )
    throw new ShapeError(
      `conv2d of ${show(x.shape)}`,
      `stride ${strides}, padding ${paddings}`,
      'Strides are whole numbers from 1, paddings from 0'
    )
  return apply(conv2dOp, [x, w], { stride: strides, padding: paddings, size: [height, width], kernel: [h, k] })
}
