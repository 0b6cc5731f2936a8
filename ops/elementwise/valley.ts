import { bracketed } from './bracketed.js'

export interface Valley {
  f(x: number): number
  slope(x: number): number
  /** Where f is least. */
  bottom: number
  /** So far to the left that f is 0 to rounding. */
  left: number
}

/**
 * The inverse of a function that comes from 0 at the far left, falls to its minimum, and rises like x at the right
 * (gelu, silu): the x̃ on the branch of x with f(x̃) = t. Targets from 0 on lie on the right branch only; below the
 * minimum the answer is the bottom.
 */
export function invertValley(t: number, x: number, { f, slope, bottom, left }: Valley): number {
  if (Number.isNaN(t)) return t
  if (t <= f(bottom)) return bottom
  return x < bottom && t < 0
    ? bracketed(f, slope, t, bottom, left, x)
    : bracketed(f, slope, t, bottom, 2 * Math.max(t, 0) + 1, x)
}
