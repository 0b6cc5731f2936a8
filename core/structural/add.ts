import { binary, binaryFunction } from '../families/binary.js'
import type { Tensor } from '../tensor.js'

export const addOp = binary({
  name: 'add',
  doc: `y = a + b
  tangent  dy = da + db
  adjoint  ct to each, summed over broadcast axes
  inverse  ã = ỹ - b; where both are free, each takes half of the difference (the smallest change)`,
  tex: {
    y: 'y = a + b',
    tangent: 'dy = da + db',
    adjoint: String.raw`\bar a = \bar b = \bar y`,
    inverse: String.raw`\tilde a = \tilde y - b`
  },
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = a[ia] + b[ib]
  },
  gpu: 'a + b',
  wasm: 'add',
  jvp: [da => da, db => db],
  vjp: [ct => ct, ct => ct],
  solve: [(t, b) => t - b, (t, a) => t - a],
  choose: (t, a, b) => {
    const half = (t - a - b) / 2
    return [a + half, b + half]
  },
  examples: r => [{ inputs: [r.normal([2, 3]), r.normal([2, 3])] }]
})

/** a + b, broadcasting. */
export const add = binaryFunction(addOp)

/** The sum of two changes, either of which may be zero (undefined): the end of a tangent rule with two inputs. */
export function both(p: Tensor | undefined, q: Tensor | undefined): Tensor | undefined {
  return p && q ? add(p, q) : (p ?? q)
}
