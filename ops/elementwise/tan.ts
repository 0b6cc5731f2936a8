import { sine } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { add } from '../../core/structural/add.js'
import { square } from './square.js'

export const tanOp = elementwise({
  name: 'tan',
  doc: `y = tan x
  tangent  dy = (1 + y²) dx
  adjoint  (1 + y²) ct
  inverse  of arctan ỹ + πn the one nearest to x
  domain   x ≠ π/2 + πn
  caveats  a branch is hit to the spacing of the numbers near x, which from 1e16 on is wider than the branch`,
  tex: { y: String.raw`y = \tan x`, slope: '(1 + y^2)', inverse: String.raw`\tilde x = \arctan\tilde y + \pi n` },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.tan(x[i])
  },
  gpu: `${sine('x')} return s / c;`,
  derivative: (_, y) => add(square(y), 1),
  inverse: {
    kind: 'local',
    at: (t, x) => {
      const p = Math.atan(t)
      return p + Math.PI * Math.round((x - p) / Math.PI)
    }
  },
  extremes: [1e-300, -1e-300],
  examples: r => [{ inputs: [r.uniform([2, 3], -1, 1)] }, { inputs: [r.uniform([3], 5.5, 7)], note: 'another branch' }]
})

/** tan x */
export const tan = elementwiseFunction(tanOp)
