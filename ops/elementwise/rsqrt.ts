import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'

export const rsqrtOp = elementwise({
  name: 'rsqrt',
  doc: `y = 1/√x
  tangent  dy = -½ y³ dx
  adjoint  -½ y³ ct
  inverse  x̃ = 1/ỹ²; none for ỹ ≤ 0
  domain   x > 0; the derivative is infinite below 1e-205`,
  tex: {
    y: String.raw`y = \frac{1}{\sqrt x}`,
    slope: String.raw`-\tfrac12 y^3`,
    inverse: String.raw`\tilde x = \tilde y^{-2}`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 1 / Math.sqrt(x[i])
  },
  gpu: '1 / Math.sqrt(x)',
  times: (d, _, y) => mul(mul(mul(mul(d, y), y), y), -0.5),
  inverse: { kind: 'exact', at: t => (t > 0 ? 1 / (t * t) : Number.NaN) },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], 1e-4, 1e-3)], note: 'near the edge' },
    { inputs: [r.uniform([], 1e4, 1e5)], note: 'large' }
  ],
  extremes: [1e300, 1e-200]
})

/** 1/√x */
export const rsqrt = elementwiseFunction(rsqrtOp)
