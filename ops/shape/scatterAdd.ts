import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { defineOp, type Op } from '../../core/op.js'
import { checkNumbers } from '../../core/options.js'
import { fromEnd } from '../../core/shape.js'
import { checkTensor, mapData, type Tensor, tensor, zeros } from '../../core/tensor.js'
import { gatherOp } from './gather.js'
import { added, checkFit, indexFor, resized, type ScatterAttrs, taken } from './indexing.js'

export const scatterAddOp: Op<ScatterAttrs> = defineOp<ScatterAttrs>({
  name: 'scatterAdd',
  doc: `y_{j r} = Σ u_{i r} over all i with index k_{i r} = j; i, j along an axis, r along the others: each update u is added at
  its index, zeros stand elsewhere
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
    { inputs: [r.normal([2, 0]), zeros([2, 0])], attrs: { axis: -1, length: 2 }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300]), tensor([1, 0])], attrs: { axis: -1, length: 2 }, extreme: true }
  ]
})

/**
 * Zeros with each update added at its index along an axis, which gets `length`: the adjoint of `gather`.
 *
 *     y[b, index[b, i]] += updates[b, i]      scatterAdd(index, updates, 1, n), y [B, n]
 *
 * The index has the shape of the updates; leading axes may be missing. PyTorch's scatter_add to a tensor t that is not
 * zero is `add(t, scatterAdd(…))`. Throws ShapeError as `gather`.
 */
export function scatterAdd(index: Tensor, updates: Tensor, axis: number, length: number): Tensor {
  checkTensor(updates, 'scatterAdd', 'its tensor of updates')
  checkNumbers('scatterAdd', 'whole', { length })
  const a = fromEnd(axis, updates.rank, 'scatterAdd')
  return apply(scatterAddOp, [updates, indexFor(updates, index, 'scatterAdd', length)], { axis: a, length })
}
