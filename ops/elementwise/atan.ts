import { atan2 } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { add } from '../../core/structural/add.js'
import { reciprocal } from './reciprocal.js'
import { square } from './square.js'

export const atanOp = elementwise({
  name: 'atan',
  doc: `y = arctan x
  tangent  dy = dx / (1 + x²)
  adjoint  ct / (1 + x²)
  inverse  x̃ = tan ỹ; none at or beyond ±π/2`,
  tex: {
    y: String.raw`y = \arctan x`,
    slope: String.raw`\frac{1}{1 + x^2}`,
    inverse: String.raw`\tilde x = \tan\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.atan(x[i])
  },
  gpu: `const y = 1; ${atan2('l', 'x', 'y')} return l;`,
  derivative: x => reciprocal(add(square(x), 1)),
  inverse: { kind: 'exact', at: t => (Math.abs(t) < Math.PI / 2 ? Math.tan(t) : Number.NaN) },
  examples: r => [{ inputs: [r.normal([2, 3])] }, { inputs: [r.uniform([3], -20, 20)], note: 'large' }]
})

/** arctan x */
export const atan = elementwiseFunction(atanOp)
