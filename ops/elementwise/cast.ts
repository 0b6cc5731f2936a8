import { apply } from '../../core/apply.js'
import { allocUnset } from '../../core/memory.js'
import { type Claim, carryAligned, defineOp, type Op } from '../../core/op.js'
import { checkTensor, type DType, Tensor, tensor } from '../../core/tensor.js'

const convert = (x: Tensor, dtype: DType): Tensor => {
  const y = allocUnset(x.size, dtype)
  y.set(x.data)
  return new Tensor(x.shape, y)
}

export const castOp: Op<{ dtype: DType }> = defineOp<{ dtype: DType }>({
  name: 'cast',
  doc: `y = x in another dtype
  tangent  dy = cast(dx)
  adjoint  ct in the dtype of x
  inverse  ỹ in the dtype of x; through f32 a target keeps 24 bits
  caveats  beyond 3.4e38 an f32 is infinite, below 1e-45 it is 0
  cost     one pass`,
  tex: {
    y: 'y = x',
    tangent: 'dy = dx',
    adjoint: String.raw`\bar x = \bar y`,
    inverse: String.raw`\tilde x = \tilde y`
  },
  mixed: true,
  outShape: ([s]) => s,
  forward: ([x], { dtype }) => convert(x, dtype),
  jvp: ([dx], v) => dx && cast(dx, v.attrs.dtype),
  vjp: (ct, v) => [cast(ct, v.x[0].dtype)],
  carry: carryAligned,
  inverse: {
    kind: 'structural',
    apply: ({ inputs: [x] }, { value, weight }): Claim[] => [
      { value: convert(value, x.dtype), weight: weight && convert(weight, x.dtype) }
    ]
  },
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { dtype: 'f64' } },
    { inputs: [r.normal([2, 1])], attrs: { dtype: 'f64' }, note: 'size-1 axis' },
    { inputs: [r.normal([0])], attrs: { dtype: 'f64' }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e300, 1e-300])], attrs: { dtype: 'f64' }, extreme: true }
  ]
})

/** The same numbers in another dtype; recorded, so that derivatives and targets come back in the dtype of x. */
export function cast(x: Tensor, dtype: DType): Tensor {
  checkTensor(x, 'cast')
  return x.dtype === dtype ? x : apply(castOp, [x], { dtype })
}
