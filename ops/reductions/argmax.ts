import { reduceFibres } from '../../core/backends/plain/fibres.js'
import { ShapeError } from '../../core/errors.js'
import { keptAxes } from '../../core/families/reduction.js'
import { alloc } from '../../core/memory.js'
import { checkFlags } from '../../core/options.js'
import { fromEnd, show, size } from '../../core/shape.js'
import { reducedShape } from '../../core/structural/sum.js'
import { checkTensor, Tensor } from '../../core/tensor.js'

/** Does `value` win over `best`? NaN wins over all numbers, as in NumPy, and the first of several stays. */
type Wins = (value: number, best: number) => boolean

/** Positions of the winners along an axis (of all entries, row-major, without one), as numbers in the dtype of x. */
function positions(name: string, wins: Wins, x: Tensor, axis: number | undefined, keepDims: boolean): Tensor {
  checkTensor(x, name)
  checkFlags(name, { keepDims })
  const axes = axis === undefined ? x.shape.map((_, k) => k - x.rank) : [fromEnd(axis, x.rank, name)]
  if (axes.some(a => x.shape[x.rank + a] === 0))
    throw new ShapeError(`${name} of ${show(x.shape)}`, 'no entries', 'Give at least one along these axes')
  const shape = reducedShape(x.shape, { axes, keepDims })
  const y = alloc(size(shape), x.dtype)
  reduceFibres(x.data, y, x.shape, keptAxes(x.shape, axes), v => {
    let best = 0
    for (let i = 1; i < v.length; i++)
      if (!Number.isNaN(v[best]) && (Number.isNaN(v[i]) || wins(v[i], v[best]))) best = i
    return best
  })
  return new Tensor(shape, y)
}

/**
 * Positions of the largest entries along `axis`, the first one at ties; without an axis, of the largest of all, row-major.
 * Whole numbers in the dtype of x. No derivative: a constant for every tape. Throws ShapeError for an empty axis.
 */
export const argmax = (x: Tensor, axis?: number, keepDims = false): Tensor =>
  positions('argmax', (value, best) => value > best, x, axis, keepDims)

/** The same of the smallest entries. */
export const argmin = (x: Tensor, axis?: number, keepDims = false): Tensor =>
  positions('argmin', (value, best) => value < best, x, axis, keepDims)
