import { apply } from '../../core/apply.js'
import type { Tensor } from '../../core/tensor.js'
import { sub } from '../elementwise/sub.js'
import { differenceLoss } from './differenceLoss.js'

export const l2Op = differenceLoss({
  name: 'l2',
  doc: `L_b = ½ Σ (y - y*)² over all entries of sample b, no mean
  tangent  dL = Σ (y - y*)(dy - dy*)
  adjoint  ct (y - y*) to y, the opposite to y*
  inverse  none: a number does not say where it came from; but its Newton step in y is known, H = 1:
           Δy = η (y* - y)
  cost     3 flops per entry
  source   the book, "Scale Invariant Physics Training", "Loss functions", eq. (21)`,
  tex: {
    y: String.raw`L_b = \tfrac12 \textstyle\sum (y - y^*)^2`,
    tangent: String.raw`dL = \textstyle\sum (y - y^*)\,(dy - dy^*)`,
    adjoint: String.raw`\bar y = (y - y^*)\,\bar L,\; \bar y^* = -\bar y`
  },
  extremes: [
    [
      [1e150, -2e150],
      [1e-151, -2e-151]
    ],
    [
      [-1e150, 1e-151],
      [-1e-151, 1e-151]
    ]
  ],
  gpu: '0.5 * d * d',
  term: d => 0.5 * d * d,
  slope: (y, target) => sub(y, target),
  noInverse: 'a sum of squares does not say where it came from; a Newton step in y does (newtonStep)'
})

/** ½ Σ (y - y*)² per sample: `[B, ...]`, `[B, ...]` → `[B]`. */
export const l2 = (y: Tensor, target: Tensor): Tensor => apply(l2Op, [y, target])
