import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'

export const signOp = elementwise({
  name: 'sign',
  doc: `y = -1, 0 or 1
  tangent  0
  adjoint  0
  domain   constant but for the jump at 0, where the derivative counts as 0 too`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sign(x[i])
  },
  derivative: () => 0,
  noInverse: 'an output stands for half of the line',
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [tensor([0, 2, -3])], smooth: false, note: 'jump' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** -1, 0 or 1; its derivative is 0 */
export const sign = elementwiseFunction(signOp)
