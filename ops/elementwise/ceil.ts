import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'

export const ceilOp = elementwise({
  name: 'ceil',
  doc: `y = the smallest integer ≥ x
  tangent  dy = 0
  adjoint  0
  inverse  none: an output stands for an interval of inputs
  caveats  constant but for the jumps at the integers, where the derivative counts as 0 too, as in PyTorch`,
  tex: { y: String.raw`y = \lceil x \rceil`, slope: '0' },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.ceil(x[i])
  },
  derivative: () => 0,
  noInverse: 'an output stands for an interval of inputs',
  extremes: [],
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.1, 0.9)] },
    { inputs: [r.uniform([3], -2.9, -2.1)], note: 'negative' },
    { inputs: [tensor([1, -2, 0])], smooth: false, note: 'jump' },
    {
      inputs: [tensor([1e300, -1e300, 1e-300, -1e-300])],
      smooth: false,
      extreme: true,
      note: 'beyond 2⁵³ every number is an integer'
    }
  ]
})

/** The smallest integer ≥ x; its derivative is 0 */
export const ceil = elementwiseFunction(ceilOp)
