import { atan2 } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reciprocal } from './reciprocal.js'
import { sqrt } from './sqrt.js'
import { sub } from './sub.js'

export const asinOp = elementwise({
  name: 'asin',
  doc: `y = arcsin x
  tangent  dy = dx / √(1 - x²)
  adjoint  ct / √(1 - x²)
  inverse  x̃ = sin ỹ; ỹ beyond ±π/2 counts as ±π/2
  domain   -1 ≤ x ≤ 1; the derivative is infinite at ±1`,
  tex: {
    y: String.raw`y = \arcsin x`,
    slope: String.raw`\frac{1}{\sqrt{1 - x^2}}`,
    inverse: String.raw`\tilde x = \sin\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.asin(x[i])
  },
  gpu: `const y = Math.sqrt((1 - x) * (1 + x)); ${atan2('l', 'x', 'y')} return l;`,
  derivative: x => reciprocal(sqrt(mul(sub(1, x), add(x, 1)))),
  inverse: {
    kind: 'exact',
    at: t => Math.sin(Math.max(-Math.PI / 2, Math.min(Math.PI / 2, t)))
  },
  extremes: [1e-300, -1e-300],
  examples: r => [
    { inputs: [r.uniform([2, 3], -0.7, 0.7)] },
    { inputs: [r.uniform([3], 0.7, 0.8)], note: 'near the edge' }
  ]
})

/** arcsin x */
export const asin = elementwiseFunction(asinOp)
