import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'
import { square } from './square.js'
import { sub } from './sub.js'

export const tanhOp = elementwise({
  name: 'tanh',
  doc: `y = tanh x
  tangent  dy = (1 - y²) dx
  adjoint  (1 - y²) ct
  inverse  x̃ = artanh ỹ; none at or beyond ±1`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i])
  },
  derivative: (_, y) => sub(1, square(y)),
  inverse: { kind: 'exact', at: t => (Math.abs(t) < 1 ? Math.atanh(t) : Number.NaN) },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -5, 5)], note: 'large' },
    { inputs: [tensor([25, -25])], smooth: false, note: 'saturated' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** tanh x */
export const tanh = elementwiseFunction(tanhOp)
