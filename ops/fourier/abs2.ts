import { apply } from '../../core/apply.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp, type Op } from '../../core/op.js'
import { mul } from '../../core/structural/mul.js'
import { sum } from '../../core/structural/sum.js'
import { Tensor } from '../../core/tensor.js'
import { carryModulus, modulusExamples, toRadius } from './modulus.js'
import { checkComplex, checkPairs, numbersOf, overPairs } from './pairs.js'

export const abs2Op: Op<undefined> = defineOp({
  name: 'abs2',
  doc: `y = |z|² = re² + im², for pairs (re, im) along the last axis, which goes away
  tangent  dy = 2 Re(conj(z) dz)
  adjoint  2 ct z
  inverse  z̃ = z √(ỹ / |z|²): the same direction, the smallest change; ỹ < 0 counts as 0, and where z = 0 every direction is
           as near: z̃ = √ỹ, real
  cost     3 flops per number`,
  tex: {
    y: 'y = |z|^2',
    tangent: String.raw`dy = 2\,\mathrm{Re}(z^* dz)`,
    adjoint: String.raw`\bar z = 2\,\bar y\,z`,
    inverse: String.raw`\tilde z = z\sqrt{\tilde y}/|z|`
  },
  outShape: ([s]) => {
    checkPairs(s, 'abs2')
    return numbersOf(s)
  },
  forward: ([z], _, shape) => {
    const y = allocUnset(z.size / 2, z.dtype)
    for (let k = 0; k < y.length; k++) y[k] = z.data[2 * k] ** 2 + z.data[2 * k + 1] ** 2
    return new Tensor(shape, y)
  },
  jvp: ([dz], v) => dz && mul(sum(mul(v.x[0], dz), -1), 2),
  vjp: (ct, v) => [mul(mul(v.x[0], 2), overPairs(ct))],
  carry: carryModulus,
  inverse: { kind: 'local', apply: (site, claimed) => [toRadius(site, claimed, Math.sqrt)] },
  examples: r => modulusExamples(r, 1e150)
})

/** |z|² of complex numbers: z [..., 2] → [...]; the power spectrum is abs2(fft(z)). */
export function abs2(z: Tensor): Tensor {
  checkComplex(z, 'abs2')
  return apply(abs2Op, [z])
}
