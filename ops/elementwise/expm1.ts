import { expm1 as expm1Form } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { exp } from './exp.js'

export const expm1Op = elementwise({
  name: 'expm1',
  doc: `y = eˣ - 1, exact for small x
  tangent  dy = eˣ dx
  adjoint  eˣ ct
  inverse  x̃ = ln(1 + ỹ); none for ỹ ≤ -1`,
  tex: { y: 'y = e^x - 1', slope: 'e^x', inverse: String.raw`\tilde x = \ln(1 + \tilde y)` },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.expm1(x[i])
  },
  gpu: expm1Form('x'),
  wasm: 'expm1',
  derivative: x => exp(x),
  inverse: { kind: 'exact', at: t => (t > -1 ? Math.log1p(t) : Number.NaN) },
  extremes: [700, -700, 1e-300, -1e-300],
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -1e-6, 1e-6)], note: 'small' },
    { inputs: [r.uniform([2], -8, 8)], note: 'large' }
  ]
})

/** eˣ - 1, exact for small x */
export const expm1 = elementwiseFunction(expm1Op)
