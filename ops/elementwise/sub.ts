import { binary, binaryFunction } from '../../core/families/binary.js'
import { neg } from './neg.js'

export const subOp = binary({
  name: 'sub',
  doc: `y = a - b
  tangent  dy = da - db
  adjoint  ct to a, -ct to b, summed over broadcast axes
  inverse  ã = ỹ + b, b̃ = a - ỹ; where both are free, each takes half of the difference (the smallest change)`,
  tex: {
    y: 'y = a - b',
    tangent: 'dy = da - db',
    adjoint: String.raw`\bar a = \bar y,\; \bar b = -\bar y`,
    inverse: String.raw`\tilde a = \tilde y + b,\; \tilde b = a - \tilde y`
  },
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = a[ia] - b[ib]
  },
  gpu: 'a - b',
  wasm: 'sub',
  jvp: [da => da, db => neg(db)],
  vjp: [ct => ct, ct => neg(ct)],
  solve: [(t, b) => t + b, (t, a) => a - t],
  choose: (t, a, b) => {
    const half = (t - a + b) / 2
    return [a + half, b - half]
  },
  examples: r => [{ inputs: [r.normal([2, 3]), r.normal([2, 3])] }]
})

/** a - b, broadcasting. */
export const sub = binaryFunction(subOp)
