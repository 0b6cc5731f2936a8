import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { square } from './square.js'
import { sub } from './sub.js'
export const tanhOp = elementwise({
  name: 'tanh',
  doc: 'tmp',
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i])
  },
  derivative: (_, y) => sub(1, square(y)),
  noInverse: 'tmp',
  examples: r => [{ inputs: [r.normal([3])] }]
})
export const tanh = elementwiseFunction(tanhOp)
