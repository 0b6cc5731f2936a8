import { apply } from '../../core/apply.js'
import { gather as gatherKernel, scatterAdd as scatterKernel } from '../../core/backends/plain/gather.js'
import { averageCopies, wanted } from '../../core/claim.js'
import { ShapeError } from '../../core/errors.js'
import type { AlongAxisAttrs } from '../../core/families/alongAxis.js'
import { alloc } from '../../core/memory.js'
import { defineOp, type Op } from '../../core/op.js'
import { checkNumbers } from '../../core/options.js'
import { fromEnd, type Shape, sameShape, show, size } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, mapData, Tensor, tensor, zerosLike } from '../../core/tensor.js'
import { slice } from './slice.js'

interface ScatterAttrs extends AlongAxisAttrs {
  /** Of the axis of y. */
  readonly length: number
}

const resized = (s: Shape, axis: number, d: number): number[] => s.map((v, k) => (k === s.length + axis ? d : v))

/** Runs a kernel; `n` is the length of the axis that is indexed. */
function run(kernel: typeof gatherKernel, name: string, x: Tensor, index: Tensor, axis: number, n: number): Tensor {
  const m = index.shape[index.rank + axis]
  const shape = resized(x.shape, axis, kernel === gatherKernel ? m : n)
  const y = alloc(size(shape), x.dtype)
  const a = x.rank + axis
  const bad = kernel(x.data, index.data, y, size(x.shape.slice(0, a)), n, m, size(x.shape.slice(a + 1)))
  if (bad >= 0)
    throw new ShapeError(
      `${name} along axis ${axis} of length ${n}`,
      `index ${index.data[bad]}`,
      n === 0 ? 'An axis of length 0 has no entries' : `Indices are whole numbers from 0 to ${n - 1}`
    )
  return new Tensor(shape, y)
}

const taken = (x: Tensor, index: Tensor, axis: number) =>
  run(gatherKernel, 'gather', x, index, axis, x.shape[x.rank + axis])
const added = (u: Tensor, index: Tensor, { axis, length }: ScatterAttrs) =>
  run(scatterKernel, 'scatterAdd', u, index, axis, length)

/** The index has the axes of the other input, or only the last of them. */
function checkFit(name: string, x: Shape, index: Shape, axis: number, equal: boolean): void {
  const own = x.slice(x.length - index.length)
  const fits = index.length <= x.length && index.length >= -axis
  if (!fits || !sameShape(resized(own, axis, 0), resized(index, axis, 0)) || (equal && !sameShape(own, index)))
    throw new ShapeError(
      `${name} of ${show(x)} by an index ${show(index)} along axis ${axis}`,
      'the shapes do not fit',
      equal ? 'An index for each update' : 'All axes but that one are equal; leading axes of the index may be missing'
    )
}

export const gatherOp: Op<AlongAxisAttrs> = defineOp<AlongAxisAttrs>({
  name: 'gather',
  doc: `y_{i r} = x_{k_{i r} r}: along an axis i, for each entry of y the entry of x that its index k names
  tangent  dy = gather(dx, k)
  adjoint  scatterAdd(k, ct); 0 to the index
  inverse  ỹ goes back to the entries that were copied: the weighted mean where there are several copies, no claim
           (weight 0) where there is none
  rows     along the sample axis the samples choose from a table that they share: each has entries for all of it
  domain   indices are whole numbers, constants for every derivative
  cost     one pass over y`,
  tex: {
    y: 'y_{ir} = x_{k_{ir} r}',
    tangent: 'dy_{ir} = dx_{k_{ir} r}',
    adjoint: String.raw`\bar x_{jr} = \sum_{i:\,k_{ir}=j} \bar y_{ir}`,
    inverse: String.raw`\tilde x_{jr} = \sum_{k_{ir}=j} w_{ir} \tilde y_{ir} \big/ \sum_{k_{ir}=j} w_{ir}`
  },
  outShape: ([x, index], { axis }) => {
    checkFit('gather', x, index, axis, false)
    return resized(x, axis, index[index.length + axis])
  },
  forward: ([x, index], { axis }) => taken(x, index, axis),
  jvp: ([dx], v) => dx && apply(gatherOp, [dx, v.x[1]], v.attrs),
  vjp: (ct, { x: [x, index], attrs: { axis } }) => [
    apply(scatterAddOp, [ct, index], { axis, length: x.shape[x.rank + axis] }),
    null
  ],
  carry: ({ inputs: [x, index], attrs: { axis } }) => [axis !== -x.rank, index.rank === x.rank],
  sampleVjp: (ct, v) => {
    if (v.carried(0)) return gatherOp.vjp(ct, v)
    // Samples choose rows of a table x [n, ...S] by an index [B, ...S]: each has one choice for its ct [K, B, ...S].
    const [x, index] = v.x
    const single = (t: Tensor, lead: number) => reshape(t, [...t.shape.slice(0, lead), 1, ...t.shape.slice(lead)])
    return [apply(scatterAddOp, [single(ct, 2), single(index, 1)], { axis: v.attrs.axis, length: x.shape[0] }), null]
  },
  constant: [1],
  inverse: {
    kind: 'structural',
    apply: ({ inputs: [x, index], attrs: { axis } }, claimed) => [
      averageCopies(claimed, x, t => added(t, index, { axis, length: x.shape[x.rank + axis] })),
      null
    ]
  },
  examples: r => [
    {
      inputs: [
        r.normal([2, 3]),
        tensor([
          [2, 0, 2, 1],
          [1, 1, 0, 1]
        ])
      ],
      attrs: { axis: -1 },
      note: 'some twice'
    },
    {
      inputs: [
        r.normal([3, 2]),
        tensor([
          [2, 0],
          [0, 0]
        ])
      ],
      attrs: { axis: -2 },
      note: 'some are left'
    },
    { inputs: [r.normal([2, 2, 3]), tensor([[1], [2]])], attrs: { axis: -1 }, note: 'an index for all' },
    { inputs: [r.normal([3]), tensor([2])], attrs: { axis: -1 }, note: 'one entry of a table' },
    { inputs: [r.normal([2, 0]), new Tensor([2, 0], new Float64Array(0))], attrs: { axis: -1 }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300]), tensor([1, 0, 0])], attrs: { axis: -1 }, extreme: true }
  ]
})

export const scatterAddOp: Op<ScatterAttrs> = defineOp<ScatterAttrs>({
  name: 'scatterAdd',
  doc: `y_{j r} = Σ u_{i r} over all i with index k_{i r} = j: along an axis, each update u added at its index, zeros elsewhere
  tangent  dy = scatterAdd(k, du)
  adjoint  gather(ct, k); 0 to the index
  inverse  the smallest change: the difference at j shared evenly by its n_j updates, ũ = u + gather((ỹ - y)/n, k);
           where there is no update y stays 0
  domain   indices are whole numbers, constants for every derivative
  cost     one pass over u`,
  tex: {
    y: String.raw`y_{jr} = \sum_{i:\,k_{ir}=j} u_{ir}`,
    tangent: String.raw`dy_{jr} = \sum_{i:\,k_{ir}=j} du_{ir}`,
    adjoint: String.raw`\bar u_{ir} = \bar y_{k_{ir} r}`,
    inverse: String.raw`\tilde u_{ir} = u_{ir} + (\tilde y - y)_{jr} / n_{jr},\; j = k_{ir}`
  },
  outShape: ([u, index], { axis, length }) => {
    checkFit('scatterAdd', u, index, axis, true)
    return resized(u, axis, length)
  },
  forward: ([u, index], attrs) => added(u, index, attrs),
  jvp: ([du], v) => du && apply(scatterAddOp, [du, v.x[1]], v.attrs),
  vjp: (ct, v) => [apply(gatherOp, [ct, v.x[1]], { axis: v.attrs.axis }), null],
  carry: ({ inputs: [u, index], attrs: { axis } }) => (axis === -u.rank ? undefined : [true, index.rank === u.rank]),
  constant: [1],
  inverse: {
    kind: 'local',
    apply: ({ inputs: [u, index], out, attrs }, claimed) => {
      const meeting = added(
        mapData(u, () => 1),
        index,
        attrs
      )
      const step = mapData(wanted(claimed, out), (t, i) => (t - out.data[i]) / Math.max(1, meeting.data[i]))
      const change = taken(step, index, attrs.axis)
      const value = mapData(u, (v, i) => v + change.data[i])
      return [{ value, weight: claimed.weight && taken(claimed.weight, index, attrs.axis) }, null]
    }
  },
  examples: r => [
    {
      inputs: [
        r.normal([2, 4]),
        tensor([
          [2, 0, 2, 1],
          [1, 1, 0, 2]
        ])
      ],
      attrs: { axis: -1, length: 3 },
      note: 'some meet'
    },
    {
      inputs: [
        r.normal([2, 2]),
        tensor([
          [2, 0],
          [0, 0]
        ])
      ],
      attrs: { axis: -2, length: 4 },
      note: 'some places get none'
    },
    { inputs: [r.normal([2, 2, 1]), tensor([[1], [2]])], attrs: { axis: -1, length: 3 }, note: 'an index for all' },
    { inputs: [r.normal([3]), tensor([0, 0, 0])], attrs: { axis: -1, length: 1 }, note: 'all meet' },
    { inputs: [r.normal([2, 0]), zerosLike(r.normal([2, 0]))], attrs: { axis: -1, length: 2 }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300]), tensor([1, 0])], attrs: { axis: -1, length: 2 }, extreme: true }
  ]
})

/** In the dtype of x, with whose entries it goes through the operator; indices have no derivative. */
function indexFor(x: Tensor, index: Tensor, name: string, length: number): Tensor {
  checkTensor(index, name, 'its index')
  if (x.dtype === 'f32' && length > 2 ** 24)
    throw new ShapeError(name, `an axis of length ${length} in f32`, 'f32 tells whole numbers apart up to 2²⁴: use f64')
  return index.dtype === x.dtype ? index : tensor(index, { dtype: x.dtype })
}

/**
 * Along an axis, for each entry of the index the entry of x that it names; y has the shape of the index:
 *
 *     y[b, i] = x[b, index[b, i]]      gather(x, index, 1), x [B, n], index [B, m]
 *
 * As PyTorch's gather: the index has the rank of x, and the other axes are at most as long as those of x. Leading axes
 * of the index may be missing: then it serves for all of x. Entries that are chosen by one list for all are `take`.
 * Samples that choose from a table they share: `gather(table, index, 0)`, table [n, ...S], index [B, ...S].
 *
 * Throws ShapeError for shapes that do not fit, and for an index that is no whole number from 0 to n - 1.
 */
export function gather(x: Tensor, index: Tensor, axis: number): Tensor {
  checkTensor(x, 'gather')
  const a = fromEnd(axis, x.rank, 'gather')
  const k = indexFor(x, index, 'gather', x.shape[x.rank + a])
  const front = x.rank - k.rank
  const part = k.shape.reduce<Tensor>(
    (y, d, i) => (i - k.rank !== a && d < y.shape[front + i] ? slice(y, front + i, 0, d) : y),
    x
  )
  return apply(gatherOp, [front < 0 ? x : part, k], { axis: a })
}

/**
 * Zeros with each update added at its index along an axis, which gets `length`: the adjoint of `gather`.
 *
 *     y[b, index[b, i]] += updates[b, i]      scatterAdd(index, updates, 1, n), y [B, n]
 *
 * The index has the shape of the updates; leading axes may be missing. PyTorch's scatter_add to a tensor t that is not
 * zero is `add(t, scatterAdd(…))`. Throws ShapeError as `gather`.
 */
export function scatterAdd(index: Tensor, updates: Tensor, axis: number, length: number): Tensor {
  checkTensor(updates, 'scatterAdd', 'its updates')
  checkNumbers('scatterAdd', 'whole', { length })
  const a = fromEnd(axis, updates.rank, 'scatterAdd')
  return apply(scatterAddOp, [updates, indexFor(updates, index, 'scatterAdd', length)], { axis: a, length })
}
