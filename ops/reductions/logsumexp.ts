import * as gpu from '../../core/backends/gpu/reductions.js'
import { eachRow } from '../../core/backends/kernels.js'
import { reduceFibres } from '../../core/backends/plain/fibres.js'
import { reduction, reductionFunction } from '../../core/families/reduction.js'
import type { ReduceAttrs } from '../../core/structural/sum.js'
import { tensor } from '../../core/tensor.js'
import { lse, moveLse } from './lse.js'
import { softmax } from './softmax.js'

export const logsumexpOp = reduction<ReduceAttrs>({
  name: 'logsumexp',
  doc: `y = ln Σ e^x over axes, shifted by the largest x
  tangent  dy = Σ softmax(x) dx
  adjoint  ct softmax(x)
  inverse  x̃_i = -ln(e^-x_i + s) with the s that gives ỹ (one equation, by Newton's iteration in a bracket): to first order
           along the gradient; far down all large entries come to one level, far up the largest ones rise
  cost     one exponential per entry
  caveats  no entries, or all of them -∞: y = -∞; there, and where an entry is ∞, the derivatives are NaN`,
  tex: {
    y: String.raw`y = \ln \textstyle\sum_i e^{x_i}`,
    slope: String.raw`\operatorname{softmax}(x)_i`,
    inverse: String.raw`\tilde x_i = -\ln(e^{-x_i} + s),\; s \text{ such that } y(\tilde x) = \tilde y`
  },
  kernel: (x, y, shape, keep, { axes }) => {
    if (!eachRow('logsumexp', x, y, shape, axes)) reduceFibres(x, y, shape, keep, lse)
  },
  gpu: gpu.logsumexp,
  slope: (x, _, { axes }) => softmax(x, axes),
  inverse: {
    kind: 'local',
    at: (x, target) => (Number.isFinite(target) ? moveLse(x, target) : x.fill(Number.NaN))
  },
  examples: r => [
    { inputs: [r.normal([2, 3, 4])], attrs: { axes: [-2], keepDims: false } },
    { inputs: [r.normal([2, 3, 2])], attrs: { axes: [-3, -1], keepDims: true } },
    { inputs: [r.uniform([2, 4], -8, 8)], attrs: { axes: [-1], keepDims: false }, note: 'far apart' },
    { inputs: [r.normal([3, 1])], attrs: { axes: [-1], keepDims: false }, note: 'size-1 axis' },
    {
      inputs: [
        tensor([
          [1e300, 1e300],
          [-1e300, 700],
          [-1e300, 1e-300]
        ])
      ],
      attrs: { axes: [-1], keepDims: false },
      extreme: true
    },
    { inputs: [r.normal([0, 3])], attrs: { axes: [-1], keepDims: false }, note: 'empty axis' }
  ]
})

/** ln Σ e^x over `axes` (all by default), without overflow or underflow: a smooth maximum. -∞ for no entries. */
export const logsumexp = reductionFunction(logsumexpOp)
