import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'
import { sign } from './sign.js'

export const absOp = elementwise({
  name: 'abs',
  doc: `y = |x|
  tangent  dy = sign(x) dx, 0 at 0
  adjoint  sign(x) ct
  inverse  ±ỹ with the sign of x (plus at 0); 0 for ỹ < 0, the nearest target in reach`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.abs(x[i])
  },
  derivative: x => sign(x),
  inverse: { kind: 'local', at: (t, x) => (x < 0 ? -1 : 1) * Math.max(0, t) },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], -2, -0.5)], note: 'negative branch' },
    { inputs: [tensor([0, 1, -1])], smooth: false, note: 'kink' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** |x| */
export const abs = elementwiseFunction(absOp)
