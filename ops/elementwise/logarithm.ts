import { elementwise } from '../../core/families/elementwise.js'
import type { Op } from '../../core/op.js'
import { mul } from '../../core/structural/mul.js'
import { reciprocal } from './reciprocal.js'

/** The family of log2 and log10: y = log_b x; `ln` is ln b, `of` the logarithm of one number. */
export const logarithm = (name: string, b: number, ln: number, of: (x: number) => number): Op<undefined> =>
  elementwise({
    name,
    doc: `y = log_${b} x
  tangent  dy = dx / (x ln ${b})
  adjoint  ct / (x ln ${b})
  inverse  x̃ = ${b}^ỹ
  domain   x > 0`,
    tex: {
      y: String.raw`y = \log_{${b}} x`,
      slope: String.raw`\frac{1}{x \ln ${b}}`,
      inverse: String.raw`\tilde x = ${b}^{\tilde y}`
    },
    kernel: (x, y) => {
      for (let i = 0; i < x.length; i++) y[i] = of(x[i])
    },
    gpu: `Math.log(x) * ${1 / ln}`,
    derivative: x => mul(reciprocal(x), 1 / ln),
    inverse: { kind: 'exact', at: t => b ** t },
    examples: r => [
      { inputs: [r.uniform([2, 3], 0.5, 2)] },
      { inputs: [r.uniform([3], 1e-4, 1e-3)], note: 'near the edge' },
      { inputs: [r.uniform([], 1e4, 1e5)], note: 'large' }
    ],
    extremes: [1e300, 1e-300]
  })
