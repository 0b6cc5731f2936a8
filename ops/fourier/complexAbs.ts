import { apply } from '../../core/apply.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp, type Op, type View } from '../../core/op.js'
import { mul } from '../../core/structural/mul.js'
import { sum } from '../../core/structural/sum.js'
import { mapData, Tensor } from '../../core/tensor.js'
import { div } from '../elementwise/div.js'
import { where } from '../elementwise/where.js'
import { carryModulus, modulusExamples, toRadius } from './modulus.js'
import { checkComplex, checkPairs, numbersOf, overPairs } from './pairs.js'

/** z / |z|; 0 where z = 0, also for its derivatives. */
function direction({ x: [z], y }: View): Tensor {
  const away = mapData(y, r => (r === 0 ? 0 : 1))
  return mul(div(z, overPairs(where(away, y, 1))), overPairs(away))
}

export const complexAbsOp: Op<undefined> = defineOp({
  name: 'complexAbs',
  doc: `y = |z| = √(re² + im²), for pairs (re, im) along the last axis, which goes away; scaled, so that squares cannot overflow
  tangent  dy = Re(conj(z) dz) / |z|
  adjoint  ct z / |z|
  inverse  z̃ = ỹ z / |z|: the same direction, the smallest change; ỹ < 0 counts as 0, and where z = 0 every direction is as
           near: z̃ = ỹ, real
  caveats  a kink at z = 0: derivatives are 0 there, the smallest subgradient
  cost     a square root per number`,
  tex: {
    y: 'y = |z|',
    tangent: String.raw`dy = \mathrm{Re}(z^* dz)/|z|`,
    adjoint: String.raw`\bar z = \bar y\,z/|z|`,
    inverse: String.raw`\tilde z = \tilde y\,z/|z|`
  },
  outShape: ([s]) => {
    checkPairs(s, 'complexAbs')
    return numbersOf(s)
  },
  forward: ([z], _, shape) => {
    const y = allocUnset(z.size / 2, z.dtype)
    for (let k = 0; k < y.length; k++) y[k] = Math.hypot(z.data[2 * k], z.data[2 * k + 1])
    return new Tensor(shape, y)
  },
  jvp: ([dz], v) => dz && sum(mul(direction(v), dz), -1),
  vjp: (ct, v) => [mul(direction(v), overPairs(ct))],
  carry: carryModulus,
  inverse: { kind: 'local', apply: (site, claimed) => [toRadius(site, claimed, r => r)] },
  examples: r => modulusExamples(r, 1e300)
})

/** |z| of complex numbers: z [..., 2] → [...]. */
export function complexAbs(z: Tensor): Tensor {
  checkComplex(z, 'complexAbs')
  return apply(complexAbsOp, [z])
}
