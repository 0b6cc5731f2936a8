import { tensor } from '../../core/tensor.js'
import { neg } from '../elementwise/neg.js'
import { type Complex, complexBinary, complexFunction, isZero, over, times } from './complexBinary.js'
import { complexMul } from './complexMul.js'
import { conj } from './conj.js'

const NONE: Complex = [Number.NaN, Number.NaN]

export const complexDivOp = complexBinary({
  name: 'complexDiv',
  doc: `y = a / b, of complex numbers as pairs (re, im) along the last axis; the other axes broadcast
  tangent  dy = (da - y db) / b
  adjoint  ct / conj(b) to a, -ct conj(y) / conj(b) to b, summed over broadcast axes
  inverse  ã = ỹ b, b̃ = a / ỹ (none where ỹ = 0 and a ≠ 0)
  domain   b ≠ 0; NaN at 0
  cost     15 flops per quotient, scaled by the larger part of b so that |b|² cannot overflow
  source   Smith 1962, "Algorithm 116: Complex division"`,
  tex: {
    y: 'y = a / b',
    tangent: 'dy = (da - y\\,db) / b',
    adjoint: String.raw`\bar a = \bar y / b^*,\; \bar b = -\bar y\,y^* / b^*`,
    inverse: String.raw`\tilde a = \tilde y\,b,\; \tilde b = a / \tilde y`
  },
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) {
      const [re, im] = over([a[2 * ia], a[2 * ia + 1]], [b[2 * ib], b[2 * ib + 1]])
      y[2 * (iy + j)] = re
      y[2 * (iy + j) + 1] = im
    }
  },
  jvp: [(da, v) => complexDiv(da, v.x[1]), (db, v) => neg(complexDiv(complexMul(v.y, db), v.x[1]))],
  vjp: [(ct, v) => complexDiv(ct, conj(v.x[1])), (ct, v) => neg(complexDiv(complexMul(ct, conj(v.y)), conj(v.x[1])))],
  slope: [(_, b) => 1 / Math.hypot(...b), (a, b) => Math.hypot(...over(a, b)) / Math.hypot(...b)],
  solve: [(t, b) => times(t, b), (t, a, b) => (isZero(t) ? (isZero(a) ? b : NONE) : over(a, t))],
  examples: r => [
    { inputs: [r.normal([2, 3, 2]), r.uniform([2, 3, 2], 0.5, 2)] },
    { inputs: [r.normal([2, 1, 2]), r.uniform([3, 2], -2, -0.5)], note: 'broadcast from both sides' },
    { inputs: [r.normal([2]), r.uniform([3, 2], 0.5, 2)], note: 'one number' },
    { inputs: [r.normal([2]), r.uniform([2], 0.5, 2)], note: 'no batch' },
    { inputs: [r.normal([0, 2]), r.uniform([1, 2], 1, 2)], note: 'empty axis' },
    { inputs: [tensor([[3e300, -2e300]]), tensor([[2e300, 1e300]])], extreme: true, note: 'large' },
    { inputs: [tensor([[3e-300, -2e-300]]), tensor([[2e-300, 1e-300]])], extreme: true, note: 'small' }
  ]
})

/** The quotient a / b of complex numbers: a, b [..., 2], broadcasting all axes but the pair axis. */
export const complexDiv = complexFunction(complexDivOp)
