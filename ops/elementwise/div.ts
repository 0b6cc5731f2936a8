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
  tex: {
    y: String.raw`y = \frac{a}{b}`,
    tangent: String.raw`dy = \frac{da - y\,db}{b}`,
    adjoint: String.raw`\bar a = \frac{\bar y}{b},\; \bar b = -\frac{y\,\bar y}{b}`,
    inverse: String.raw`\tilde a = \tilde y\,b,\; \tilde b = a / \tilde y`
  },
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = a[ia] / b[ib]
  },
  gpu: 'a / b',
  wasm: 'div',
  jvp: [(da, v) => div(da, v.x[1]), (db, v) => neg(mul(v.y, div(db, v.x[1])))],
  vjp: [(ct, v) => div(ct, v.x[1]), (ct, v) => neg(div(mul(ct, v.y), v.x[1]))],
  solve: [(t, b) => t * b, (t, a, b) => (t === 0 ? (a === 0 ? b : Number.NaN) : a / t)],
  examples: r => [{ inputs: [r.uniform([2, 3], 0.5, 2), r.uniform([2, 3], -2, -0.5)] }],
  extremes: [
    [1e300, 2e300],
    [1e-300, -2e-300],
    [1e-300, 1e300],
    [1e300, 1],
    [1, 1e200]
  ]
})

/** a / b, entry by entry, broadcasting. */
export const div = binaryFunction(divOp)
