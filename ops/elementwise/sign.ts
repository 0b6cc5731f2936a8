import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'

export const signOp = elementwise({
  name: 'sign',
  doc: `y = -1, 0 or 1
  tangent  dy = 0
  adjoint  0
  inverse  none: an output stands for half of the line
  caveats  constant but for the jump at 0, where y and the derivative are 0, as in PyTorch`,
  tex: { y: String.raw`y = \operatorname{sign} x`, slope: '0' },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sign(x[i])
  },
  gpu: 'Math.sign(x)',
  derivative: () => 0,
  noInverse: 'an output stands for half of the line',
  examples: r => [{ inputs: [r.normal([2, 3])] }, { inputs: [tensor([0, 2, -3])], smooth: false, note: 'jump' }]
})

/** -1, 0 or 1; its derivative is 0 */
export const sign = elementwiseFunction(signOp)
