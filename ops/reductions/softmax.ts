import { apply } from '../../core/apply.js'
import { onDevice } from '../../core/backends/gpu/launch.js'
import * as gpu from '../../core/backends/gpu/reductions.js'
import { eachRow } from '../../core/backends/kernels.js'
import { mapFibres } from '../../core/backends/plain/fibres.js'
import { wanted } from '../../core/claim.js'
import { keptAxes } from '../../core/families/reduction.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp } from '../../core/op.js'
import { axesFromEnd } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { carryReduce, type ReduceAttrs, sum } from '../../core/structural/sum.js'
import { checkTensor, Tensor, tensor } from '../../core/tensor.js'
import { sub } from '../elementwise/sub.js'
import { lse } from './lse.js'

/** y = f of every vector over axes, of the same length: f changes it in place. `place(j)`: where its entry j stands. */
export function alongAxes(
  x: Tensor,
  axes: readonly number[],
  f: (v: Float64Array, place: (j: number) => number) => void
): Tensor {
  const y = allocUnset(x.size, x.dtype)
  mapFibres(x.data, y, x.shape, keptAxes(x.shape, axes), (v, _, place) => f(v, place))
  return new Tensor(x.shape, y)
}

/** The same in WebAssembly, where that has the function and the axes are the last ones: equal but for the last bits. */
export function inRows(name: 'softmax' | 'logSoftmax', x: Tensor, axes: readonly number[]): Tensor | undefined {
  const y = allocUnset(x.size, x.dtype)
  return eachRow(name, x.data, y, x.shape, axes) ? new Tensor(x.shape, y) : undefined
}

/** x + c, in place, with the c that keeps the mean of `near`: the softmax does not see it. */
export function shiftNear(x: Float64Array, near: Float64Array): void {
  let c = 0
  for (let i = 0; i < x.length; i++) c += (near[i] - x[i]) / x.length
  for (let i = 0; i < x.length; i++) x[i] += c
}

export const softmaxOp = defineOp<ReduceAttrs>({
  name: 'softmax',
  doc: `y_i = e^x_i / Σ_j e^x_j over axes, shifted by the largest x
  tangent  dy = y (dx - Σ y dx)
  adjoint  y (ct - Σ y ct)
  inverse  x̃ = ln ỹ + c, c the one nearest to x: mean x̃ = mean x. A ỹ that is no distribution counts as the nearest one,
           and what is 0 in that one as 2⁻⁵³ (f32: 2⁻²⁴), since no finite x gives 0
  cost     one exponential and 3 flops per entry
  caveats  NaN where all entries are -∞, and where one is ∞
  source   nearest distribution: Held, Wolfe and Crowder 1974, "Validation of subgradient optimization"`,
  tex: {
    y: String.raw`y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}`,
    tangent: String.raw`dy = y \odot (dx - \langle y, dx\rangle)`,
    adjoint: String.raw`\bar x = y \odot (\bar y - \langle y, \bar y\rangle)`,
    inverse: String.raw`\tilde x = \ln \tilde y + c,\; \textstyle\sum \tilde x_i = \sum x_i`
  },
  outShape: ([s]) => s,
  forward: ([x], { axes }) =>
    inRows('softmax', x, axes) ??
    alongAxes(x, axes, v => {
      const max = v.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
      let total = 0
      for (let i = 0; i < v.length; i++) total += v[i] = Math.exp(v[i] - max)
      for (let i = 0; i < v.length; i++) v[i] /= total
    }),
  device: ([x], { axes }) => gpu.softmax(x, keptAxes(x.shape, axes)),
  jvp: ([dx], v) => dx && tangentOf(v.y, dx, v.attrs.axes),
  vjp: (ct, v) => [tangentOf(v.y, ct, v.attrs.axes)],
  carry: carryReduce,
  inverse: {
    kind: 'local',
    apply: ({ inputs: [x], out, attrs: { axes } }, claimed) => {
      const target = wanted(claimed, out).data
      const tiny = x.dtype === 'f64' ? 2 ** -53 : 2 ** -24
      const back = (v: Float64Array, place: (j: number) => number): void => {
        const asked = v.map((_, j) => target[place(j)])
        if (asked.every((t, j) => t === out.data[place(j)])) return
        const y = lse(v)
        const p = nearestDistribution(asked, tiny)
        // Of an entry that stays, the logarithm is known however small the entry is.
        const logs = p.map((t, j) => (t === out.data[place(j)] ? v[j] - y : Math.log(t > 0 ? t : t <= 0 ? tiny : t)))
        shiftNear(logs, v)
        v.set(logs)
      }
      return [{ value: alongAxes(x, axes, back), weight: null }]
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 3, 2])], attrs: { axes: [-2], keepDims: true } },
    { inputs: [r.normal([2, 3])], attrs: { axes: [-2, -1], keepDims: true } },
    { inputs: [r.uniform([2, 3], -8, 8)], attrs: { axes: [-1], keepDims: true }, note: 'far apart' },
    { inputs: [r.normal([3, 1])], attrs: { axes: [-1], keepDims: true }, note: 'size-1 axis: 1' },
    {
      inputs: [tensor([1e300, 1e300, -1e300])],
      attrs: { axes: [-1], keepDims: true },
      smooth: false,
      extreme: true,
      note: '1e300'
    },
    { inputs: [tensor([0, -700])], attrs: { axes: [-1], keepDims: true }, extreme: true, note: 'e^-700' },
    { inputs: [r.normal([2, 0])], attrs: { axes: [-1], keepDims: true }, note: 'empty axis' }
  ]
})

/** y (d - Σ y d): the Jacobian diag(y) - y yᵀ is symmetric, so it is the adjoint too. */
const tangentOf = (y: Tensor, d: Tensor, axes: readonly number[]): Tensor => mul(y, centredAt(y, d, axes))

/**
 * d - Σ y d for a distribution y. Adding a number to d changes nothing, so d at the largest y is subtracted first: where
 * that y is 1 but for a little, its own entry is then a sum of little numbers and no difference of large ones.
 */
export function centredAt(y: Tensor, d: Tensor, axes: readonly number[]): Tensor {
  const top = onlyLargest(y, axes)
  const shifted = sub(d, sum(mul(top, d), axes, true))
  return sub(shifted, sum(mul(y, shifted), axes, true))
}

/** 1 at the largest entry (the first of several), 0 elsewhere. */
export const onlyLargest = (y: Tensor, axes: readonly number[]): Tensor =>
  onDevice([y], y.shape, () => gpu.onlyLargest(y, keptAxes(y.shape, axes))) ??
  alongAxes(y, axes, v => {
    let k = 0
    for (let i = 1; i < v.length; i++) if (v[i] > v[k]) k = i
    v.fill(0)
    if (v.length > 0) v[k] = 1
  })

/** The nearest p to t with p ≥ 0 and Σ p = 1: p_i = max(0, t_i - τ). What is one to rounding (tiny) stays as it is. */
function nearestDistribution(t: Float64Array, tiny: number): Float64Array {
  const total = t.reduce((a, b) => a + b, 0)
  if (Math.abs(total - 1) <= 4 * t.length * tiny && t.every(v => v >= 0)) return t
  const sorted = t.slice().sort().reverse()
  let sum = 0
  let tau = 0
  for (let k = 0; k < sorted.length; k++) {
    sum += sorted[k]
    const next = (sum - 1) / (k + 1)
    if (k > 0 && sorted[k] <= next) break
    tau = next
  }
  return t.map(v => (Number.isNaN(total) ? total : Math.max(0, v - tau)))
}

/** e^x / Σ e^x over `axes` (the last one by default): positive numbers that sum to 1. */
export function softmax(x: Tensor, axes: number | readonly number[] = -1): Tensor {
  checkTensor(x, 'softmax')
  return apply(softmaxOp, [x], { axes: axesFromEnd(axes, x.rank, 'softmax'), keepDims: true })
}
