import { apply } from '../../core/apply.js'
import * as gpu from '../../core/backends/gpu/move.js'
import { sliceCopy, slicePut } from '../../core/backends/kernels.js'
import { ShapeError } from '../../core/errors.js'
import { alloc, allocUnset } from '../../core/memory.js'
import { defineOp, type Op, type Site } from '../../core/op.js'
import { display } from '../../core/options.js'
import { fromEnd, type Shape, show, size } from '../../core/shape.js'
import { checkTensor, mapData, Tensor, tensor } from '../../core/tensor.js'

export interface SliceAttrs {
  /** Counted from the end. */
  axis: number
  start: number
  /** Not 0; negative runs backwards. */
  step: number
  /** Entries of the part, and of the whole, along the axis. */
  count: number
  length: number
}

const resized = (s: Shape, axis: number, d: number): number[] => s.map((v, k) => (k === s.length + axis ? d : v))

/** Start, step and count for every axis, as the copying kernels want them. */
const along = (part: Shape, { axis, start, step }: SliceAttrs): [number[], number[]] => [
  part.map((_, k) => (k === part.length + axis ? start : 0)),
  part.map((_, k) => (k === part.length + axis ? step : 1))
]

function take(x: Tensor, attrs: SliceAttrs): Tensor {
  const shape = resized(x.shape, attrs.axis, attrs.count)
  const y = allocUnset(size(shape), x.dtype)
  const [starts, steps] = along(shape, attrs)
  sliceCopy(x.data, x.shape, starts, steps, shape, y)
  return new Tensor(shape, y)
}

/** `part` put into a tensor, or among copies of a number. */
function put(part: Tensor, attrs: SliceAttrs, into: Tensor | number = 0): Tensor {
  const shape = resized(part.shape, attrs.axis, attrs.length)
  const y = alloc(size(shape), part.dtype)
  if (into instanceof Tensor) y.set(into.data)
  else if (into !== 0) y.fill(into)
  const [starts, steps] = along(part.shape, attrs)
  slicePut(part.data, shape, starts, steps, part.shape, y)
  return new Tensor(shape, y)
}

/** The same for a kernel of the GPU, which counts axes from the start. */
const partOf = (x: Tensor, attrs: SliceAttrs): gpu.Part => ({ ...attrs, axis: x.rank + attrs.axis })

const carry = ({ out, attrs }: Site<SliceAttrs>): readonly boolean[] | undefined =>
  attrs.axis === -out.shape.length ? undefined : [true]

export const sliceOp: Op<SliceAttrs> = defineOp<SliceAttrs>({
  name: 'slice',
  doc: `y = S x: the entries start, start + step, … along an axis, backwards where the step is negative
  tangent  dy = the same entries of dx
  adjoint  ct put among zeros
  inverse  x̃ = x with ỹ put in; the other entries have no claim (weight 0)
  cost     one pass over y`,
  tex: {
    y: 'y = S x',
    tangent: String.raw`dy = S\,dx`,
    adjoint: String.raw`\bar x = S^\top \bar y`,
    inverse: String.raw`\tilde x = x + S^\top(\tilde y - y)`
  },
  outShape: ([s], { axis, count }) => resized(s, axis, count),
  forward: ([x], attrs) => take(x, attrs),
  device: ([x], attrs, shape) => gpu.take(x, partOf(x, attrs), shape),
  jvp: ([dx], v) => dx && apply(sliceOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(padOp, [ct], v.attrs)],
  carry,
  reads: ({ inputs: [x], attrs: { start, step, count } }) =>
    x.rank === 1 && step === 1 ? { start, stop: start + count } : undefined,
  inverse: {
    kind: 'structural',
    apply: ({ inputs: [x], attrs }, { value, weight }) => [
      { value: put(value, attrs, x), weight: put(weight ?? mapData(value, () => 1), attrs) }
    ]
  },
  examples: r => [
    { inputs: [r.normal([2, 5])], attrs: { axis: -1, start: 1, step: 1, count: 3, length: 5 } },
    { inputs: [r.normal([2, 5])], attrs: { axis: -1, start: 0, step: 2, count: 3, length: 5 }, note: 'step 2' },
    { inputs: [r.normal([2, 5, 2])], attrs: { axis: -2, start: 4, step: -2, count: 2, length: 5 }, note: 'step -2' },
    { inputs: [r.normal([4])], attrs: { axis: -1, start: 1, step: 1, count: 2, length: 4 } },
    { inputs: [tensor([1e300, -1e-300])], attrs: { axis: -1, start: 1, step: -1, count: 2, length: 2 }, extreme: true },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, start: 1, step: 1, count: 2, length: 3 } },
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, start: 2, step: 1, count: 0, length: 3 }, note: 'nothing kept' },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, start: 0, step: 1, count: 1, length: 1 }, note: 'size-1 axis' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, start: 0, step: 1, count: 0, length: 0 }, note: 'empty axis' }
  ]
})

export interface PadAttrs extends SliceAttrs {
  /** What stands between and around; 0 by default. */
  value?: number
}

/** Derivatives know nothing of the constant. */
const linear = (attrs: PadAttrs): PadAttrs => ({ ...attrs, value: 0 })

export const padOp: Op<PadAttrs> = defineOp<PadAttrs>({
  name: 'pad',
  doc: `y = x at start, start + step, … along an axis, a constant c elsewhere; with c = 0 the adjoint of slice
  tangent  dy = dx among zeros
  adjoint  the entries of ct at those places
  inverse  the entries of ỹ there; what is asked of the constants cannot be met, and is no claim
  cost     one pass`,
  tex: {
    y: String.raw`y = S^\top x + c\,(1 - S^\top 1)`,
    tangent: String.raw`dy = S^\top dx`,
    adjoint: String.raw`\bar x = S \bar y`,
    inverse: String.raw`\tilde x = S \tilde y`
  },
  outShape: ([s], { axis, length }) => resized(s, axis, length),
  forward: ([x], attrs) => put(x, attrs, attrs.value),
  device: ([x], attrs, shape) => gpu.put(x, partOf(x, attrs), attrs.value ?? 0, shape),
  jvp: ([dx], v) => dx && apply(padOp, [dx], linear(v.attrs)),
  vjp: (ct, v) => [apply(sliceOp, [ct], linear(v.attrs))],
  carry,
  inverse: {
    kind: 'structural',
    apply: ({ attrs }, { value, weight }) => [{ value: take(value, attrs), weight: weight && take(weight, attrs) }],
    lawless: () => 'the constants stay whatever is asked of them'
  },
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, start: 1, step: 1, count: 3, length: 5 } },
    { inputs: [r.normal([2, 2])], attrs: { axis: -1, start: 0, step: 2, count: 2, length: 4 }, note: 'step 2' },
    {
      inputs: [r.normal([1, 2])],
      attrs: { axis: -1, start: 3, step: -2, count: 2, length: 5, value: 2 },
      note: 'step -2 among twos'
    },
    {
      inputs: [tensor([1e300, -1e-300])],
      attrs: { axis: -1, start: 1, step: 1, count: 2, length: 3 },
      extreme: true
    },
    { inputs: [r.normal([2, 3])], attrs: { axis: -2, start: 0, step: 1, count: 2, length: 3 } },
    { inputs: [r.normal([0])], attrs: { axis: -1, start: 1, step: 1, count: 0, length: 2 }, note: 'empty axis' }
  ]
})

/**
 * Entries start, start + step, … before `stop` along an axis, as x[start:stop:step] of NumPy: negative positions count
 * from the end, a negative step runs backwards (from the last entry by default, and down to the first where `stop` is
 * left out). `slice(x, -1, 0, 4, 2)` of [..., 5] is [..., 2].
 *
 * Throws ShapeError for positions beyond the ends and for stops on the wrong side of the start.
 */
export function slice(x: Tensor, axis: number, start?: number, stop?: number, step = 1): Tensor {
  checkTensor(x, 'slice')
  const a = fromEnd(axis, x.rank, 'slice')
  const length = x.shape[x.rank + a]
  const given = [start, stop, step].filter(v => v !== undefined)
  if (!given.every(Number.isInteger))
    throw new ShapeError(
      `slice of ${show(x.shape)} along axis ${axis}`,
      `start ${display(start)}, stop ${display(stop)}, step ${display(step)}`,
      'Give whole numbers, or leave them out'
    )
  const [first, end] = step > 0 ? [0, length] : [length - 1, -1]
  const place = (v: number | undefined, otherwise: number) => (v === undefined ? otherwise : v < 0 ? v + length : v)
  const from = place(start, first)
  const to = place(stop, end)
  const inside = step > 0 ? 0 <= from && from <= to && to <= length : end <= to && to <= from && from < length
  if (![from, to, step].every(Number.isInteger) || step === 0 || !inside || (stop !== undefined && to < 0))
    throw new ShapeError(
      `slice of ${show(x.shape)} along axis ${axis}`,
      `start ${start ?? from}, stop ${stop ?? (step > 0 ? length : 'before 0')}, step ${step} of an axis of length ${length}`,
      'Whole numbers with 0 ≤ start ≤ stop ≤ length for a step of 1 or more, 0 ≤ stop ≤ start < length for -1 or less'
    )
  return apply(sliceOp, [x], { axis: a, start: from, step, count: Math.ceil((to - from) / step), length })
}
