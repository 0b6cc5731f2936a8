import { apply } from '../apply.js'
import { reduceSum as gpuSum } from '../backends/gpu/kernels.js'
import { reduceSum } from '../backends/kernels.js'
import { spread } from '../claim.js'
import { allocUnset } from '../memory.js'
import { defineOp } from '../op.js'
import { checkFlags } from '../options.js'
import { axesFromEnd, type Shape, size } from '../shape.js'
import { checkTensor, Tensor, tensor } from '../tensor.js'
import { expand } from './expand.js'
import { reshape } from './reshape.js'

export interface ReduceAttrs {
  /** Counted from the end: negative. */
  axes: readonly number[]
  keepDims: boolean
}

export const reducedShape = (s: Shape, { axes, keepDims }: ReduceAttrs): number[] =>
  keepDims ? s.map((d, k) => (axes.includes(k - s.length) ? 1 : d)) : s.filter((_, k) => !axes.includes(k - s.length))

/** The reduced axes put back with length 1, so that the result broadcasts against the input again. */
export const keptShape = (s: Shape, axes: readonly number[]): number[] =>
  s.map((d, k) => (axes.includes(k - s.length) ? 1 : d))

/** A reduction carries the sample axis unless it reduces it. */
export const carryReduce = ({ inputs: [x], attrs }: { inputs: readonly Tensor[]; attrs: ReduceAttrs }) =>
  x.shape.length === 0 || attrs.axes.includes(-x.shape.length) ? undefined : [true]

export const sumOp = defineOp<ReduceAttrs>({
  name: 'sum',
  doc: `y = Σ x over axes
  tangent  dy = Σ dx
  adjoint  ct, repeated along the axes
  inverse  the smallest change: the difference spread evenly, x̃ = x + (ỹ - y)/n
  cost     one flop per entry; in f64, by pairs along a run and in parts of 128 along outer axes, so that rounding stays small`,
  tex: {
    y: String.raw`y = \textstyle\sum_i x_i`,
    tangent: String.raw`dy = \textstyle\sum_i dx_i`,
    adjoint: String.raw`\bar x_i = \bar y`,
    inverse: String.raw`\tilde x_i = x_i + (\tilde y - y)/n`
  },
  outShape: ([s], attrs) => reducedShape(s, attrs),
  forward: ([x], { axes }, shape) => {
    const y = allocUnset(size(shape), x.dtype)
    reduceSum(
      x.data,
      y,
      x.shape,
      x.shape.map((_, k) => !axes.includes(k - x.shape.length))
    )
    return new Tensor(shape, y)
  },
  device: ([x], { axes }, shape) =>
    gpuSum(
      x,
      x.shape.map((_, k) => !axes.includes(k - x.rank)),
      shape
    ),
  jvp: ([dx], v) => dx && sum(dx, v.attrs.axes, v.attrs.keepDims),
  vjp: (ct, v) => {
    const to = v.to(ct, 0)
    return [expand(v.attrs.keepDims ? ct : reshape(ct, keptShape(to, v.attrs.axes)), to)]
  },
  carry: carryReduce,
  inverse: {
    kind: 'local',
    apply: ({ inputs: [x], out, attrs }, claim) => {
      const n = x.size / Math.max(1, out.size)
      return [spread(x, out, claim, keptShape(x.shape, attrs.axes), difference => difference / n)]
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 3, 4])], attrs: { axes: [-2], keepDims: false } },
    { inputs: [r.normal([2, 3])], attrs: { axes: [-1], keepDims: true } },
    { inputs: [r.normal([2, 3])], attrs: { axes: [-2, -1], keepDims: false } },
    { inputs: [r.normal([2, 3])], attrs: { axes: [-2], keepDims: true }, note: 'over the samples' },
    { inputs: [r.normal([])], attrs: { axes: [], keepDims: false } },
    { inputs: [r.normal([2, 1])], attrs: { axes: [-1], keepDims: false }, note: 'size-1 axis' },
    { inputs: [r.normal([2, 0])], attrs: { axes: [-1], keepDims: false }, note: 'empty axis' },
    {
      inputs: [
        tensor([
          [1e300, 2e300],
          [1e-300, -3e-300]
        ])
      ],
      attrs: { axes: [-1], keepDims: false },
      extreme: true
    }
  ]
})

/** Sum over `axes` (all by default). */
export function sum(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  checkTensor(x, 'sum')
  checkFlags('sum', { keepDims })
  return apply(sumOp, [x], { axes: axesFromEnd(axes, x.rank, 'sum'), keepDims })
}
