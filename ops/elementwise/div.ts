import { binary, binaryFunction } from '../../core/families/binary.js'
import { mul } from '../../core/structural/mul.js'
import { neg } from './neg.js'

export const divOp = binary({
  name: 'div',
  doc: `y = a / b
  tangent  dy = da / b - y db / b
  adjoint  ct / b to a, -ct y / b to b, summed over broadcast axes
  inverse  ã = ỹ b, b̃ = a / ỹ (none where ỹ = 0 and a ≠ 0)
  domain   b ≠ 0`,
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = a[ia] / b[ib]
  },
  jvp: [(da, v) => div(da, v.x[1]), (db, v) => neg(div(mul(v.y, db), v.x[1]))],
  vjp: [(ct, v) => div(ct, v.x[1]), (ct, v) => neg(div(mul(ct, v.y), v.x[1]))],
  solve: [(t, b) => t * b, (t, a, b) => (t === 0 ? (a === 0 ? b : Number.NaN) : a / t)],
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2), r.uniform([2, 3], -2, -0.5)] },
    { inputs: [r.uniform([2, 1], 0.5, 2), r.uniform([3], 0.5, 2)], note: 'broadcast from both sides' },
    { inputs: [r.uniform([], 0.5, 2), r.uniform([3], 0.5, 2)] },
    { inputs: [r.normal([0]), r.uniform([1], 1, 2)], note: 'empty axis' }
  ]
})

/** a / b, entry by entry, broadcasting. */
export const div = binaryFunction(divOp)
