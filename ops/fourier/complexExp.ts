import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { alloc, allocUnset } from '../../core/memory.js'
import { defineOp, type Op } from '../../core/op.js'
import { Tensor, tensor } from '../../core/tensor.js'
import { nearestTurn } from '../elementwise/sin.js'
import { complexMul } from './complexMul.js'
import { conj } from './conj.js'
import { carryPairs, checkComplex, checkPairs } from './pairs.js'

export const complexExpOp: Op<undefined> = defineOp({
  name: 'complexExp',
  doc: `y = e^z = e^re (cos im + i sin im), for pairs (re, im) along the last axis
  tangent  dy = y dz
  adjoint  conj(y) ct
  inverse  z̃ = ln|ỹ| + i (arg ỹ + 2πn), n such that the imaginary part is nearest to the current one; none for ỹ = 0
  cost     an exponential, a sine and a cosine per number
  caveats  infinite beyond re = 709.7`,
  tex: {
    y: 'y = e^z',
    tangent: 'dy = y\\,dz',
    adjoint: String.raw`\bar z = y^*\,\bar y`,
    inverse: String.raw`\tilde z = \ln|\tilde y| + i(\arg\tilde y + 2\pi n)`
  },
  outShape: ([s]) => {
    checkPairs(s, 'complexExp')
    return s
  },
  forward: ([z], _, shape) => {
    const y = allocUnset(z.size, z.dtype)
    for (let i = 0; i < y.length; i += 2) {
      const r = Math.exp(z.data[i])
      y[i] = r * Math.cos(z.data[i + 1])
      y[i + 1] = r * Math.sin(z.data[i + 1])
    }
    return new Tensor(shape, y)
  },
  jvp: ([dz], v) => dz && complexMul(v.y, dz),
  vjp: (ct, v) => [complexMul(conj(v.y), ct)],
  carry: carryPairs,
  inverse: {
    kind: 'local',
    apply: ({ inputs: [z], out }, claimed) => {
      const { data: t } = wanted(claimed, out)
      const value = alloc(z.size, z.dtype)
      for (let i = 0; i < t.length; i += 2) {
        const stays = t[i] === out.data[i] && t[i + 1] === out.data[i + 1]
        const r = Math.hypot(t[i], t[i + 1])
        value[i] = stays ? z.data[i] : r > 0 ? Math.log(r) : Number.NaN
        value[i + 1] = stays
          ? z.data[i + 1]
          : r > 0
            ? nearestTurn(Math.atan2(t[i + 1], t[i]), z.data[i + 1])
            : Number.NaN
      }
      return [{ value: new Tensor(z.shape, value), weight: null }]
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 3, 2])] },
    { inputs: [r.uniform([3, 2], 8, 10)], note: 'another branch' },
    { inputs: [r.normal([2])], note: 'one number' },
    { inputs: [r.normal([2, 1, 2])], note: 'size-1 axis' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' },
    {
      inputs: [
        tensor([
          [692, 1],
          [-692, 2]
        ])
      ],
      extreme: true
    }
  ]
})

/** e^z of complex numbers: z [..., 2] → [..., 2]. */
export function complexExp(z: Tensor): Tensor {
  checkComplex(z, 'complexExp')
  return apply(complexExpOp, [z])
}
