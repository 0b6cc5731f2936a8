import { elementwiseFunction } from '../../core/families/elementwise.js'
import { rounding } from './rounding.js'

export const ceilOp = rounding({
  name: 'ceil',
  y: 'the smallest integer ≥ x',
  tex: String.raw`y = \lceil x \rceil`,
  of: Math.ceil,
  gpu: 'Math.ceil(x)',
  jumps: 'integers',
  at: [1, -2, 0],
  between: [
    [0.1, 0.9],
    [-2.9, -2.1]
  ]
})

/** The smallest integer ≥ x; its derivative is 0 */
export const ceil = elementwiseFunction(ceilOp)
