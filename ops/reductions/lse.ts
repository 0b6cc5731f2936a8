import { bracketed } from '../elementwise/bracketed.js'

// Arithmetic on one vector, for logsumexp, softmax, logSoftmax and prod.

/** ln Σ e^v, shifted by the largest entry; -∞ for no entries, NaN where an entry is NaN. */
export function lse(v: Float64Array): number {
  let top = 0
  for (let i = 1; i < v.length; i++) if (v[i] > v[top] || Number.isNaN(v[i])) top = i
  if (v.length === 0 || !Number.isFinite(v[top])) return v.length === 0 ? Number.NEGATIVE_INFINITY : v[top]
  let rest = 0
  for (let i = 0; i < v.length; i++) if (i !== top) rest += Math.exp(v[i] - v[top])
  return v[top] + Math.log1p(rest)
}

/** ln(1 - q + q e^η) for q = e^l ≤ 1, without overflow and without cancellation. */
export function logMix(eta: number, l: number): number {
  if (l === 0) return eta
  const q = Math.exp(l)
  if (Math.abs(eta) < 1) return Math.log1p(q * Math.expm1(eta))
  const z = eta + l
  if (z > 0) return z + Math.log1p(-Math.expm1(l) * Math.exp(-z))
  return q > 0.5 ? Math.log(Math.exp(z) - Math.expm1(l)) : Math.log1p(Math.exp(z) - q)
}

/**
 * Moves x, in place, until ln Σ e^x is `target`: every e^-x_i grows or shrinks by the same s,
 *
 *     x̃_i = -ln(e^-x_i + s) ≈ x_i - s e^x_i
 *
 * to first order a step along the gradient. Downwards it is a soft minimum of x_i and a level, and upwards the largest
 * entries rise, so that no target is too far. With q_i = e^(x_i - max x) and e^η = 1 + s e^(max x) it reads
 * x̃_i = x_i - ln(1 - q_i + q_i e^η), and ln Σ e^x̃ falls with η, evenly enough for Newton's iteration.
 */
export function moveLse(x: Float64Array, target: number): void {
  const n = x.length
  const max = x.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  if (n === 0) return
  if (max === Number.NEGATIVE_INFINITY) {
    x.fill(target - Math.log(n))
    return
  }
  const l = x.map(v => v - max)
  const moved = new Float64Array(n)
  const at = (eta: number): number => {
    for (let i = 0; i < n; i++) moved[i] = l[i] - logMix(eta, l[i])
    return lse(moved)
  }
  // -Σ p̃_i q_i e^η/(1 - q_i + q_i e^η), p̃ the softmax of the moved entries that `at` left.
  const slope = (eta: number): number => {
    const y = lse(moved)
    let sum = 0
    for (let i = 0; i < n; i++) sum -= Math.exp(moved[i] - y + eta + l[i] - logMix(eta, l[i]))
    return sum
  }
  const wish = target - max
  const down = lse(l) - wish
  const eta = bracketed(at, slope, wish, down + Math.log(n), down - Math.log(n), down)
  for (let i = 0; i < n; i++) x[i] -= logMix(eta, l[i])
}
