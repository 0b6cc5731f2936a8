import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'
import { sign } from './sign.js'

export const absOp = elementwise({
  name: 'abs',
  doc: `y = |x|
  tangent  dy = sign(x) dx
  adjoint  sign(x) ct
  inverse  ±ỹ with the sign of x (plus at 0); 0 for ỹ < 0, the nearest target in reach
  caveats  at 0 the derivative counts as 0, as in PyTorch`,
  tex: {
    y: 'y = |x|',
    slope: String.raw`\operatorname{sign}(x)`,
    inverse: String.raw`\tilde x = \pm\max(\tilde y, 0)`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.abs(x[i])
  },
  gpu: 'Math.abs(x)',
  exact: 'abs',
  derivative: x => sign(x),
  inverse: { kind: 'local', at: (t, x) => (x < 0 ? -1 : 1) * Math.max(0, t) },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], -2, -0.5)], note: 'negative branch' },
    { inputs: [tensor([0, 1, -1])], smooth: false, note: 'kink' }
  ]
})

/** |x| */
export const abs = elementwiseFunction(absOp)
