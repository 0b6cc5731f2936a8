import { apply } from '../../core/apply.js'
import { sliceCopy, slicePut } from '../../core/backends/plain/permute.js'
import { ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { defineOp, type Op, type Site } from '../../core/op.js'
import { fromEnd, type Shape, show, size } from '../../core/shape.js'
import { checkTensor, mapData, Tensor } from '../../core/tensor.js'

export interface SliceAttrs {
  /** Counted from the end. */
  axis: number
  start: number
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
  const y = alloc(size(shape), x.dtype)
  const [starts, steps] = along(shape, attrs)
  sliceCopy(x.data, x.shape, starts, steps, shape, y)
  return new Tensor(shape, y)
}

function put(part: Tensor, attrs: SliceAttrs, into?: Tensor): Tensor {
  const shape = resized(part.shape, attrs.axis, attrs.length)
  const y = alloc(size(shape), part.dtype)
  if (into) y.set(into.data)
  const [starts, steps] = along(part.shape, attrs)
  slicePut(part.data, shape, starts, steps, part.shape, y)
  return new Tensor(shape, y)
}

const carry = ({ out, attrs }: Site<SliceAttrs>): readonly boolean[] | undefined =>
  attrs.axis === -out.shape.length ? undefined : [true]

export const sliceOp: Op<SliceAttrs> = defineOp<SliceAttrs>({
  name: 'slice',
  doc: `y = the entries start, start + step, … of x along an axis
  tangent  dy = the same entries of dx
  adjoint  ct put among zeros
  inverse  x̃ = x with ỹ put in; the other entries have no claim (weight 0)`,
  outShape: ([s], { axis, count }) => resized(s, axis, count),
  forward: ([x], attrs) => take(x, attrs),
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
    { inputs: [r.normal([4])], attrs: { axis: -1, start: 1, step: 1, count: 2, length: 4 } },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, start: 1, step: 1, count: 2, length: 3 } },
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, start: 2, step: 1, count: 0, length: 3 }, note: 'nothing kept' }
  ]
})

export const padOp: Op<SliceAttrs> = defineOp<SliceAttrs>({
  name: 'pad',
  doc: `y = x among zeros along an axis, at start, start + step, …: the adjoint of slice
  tangent  dy = dx among zeros
  adjoint  the entries of ct at those places
  inverse  the entries of ỹ there; what is asked of the zeros cannot be met`,
  outShape: ([s], { axis, length }) => resized(s, axis, length),
  forward: ([x], attrs) => put(x, attrs),
  jvp: ([dx], v) => dx && apply(padOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(sliceOp, [ct], v.attrs)],
  carry,
  inverse: {
    kind: 'structural',
    apply: ({ attrs }, { value, weight }) => [{ value: take(value, attrs), weight: weight && take(weight, attrs) }],
    lawless: () => 'the zeros stay zero whatever is asked of them'
  },
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, start: 1, step: 1, count: 3, length: 5 } },
    { inputs: [r.normal([2, 2])], attrs: { axis: -1, start: 0, step: 2, count: 2, length: 4 }, note: 'step 2' },
    { inputs: [r.normal([2, 3])], attrs: { axis: -2, start: 0, step: 1, count: 2, length: 3 } },
    { inputs: [r.normal([0])], attrs: { axis: -1, start: 1, step: 1, count: 0, length: 2 }, note: 'empty axis' }
  ]
})

/** Entries start, start + step, … before `stop` along an axis; negative positions count from the end. */
export function slice(x: Tensor, axis: number, start = 0, stop?: number, step = 1): Tensor {
  checkTensor(x, 'slice')
  const a = fromEnd(axis, x.rank, 'slice')
  const length = x.shape[x.rank + a]
  const from = start < 0 ? start + length : start
  const to = stop === undefined ? length : stop < 0 ? stop + length : stop
  if (![from, to, step].every(Number.isInteger) || from < 0 || to > length || to < from || step < 1)
    throw new ShapeError(
      `slice of ${show(x.shape)} along axis ${axis}`,
      `start ${start}, stop ${stop ?? length}, step ${step} of an axis of length ${length}`,
      'Whole numbers with 0 ≤ start ≤ stop ≤ length and step ≥ 1'
    )
  return apply(sliceOp, [x], { axis: a, start: from, step, count: Math.ceil((to - from) / step), length })
}

/** Zeros before and after, along an axis. */
export function pad(x: Tensor, axis: number, before: number, after = before): Tensor {
  checkTensor(x, 'pad')
  const a = fromEnd(axis, x.rank, 'pad')
  if (![before, after].every(n => Number.isInteger(n) && n >= 0))
    throw new ShapeError(`pad of ${show(x.shape)}`, `${before} before and ${after} after`, 'Whole numbers, 0 or more')
  const count = x.shape[x.rank + a]
  return apply(padOp, [x], { axis: a, start: before, step: 1, count, length: before + count + after })
}
