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

/** Newton's iteration for f(z) = t between `low` (f < t) and `high` (f >= t), halving wherever it would leave them. */
function bracketed(
  f: (x: number) => number,
  slope: (x: number) => number,
  t: number,
  low: number,
  high: number,
  start: number
): number {
  const inside = (z: number) => z > Math.min(low, high) && z < Math.max(low, high)
  let z = inside(start) ? start : (low + high) / 2
  for (let k = 0; k < 200; k++) {
    const r = f(z) - t
    if (r === 0) return z
    if (r < 0) low = z
    else high = z
    const step = r / slope(z)
    const newton = z - step
    // Every third step halves, so that a flat stretch cannot hold Newton's steps up.
    const next = inside(newton) && k % 3 < 2 ? newton : (low + high) / 2
    if (
      next === z ||
      Math.abs(low - high) <= 1e-15 * Math.abs(z) ||
      (next === newton && Math.abs(step) <= 1e-16 * Math.abs(z))
    )
      return next
    z = next
  }
  return z
}
