import { tanh as tanhForm } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'
import { tensor } from '../../core/tensor.js'
import { sigmoid } from './sigmoid.js'

export const tanhOp = elementwise({
  name: 'tanh',
  doc: `y = tanh x
  tangent  dy = (1 - y²) dx, with 1 - y² = 4 sigmoid(2x) sigmoid(-2x), which does not cancel
  adjoint  (1 - y²) ct
  inverse  x̃ = artanh ỹ; none at or beyond ±1
  caveats  from 19 on y is ±1 to rounding, and a target ±1 asks for no change there`,
  tex: {
    y: String.raw`y = \tanh x`,
    slope: '(1 - y^2)',
    inverse: String.raw`\tilde x = \operatorname{artanh}\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i])
  },
  gpu: tanhForm('x'),
  wasm: 'tanh',
  derivative: x => mul(mul(sigmoid(mul(x, 2)), sigmoid(mul(x, -2))), 4),
  inverse: { kind: 'exact', at: t => (Math.abs(t) < 1 ? Math.atanh(t) : Number.NaN) },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -5, 5)], note: 'large' },
    { inputs: [tensor([25, -25])], smooth: false, note: 'saturated' }
  ]
})

/** tanh x */
export const tanh = elementwiseFunction(tanhOp)
