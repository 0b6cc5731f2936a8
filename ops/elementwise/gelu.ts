import { erfc as erfcForm } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { erfc } from './erfc.js'
import { erfcOf } from './errorFunction.js'
import { exp } from './exp.js'
import { square } from './square.js'
import { invertValley } from './valley.js'

/** Φ(x), by erfc: 1 + erf would cancel at the left. */
const cdf = (x: number): number => 0.5 * erfcOf(-x * Math.SQRT1_2)
const value = (x: number): number => x * cdf(x)
const slope = (x: number): number => cdf(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI)

export const geluOp = elementwise({
  name: 'gelu',
  doc: `y = x Φ(x), Φ(x) = erfc(-x/√2) / 2 the normal distribution
  tangent  dy = (Φ(x) + x φ(x)) dx, φ(x) = e^(-x²/2) / √2π
  adjoint  (Φ(x) + x φ(x)) ct
  inverse  on the branch of x, left or right of the minimum (-0.7518, -0.1700); 0 ≤ ỹ is on the right branch only,
           and below the minimum x̃ is the minimum, the nearest target in reach. By a bracketed Newton iteration
  source   Hendrycks & Gimpel 2016, the exact form`,
  tex: {
    y: String.raw`y = x\,\Phi(x)`,
    slope: String.raw`(\Phi(x) + x\,\varphi(x))`,
    inverse: String.raw`\tilde x\,\Phi(\tilde x) = \tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = value(x[i])
  },
  gpu: `const u = -x * 0.7071067811865476; ${erfcForm('f', 'u')} return 0.5 * x * f;`,
  wasm: 'gelu',
  derivative: x => {
    const probability = mul(erfc(mul(x, -Math.SQRT1_2)), 0.5)
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
    return add(probability, mul(x, density))
  },
  inverse: {
    kind: 'local',
    at: (t, x) => invertValley(t, x, { f: value, slope, bottom: -0.7517915246935645, left: -38 })
  },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -3, -1)], note: 'left branch' },
    { inputs: [r.uniform([3], 5, 50)], note: 'large' }
  ]
})

/** x Φ(x), the exact form with erf */
export const gelu = elementwiseFunction(geluOp)
