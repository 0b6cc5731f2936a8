import { apply } from '../../core/apply.js'
import { pointwise, stretched } from '../../core/backends/gpu/kernels.js'
import { constant } from '../../core/backends/gpu/launch.js'
import { edgesOfLinear, withEdges } from '../../core/families/edges.js'
import { carryAligned, defineOp, type Op } from '../../core/op.js'
import { mapData, type Tensor } from '../../core/tensor.js'
import { checkComplex, checkPairs } from './pairs.js'

const conjugate = (z: Tensor): Tensor => mapData(z, (v, i) => (i % 2 === 1 ? -v : v))

export const conjOp: Op<undefined> = defineOp({
  name: 'conj',
  doc: `y = re - i im, for pairs (re, im) along the last axis
  tangent  dy = conj(dz)
  adjoint  conj(ct)
  inverse  z̃ = conj(ỹ), with the weights of ỹ
  cost     one pass`,
  tex: {
    y: 'y = z^*',
    tangent: 'dy = dz^*',
    adjoint: String.raw`\bar z = \bar y^*`,
    inverse: String.raw`\tilde z = \tilde y^*`
  },
  outShape: ([s]) => {
    checkPairs(s, 'conj')
    return s
  },
  forward: ([z]) => conjugate(z),
  device: ([z], _, shape) =>
    pointwise(shape, [stretched(z, shape), stretched(constant(Float32Array.of(1, -1)), shape)], ['a', 'b'], 'a * b'),
  jvp: ([dz]) => dz && conj(dz),
  vjp: ct => [conj(ct)],
  // Every entry of its own, also re and im.
  carry: carryAligned,
  inverse: { kind: 'exact', apply: (_, { value, weight }) => [{ value: conjugate(value), weight }] },
  examples: withEdges(
    r => [{ inputs: [r.normal([2, 3, 2])] }, { inputs: [r.normal([2])], note: 'one number' }],
    edgesOfLinear
  )
})

/** The complex conjugate re - i im: z [..., 2] → [..., 2]. */
export function conj(z: Tensor): Tensor {
  checkComplex(z, 'conj')
  return apply(conjOp, [z])
}
