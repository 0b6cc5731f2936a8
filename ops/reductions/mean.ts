import { ShapeError } from '../../core/errors.js'
import { checkFlags } from '../../core/options.js'
import { axesFromEnd, show } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { sum } from '../../core/structural/sum.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'

/** Mean over `axes` (all by default): the sum divided by the number of entries. */
export function mean(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  checkTensor(x, 'mean')
  checkFlags('mean', { keepDims })
  const n = axesFromEnd(axes, x.rank, 'mean').reduce((p, a) => p * x.shape[x.rank + a], 1)
  if (n === 0) throw new ShapeError(`mean of ${show(x.shape)}`, 'no entries', 'The mean of nothing is not defined')
  return mul(sum(x, axes, keepDims), 1 / n)
}
