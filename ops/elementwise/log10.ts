import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'
import { reciprocal } from './reciprocal.js'

export const log10Op = elementwise({
  name: 'log10',
  doc: `y = log₁₀ x
  tangent  dy = dx / (x ln 10)
  adjoint  ct / (x ln 10)
  inverse  x̃ = 10^ỹ
  domain   x > 0`,
  tex: {
    y: String.raw`y = \log_{10} x`,
    slope: String.raw`\frac{1}{x \ln 10}`,
    inverse: String.raw`\tilde x = 10^{\tilde y}`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.log10(x[i])
  },
  derivative: x => mul(reciprocal(x), 1 / Math.LN10),
  inverse: { kind: 'exact', at: t => 10 ** t },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], 1e-4, 1e-3)], note: 'near the edge' },
    { inputs: [r.uniform([], 1e4, 1e5)], note: 'large' }
  ],
  extremes: [1e300, 1e-300]
})

/** log₁₀ x */
export const log10 = elementwiseFunction(log10Op)
