import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'
import { reciprocal } from './reciprocal.js'

export const sqrtOp = elementwise({
  name: 'sqrt',
  doc: `y = √x
  tangent  dy = dx / 2y
  adjoint  ct / 2y
  inverse  x̃ = ỹ²; 0 for ỹ < 0, the nearest target in reach
  domain   x ≥ 0; the derivative is infinite at 0`,
  tex: { y: String.raw`y = \sqrt{x}`, slope: String.raw`\frac{1}{2y}`, inverse: String.raw`\tilde x = \tilde y^2` },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sqrt(x[i])
  },
  gpu: 'Math.sqrt(x)',
  exact: 'sqrt',
  derivative: (_, y) => reciprocal(mul(y, 2)),
  inverse: { kind: 'exact', at: t => (t > 0 ? t * t : 0) },
  extremes: [1e300, 1e-300],
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], 1e-4, 1e-3)], note: 'near the edge' },
    { inputs: [r.uniform([], 1e4, 1e5)], note: 'large' }
  ]
})

/** √x */
export const sqrt = elementwiseFunction(sqrtOp)
