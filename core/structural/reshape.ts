import { apply } from '../apply.js'
import { reshaped } from '../backends/gpu/launch.js'
import { ShapeError } from '../errors.js'
import { defineOp } from '../op.js'
import { checkShape, type Shape, show, size } from '../shape.js'
import { checkTensor, Tensor, tensor } from '../tensor.js'

export const reshapeOp = defineOp<{ shape: Shape }>({
  name: 'reshape',
  doc: `y = the entries of x in row-major order, in another shape
  tangent  dy = reshape(dx)
  adjoint  reshape(ct) to the shape of x
  inverse  moves entries and weights back
  cost     none, the entries are shared`,
  tex: {
    y: String.raw`y = \operatorname{reshape}(x)`,
    tangent: String.raw`dy = \operatorname{reshape}(dx)`,
    adjoint: String.raw`\bar x = \operatorname{reshape}(\bar y)`,
    inverse: String.raw`\tilde x = \operatorname{reshape}(\tilde y)`
  },
  outShape: ([s], { shape }) => {
    if (size(s) !== size(shape))
      throw new ShapeError(
        `reshape of ${show(s)} to ${show(shape)}`,
        `${size(s)} entries, where the new shape holds ${size(shape)}`,
        'The number of entries stays; one axis may be -1'
      )
    return shape
  },
  forward: ([x], { shape }) => reshaped(x, shape),
  jvp: ([dx], v) => dx && reshape(dx, v.attrs.shape),
  vjp: (ct, v) => [reshape(ct, v.to(ct, 0))],
  carry: ({ inputs: [x], out }) =>
    x.shape.length > 0 && out.shape.length > 0 && x.shape[0] === out.shape[0] ? [true] : undefined,
  inverse: {
    kind: 'structural',
    apply: ({ inputs: [x] }, { value, weight }) => [
      { value: new Tensor(x.shape, value.data), weight: weight && new Tensor(x.shape, weight.data) }
    ]
  },
  examples: r => [
    { inputs: [r.normal([2, 6])], attrs: { shape: [2, 3, 2] } },
    { inputs: [r.normal([6])], attrs: { shape: [3, 2] } },
    { inputs: [r.normal([1])], attrs: { shape: [] } },
    { inputs: [r.normal([0, 3])], attrs: { shape: [0] }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e300, 1e-300, -1e-300])], attrs: { shape: [2, 2] }, extreme: true }
  ]
})

/** The same entries in another shape; one axis may be -1 and takes what is left. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkTensor(x, 'reshape')
  if (!Array.isArray(shape)) checkShape(shape, `reshape of ${show(x.shape)}`)
  const open = shape.indexOf(-1)
  if (open >= 0) {
    const rest = shape.reduce((p, d, i) => (i === open ? p : p * d), 1)
    shape = shape.map((d, i) => (i === open ? (rest === 0 ? 0 : x.size / rest) : d))
  }
  checkShape(shape, `reshape of ${show(x.shape)}`)
  return apply(reshapeOp, [x], { shape: [...shape] })
}
