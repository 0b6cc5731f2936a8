import { apply } from '../apply.js'
import { reshaped } from '../backends/gpu/launch.js'
import { carryAligned, defineOp } from '../op.js'
import { checkTensor, type Tensor, tensor } from '../tensor.js'

export const identityOp = defineOp({
  name: 'identity',
  doc: `y = x, as a new tensor
  tangent  dy = dx
  adjoint  ct
  inverse  x̃ = ỹ
  cost     none, the entries are shared
  caveats  the functional verbs pass their inputs through it, so that one tensor watched at two levels is two tensors`,
  tex: {
    y: 'y = x',
    tangent: 'dy = dx',
    adjoint: String.raw`\bar x = \bar y`,
    inverse: String.raw`\tilde x = \tilde y`
  },
  outShape: ([s]) => s,
  forward: ([x]) => reshaped(x, x.shape),
  jvp: ([dx]) => dx,
  vjp: ct => [ct],
  carry: carryAligned,
  inverse: { kind: 'structural', apply: (_, claim) => [claim] },
  examples: r => [
    { inputs: [r.normal([3, 2])] },
    { inputs: [r.normal([])] },
    { inputs: [r.normal([1, 2])], note: 'size-1 axis' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300])], extreme: true }
  ]
})

/** The same values as a new tensor. */
export const identity = (x: Tensor): Tensor => apply(identityOp, [x])

/** The same values, seen by no tape: a constant for every derivative. */
export function stopGradient(x: Tensor): Tensor {
  checkTensor(x, 'stopGradient')
  return reshaped(x, x.shape)
}
