import { binary, binaryFunction } from '../families/binary.js'

export const mulOp = binary({
  name: 'mul',
  doc: `y = a b, entry by entry
  tangent  dy = da b + a db
  adjoint  ct b to a, ct a to b, summed over broadcast axes
  inverse  ã = ỹ / b (none where b = 0 and ỹ ≠ 0); where both are free, the smallest change with ã b̃ = ỹ
           by Gauss-Newton steps a += b r/(a² + b²), b += a r/(a² + b²), r = ỹ - a b`,
  tex: {
    y: 'y = a b',
    tangent: String.raw`dy = da\,b + a\,db`,
    adjoint: String.raw`\bar a = \bar y\,b,\; \bar b = a\,\bar y`,
    inverse: String.raw`\tilde a = \tilde y / b`
  },
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = a[ia] * b[ib]
  },
  gpu: 'a * b',
  wasm: 'mul',
  jvp: [(da, v) => mul(da, v.x[1]), (db, v) => mul(v.x[0], db)],
  vjp: [(ct, v) => mul(ct, v.x[1]), (ct, v) => mul(ct, v.x[0])],
  solve: [over, over],
  choose: (t, a, b) => {
    for (let k = 0; k < 50; k++) {
      const r = t - a * b
      // In units of the larger factor, so that the squares do not overflow.
      const scale = Math.max(Math.abs(a), Math.abs(b))
      if (scale === 0 || Math.abs(r) <= 1e-16 * Math.abs(t)) break
      const p = a / scale
      const q = b / scale
      const step = r / scale / (p * p + q * q)
      a += q * step
      b += p * step
    }
    return [a, b]
  },
  examples: r => [{ inputs: [r.uniform([2, 3], 0.5, 2), r.uniform([2, 3], -2, -0.5)] }],
  extremes: [
    [1e300, 1e-300],
    [-1e-300, 1e300],
    [1e150, -1e150],
    [1e-150, 1e-150]
  ]
})

/** The factor that gives t beside b. 0 · x = 0 whatever x is: then x stays. */
function over(t: number, b: number, x: number): number {
  return b === 0 ? (t === 0 ? x : Number.NaN) : t / b
}

/** a b, entry by entry, broadcasting. */
export const mul = binaryFunction(mulOp)
