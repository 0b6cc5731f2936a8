import { apply } from '../../core/apply.js'
import { stretch, wanted } from '../../core/claim.js'
import { ShapeError } from '../../core/errors.js'
import { alloc, allocUnset } from '../../core/memory.js'
import { defineOp, type Site } from '../../core/op.js'
import { broadcastShapes, type Shape, sameShape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, full, Tensor, tensor } from '../../core/tensor.js'

/** One number per vector as [..., 1]. */
const kept = (x: Tensor): Tensor => reshape(x, [...x.shape, 1])

const wholeShape = (a: Shape, b: Shape): Shape => {
  if (a.length === 0 || b.length === 0 || a[a.length - 1] !== b[b.length - 1])
    throw new ShapeError(
      `dot of ${show(a)} and ${show(b)}`,
      'last axes that are not equal',
      'Give vectors of one length: [..., n] and [..., n]'
    )
  return broadcastShapes(a, b, 'dot')
}

const stretched = (site: Site, i: number): boolean =>
  !sameShape(site.inputs[i].shape, wholeShape(site.inputs[0].shape, site.inputs[1].shape))

export const dotOp = defineOp({
  name: 'dot',
  doc: `y = Σ a b over the last axis; leading axes broadcast
  tangent  dy = Σ da b + Σ a db
  adjoint  ct b to a, ct a to b, summed over broadcast axes
  inverse  the smallest change of the free one: ã = a + b (ỹ - y)/‖b‖²; none for b = 0. Refused where the free one is
           shared by several products
  cost     2 n flops`,
  tex: {
    y: String.raw`y = \sum_i a_i b_i`,
    tangent: String.raw`dy = da \cdot b + a \cdot db`,
    adjoint: String.raw`\bar a = \bar y\,b,\ \bar b = \bar y\,a`,
    inverse: String.raw`\tilde a = a + b\,(\tilde y - y)/\|b\|^2`
  },
  outShape: ([a, b]) => wholeShape(a, b).slice(0, -1),
  forward: ([a, b], _, shape) => {
    const whole = wholeShape(a.shape, b.shape)
    const n = whole[whole.length - 1]
    const [p, q] = [stretch(a, whole).data, stretch(b, whole).data]
    const y = allocUnset(size(shape), a.dtype)
    for (let i = 0; i < y.length; i++) {
      let total = 0
      for (let k = i * n; k < (i + 1) * n; k++) total += p[k] * q[k]
      y[i] = total
    }
    return new Tensor(shape, y)
  },
  jvp: ([da, db], { x: [a, b] }) => both(da && dot(da, b), db && dot(a, db)),
  vjp: (ct, v) => [
    v.wants(0) ? v.fold(mul(kept(ct), v.x[1]), 0) : null,
    v.wants(1) ? v.fold(mul(kept(ct), v.x[0]), 1) : null
  ],
  // A single vector has no sample axis.
  carry: ({ inputs, out }) =>
    out.rank > 0 ? inputs.map(t => t.rank === out.rank + 1 && t.shape[0] === out.shape[0]) : undefined,
  inverse: {
    kind: 'exact',
    apply: (site, claimed, active) => {
      const i = active[0] ? 0 : 1
      if (stretched(site, i)) return { refuse: 'the free vector is shared by several products' }
      const x = site.inputs[i]
      const n = x.shape[x.rank - 1]
      const other = stretch(site.inputs[1 - i], x.shape).data
      const target = wanted(claimed, site.out).data
      const value = alloc(x.size, x.dtype)
      for (let k = 0; k < target.length; k++) {
        // In units of the largest entry, so that the squares do not overflow.
        const b = Float64Array.from(other.subarray(k * n, (k + 1) * n))
        const scale = b.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
        const square = b.reduce((s, v) => s + (v / scale) ** 2, 0)
        const step = target[k] - site.out.data[k]
        const factor = step === 0 ? 0 : scale === 0 ? Number.NaN : step / scale / square
        b.forEach((v, j) => {
          value[k * n + j] = x.data[k * n + j] + (step === 0 ? 0 : (v / scale) * factor)
        })
      }
      const answer = { value: new Tensor(x.shape, value), weight: null }
      return i === 0 ? [answer, null] : [null, answer]
    },
    lawless: ({ inputs: [a] }) => (a.shape[a.rank - 1] === 0 ? 'an empty sum is 0' : undefined)
  },
  examples: r => [
    { inputs: [r.normal([3]), r.normal([3])] },
    { inputs: [r.normal([2, 3]), r.normal([3])], note: 'one for all' },
    { inputs: [r.normal([2, 1, 3]), r.normal([2, 3])], note: 'broadcast from both sides' },
    { inputs: [r.normal([2, 1]), r.normal([2, 1])], note: 'one term' },
    { inputs: [tensor([1e300, -2e300]), tensor([3e-300, 1e-300])], note: '1e±300', extreme: true },
    { inputs: [full([2], 1e-150), full([2], 1e-150)], note: '1e-150', extreme: true },
    { inputs: [r.normal([2, 0]), r.normal([2, 0])], note: 'no terms' },
    { inputs: [r.normal([0, 2]), r.normal([2])], note: 'empty batch' }
  ]
})

/** Σ a b over the last axis, [..., n] and [..., n] → [...]; leading axes broadcast. Throws ShapeError. */
export function dot(a: Tensor, b: Tensor): Tensor {
  checkTensor(a, 'dot', 'its left factor')
  checkTensor(b, 'dot', 'its right factor')
  return apply(dotOp, [a, b])
}
