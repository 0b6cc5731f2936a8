import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { tensor } from '../../core/tensor.js'

const toEven = (x: number): number => {
  const down = Math.floor(x)
  return x - down === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)
}

export const roundOp = elementwise({
  name: 'round',
  doc: `y = the nearest integer, the even one of two (IEEE 754, as NumPy and PyTorch)
  tangent  0
  adjoint  0
  domain   constant but for the jumps at the halves, where the derivative counts as 0 too`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = toEven(x[i])
  },
  derivative: () => 0,
  noInverse: 'an output stands for an interval of inputs',
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.6, 1.4)] },
    { inputs: [r.uniform([3], -2.4, -1.6)], note: 'negative' },
    { inputs: [tensor([0.5, 1.5, -2.5])], smooth: false, note: 'jump' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** The nearest integer, of two the even one; its derivative is 0 */
export const round = elementwiseFunction(roundOp)
