import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'
import { reciprocal } from './reciprocal.js'

export const log2Op = elementwise({
  name: 'log2',
  doc: `y = log₂ x
  tangent  dy = dx / (x ln 2)
  adjoint  ct / (x ln 2)
  inverse  x̃ = 2^ỹ
  domain   x > 0`,
  tex: {
    y: String.raw`y = \log_{2} x`,
    slope: String.raw`\frac{1}{x \ln 2}`,
    inverse: String.raw`\tilde x = 2^{\tilde y}`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.log2(x[i])
  },
  derivative: x => mul(reciprocal(x), 1 / Math.LN2),
  inverse: { kind: 'exact', at: t => 2 ** t },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], 1e-4, 1e-3)], note: 'near the edge' },
    { inputs: [r.uniform([], 1e4, 1e5)], note: 'large' }
  ],
  extremes: [1e300, 1e-300]
})

/** log₂ x */
export const log2 = elementwiseFunction(log2Op)
