import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'

export const squareOp = elementwise({
  name: 'square',
  doc: `y = x²
  tangent  dy = 2 x dx
  adjoint  2 x ct
  inverse  ±√ỹ with the sign of x (plus at 0); 0 for ỹ < 0, the nearest target in reach
  source   seed "comparison": P(x) = (x0, x1²)`,
  tex: { y: 'y = x^2', slope: '2x', inverse: String.raw`\tilde x = \pm\sqrt{\max(\tilde y, 0)}` },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = x[i] * x[i]
  },
  gpu: 'x * x',
  exact: 'square',
  derivative: x => mul(x, 2),
  inverse: { kind: 'local', at: (t, x) => (x < 0 ? -1 : 1) * Math.sqrt(Math.max(0, t)) },
  extremes: [2e150, -2e150, 1e-150, -1e-150],
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], -2, -0.5)], note: 'negative branch' }
  ]
})

/** x² */
export const square = elementwiseFunction(squareOp)
