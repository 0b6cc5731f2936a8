import { binary, binaryFunction } from '../../core/families/binary.js'
import { mul } from '../../core/structural/mul.js'
import { neg } from '../elementwise/neg.js'

/** n/g, 0/0 being 0: NaN stands only where something was really divided by nothing. */
const quotient = (n: number, g: number): number => (g === 0 ? (n === 0 ? 0 : Number.NaN) : n / g)

export const overGapOp = binary({
  name: 'overGap',
  doc: `y = n / g, where 0/0 is 0 and any other n/0 is NaN: how far two vectors turn into each other, for the gap of their values
  tangent  dy = dn / g - y dg / g
  adjoint  ct / g to n, -ct y / g to g, summed over broadcast axes; the same convention where g = 0
  inverse  ñ = ỹ g, g̃ = n / ỹ (none for ỹ ≠ 0 at g = 0, nor where ỹ = 0 and n ≠ 0)
  caveats  a gap of 0 is not passed over in silence: what does not turn the vectors (n = 0) has derivatives there, and
           what does has none, NaN, in every order`,
  tex: {
    y: String.raw`y = \frac{n}{g},\; \tfrac{0}{0} = 0`,
    tangent: String.raw`dy = \frac{dn - y\,dg}{g}`,
    adjoint: String.raw`\bar n = \frac{\bar y}{g},\; \bar g = -\frac{y\,\bar y}{g}`,
    inverse: String.raw`\tilde n = \tilde y\,g,\; \tilde g = n / \tilde y`
  },
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = quotient(a[ia], b[ib])
  },
  jvp: [(dn, v) => overGap(dn, v.x[1]), (dg, v) => neg(overGap(mul(dg, v.y), v.x[1]))],
  vjp: [(ct, v) => overGap(ct, v.x[1]), (ct, v) => neg(overGap(mul(ct, v.y), v.x[1]))],
  solve: [(t, g) => (g === 0 ? Number.NaN : t * g), (t, n, g) => (t === 0 ? (n === 0 ? g : Number.NaN) : n / t)],
  examples: r => [{ inputs: [r.normal([2, 3]), r.uniform([2, 3], -2, -0.5)] }],
  extremes: [
    [1e300, 2e300],
    [1e-300, -2e-300],
    [1e-300, 1e300],
    [1e300, 1],
    [1, 1e200]
  ]
})

/** n / g, entry by entry, broadcasting; 0/0 is 0, any other n/0 NaN. */
export const overGap = binaryFunction(overGapOp)
