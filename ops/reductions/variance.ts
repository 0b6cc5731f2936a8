import { apply } from '../../core/apply.js'
import { variance as gpuVariance } from '../../core/backends/gpu/reductions.js'
import { reduceFibres } from '../../core/backends/plain/fibres.js'
import { pairwiseSum } from '../../core/backends/plain/reduce.js'
import { reduction } from '../../core/families/reduction.js'
import { powerOfTwoScale } from '../../core/linalg/scaling.js'
import type { Op } from '../../core/op.js'
import { checkFlags, checkNumbers, checkOptions } from '../../core/options.js'
import { axesFromEnd } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import type { ReduceAttrs } from '../../core/structural/sum.js'
import { checkTensor, type Tensor, tensor } from '../../core/tensor.js'
import { sub } from '../elementwise/sub.js'
import { mean } from './mean.js'
import { stretchTo } from './norm.js'

export interface VarianceOptions {
  /** What is subtracted from the number of entries: 0 (default, as in NumPy) or 1 for an unbiased estimate (ddof). */
  correction?: number
}

export type VarianceAttrs = ReduceAttrs & Required<VarianceOptions>

/** Subtracts the mean in place and returns it. Differences to the first entry are averaged: equal entries leave zeros. */
export function centre(v: Float64Array): number {
  const first = v[0]
  for (let i = 0; i < v.length; i++) v[i] -= first
  const shift = pairwiseSum(v, 0, v.length) / v.length
  for (let i = 0; i < v.length; i++) v[i] -= shift
  return first + shift
}

/** Σ v²/n; in units of the largest entry where squares would leave the range though their mean does not. */
function meanSquare(v: Float64Array, n: number): number {
  const total = pairwiseSum(
    v.map(d => d * d),
    0,
    v.length
  )
  if (total > 1e-290 && total < 1e300) return total / n
  let largest = 0
  for (const d of v) largest = Math.max(largest, Math.abs(d))
  if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) return total / n
  const unit = powerOfTwoScale(largest)
  const scaled = v.map(d => (d / unit) ** 2)
  return (pairwiseSum(scaled, 0, v.length) / n) * unit * unit
}

/** Moves entries about their mean, in place, until the deviations have this norm. Equal entries become a ramp. */
export function setDeviation(x: Float64Array, length: number): void {
  const m = centre(x)
  stretchTo(x, length, ramp => {
    for (let i = 0; i < ramp.length; i++) ramp[i] = i - (ramp.length - 1) / 2
  })
  for (let i = 0; i < x.length; i++) x[i] += m
}

/** x - mean x */
export const centred = (x: Tensor, axes: readonly number[]): Tensor => sub(x, mean(x, axes, true))

/** The number of entries over these axes, less the correction. */
export const freedom = (x: Tensor, { axes, correction }: VarianceAttrs): number =>
  axes.reduce((p, a) => p * x.shape[x.rank + a], 1) - correction

export const varianceOp: Op<VarianceAttrs> = reduction<VarianceAttrs>({
  name: 'variance',
  doc: `y = Σ (x - m)² / (n - c) over axes, m the mean of the n entries, c the correction
  tangent  dy = 2 Σ (x - m) dx / (n - c)
  adjoint  2 ct (x - m)/(n - c)
  inverse  x̃ = m + (x - m) √(ỹ/y), the nearest entries of that variance; m for ỹ < 0, the nearest target in reach. Equal
           entries (y = 0) have no direction to move in: they become a ramp about m
  domain   n > c
  cost     5 flops per entry, in two passes
  caveats  a single entry has variance 0 whatever it is: it stays`,
  tex: {
    y: String.raw`y = \frac{1}{n-c}\sum_i (x_i - m)^2`,
    slope: String.raw`\frac{2 (x_i - m)}{n - c}`,
    inverse: String.raw`\tilde x = m + (x - m)\sqrt{\tilde y / y}`
  },
  kernel: (x, y, shape, keep, { correction }) =>
    reduceFibres(x, y, shape, keep, v => {
      centre(v)
      return meanSquare(v, v.length - correction)
    }),
  gpu: (x, keep, shape, { correction }) => gpuVariance(x, keep, shape, correction),
  slope: (x, _, attrs) => mul(centred(x, attrs.axes), 2 / freedom(x, attrs)),
  least: ({ correction }) => Math.floor(correction) + 1,
  inverse: {
    kind: 'local',
    at: (x, target, _, { correction }) => setDeviation(x, Math.sqrt(Math.max(0, target) * (x.length - correction)))
  },
  examples: r => [
    { inputs: [r.normal([2, 3, 4])], attrs: { axes: [-2], keepDims: false, correction: 0 } },
    { inputs: [r.normal([2, 3, 2])], attrs: { axes: [-3, -1], keepDims: true, correction: 1 } },
    { inputs: [r.uniform([2, 4], 2, 4)], attrs: { axes: [-1], keepDims: false, correction: 0 }, note: 'offset' },
    {
      inputs: [
        tensor([
          [0.5, 0.5, 0.5, 0.5],
          [1, -2, 3, 0]
        ])
      ],
      attrs: { axes: [-1], keepDims: false, correction: 0 },
      note: 'equal entries'
    },
    { inputs: [r.normal([3, 1])], attrs: { axes: [-1], keepDims: false, correction: 0 }, note: 'size-1 axis' },
    {
      inputs: [tensor([1e150, -2e150, 4e150])],
      attrs: { axes: [-1], keepDims: false, correction: 0 },
      extreme: true,
      note: 'squares near the end of the range'
    },
    {
      inputs: [tensor([1e-151, -2e-151, 4e-151])],
      attrs: { axes: [-1], keepDims: false, correction: 1 },
      extreme: true,
      note: 'squares near the other end'
    },
    { inputs: [r.normal([0, 3])], attrs: { axes: [-1], keepDims: false, correction: 0 }, note: 'empty axis' }
  ]
})

/** The user's function of variance and of what follows from it. */
export const varianceFunction =
  (op: Op<VarianceAttrs>) =>
  (x: Tensor, axes?: number | readonly number[], keepDims = false, options: VarianceOptions = {}): Tensor => {
    checkTensor(x, op.name)
    checkFlags(op.name, { keepDims })
    checkOptions(op.name, options, ['correction'])
    const { correction = 0 } = options
    checkNumbers(op.name, 'notNegative', { correction })
    return apply(op, [x], { axes: axesFromEnd(axes, x.rank, op.name), keepDims, correction })
  }

/** Variance over `axes` (all by default), Σ (x - mean)²/(n - correction). Throws ShapeError unless n > correction. */
export const variance = varianceFunction(varianceOp)
