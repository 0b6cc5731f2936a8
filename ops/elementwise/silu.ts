import { sigmoid as sigmoidForm } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { neg } from './neg.js'
import { sigmoid, sigmoidOf } from './sigmoid.js'
import { invertValley } from './valley.js'

const value = (x: number): number => x * sigmoidOf(x)
const slope = (x: number): number => sigmoidOf(x) * (1 + x * sigmoidOf(-x))

export const siluOp = elementwise({
  name: 'silu',
  doc: `y = x sigmoid(x)
  tangent  dy = s (1 + x (1 - s)) dx, s = sigmoid(x), 1 - s = sigmoid(-x)
  adjoint  s (1 + x (1 - s)) ct
  inverse  on the branch of x, left or right of the minimum (-1.2785, -0.2785); 0 ≤ ỹ is on the right branch only,
           and below the minimum x̃ is the minimum, the nearest target in reach. By a bracketed Newton iteration
  source   Elfwing et al. 2017; also called swish`,
  tex: {
    y: String.raw`y = x\,\sigma(x)`,
    slope: String.raw`\sigma(x)\,(1 + x\,\sigma(-x))`,
    inverse: String.raw`\tilde x\,\sigma(\tilde x) = \tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = value(x[i])
  },
  gpu: `${sigmoidForm('s', 'x')} return x * s;`,
  wasm: 'silu',
  derivative: x => mul(sigmoid(x), add(mul(x, sigmoid(neg(x))), 1)),
  inverse: {
    kind: 'local',
    at: (t, x) => invertValley(t, x, { f: value, slope, bottom: -1.278464542761074, left: -740 })
  },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -9, -2)], note: 'left branch' },
    { inputs: [r.uniform([3], 5, 50)], note: 'large' }
  ]
})

/** x sigmoid(x) */
export const silu = elementwiseFunction(siluOp)
