import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { neg } from './neg.js'
import { square } from './square.js'

export const reciprocalOp = elementwise({
  name: 'reciprocal',
  doc: `y = 1 / x
  tangent  dy = -y² dx
  adjoint  -y² ct
  inverse  x̃ = 1 / ỹ; none for ỹ = 0
  domain   x ≠ 0`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 1 / x[i]
  },
  derivative: (_, y) => neg(square(y)),
  inverse: { kind: 'exact', at: t => (t === 0 ? Number.NaN : 1 / t) },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], -2, -0.5)], note: 'negative' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** 1 / x */
export const reciprocal = elementwiseFunction(reciprocalOp)
