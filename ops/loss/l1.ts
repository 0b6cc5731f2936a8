import { apply } from '../../core/apply.js'
import { gpuMap2 } from '../../core/backends/gpu/kernels.js'
import { mapData, type Tensor } from '../../core/tensor.js'
import { differenceLoss } from './differenceLoss.js'

export const l1Op = differenceLoss({
  name: 'l1',
  doc: `L_b = Σ |y - y*| over all entries of sample b
  tangent  dL = Σ sign(y - y*)(dy - dy*)
  adjoint  ct sign(y - y*) to y, the opposite to y*
  inverse  none: a sum does not say where it came from; its step in y: no curvature, the minimum is y*, so
           Δy = η (y* - y)
  caveats  where y = y* derivatives are 0, as in PyTorch
  cost     2 flops per entry
  source   the proxy loss for the sine map of the book's "Scale Invariant Physics Training"`,
  tex: {
    y: String.raw`L_b = \textstyle\sum |y - y^*|`,
    tangent: String.raw`dL = \textstyle\sum \operatorname{sign}(y - y^*)\,(dy - dy^*)`,
    adjoint: String.raw`\bar y = \operatorname{sign}(y - y^*)\,\bar L,\; \bar y^* = -\bar y`
  },
  extremes: [
    [
      [1e300, -2e300],
      [1e-300, -2e-300]
    ],
    [
      [2e300, 1e-300],
      [-1e-300, 1e-300]
    ]
  ],
  gpu: 'Math.abs(d)',
  term: Math.abs,
  slope: (y, target) => gpuMap2(y, target, 'Math.sign(a - b)') ?? mapData(y, (v, i) => Math.sign(v - target.data[i])),
  noInverse: 'a sum does not say where it came from; the step in y does (newtonStep)'
})

/** Σ |y - y*| per sample: `[B, ...]`, `[B, ...]` → `[B]`. */
export const l1 = (y: Tensor, target: Tensor): Tensor => apply(l1Op, [y, target])
