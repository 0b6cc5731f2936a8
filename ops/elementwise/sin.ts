import { sine } from '../../core/backends/gpu/formulas.js'
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
  caveats  a branch is hit to the spacing of the numbers near x, which from 1e16 on is wider than the branch
  source   the sine map of the book's "Scale Invariant Physics Training"`,
  tex: {
    y: String.raw`y = \sin x`,
    slope: String.raw`\cos x\,`,
    inverse: String.raw`\tilde x = \arcsin\tilde y + 2\pi n \;\text{or}\; \pi - \arcsin\tilde y + 2\pi n`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sin(x[i])
  },
  gpu: `${sine('x')} return s;`,
  wasm: 'sin',
  derivative: x => cos(x),
  inverse: {
    kind: 'local',
    at: (t, x) => {
      const p = Math.asin(Math.max(-1, Math.min(1, t)))
      return nearer(nearestTurn(p, x), nearestTurn(Math.PI - p, x), x)
    }
  },
  extremes: [1e-300, -1e-300],
  examples: r => [{ inputs: [r.uniform([2, 3], -1, 1)] }, { inputs: [r.uniform([3], 8, 10)], note: 'another branch' }]
})

/** sin x */
export const sin = elementwiseFunction(sinOp)
