import { apply } from '../apply.js'
import { pointwise, stretched } from '../backends/gpu/kernels.js'
import { broadcastCopy } from '../backends/kernels.js'
import { foldClaim } from '../claim.js'
import { ShapeError } from '../errors.js'
import { allocUnset } from '../memory.js'
import { carryAligned, defineOp } from '../op.js'
import { broadcastShapes, checkShape, type Shape, sameShape, show, size } from '../shape.js'
import { checkTensor, Tensor, tensor } from '../tensor.js'

export const expandOp = defineOp<{ shape: Shape }>({
  name: 'expand',
  doc: `y = x stretched to a shape by NumPy's rule: axes aligned at the right, axes of length 1 repeated
  tangent  dy = expand(dx)
  adjoint  the sum of ct over the stretched axes
  inverse  the weighted mean of the claims on all copies
  cost     one pass over y`,
  tex: {
    y: 'y_{ij} = x_j',
    tangent: 'dy_{ij} = dx_j',
    adjoint: String.raw`\bar x_j = \textstyle\sum_i \bar y_{ij}`,
    inverse: String.raw`\tilde x_j = \textstyle\sum_i w_{ij} \tilde y_{ij} / \sum_i w_{ij}`
  },
  outShape: ([s], { shape }) => {
    if (!sameShape(broadcastShapes(s, shape, 'expand'), shape))
      throw new ShapeError(
        `expand of ${show(s)} to ${show(shape)}`,
        'the target is smaller than the tensor',
        'Only axes of length 1 and new leading axes can be stretched'
      )
    return shape
  },
  forward: ([x], _, shape) => {
    const y = allocUnset(size(shape), x.dtype)
    broadcastCopy(x.data, x.shape, y, shape)
    return new Tensor(shape, y)
  },
  device: ([x], _, shape) => pointwise(shape, [stretched(x, shape)], ['x'], 'x'),
  jvp: ([dx], v) => dx && expand(dx, v.attrs.shape),
  vjp: (ct, v) => [v.fold(ct, 0)],
  carry: carryAligned,
  inverse: { kind: 'structural', apply: ({ inputs: [x] }, claim) => [foldClaim(claim, x.shape)] },
  examples: r => [
    { inputs: [r.normal([2, 1, 3])], attrs: { shape: [2, 4, 3] } },
    { inputs: [r.normal([3])], attrs: { shape: [2, 2, 3] } },
    { inputs: [r.normal([])], attrs: { shape: [2] } },
    { inputs: [r.normal([1, 2])], attrs: { shape: [0, 2] }, note: 'no copies' },
    { inputs: [r.normal([0, 1])], attrs: { shape: [0, 3] }, note: 'empty axis' },
    { inputs: [tensor([[1e300], [1e-300]])], attrs: { shape: [2, 2] }, extreme: true }
  ]
})

/** Stretches axes of length 1, and adds leading axes, to reach `shape`. */
export function expand(x: Tensor, shape: Shape): Tensor {
  checkTensor(x, 'expand')
  checkShape(shape, `expand of ${show(x.shape)}`)
  return sameShape(x.shape, shape) ? x : apply(expandOp, [x], { shape: [...shape] })
}
