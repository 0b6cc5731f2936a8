import { binaryBroadcast, type RowKernel } from '../../core/backends/plain/broadcast.js'
import { binary, binaryFunction } from '../../core/families/binary.js'
import { alloc } from '../../core/memory.js'
import type { View } from '../../core/op.js'
import { size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { Tensor, tensor } from '../../core/tensor.js'

/** 1 where a is the smaller one, 0 where b is, ½ where they are equal. */
const firstWins: RowKernel = (a, ia, da, b, ib, db, y, iy, n) => {
  for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = a[ia] === b[ib] ? 0.5 : a[ia] < b[ib] ? 1 : 0
}
const secondWins: RowKernel = (a, ia, da, b, ib, db, y, iy, n) => firstWins(b, ib, db, a, ia, da, y, iy, n)

/** A constant: which input wins does not change when they move a little. */
function winner({ x: [a, b], y: { shape } }: View, row: RowKernel): Tensor {
  const w = alloc(size(shape), a.dtype)
  binaryBroadcast(row, a.data, a.shape, b.data, b.shape, w, shape)
  return new Tensor(shape, w)
}

/** The input that gives t beside `other`: t where it can win, otherwise one that lets the other win. */
const beside = (t: number, other: number, x: number): number => (t < other ? t : Math.max(x, other))

export const minimumOp = binary({
  name: 'minimum',
  doc: `y = the smaller of a and b
  tangent  dy = da or db, their mean where a = b
  adjoint  ct to the smaller one, half to each where a = b, summed over broadcast axes
  inverse  ỹ where that is the smaller; otherwise the other wins (the nearest target in reach): an input that loses
           already stays, one that wins becomes equal to the other`,
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = Math.min(a[ia], b[ib])
  },
  jvp: [(da, v) => mul(da, winner(v, firstWins)), (db, v) => mul(db, winner(v, secondWins))],
  vjp: [(ct, v) => mul(ct, winner(v, firstWins)), (ct, v) => mul(ct, winner(v, secondWins))],
  solve: [beside, beside],
  kind: 'local',
  examples: r => [
    { inputs: [tensor([0.5, 1.5, -2.5, 3]), tensor([1, 1, -2, -4])] },
    { inputs: [r.uniform([2, 1], 1, 2), r.uniform([3], -1, 0)], note: 'broadcast from both sides' },
    { inputs: [r.uniform([3], -2, -1), r.uniform([], 0, 1)] },
    { inputs: [tensor([1, 2, 3]), tensor([1, 5, 0])], smooth: false, note: 'tie' },
    { inputs: [r.normal([0, 3]), r.normal([3])], note: 'empty axis' }
  ]
})

/** The smaller of a and b, entry by entry, broadcasting. */
export const minimum = binaryFunction(minimumOp)
