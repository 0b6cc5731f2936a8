import { apply } from '../../core/apply.js'
import { concat as gpuConcat } from '../../core/backends/gpu/move.js'
import { sliceCopy, slicePut } from '../../core/backends/kernels.js'
import { ShapeError } from '../../core/errors.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp, type Op } from '../../core/op.js'
import { fromEnd, type Shape, sameShape, show, size } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, Tensor, tensor, zerosLike } from '../../core/tensor.js'
import { slice } from './slice.js'

interface ConcatAttrs {
  /** Counted from the end. */
  axis: number
}

/** Where each part begins along the axis, and the end. */
function starts(shapes: readonly Shape[], axis: number): number[] {
  const at = [0]
  for (const s of shapes) at.push(at[at.length - 1] + s[s.length + axis])
  return at
}

const only = (shape: Shape, axis: number, start: number): readonly number[] =>
  shape.map((_, k) => (k === shape.length + axis ? start : 0))
const ones = (shape: Shape): number[] => shape.map(() => 1)

export const concatOp: Op<ConcatAttrs> = defineOp<ConcatAttrs>({
  name: 'concat',
  doc: `y = the inputs one after the other along an axis
  tangent  dy = the tangents one after the other
  adjoint  to each input its part of ct
  inverse  to each input its part of ỹ and of the weights (the pieces are independent: it splits)
  cost     one pass over y`,
  tex: {
    y: String.raw`y = (x_1, \dots, x_k)`,
    tangent: String.raw`dy = (dx_1, \dots, dx_k)`,
    adjoint: String.raw`(\bar x_1, \dots, \bar x_k) = \bar y`,
    inverse: String.raw`(\tilde x_1, \dots, \tilde x_k) = \tilde y`
  },
  outShape: (shapes, { axis }) => {
    const [first] = shapes
    const a = first.length + axis
    for (const s of shapes)
      if (s.length !== first.length || s.some((d, k) => k !== a && d !== first[k]))
        throw new ShapeError(
          `concat of ${shapes.map(show).join(', ')} along axis ${axis}`,
          `${show(s)} does not fit ${show(first)}`,
          'All axes but that one must be equal'
        )
    return first.map((d, k) => (k === a ? shapes.reduce((n, s) => n + s[a], 0) : d))
  },
  forward: (xs, { axis }, shape) => {
    const y = allocUnset(size(shape), xs[0].dtype)
    const from = starts(
      xs.map(x => x.shape),
      axis
    )
    xs.forEach((x, i) => {
      slicePut(x.data, shape, only(shape, axis, from[i]), ones(shape), x.shape, y)
    })
    return new Tensor(shape, y)
  },
  device: (xs, { axis }, shape) => gpuConcat(xs, shape.length + axis, shape),
  jvp: (dxs, v) =>
    concat(
      dxs.map((d, i) => d ?? zerosLike(v.x[i])),
      v.attrs.axis
    ),
  vjp: (ct, v) => {
    const shapes = v.x.map((_, i) => v.shape(i))
    const from = starts(shapes, v.attrs.axis)
    return v.x.map((_, i) => (v.wants(i) ? slice(ct, v.attrs.axis, from[i], from[i + 1]) : null))
  },
  carry: ({ inputs, out, attrs: { axis } }) => (axis === -out.shape.length ? undefined : inputs.map(() => true)),
  inverse: {
    kind: 'structural',
    splits: true,
    apply: ({ inputs, attrs: { axis } }, { value, weight }, active) => {
      const from = starts(
        inputs.map(x => x.shape),
        axis
      )
      const part = (t: Tensor, i: number): Tensor => {
        const shape = inputs[i].shape
        const y = allocUnset(size(shape), t.dtype)
        sliceCopy(t.data, t.shape, only(shape, axis, from[i]), ones(shape), shape, y)
        return new Tensor(shape, y)
      }
      return inputs.map((_, i) => (active[i] ? { value: part(value, i), weight: weight && part(weight, i) } : null))
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 3]), r.normal([2, 1]), r.normal([2, 2])], attrs: { axis: -1 } },
    { inputs: [r.normal([1, 3]), r.normal([2, 3])], attrs: { axis: -2 } },
    { inputs: [r.normal([2]), r.normal([0])], attrs: { axis: -1 }, note: 'empty part' },
    { inputs: [r.normal([0, 2]), r.normal([0, 1])], attrs: { axis: -1 }, note: 'empty axis' },
    { inputs: [1, 0, 2, 1, 1].map(n => r.normal([2, n])), attrs: { axis: -1 }, note: 'many' },
    { inputs: [tensor([1e300]), tensor([-1e-300])], attrs: { axis: -1 }, extreme: true }
  ]
})

function checkList(xs: readonly Tensor[], asked: string): void {
  if (!Array.isArray(xs) || xs.length === 0)
    throw new ShapeError(asked, 'no tensors', 'Give an array with at least one tensor')
  xs.forEach((x, i) => {
    checkTensor(x, asked, `part ${i}`)
  })
}

/** The tensors one after the other along an existing axis. */
export function concat(xs: readonly Tensor[], axis: number): Tensor {
  checkList(xs, 'concat')
  return apply(concatOp, xs, { axis: fromEnd(axis, xs[0].rank, 'concat') })
}

/**
 * The tensors along a new axis: the last one by default, since physics acts on trailing axes. `stack([a, b])` of two
 * `[B]` is `[B, 2]`.
 */
export function stack(xs: readonly Tensor[], axis = -1): Tensor {
  checkList(xs, 'stack')
  const rank = xs[0].rank + 1
  const a = fromEnd(axis, rank, 'stack') + rank
  for (const x of xs)
    if (!sameShape(x.shape, xs[0].shape))
      throw new ShapeError(
        `stack of ${xs.map(t => show(t.shape)).join(', ')}`,
        `${show(x.shape)} is not ${show(xs[0].shape)}`,
        'All shapes must be equal; concat joins along an axis that is there'
      )
  return concat(
    xs.map(x => reshape(x, [...x.shape.slice(0, a), 1, ...x.shape.slice(a)])),
    a - rank
  )
}
