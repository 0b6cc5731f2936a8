import { apply } from '../../core/apply.js'
import { averageCopies } from '../../core/claim.js'
import type { AlongAxisAttrs } from '../../core/families/alongAxis.js'
import { defineOp, type Op } from '../../core/op.js'
import { fromEnd } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type Tensor, tensor, zeros } from '../../core/tensor.js'
import { added, checkFit, indexFor, resized, taken } from './indexing.js'
import { scatterAddOp } from './scatterAdd.js'
import { slice } from './slice.js'

export const gatherOp: Op<AlongAxisAttrs> = defineOp<AlongAxisAttrs>({
  name: 'gather',
  doc: `y_{i r} = x_{k_{i r} r}, i along an axis, r along the others: each entry of y is the entry of x that its index k names
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
    { inputs: [r.normal([2, 0]), zeros([2, 0])], attrs: { axis: -1 }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300]), tensor([1, 0, 0])], attrs: { axis: -1 }, extreme: true }
  ]
})

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
