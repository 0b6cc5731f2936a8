import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { neg } from './neg.js'
import { nearestTurn, sin } from './sin.js'

export const cosOp = elementwise({
  name: 'cos',
  doc: `y = cos x
  tangent  dy = -sin x dx
  adjoint  -sin x ct
  inverse  of ±arccos ỹ + 2πn the one nearest to x; ỹ beyond ±1 counts as ±1`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.cos(x[i])
  },
  derivative: x => neg(sin(x)),
  inverse: {
    kind: 'local',
    at: (t, x) => {
      const p = Math.acos(Math.max(-1, Math.min(1, t)))
      const a = nearestTurn(p, x)
      const b = nearestTurn(-p, x)
      return Math.abs(a - x) <= Math.abs(b - x) ? a : b
    }
  },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2.5)] },
    { inputs: [r.uniform([3], -9, -7)], note: 'another branch' },
    { inputs: [r.normal([0])], note: 'empty axis' }
  ]
})

/** cos x */
export const cos = elementwiseFunction(cosOp)
