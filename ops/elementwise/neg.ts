import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'

export const negOp = elementwise({
  name: 'neg',
  doc: `y = -x
  tangent  dy = -dx
  adjoint  -ct
  inverse  x̃ = -ỹ`,
  tex: { y: 'y = -x', slope: '-', inverse: String.raw`\tilde x = -\tilde y` },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = -x[i]
  },
  gpu: '-x',
  exact: 'neg',
  derivative: () => -1,
  inverse: { kind: 'exact', at: t => -t },
  examples: r => [{ inputs: [r.normal([2, 3])] }, { inputs: [r.normal([])] }]
})

/** -x */
export const neg = elementwiseFunction(negOp)
