import { atan2 } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { neg } from './neg.js'
import { reciprocal } from './reciprocal.js'
import { sqrt } from './sqrt.js'
import { sub } from './sub.js'

export const acosOp = elementwise({
  name: 'acos',
  doc: `y = arccos x
  tangent  dy = -dx / √(1 - x²)
  adjoint  -ct / √(1 - x²)
  inverse  x̃ = cos ỹ; ỹ outside 0 … π counts as 0 or π
  domain   -1 ≤ x ≤ 1; the derivative is infinite at ±1`,
  tex: {
    y: String.raw`y = \arccos x`,
    slope: String.raw`-\frac{1}{\sqrt{1 - x^2}}`,
    inverse: String.raw`\tilde x = \cos\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.acos(x[i])
  },
  gpu: `const y = Math.sqrt((1 - x) * (1 + x)); ${atan2('l', 'y', 'x')} return l;`,
  derivative: x => neg(reciprocal(sqrt(mul(sub(1, x), add(x, 1))))),
  inverse: { kind: 'exact', at: t => Math.cos(Math.max(0, Math.min(Math.PI, t))) },
  extremes: [1e-300, -1e-300],
  examples: r => [
    { inputs: [r.uniform([2, 3], -0.7, 0.7)] },
    { inputs: [r.uniform([3], -0.8, -0.7)], note: 'near the edge' }
  ]
})

/** arccos x */
export const acos = elementwiseFunction(acosOp)
