import { apply } from '../../core/apply.js'
import * as kernels from '../../core/backends/plain/conv2d.js'
import { ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { defineOp, type Op } from '../../core/op.js'
import { broadcastShapes, sameShape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { Tensor } from '../../core/tensor.js'
import { conv2dOp } from './conv2d.js'
import { weightOf } from './conv2dWeight.js'
import { type ConvAttrs, each, evenly, geometry, lastOf, leads, outSize, part } from './geometry.js'

export const conv2dInputOp: Op<ConvAttrs> = defineOp<ConvAttrs>({
  name: 'conv2dInput',
  doc: `dx = the adjoint of conv2d in x, applied to ct (a transposed convolution)
  tangent  conv2dInput(dct, w) + conv2dInput(ct, dw)
  adjoint  conv2d(g, w) to ct, conv2dWeight(g, ct) to w`,
  outShape: ([ct, w], a) => {
    if (!sameShape(ct.slice(-3), [w[w.length - 4], ...outSize(a)]))
      throw new ShapeError(
        `conv2dInput of ${show(ct)} and ${show(w)}`,
        `the output of that convolution is ${show([w[w.length - 4], ...outSize(a)])}`,
        'Give a cotangent of the shape of the output'
      )
    return [
      ...broadcastShapes(ct.slice(0, -3), w.slice(0, -4), 'conv2dInput, leading axes'),
      w[w.length - 3],
      ...a.size
    ]
  },
  forward: ([ct, w], a, shape) => {
    const y = alloc(size(shape), ct.dtype)
    const [C, O] = [w.shape[w.rank - 3], w.shape[w.rank - 4]]
    if (w.rank === 4) kernels.conv2dInput(ct.data, w.data, y, geometry(a, size(leads(ct, 3)), C, O))
    else {
      const g = geometry(a, 1, C, O)
      const [nc, nw, ny] = [size(lastOf(ct, 3)), size(lastOf(w, 4)), size(shape.slice(-3))]
      each(leads(ct, 3), leads(w, 4), shape.slice(0, -3), (i, j, k) => {
        kernels.conv2dInput(part(ct.data, i, nc), part(w.data, j, nw), part(y, k, ny), g)
      })
    }
    return new Tensor(shape, y)
  },
  jvp: ([dct, dw], v) =>
    both(dct && apply(conv2dInputOp, [dct, v.x[1]], v.attrs), dw && apply(conv2dInputOp, [v.x[0], dw], v.attrs)),
  vjp: (g, v) => [
    v.wants(0) ? v.fold(apply(conv2dOp, [g, v.x[1]], v.attrs), 0) : null,
    v.wants(1) ? weightOf(g, v.x[0], v, 1) : null
  ],
  carry: ({ inputs: [ct, w], out }) =>
    out.rank > 3
      ? [
          ct.rank > 3 && ct.rank === out.rank && ct.shape[0] === out.shape[0],
          w.rank > 4 && w.rank === out.rank + 1 && w.shape[0] === out.shape[0]
        ]
      : undefined,
  noInverse: 'in general neither square nor of full rank; the newton rung solves it',
  examples: r => [
    { inputs: [r.normal([2, 3, 4, 3]), r.normal([3, 2, 3, 3])], attrs: evenly(1, 1, [4, 3], [3, 3]) },
    { inputs: [r.normal([1, 2, 3, 2]), r.normal([2, 1, 2, 3])], attrs: evenly(2, 1, [5, 4], [2, 3]), note: 'stride 2' },
    { inputs: [r.normal([2, 2, 2]), r.normal([2, 1, 2, 2])], attrs: evenly(1, 0, [3, 3], [2, 2]), note: 'one sample' }
  ]
})
