import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'
import { reciprocal } from './reciprocal.js'
import { square } from './square.js'

export const cbrtOp = elementwise({
  name: 'cbrt',
  doc: `y = ∛x
  tangent  dy = dx / 3y²
  adjoint  ct / 3y²
  inverse  x̃ = ỹ³
  domain   all x; the derivative is infinite at 0`,
  tex: {
    y: String.raw`y = \sqrt[3]{x}`,
    slope: String.raw`\frac{1}{3 y^2}`,
    inverse: String.raw`\tilde x = \tilde y^3`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.cbrt(x[i])
  },
  gpu: 'Math.sign(x) * Math.pow(Math.abs(x), 0.3333333333333333)',
  derivative: (_, y) => reciprocal(mul(square(y), 3)),
  inverse: { kind: 'exact', at: t => t * t * t },
  examples: r => [{ inputs: [r.uniform([2, 3], 0.5, 2)] }, { inputs: [r.uniform([3], -9, -0.1)], note: 'negative' }]
})

/** ∛x */
export const cbrt = elementwiseFunction(cbrtOp)
