import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'
import { neg } from './neg.js'

export const reciprocalOp = elementwise({
  name: 'reciprocal',
  doc: `y = 1 / x
  tangent  dy = -y² dx
  adjoint  -y² ct
  inverse  x̃ = 1 / ỹ; none for ỹ = 0
  domain   x ≠ 0; the derivative is infinite below 1e-154`,
  tex: { y: String.raw`y = \frac{1}{x}`, slope: '-y^2', inverse: String.raw`\tilde x = \frac{1}{\tilde y}` },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 1 / x[i]
  },
  gpu: '1 / x',
  exact: 'reciprocal',
  times: (d, _, y) => neg(mul(mul(d, y), y)),
  inverse: { kind: 'exact', at: t => (t === 0 ? Number.NaN : 1 / t) },
  extremes: [1e300, -1e300, 1e-150, -1e-150],
  examples: r => [{ inputs: [r.uniform([2, 3], 0.5, 2)] }, { inputs: [r.uniform([3], -2, -0.5)], note: 'negative' }]
})

/** 1 / x */
export const reciprocal = elementwiseFunction(reciprocalOp)
