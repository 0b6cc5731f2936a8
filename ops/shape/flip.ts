import { apply } from '../../core/apply.js'
import { axesFromEnd } from '../../core/shape.js'
import { checkTensor, type Tensor, tensor } from '../../core/tensor.js'
import { indexList, indexMap } from './indexMap.js'

export const flipOp = indexMap({
  name: 'flip',
  doc: 'y_i = x_{n-1-i} along an axis: a permutation, and its own inverse',
  y: 'y_i = x_{n-1-i}',
  index: n => indexList(n, i => n - 1 - i),
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { axis: -1 } },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2 } },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1 }, note: 'one entry' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1 }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300])], attrs: { axis: -1 }, extreme: true }
  ]
})

/** The entries in reverse order along one axis or several, all by default. */
export function flip(x: Tensor, axes?: number | readonly number[]): Tensor {
  checkTensor(x, 'flip')
  return axesFromEnd(axes, x.rank, 'flip').reduce((y, axis) => apply(flipOp, [y], { axis }), x)
}
