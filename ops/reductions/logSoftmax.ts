import { apply } from '../../core/apply.js'
import * as gpu from '../../core/backends/gpu/reductions.js'
import { wanted } from '../../core/claim.js'
import { keptAxes } from '../../core/families/reduction.js'
import { norm2 } from '../../core/linalg/scaling.js'
import { defineOp } from '../../core/op.js'
import { axesFromEnd } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { carryReduce, type ReduceAttrs, sum } from '../../core/structural/sum.js'
import { checkTensor, type Tensor, tensor } from '../../core/tensor.js'
import { constantOf } from '../elementwise/constantOf.js'
import { exp } from '../elementwise/exp.js'
import { sub } from '../elementwise/sub.js'
import { lse, moveLse } from './lse.js'
import { alongAxes, centredAt, inRows, onlyLargest, shiftNear } from './softmax.js'

export const logSoftmaxOp = defineOp<ReduceAttrs>({
  name: 'logSoftmax',
  doc: `y_i = x_i - ln Σ_j e^x_j over axes, without overflow
  tangent  dy = dx - Σ e^y dx
  adjoint  ct - e^y Σ ct
  inverse  x̃ = ỹ + c, c the one nearest to x: mean x̃ = mean x. A ỹ that is no logarithm of a distribution is first moved
           to a near one (as logsumexp's inverse does), or x stays where y is nearer
  cost     two exponentials and 4 flops per entry
  caveats  NaN where all entries are -∞, and where one is ∞`,
  tex: {
    y: String.raw`y_i = x_i - \ln \textstyle\sum_j e^{x_j}`,
    tangent: String.raw`dy = dx - \langle e^y, dx\rangle`,
    adjoint: String.raw`\bar x = \bar y - e^y \textstyle\sum_i \bar y_i`,
    inverse: String.raw`\tilde x = \tilde y + c,\; \textstyle\sum \tilde x_i = \sum x_i`
  },
  outShape: ([s]) => s,
  forward: ([x], { axes }) =>
    inRows('logSoftmax', x, axes) ??
    alongAxes(x, axes, v => {
      // Relative to the largest entry first, so that huge entries keep their differences.
      const max = v.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
      for (let i = 0; i < v.length; i++) v[i] -= max
      const total = lse(v)
      for (let i = 0; i < v.length; i++) v[i] -= total
    }),
  device: ([x], { axes }) => gpu.logSoftmax(x, keptAxes(x.shape, axes)),
  jvp: ([dx], { y, attrs: { axes } }) => dx && centredAt(exp(y), dx, axes),
  vjp: (ct, { y, attrs: { axes } }) => [withoutTotal(sub(ct, mul(exp(y), sum(ct, axes, true))), y, axes)],
  carry: carryReduce,
  inverse: {
    kind: 'local',
    apply: ({ inputs: [x], out, attrs: { axes } }, claimed) => {
      const target = wanted(claimed, out).data
      const back = (v: Float64Array, place: (j: number) => number): void => {
        const asked = v.map((_, j) => target[place(j)])
        const distance = norm2(v.map((_, j) => asked[j] - out.data[place(j)]))
        if (distance === 0) return
        const near = asked.slice()
        moveLse(near, 0)
        if (norm2(near.map((t, j) => t - asked[j])) > distance) return
        shiftNear(near, v)
        v.set(near)
      }
      return [{ value: alongAxes(x, axes, back), weight: null }]
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 3, 2])], attrs: { axes: [-2], keepDims: true } },
    { inputs: [r.normal([2, 3])], attrs: { axes: [-2, -1], keepDims: true } },
    { inputs: [r.uniform([2, 3], -8, 8)], attrs: { axes: [-1], keepDims: true }, note: 'far apart' },
    { inputs: [r.normal([3, 1])], attrs: { axes: [-1], keepDims: true }, note: 'size-1 axis: 0' },
    { inputs: [tensor([1e300, 1e300, -1e300])], attrs: { axes: [-1], keepDims: true }, extreme: true, note: '1e300' },
    { inputs: [tensor([0, -700])], attrs: { axes: [-1], keepDims: true }, extreme: true, note: 'e^-700' },
    { inputs: [r.normal([2, 0])], attrs: { axes: [-1], keepDims: true }, note: 'empty axis' }
  ]
})

/**
 * g, which sums to 0, with the entry at the largest y as minus the sum of the others: where that e^y is 1 but for a little,
 * the entry is a difference ct - e^y Σ ct of two numbers that agree.
 */
function withoutTotal(g: Tensor, y: Tensor, axes: readonly number[]): Tensor {
  const top = onlyLargest(y, axes)
  const others = mul(
    g,
    constantOf(top, v => 1 - v, '1 - x')
  )
  return sub(others, mul(top, sum(others, axes, true)))
}

/** x - ln Σ e^x over `axes` (the last one by default): the logarithm of softmax, right where softmax is 0. */
export function logSoftmax(x: Tensor, axes: number | readonly number[] = -1): Tensor {
  checkTensor(x, 'logSoftmax')
  return apply(logSoftmaxOp, [x], { axes: axesFromEnd(axes, x.rank, 'logSoftmax'), keepDims: true })
}
