import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'
import { where } from './where.js'

export const reluOp = elementwise({
  name: 'relu',
  doc: `y = max(x, 0)
  tangent  dy = dx where x > 0, else 0
  adjoint  ct where x > 0, else 0
  inverse  ỹ for ỹ > 0; otherwise x stays where it is not positive, and becomes 0 where it is
  caveats  at 0 the derivative counts as 0, as in PyTorch`,
  tex: {
    y: String.raw`y = \max(x, 0)`,
    slope: String.raw`[x > 0]\,`,
    inverse: String.raw`\tilde x = \begin{cases} \tilde y & \tilde y > 0 \\ \min(x, 0) & \text{else} \end{cases}`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.max(x[i], 0)
  },
  gpu: 'Math.max(x, 0)',
  exact: 'relu',
  // y is 0 just where nothing passes: one pass over both, without a mask of its own.
  times: (change, _, y) => where(y, change, 0),
  inverse: { kind: 'local', at: (t, x) => (t > 0 ? t : Math.min(x, 0)) },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], 0.5, 2)], note: 'all positive' },
    { inputs: [tensor([0, 1, -1])], smooth: false, note: 'kink' }
  ]
})

/** max(x, 0) */
export const relu = elementwiseFunction(reluOp)
