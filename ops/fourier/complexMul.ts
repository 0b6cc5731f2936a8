import { complexProduct } from '../../core/backends/gpu/move.js'
import { tensor } from '../../core/tensor.js'
import { type Complex, complexBinary, complexFunction, isZero, over, times } from './complexBinary.js'
import { conj } from './conj.js'

const NONE: Complex = [Number.NaN, Number.NaN]

/** The factor that gives t beside b. 0 · x = 0 whatever x is: then x stays. */
const factor = (t: Complex, b: Complex, x: Complex): Complex => (isZero(b) ? (isZero(t) ? x : NONE) : over(t, b))

export const complexMulOp = complexBinary({
  name: 'complexMul',
  doc: `y = a b, of complex numbers as pairs (re, im) along the last axis; the other axes broadcast
  tangent  dy = da b + a db
  adjoint  ct conj(b) to a, ct conj(a) to b, summed over broadcast axes
  inverse  ã = ỹ / b (none where b = 0 and ỹ ≠ 0); where both are free, the smallest change with ã b̃ = ỹ
           by Gauss-Newton steps a += conj(b) r/(|a|² + |b|²), b += conj(a) r/(|a|² + |b|²), r = ỹ - a b
  cost     6 flops per product`,
  tex: {
    y: 'y = a\\,b',
    tangent: 'dy = da\\,b + a\\,db',
    adjoint: String.raw`\bar a = \bar y\,b^*,\; \bar b = \bar y\,a^*`,
    inverse: String.raw`\tilde a = \tilde y / b`
  },
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) {
      const [p, q, to] = [2 * ia, 2 * ib, 2 * (iy + j)]
      y[to] = a[p] * b[q] - a[p + 1] * b[q + 1]
      y[to + 1] = a[p] * b[q + 1] + a[p + 1] * b[q]
    }
  },
  wasm: 'complexMul',
  gpu: complexProduct,
  jvp: [(da, v) => complexMul(da, v.x[1]), (db, v) => complexMul(v.x[0], db)],
  vjp: [(ct, v) => complexMul(ct, conj(v.x[1])), (ct, v) => complexMul(ct, conj(v.x[0]))],
  slope: [(_, b) => Math.hypot(...b), a => Math.hypot(...a)],
  solve: [factor, factor],
  choose: (t, a, b) => {
    for (let k = 0; k < 50; k++) {
      const [u, v] = times(a, b)
      const r: Complex = [t[0] - u, t[1] - v]
      // In units of the largest part, so that the squares do not overflow.
      const scale = Math.max(...[...a, ...b].map(Math.abs))
      if (scale === 0 || Math.hypot(...r) <= 1e-16 * Math.hypot(...t)) break
      const [p, q] = [a, b].map(z => [z[0] / scale, z[1] / scale])
      const n = p[0] ** 2 + p[1] ** 2 + q[0] ** 2 + q[1] ** 2
      const step: Complex = [r[0] / scale / n, r[1] / scale / n]
      const da = times(step, [q[0], -q[1]])
      const db = times(step, [p[0], -p[1]])
      a = [a[0] + da[0], a[1] + da[1]]
      b = [b[0] + db[0], b[1] + db[1]]
    }
    return [a, b]
  },
  examples: r => [
    { inputs: [r.normal([2, 3, 2]), r.normal([2, 3, 2])] },
    { inputs: [r.normal([2, 1, 2]), r.normal([3, 2])], note: 'broadcast from both sides' },
    { inputs: [r.normal([2]), r.normal([3, 2])], note: 'one number' },
    { inputs: [r.normal([2]), r.normal([2])], note: 'no batch' },
    {
      inputs: [
        tensor([
          [0, 0],
          [1, 2]
        ]),
        r.normal([2, 2])
      ],
      note: 'zero'
    },
    { inputs: [r.normal([0, 2]), r.normal([1, 2])], note: 'empty axis' },
    { inputs: [tensor([[3e300, -2e300]]), tensor([[2e-300, 1e-300]])], extreme: true }
  ]
})

/** The product a b of complex numbers: a, b [..., 2], broadcasting all axes but the pair axis. */
export const complexMul = complexFunction(complexMulOp)
