import { erf as erfForm } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'
import { erfOf, inverseErf, SLOPE } from './errorFunction.js'
import { exp } from './exp.js'
import { neg } from './neg.js'
import { square } from './square.js'

export const erfOp = elementwise({
  name: 'erf',
  doc: `y = erf x = 2/√π ∫₀ˣ e^(-t²) dt
  tangent  dy = 2/√π e^(-x²) dx
  adjoint  2/√π e^(-x²) ct
  inverse  x̃ = erf⁻¹ ỹ by Halley's iteration; none at or beyond ±1
  caveats  from 6 on y is ±1 to rounding, and a target ±1 asks for no change there; erfc keeps the tail`,
  tex: {
    y: String.raw`y = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2}\,dt`,
    slope: String.raw`\frac{2}{\sqrt\pi}\,e^{-x^2}`,
    inverse: String.raw`\tilde x = \operatorname{erf}^{-1}\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = erfOf(x[i])
  },
  gpu: erfForm('x'),
  wasm: 'erf',
  derivative: x => mul(exp(neg(square(x))), SLOPE),
  inverse: { kind: 'exact', at: inverseErf },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -3, 3)], note: 'large' },
    { inputs: [r.uniform([2], 0.8, 1.4)], note: 'across two approximations' }
  ]
})

/** The error function. */
export const erf = elementwiseFunction(erfOp)
