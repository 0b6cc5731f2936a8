import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'

const toEven = (x: number): number => {
  const down = Math.floor(x)
  return x - down === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)
}

export const roundOp = elementwise({
  name: 'round',
  doc: `y = the nearest integer, the even one of two (IEEE 754, as NumPy and PyTorch)
  tangent  dy = 0
  adjoint  0
  inverse  none: an output stands for an interval of inputs
  caveats  constant but for the jumps at the halves, where the derivative counts as 0 too, as in PyTorch`,
  tex: { y: String.raw`y = \lfloor x \rceil`, slope: '0' },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = toEven(x[i])
  },
  derivative: () => 0,
  noInverse: 'an output stands for an interval of inputs',
  extremes: [],
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.6, 1.4)] },
    { inputs: [r.uniform([3], -2.4, -1.6)], note: 'negative' },
    { inputs: [tensor([0.5, 1.5, -2.5])], smooth: false, note: 'jump' },
    {
      inputs: [tensor([1e300, -1e300, 1e-300, -1e-300])],
      smooth: false,
      extreme: true,
      note: 'beyond 2⁵³ every number is an integer'
    }
  ]
})

/** The nearest integer, of two the even one; its derivative is 0 */
export const round = elementwiseFunction(roundOp)
