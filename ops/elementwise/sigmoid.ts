import { sigmoid as sigmoidForm } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import type { Data } from '../../core/memory.js'
import { mul } from '../../core/structural/mul.js'
import { neg } from './neg.js'

/** 1 / (1 + e⁻ˣ) from the exponential that cannot overflow. */
export function sigmoidOf(x: number): number {
  const e = Math.exp(-Math.abs(x))
  return x >= 0 ? 1 / (1 + e) : e / (1 + e)
}

export const sigmoidOp = elementwise({
  name: 'sigmoid',
  doc: `y = 1 / (1 + e⁻ˣ)
  tangent  dy = y (1 - y) dx, with 1 - y = sigmoid(-x), which does not cancel
  adjoint  y (1 - y) ct
  inverse  x̃ = ln ỹ - ln(1 - ỹ); none outside 0 < ỹ < 1
  caveats  from 37 on y is 1 to rounding, and a target 1 asks for no change there`,
  tex: {
    y: String.raw`y = \frac{1}{1 + e^{-x}}`,
    slope: String.raw`\sigma(x)\,\sigma(-x)\,`,
    inverse: String.raw`\tilde x = \ln\tilde y - \ln(1 - \tilde y)`
  },
  kernel: (x: Data, y: Data) => {
    for (let i = 0; i < x.length; i++) y[i] = sigmoidOf(x[i])
  },
  gpu: `${sigmoidForm('s', 'x')} return s;`,
  wasm: 'sigmoid',
  derivative: (x, y) => mul(y, sigmoid(neg(x))),
  inverse: { kind: 'exact', at: t => (t > 0 && t < 1 ? Math.log(t) - Math.log1p(-t) : Number.NaN) },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -30, -10)], note: 'large, negative' },
    { inputs: [r.uniform([3], 4, 7)], note: 'large, positive' }
  ]
})

/** 1 / (1 + e⁻ˣ) */
export const sigmoid = elementwiseFunction(sigmoidOp)
