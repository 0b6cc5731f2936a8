import { elementwiseFunction } from '../../core/families/elementwise.js'
import { rounding } from './rounding.js'

export const floorOp = rounding({
  name: 'floor',
  y: 'the largest integer ≤ x',
  tex: String.raw`y = \lfloor x \rfloor`,
  of: Math.floor,
  gpu: 'Math.floor(x)',
  jumps: 'integers',
  at: [1, -2, 0],
  between: [
    [0.1, 0.9],
    [-2.9, -2.1]
  ]
})

/** The largest integer ≤ x; its derivative is 0 */
export const floor = elementwiseFunction(floorOp)
