import { erfc as erfcForm } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'
import { erfcOf, inverseErfc, SLOPE } from './errorFunction.js'
import { exp } from './exp.js'
import { neg } from './neg.js'
import { square } from './square.js'

export const erfcOp = elementwise({
  name: 'erfc',
  doc: `y = erfc x = 1 - erf x, without the cancellation: erfc 26 is 6e-296
  tangent  dy = -2/√π e^(-x²) dx
  adjoint  -2/√π e^(-x²) ct
  inverse  x̃ = erfc⁻¹ ỹ by Halley's iteration; none outside 0 < ỹ < 2`,
  tex: {
    y: String.raw`y = 1 - \operatorname{erf} x`,
    slope: String.raw`-\frac{2}{\sqrt\pi}\,e^{-x^2}`,
    inverse: String.raw`\tilde x = \operatorname{erfc}^{-1}\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = erfcOf(x[i])
  },
  gpu: `${erfcForm('f', 'x')} return f;`,
  wasm: 'erfc',
  derivative: x => mul(exp(neg(square(x))), -SLOPE),
  inverse: { kind: 'exact', at: inverseErfc },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], 2, 3)], note: 'tail' },
    { inputs: [r.uniform([3], -3, -1)], note: 'near 2' }
  ],
  extremes: [1e300, -1e300, 26.2, 1e-300]
})

/** 1 - erf x, exact in the tail */
export const erfc = elementwiseFunction(erfcOp)
