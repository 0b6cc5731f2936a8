import { apply } from '../../core/apply.js'
import { ShapeError } from '../../core/errors.js'
import type { AlongAxisAttrs } from '../../core/families/alongAxis.js'
import { fromEnd, show } from '../../core/shape.js'
import { checkTensor, type Tensor, tensor } from '../../core/tensor.js'
import { indexList, indexMap } from './indexMap.js'

interface RollAttrs extends AlongAxisAttrs {
  /** By how many places entries move up; what leaves at one end enters at the other. */
  readonly shift: number
}

export const rollOp = indexMap<RollAttrs>({
  name: 'roll',
  doc: 'y_i = x_{(i-s) mod n} along an axis: a permutation; its inverse shifts by -s',
  y: String.raw`y_i = x_{(i-s) \bmod n}`,
  index: (n, { shift }) => indexList(n, i => (((i - shift) % n) + n) % n),
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, shift: 1 } },
    { inputs: [r.normal([4, 2])], attrs: { axis: -2, shift: -6 }, note: 'more than once around, down' },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, shift: 1 }, note: 'one entry' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, shift: 1 }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300])], attrs: { axis: -1, shift: 1 }, extreme: true }
  ]
})

/**
 * Entries moved up by `shift` places along an axis; those that leave at one end enter at the other, as on a periodic
 * grid: `roll(x, 1, -1)` of [1, 2, 3] is [3, 1, 2]. Several axes have a shift each, and shifts along one axis add up
 * (NumPy's roll, with its axes always named).
 *
 * Throws ShapeError for a shift that is no whole number, and for axes and shifts that are not equally many.
 */
export function roll(x: Tensor, shift: number | readonly number[], axes: number | readonly number[]): Tensor {
  checkTensor(x, 'roll')
  const along: readonly number[] = typeof axes === 'number' ? [axes] : axes
  const by: readonly number[] = typeof shift === 'number' ? Array(along?.length).fill(shift) : shift
  if (!Array.isArray(along) || !Array.isArray(by) || by.length !== along.length || !by.every(Number.isSafeInteger))
    throw new ShapeError(
      `roll of ${show(x.shape)}`,
      `shift ${JSON.stringify(shift)} along axes ${JSON.stringify(axes)}`,
      'Give a whole number for each axis, or one for all'
    )
  return along.reduce((y, a, k) => apply(rollOp, [y], { axis: fromEnd(a, x.rank, 'roll'), shift: by[k] }), x)
}
