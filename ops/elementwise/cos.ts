import { sine } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { neg } from './neg.js'
import { nearestTurn, sin } from './sin.js'

export const cosOp = elementwise({
  name: 'cos',
  doc: `y = cos x
  tangent  dy = -sin x dx
  adjoint  -sin x ct
  inverse  of ±arccos ỹ + 2πn the one nearest to x; ỹ beyond ±1 counts as ±1
  caveats  a branch is hit to the spacing of the numbers near x, which from 1e16 on is wider than the branch`,
  tex: {
    y: String.raw`y = \cos x`,
    slope: String.raw`-\sin x\,`,
    inverse: String.raw`\tilde x = \pm\arccos\tilde y + 2\pi n`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.cos(x[i])
  },
  gpu: `${sine('x')} return c;`,
  wasm: 'cos',
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
  extremes: [1e-300, -1e-300],
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2.5)] },
    { inputs: [r.uniform([3], -9, -7)], note: 'another branch' }
  ]
})

/** cos x */
export const cos = elementwiseFunction(cosOp)
