import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { div } from './div.js'
export const sqrtOp = elementwise({
  name: 'sqrt',
  doc: 'tmp',
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sqrt(x[i])
  },
  derivative: (_, y) => div(0.5, y),
  noInverse: 'tmp',
  examples: r => [{ inputs: [r.uniform([3], 1, 2)] }]
})
export const sqrt = elementwiseFunction(sqrtOp)
