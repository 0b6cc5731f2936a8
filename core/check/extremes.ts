import type { Random } from '../random.js'
import { Tensor } from '../tensor.js'
import type { InverseProbe } from './inverseProbe.js'
import { reachable } from './inverseProbe.js'
import { flat, type Numbers } from './probe.js'
import { type CheckRow, judge } from './row.js'
import { TOLERANCE } from './tolerances.js'

/**
 * Measures for examples at the ends of the range of f64, where 1e300 stands beside 1e-300: a norm would see the largest
 * entries only, and its square would overflow. So every entry is compared in units of its own.
 */

/** A random cotangent in units of 1/dy: all terms of ⟨dy, ct⟩ are alike, however far apart the entries of dy. */
export function cotangentTo(dy: Tensor, random: Random): Tensor {
  const u = random.normal(dy.shape)
  return new Tensor(
    dy.shape,
    u.data.map((v, i) => v * Math.min(1e300, 1 / (Math.abs(dy.data[i]) || 1)))
  )
}

/** Σ |a_i b_i| */
export function absDot(a: Numbers, b: Numbers): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] * b[i])
  return sum
}

/** The largest |a_i - b_i| relative to the larger of the two and `floor(i)`; NaN where one is NaN. */
export function worstEntry(a: Numbers, b: Numbers, floor: (i: number) => number): number {
  let worst = 0
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i] - b[i])
    if (error === 0) continue
    const part = error / Math.max(Math.abs(a[i]), Math.abs(b[i]), floor(i))
    if (!(part <= worst)) worst = part
  }
  return worst
}

/** The smallest number with all digits: what is below it is rounded by as much as it is. */
const SMALLEST = 2 ** -1022

/** The fixpoint law entry by entry: x̃_j = x_j up to what rounding of y does to it, |x_j| + max_i |y_i / J_ij|. */
export function fixpointAtExtremes(q: InverseProbe): CheckRow {
  const reach = (j: number): number => {
    let most = 0
    for (let i = 0; i < q.m; i++) {
      const s = Math.abs(q.J[i * q.n + j])
      if (s > 0) most = Math.max(most, (Math.abs(q.y.data[i]) + SMALLEST) / s)
    }
    return most
  }
  const error = worstEntry(flat(q.solve(q.y)), flat(q.xs), reach)
  return judge(q.row('fixpoint'), q.p.label, error, TOLERANCE.fixpoint)
}

/** The round trip entry by entry: P(x̃)_i = ỹ_i up to what rounding of x̃ does to it, |ỹ_i| + Σ_j |J_ij x_j|. */
export function roundTripAtExtremes(q: InverseProbe, random: Random): CheckRow {
  const target = reachable(q, random)
  const x = flat(q.xs)
  const moved = (i: number): number => absDot(q.J.subarray(i * q.n, (i + 1) * q.n), x)
  const error = worstEntry(q.forward(q.solve(target)).data, target.data, moved)
  return judge(q.row('round trip'), q.p.label, error, TOLERANCE.roundTrip)
}
