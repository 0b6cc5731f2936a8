import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { cos } from './cos.js'

const TURN = 2 * Math.PI

/** The number nearest to x among t + 2πn. */
export const nearestTurn = (t: number, x: number): number => t + TURN * Math.round((x - t) / TURN)

const nearer = (a: number, b: number, x: number): number => (Math.abs(a - x) <= Math.abs(b - x) ? a : b)

export const sinOp = elementwise({
  name: 'sin',
  doc: `y = sin x
  tangent  dy = cos x dx
  adjoint  cos x ct
  inverse  of arcsin ỹ + 2πn and π - arcsin ỹ + 2πn the one nearest to x; ỹ beyond ±1 counts as ±1
  source   the sine map of the book's "Scale Invariant Physics Training"`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sin(x[i])
  },
  derivative: x => cos(x),
  inverse: {
    kind: 'local',
    at: (t, x) => {
      const p = Math.asin(Math.max(-1, Math.min(1, t)))
      return nearer(nearestTurn(p, x), nearestTurn(Math.PI - p, x), x)
    }
  },
  examples: r => [
    { inputs: [r.uniform([2, 3], -1, 1)] },
    { inputs: [r.uniform([3], 8, 10)], note: 'another branch' },
    { inputs: [r.normal([0])], note: 'empty axis' }
  ]
})

/** sin x */
export const sin = elementwiseFunction(sinOp)
