import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { add } from '../../core/structural/add.js'
import { reciprocal } from './reciprocal.js'

export const log1pOp = elementwise({
  name: 'log1p',
  doc: `y = ln(1 + x), exact for small x
  tangent  dy = dx / (1 + x)
  adjoint  ct / (1 + x)
  inverse  x̃ = e^ỹ - 1
  domain   x > -1`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.log1p(x[i])
  },
  derivative: x => reciprocal(add(x, 1)),
  inverse: { kind: 'exact', at: t => Math.expm1(t) },
  examples: r => [
    { inputs: [r.uniform([2, 3], -0.5, 2)] },
    { inputs: [r.uniform([3], -1e-6, 1e-6)], note: 'small' },
    { inputs: [r.uniform([], 1e4, 1e5)], note: 'large' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** ln(1 + x), exact for small x */
export const log1p = elementwiseFunction(log1pOp)
