import { log1p } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { reciprocal } from './reciprocal.js'
import { sinh } from './sinh.js'

export const acoshOp = elementwise({
  name: 'acosh',
  doc: `y = arcosh x = ln(x + √(x² - 1))
  tangent  dy = dx / √(x² - 1), with √(x² - 1) = sinh y, which does not overflow
  adjoint  ct / √(x² - 1)
  inverse  x̃ = cosh ỹ; 1 for ỹ < 0, the nearest target in reach
  domain   x ≥ 1; the derivative is infinite at 1`,
  tex: {
    y: String.raw`y = \operatorname{arcosh} x`,
    slope: String.raw`\frac{1}{\sqrt{x^2 - 1}}`,
    inverse: String.raw`\tilde x = \cosh\max(\tilde y, 0)`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.acosh(x[i])
  },
  gpu: `const t = x - 1; const u = t + Math.sqrt(t * (2 + t)); ${log1p('l', 'u')} return l;`,
  derivative: (_, y) => reciprocal(sinh(y)),
  inverse: { kind: 'exact', at: t => Math.cosh(Math.max(0, t)) },
  examples: r => [
    { inputs: [r.uniform([2, 3], 1.5, 3)] },
    { inputs: [r.uniform([3], 1.15, 1.25)], note: 'near the edge' },
    { inputs: [r.uniform([3], 1e3, 1e4)], note: 'large' }
  ],
  extremes: [1e300, 1e150]
})

/** arcosh x = ln(x + √(x² - 1)), for x ≥ 1 */
export const acosh = elementwiseFunction(acoshOp)
