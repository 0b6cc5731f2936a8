import { elementwiseFunction } from '../../core/families/elementwise.js'
import { rounding } from './rounding.js'

const toEven = (x: number): number => {
  const down = Math.floor(x)
  return x - down === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)
}

export const roundOp = rounding({
  name: 'round',
  y: 'the nearest integer, the even one of two (IEEE 754, as NumPy and PyTorch)',
  tex: String.raw`y = \lfloor x \rceil`,
  of: toEven,
  gpu: `const d = Math.floor(x); const r = x - d;
  return r < 0.5 ? d : r > 0.5 ? d + 1 : 2 * Math.floor(d / 2 + 0.5);`,
  jumps: 'halves',
  at: [0.5, 1.5, -2.5],
  between: [
    [0.6, 1.4],
    [-2.4, -1.6]
  ]
})

/** The nearest integer, of two the even one; its derivative is 0 */
export const round = elementwiseFunction(roundOp)
