import { gpuMap } from '../../core/backends/gpu/kernels.js'
import { variance as gpuVariance } from '../../core/backends/gpu/reductions.js'
import { reduceFibres } from '../../core/backends/plain/fibres.js'
import { reduction } from '../../core/families/reduction.js'
import { norm2 } from '../../core/linalg/scaling.js'
import { mul } from '../../core/structural/mul.js'
import { full, tensor } from '../../core/tensor.js'
import { over } from './norm.js'
import { centre, centred, freedom, setDeviation, type VarianceAttrs, varianceFunction } from './variance.js'

export const standardDeviationOp = reduction<VarianceAttrs>({
  name: 'standardDeviation',
  doc: `y = √(Σ (x - m)² / (n - c)) over axes, m the mean of the n entries, c the correction; scaled as norm is
  tangent  dy = Σ (x - m) dx / ((n - c) y)
  adjoint  ct (x - m)/((n - c) y)
  inverse  x̃ = m + (x - m) ỹ/y, the nearest entries of that deviation; m for ỹ < 0, the nearest target in reach. Equal
           entries (y = 0) have no direction to move in: they become a ramp about m
  domain   n > c
  cost     5 flops per entry, in two passes
  caveats  where all entries are equal there is no derivative: tangent and adjoint are 0 there, and so are theirs`,
  tex: {
    y: String.raw`y = \sqrt{\tfrac{1}{n-c}\textstyle\sum_i (x_i - m)^2}`,
    slope: String.raw`\frac{x_i - m}{(n - c)\,y}`,
    inverse: String.raw`\tilde x = m + (x - m)\,\tilde y / y`
  },
  kernel: (x, y, shape, keep, { correction }) =>
    reduceFibres(x, y, shape, keep, v => {
      centre(v)
      return norm2(v) / Math.sqrt(v.length - correction)
    }),
  gpu: (x, keep, shape, { correction }) => gpuMap(gpuVariance(x, keep, shape, correction), 'Math.sqrt(x)'),
  slope: (x, y, attrs) => mul(over(centred(x, attrs.axes), y), 1 / freedom(x, attrs)),
  least: ({ correction }) => Math.floor(correction) + 1,
  inverse: {
    kind: 'local',
    at: (x, target, _, { correction }) => setDeviation(x, target * Math.sqrt(x.length - correction))
  },
  examples: r => [
    { inputs: [r.normal([2, 3, 4])], attrs: { axes: [-2], keepDims: false, correction: 0 } },
    { inputs: [r.normal([2, 3, 2])], attrs: { axes: [-3, -1], keepDims: true, correction: 1 } },
    { inputs: [r.uniform([2, 4], 2, 4)], attrs: { axes: [-1], keepDims: false, correction: 0 }, note: 'offset' },
    {
      inputs: [full([2, 4], 0.5)],
      attrs: { axes: [-1], keepDims: false, correction: 0 },
      smooth: false,
      note: 'equal entries'
    },
    {
      inputs: [r.normal([3, 1])],
      attrs: { axes: [-1], keepDims: false, correction: 0 },
      smooth: false,
      note: 'size-1 axis: 0'
    },
    {
      inputs: [tensor([1e300, -2e300, 4e300])],
      attrs: { axes: [-1], keepDims: false, correction: 0 },
      extreme: true,
      note: '1e300'
    },
    {
      inputs: [tensor([1e-300, -2e-300, 4e-300])],
      attrs: { axes: [-1], keepDims: false, correction: 1 },
      extreme: true,
      note: '1e-300'
    },
    { inputs: [r.normal([0, 3])], attrs: { axes: [-1], keepDims: false, correction: 0 }, note: 'empty axis' }
  ]
})

/**
 * Standard deviation over `axes` (all by default), √(Σ (x - mean)²/(n - correction)). Its gradient where all entries are
 * equal is 0. Throws ShapeError unless n > correction.
 */
export const standardDeviation = varianceFunction(standardDeviationOp)
