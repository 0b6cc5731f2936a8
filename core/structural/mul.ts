import { binary, binaryFunction } from '../families/binary.js'

export const mulOp = binary({
  name: 'mul',
  doc: `y = a b, entry by entry
  tangent  dy = da b + a db
  adjoint  ct b to a, ct a to b, summed over broadcast axes
  inverse  ã = ỹ / b (none where b = 0 and ỹ ≠ 0); where both are free, the smallest change with ã b̃ = ỹ
           by Gauss-Newton steps a += b r/(a² + b²), b += a r/(a² + b²), r = ỹ - a b`,
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = a[ia] * b[ib]
  },
  jvp: [(da, v) => mul(da, v.x[1]), (db, v) => mul(v.x[0], db)],
  vjp: [(ct, v) => mul(ct, v.x[1]), (ct, v) => mul(ct, v.x[0])],
  solve: [over, over],
  choose: (t, a, b) => {
    for (let k = 0; k < 50; k++) {
      const r = t - a * b
      const n = a * a + b * b
      if (n === 0 || Math.abs(r) <= 1e-16 * Math.abs(t)) break
      const p = a
      a += (b * r) / n
      b += (p * r) / n
    }
    return [a, b]
  },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2), r.uniform([2, 3], -2, -0.5)] },
    { inputs: [r.uniform([2, 1], 0.5, 2), r.uniform([3], 0.5, 2)], note: 'broadcast from both sides' },
    { inputs: [r.uniform([], 0.5, 2), r.uniform([3], 0.5, 2)] },
    { inputs: [r.normal([0]), r.normal([1])], note: 'empty axis' }
  ]
})

/** The factor that gives t beside b. 0 · x = 0 whatever x is: then x stays. */
function over(t: number, b: number, x: number): number {
  return b === 0 ? (t === 0 ? x : Number.NaN) : t / b
}

/** a b, entry by entry, broadcasting. */
export const mul = binaryFunction(mulOp)
