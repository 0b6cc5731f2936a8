import { apply } from '../../core/apply.js'
import { type Claim, defineOp, type Op } from '../../core/op.js'
import { both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { sum } from '../../core/structural/sum.js'
import { mapData, type Tensor } from '../../core/tensor.js'
import { neg } from '../elementwise/neg.js'
import { sub } from '../elementwise/sub.js'
import { carryBoth, lossShape, perSample, spreadCt } from './loss.js'

export const l2Op: Op<undefined> = defineOp({
  name: 'l2',
  doc: `L_b = ½ Σ (y - y*)² over all entries of sample b, no mean
  tangent  Σ (y - y*)(dy - dy*)
  adjoint  ct (y - y*) to y, the opposite to y*
  inverse  none: a number does not say where it came from; but its Newton step in y is known, H = 1:
           Δy = η (y* - y)
  source   the book, "Scale Invariant Physics Training", "Loss functions", eq. (21)`,
  outShape: shapes => lossShape('l2', shapes),
  forward: ([y, target]) => perSample(y, target, d => 0.5 * d * d),
  jvp: ([dy, dt], v) => {
    const axes = v.x[0].shape.map((_, k) => k).slice(1)
    const d = sub(v.x[0], v.x[1])
    const along = (t: Tensor) => sum(mul(d, t), axes)
    const p = dy && along(dy)
    const q = dt && neg(along(dt))
    return both(p, q)
  },
  vjp: (ct, v) => {
    const g = mul(spreadCt(ct, v), sub(v.x[0], v.x[1]))
    return [v.wants(0) ? v.fold(g, 0) : null, v.wants(1) ? neg(v.fold(g, 1)) : null]
  },
  carry: carryBoth,
  noInverse: 'a sum of squares does not say where it came from; a Newton step in y does (newtonStep)',
  newtonStep: ({ inputs: [y, target] }, eta): Claim => ({
    value: mapData(y, (v, i) => v + eta * (target.data[i] - v)),
    weight: null
  }),
  examples: r => [
    { inputs: [r.normal([3, 2]), r.normal([3, 2])] },
    { inputs: [r.normal([2, 2, 2]), r.normal([2, 2, 2])] },
    { inputs: [r.normal([2]), r.normal([2])] }
  ]
})

/** ½ Σ (y - y*)² per sample: `[B, ...]`, `[B, ...]` → `[B]`. */
export const l2 = (y: Tensor, target: Tensor): Tensor => apply(l2Op, [y, target])
