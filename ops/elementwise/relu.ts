import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { Tensor } from '../../core/tensor.js'
export const reluOp = elementwise({
  name: 'relu',
  doc: 'tmp',
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = x[i] > 0 ? x[i] : 0
  },
  derivative: x =>
    new Tensor(
      x.shape,
      x.data.map(v => (v > 0 ? 1 : 0))
    ),
  noInverse: 'tmp',
  examples: r => [{ inputs: [r.normal([3])] }]
})
export const relu = elementwiseFunction(reluOp)
