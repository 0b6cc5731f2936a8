import { log1p } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { sigmoid } from './sigmoid.js'

export const softplusOp = elementwise({
  name: 'softplus',
  doc: `y = ln(1 + eˣ), computed as max(x, 0) + ln(1 + e^-|x|)
  tangent  dy = sigmoid(x) dx
  adjoint  sigmoid(x) ct
  inverse  x̃ = ỹ + ln(1 - e^-ỹ); none for ỹ ≤ 0`,
  tex: {
    y: String.raw`y = \ln(1 + e^x)`,
    slope: String.raw`\sigma(x)\,`,
    inverse: String.raw`\tilde x = \tilde y + \ln(1 - e^{-\tilde y})`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.max(x[i], 0) + Math.log1p(Math.exp(-Math.abs(x[i])))
  },
  gpu: `const e = Math.exp(-Math.abs(x)); ${log1p('l', 'e')} return Math.max(x, 0) + l;`,
  wasm: 'softplus',
  derivative: x => sigmoid(x),
  inverse: { kind: 'exact', at: t => (t > 0 ? t + Math.log(-Math.expm1(-t)) : Number.NaN) },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -20, -10)], note: 'large, negative' },
    { inputs: [r.uniform([3], 10, 800)], note: 'large, positive' }
  ]
})

/** ln(1 + eˣ) */
export const softplus = elementwiseFunction(softplusOp)
