import { apply } from '../../core/apply.js'
import { type Claim, defineOp, type Op } from '../../core/op.js'
import { both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { sum } from '../../core/structural/sum.js'
import { mapData, Tensor } from '../../core/tensor.js'
import { neg } from '../elementwise/neg.js'
import { carryBoth, lossShape, perSample, spreadCt } from './loss.js'

/** sign(y - y*), a constant for derivatives: its own is zero almost everywhere. */
const signs = ([y, target]: readonly Tensor[]): Tensor =>
  new Tensor(
    y.shape,
    y.data.map((v, i) => Math.sign(v - target.data[i]))
  )

export const l1Op: Op<undefined> = defineOp({
  name: 'l1',
  doc: `L_b = Σ |y - y*| over all entries of sample b
  tangent  Σ sign(y - y*)(dy - dy*)
  adjoint  ct sign(y - y*) to y, the opposite to y*; 0 where y = y*
  inverse  none; its step in y: no curvature, the minimum is y*, so Δy = η (y* - y)
  source   the proxy loss for the sine map of the book's "Scale Invariant Physics Training"`,
  outShape: shapes => lossShape('l1', shapes),
  forward: ([y, target]) => perSample(y, target, Math.abs),
  jvp: ([dy, dt], v) => {
    const axes = v.x[0].shape.map((_, k) => k).slice(1)
    const s = signs(v.x)
    const along = (t: Tensor) => sum(mul(s, t), axes)
    const p = dy && along(dy)
    const q = dt && neg(along(dt))
    return both(p, q)
  },
  vjp: (ct, v) => {
    const g = mul(spreadCt(ct, v), signs(v.x))
    return [v.wants(0) ? v.fold(g, 0) : null, v.wants(1) ? neg(v.fold(g, 1)) : null]
  },
  carry: carryBoth,
  noInverse: 'a sum does not say where it came from; the step in y does (newtonStep)',
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

/** Σ |y - y*| per sample: `[B, ...]`, `[B, ...]` → `[B]`. */
export const l1 = (y: Tensor, target: Tensor): Tensor => apply(l1Op, [y, target])
