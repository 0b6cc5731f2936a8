import { log1p as log1pForm } from '../../core/backends/gpu/formulas.js'
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
  tex: {
    y: String.raw`y = \ln(1 + x)`,
    slope: String.raw`\frac{1}{1 + x}`,
    inverse: String.raw`\tilde x = e^{\tilde y} - 1`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.log1p(x[i])
  },
  gpu: `${log1pForm('l', 'x')} return l;`,
  wasm: 'log1p',
  derivative: x => reciprocal(add(x, 1)),
  inverse: { kind: 'exact', at: t => Math.expm1(t) },
  extremes: [1e300, 1e-300, -1e-300],
  examples: r => [
    { inputs: [r.uniform([2, 3], -0.5, 2)] },
    { inputs: [r.uniform([3], -1e-6, 1e-6)], note: 'small' },
    { inputs: [r.uniform([], 1e4, 1e5)], note: 'large' }
  ]
})

/** ln(1 + x), exact for small x */
export const log1p = elementwiseFunction(log1pOp)
