import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'

export const negOp = elementwise({
  name: 'neg',
  doc: `y = -x
  tangent  dy = -dx
  adjoint  -ct
  inverse  x̃ = -ỹ`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = -x[i]
  },
  derivative: () => -1,
  inverse: { kind: 'exact', at: t => -t },
  examples: r => [{ inputs: [r.normal([2, 3])] }, { inputs: [r.normal([])] }, { inputs: [r.normal([0])] }]
})

/** -x */
export const neg = elementwiseFunction(negOp)
