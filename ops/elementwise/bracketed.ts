/** Newton's iteration for f(z) = t between `low` (f < t) and `high` (f >= t), halving wherever it would leave them. */
export function bracketed(
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
