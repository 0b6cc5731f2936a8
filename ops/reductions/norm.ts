import * as gpu from '../../core/backends/gpu/reductions.js'
import { reduceFibres } from '../../core/backends/plain/fibres.js'
import { reduction, reductionFunction } from '../../core/families/reduction.js'
import { norm2 } from '../../core/linalg/scaling.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import type { ReduceAttrs } from '../../core/structural/sum.js'
import { type Tensor, tensor, zeros } from '../../core/tensor.js'
import { constantOf } from '../elementwise/constantOf.js'
import { div } from '../elementwise/div.js'

/** y, and 1 where y is 0: a denominator that makes 0 of 0/0. */
const orOne = (y: Tensor): Tensor =>
  add(
    y,
    constantOf(y, v => (v === 0 ? 1 : 0), 'x === 0 ? 1 : 0')
  )

/** x / y, and 0 where y is 0: a constant there, so that its derivatives are 0 too, not those of x / 1. */
export const over = (x: Tensor, y: Tensor): Tensor =>
  mul(
    div(x, orOne(y)),
    constantOf(y, v => (v === 0 ? 0 : 1), 'x === 0 ? 0 : 1')
  )

/** Stretches v to this length, in its own direction; the zero vector in the direction that `otherwise` writes into it. */
export function stretchTo(v: Float64Array, length: number, otherwise: (v: Float64Array) => void): void {
  if (norm2(v) === 0) otherwise(v)
  const now = norm2(v)
  if (now > 0) for (let i = 0; i < v.length; i++) v[i] = (v[i] / now) * Math.max(0, length)
}

export const normOp = reduction<ReduceAttrs>({
  name: 'norm',
  doc: `y = √(Σ x²) over axes, scaled so that no square overflows or underflows
  tangent  dy = Σ x dx / y
  adjoint  ct x / y
  inverse  x̃ = x ỹ/y; 0 for ỹ < 0, the nearest target in reach. At x = 0 all entries become ỹ/√n
  cost     2 flops per entry; twice that near the ends of the range
  caveats  at x = 0 there is no derivative: tangent and adjoint are 0 there, and so are theirs`,
  tex: {
    y: String.raw`y = \sqrt{\textstyle\sum_i x_i^2}`,
    slope: String.raw`\frac{x_i}{y}`,
    inverse: String.raw`\tilde x = x\,\tilde y / y`
  },
  kernel: (x, y, shape, keep) => reduceFibres(x, y, shape, keep, v => norm2(v)),
  gpu: gpu.norm,
  slope: over,
  inverse: { kind: 'local', at: (x, target) => stretchTo(x, target, v => v.fill(1)) },
  examples: r => [
    { inputs: [r.normal([2, 3, 4])], attrs: { axes: [-2], keepDims: false } },
    { inputs: [r.normal([2, 3, 2])], attrs: { axes: [-3, -1], keepDims: true } },
    { inputs: [r.normal([3, 1])], attrs: { axes: [-1], keepDims: false }, note: 'size-1 axis' },
    { inputs: [zeros([2, 2])], attrs: { axes: [-1], keepDims: false }, smooth: false, note: 'zero vectors' },
    { inputs: [tensor([3e300, -4e300, 1e290])], attrs: { axes: [-1], keepDims: false }, extreme: true, note: '1e300' },
    { inputs: [tensor([[3e-301, -4e-301]])], attrs: { axes: [-1], keepDims: false }, extreme: true, note: '1e-301' },
    { inputs: [r.normal([2, 0])], attrs: { axes: [-1], keepDims: false }, smooth: false, note: 'empty axis: 0' }
  ]
})

/** The 2-norm √(Σ x²) over `axes` (all by default: Frobenius), right from 1e-300 to 1e300. Its gradient at 0 is 0. */
export const norm = reductionFunction(normOp)
