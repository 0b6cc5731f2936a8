import { apply } from '../../core/apply.js'
import * as kernels from '../../core/backends/plain/conv2d.js'
import { ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { defineOp, type Op, type View } from '../../core/op.js'
import { broadcastShapes, sameShape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { reshape } from '../../core/structural/reshape.js'
import { Tensor } from '../../core/tensor.js'
import { conv2dOp } from './conv2d.js'
import { conv2dInputOp } from './conv2dInput.js'
import { type ConvAttrs, each, evenly, geometry, lastOf, leads, outSize, part } from './geometry.js'

interface ConvWeightAttrs extends ConvAttrs {
  /** Sum over all leading axes, in the kernel, instead of a weight for each of them. */
  total: boolean
}

export const conv2dWeightOp: Op<ConvWeightAttrs> = defineOp<ConvWeightAttrs>({
  name: 'conv2dWeight',
  doc: `dw = the adjoint of conv2d in w, applied to ct: a weight for each sample, or their sum
  tangent  conv2dWeight(dx, ct) + conv2dWeight(x, dct)
  adjoint  conv2dInput(ct, g) to x, conv2d(x, g) to ct`,
  outShape: ([x, ct], a) => {
    if (!sameShape(ct.slice(-2), outSize(a)) || !sameShape(x.slice(-2), a.size))
      throw new ShapeError(
        `conv2dWeight of ${show(x)} and ${show(ct)}`,
        `the convolution maps ${show(a.size)} to ${show(outSize(a))}`,
        'Give an input and a cotangent of one convolution'
      )
    const own = [ct[ct.length - 3], x[x.length - 3], ...a.kernel]
    const front = broadcastShapes(x.slice(0, -3), ct.slice(0, -3), 'conv2dWeight, leading axes')
    return a.total ? own : [...front, ...own]
  },
  forward: ([x, ct], a, shape) => {
    const dw = alloc(size(shape), x.dtype)
    const [C, O] = [x.shape[x.rank - 3], ct.shape[ct.rank - 3]]
    const [lx, lc] = [leads(x, 3), leads(ct, 3)]
    const g = geometry(a, size(lx), C, O)
    if (a.total) kernels.conv2dWeight(x.data, ct.data, dw, g)
    else if (sameShape(lx, lc.slice(lc.length - lx.length)))
      kernels.conv2dWeightPerSample(x.data, ct.data, dw, g, size(lc.slice(0, lc.length - lx.length)))
    else {
      const one = geometry(a, 1, C, O)
      const [nx, nc, nw] = [size(lastOf(x, 3)), size(lastOf(ct, 3)), size(shape.slice(-4))]
      each(lx, lc, shape.slice(0, -4), (i, j, k) => {
        kernels.conv2dWeight(part(x.data, i, nx), part(ct.data, j, nc), part(dw, k, nw), one)
      })
    }
    return new Tensor(shape, dw)
  },
  jvp: ([dx, dct], v) =>
    both(dx && apply(conv2dWeightOp, [dx, v.x[1]], v.attrs), dct && apply(conv2dWeightOp, [v.x[0], dct], v.attrs)),
  vjp: (g, v) => {
    // A summed weight has no axes where the samples were: they come back with length 1, behind the rows.
    const samples = Math.max(v.x[0].rank, v.x[1].rank) - 3
    const w = v.attrs.total
      ? reshape(g, [...g.shape.slice(0, -4), ...Array<number>(samples).fill(1), ...g.shape.slice(-4)])
      : g
    return [
      v.wants(0) ? v.fold(apply(conv2dInputOp, [v.x[1], w], v.attrs), 0) : null,
      v.wants(1) ? v.fold(apply(conv2dOp, [v.x[0], w], v.attrs), 1) : null
    ]
  },
  carry: ({ inputs: [x, ct], out, attrs }) => {
    if (attrs.total || out.rank === 4) return undefined
    const has = (t: Tensor) => t.rank > 3 && t.rank + 1 === out.rank && t.shape[0] === out.shape[0]
    return [has(x), has(ct)]
  },
  noInverse: 'in general neither square nor of full rank; the newton rung solves it',
  examples: r => [
    {
      inputs: [r.normal([2, 2, 4, 3]), r.normal([2, 3, 4, 3])],
      attrs: { ...evenly(1, 1, [4, 3], [3, 3]), total: true }
    },
    {
      inputs: [r.normal([2, 1, 3, 3]), r.normal([2, 2, 2, 2])],
      attrs: { ...evenly(1, 0, [3, 3], [2, 2]), total: false }
    },
    {
      inputs: [r.normal([2, 1, 3, 3]), r.normal([2, 2, 1, 2, 2])],
      attrs: { ...evenly(1, 0, [3, 3], [2, 2]), total: false },
      note: 'rows in front of ct'
    },
    {
      inputs: [r.normal([2, 3, 3]), r.normal([2, 2, 2])],
      attrs: { ...evenly(1, 0, [3, 3], [2, 2]), total: false },
      note: 'one sample'
    }
  ]
})

/** The cotangent of a weight: summed in the kernel where nobody needs it per sample. */
export function weightOf(x: Tensor, ct: Tensor, v: View<ConvAttrs>, i: number): Tensor {
  const shared = v.lead === 0 && v.x[i].rank === 4 && sameShape(leads(x, 3), leads(ct, 3))
  const dw = apply(conv2dWeightOp, [x, ct], { ...v.attrs, total: shared })
  return shared ? dw : v.fold(dw, i)
}
