import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'

export const expOp = elementwise({
  name: 'exp',
  doc: `y = eˣ
  tangent  dy = y dx
  adjoint  y ct
  inverse  x̃ = ln ỹ; none for ỹ ≤ 0`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.exp(x[i])
  },
  derivative: (_, y) => y,
  inverse: { kind: 'exact', at: t => (t > 0 ? Math.log(t) : Number.NaN) },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -12, 12)], note: 'large' },
    { inputs: [r.uniform([], 40, 60)] },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** eˣ */
export const exp = elementwiseFunction(expOp)
