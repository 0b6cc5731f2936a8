import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { reciprocal } from './reciprocal.js'

export const logOp = elementwise({
  name: 'log',
  doc: `y = ln x
  tangent  dy = dx / x
  adjoint  ct / x
  inverse  x̃ = e^ỹ
  domain   x > 0`,
  tex: { y: String.raw`y = \ln x`, slope: String.raw`\frac{1}{x}`, inverse: String.raw`\tilde x = e^{\tilde y}` },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.log(x[i])
  },
  gpu: 'Math.log(x)',
  wasm: 'log',
  derivative: x => reciprocal(x),
  inverse: { kind: 'exact', at: t => Math.exp(t) },
  extremes: [1e300, 1e-300],
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], 1e-4, 1e-3)], note: 'near the edge' },
    { inputs: [r.uniform([], 1e4, 1e5)], note: 'large' }
  ]
})

/** ln x */
export const log = elementwiseFunction(logOp)
