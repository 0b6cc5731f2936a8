import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'

export const ceilOp = elementwise({
  name: 'ceil',
  doc: `y = the smallest integer ≥ x
  tangent  0
  adjoint  0
  domain   constant but for the jumps at the integers, where the derivative counts as 0 too`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.ceil(x[i])
  },
  derivative: () => 0,
  noInverse: 'an output stands for an interval of inputs',
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.1, 0.9)] },
    { inputs: [r.uniform([3], -2.9, -2.1)], note: 'negative' },
    { inputs: [tensor([1, -2, 0])], smooth: false, note: 'jump' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** The smallest integer ≥ x; its derivative is 0 */
export const ceil = elementwiseFunction(ceilOp)
