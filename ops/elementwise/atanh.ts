import { log1p } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reciprocal } from './reciprocal.js'
import { sub } from './sub.js'

export const atanhOp = elementwise({
  name: 'atanh',
  doc: `y = artanh x = ½ ln((1 + x)/(1 - x))
  tangent  dy = dx / (1 - x²)
  adjoint  ct / (1 - x²)
  inverse  x̃ = tanh ỹ
  domain   -1 < x < 1`,
  tex: {
    y: String.raw`y = \operatorname{artanh} x`,
    slope: String.raw`\frac{1}{1 - x^2}`,
    inverse: String.raw`\tilde x = \tanh\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.atanh(x[i])
  },
  gpu: `const u = (2 * x) / (1 - x); ${log1p('l', 'u')} return 0.5 * l;`,
  derivative: x => reciprocal(mul(sub(1, x), add(x, 1))),
  inverse: { kind: 'exact', at: t => Math.tanh(t) },
  examples: r => [
    { inputs: [r.uniform([2, 3], -0.7, 0.7)] },
    { inputs: [r.uniform([3], 0.9, 0.95)], note: 'near the edge' }
  ],
  extremes: [1e-300, -1e-300]
})

/** artanh x = ½ ln((1 + x)/(1 - x)), for |x| < 1 */
export const atanh = elementwiseFunction(atanhOp)
