import { type PartialInverseOptions, type Spectrum, spectralFilter } from './partialInverse.js'
import type { Expandable } from './products.js'
import { maxAbs, norm2, powerOfTwoScale } from './scaling.js'
import { factorSymmetric } from './tridiagonal.js'

export interface GramResult extends Spectrum {
  delta: Float64Array
  /** A bound of ‖computed - Δ‖ / ‖Δ‖, Infinity where it cannot be told which singular values are above the threshold. */
  error: number
}

/**
 * ‖E‖₂ of the error of a Gram matrix and its eigen-decomposition, over ε: what forming it costs, in traces (an entry is
 * ⟨j_a, j_b⟩, right to about ε ‖j_a‖ ‖j_b‖), and what the reflectors and rotations cost, in largest eigenvalues.
 */
const FORMING = 1
const FACTORING = 8

/**
 * V diag(s^κ) Uᵀ g as Jᵀ h(J Jᵀ) g with h(s²) = f(s)/s: for the half-inverse Jᵀ (J Jᵀ)^(-3/4) g. J Jᵀ = U diag(s²) Uᵀ is
 * rows × rows, several times cheaper than a singular value decomposition, and squares the condition number.
 *
 * How much that matters is computed: E, the error of J Jᵀ, moves h(J Jᵀ) by U (F ∘ UᵀEU) Uᵀ to first order, F the divided
 * differences of h (Daleckii & Krein 1951). With c = Uᵀg, x = s² and entries of UᵀEU of size σ
 *
 *   ‖error of Δ‖² = σ² Σ_i x_i Σ_j F_ij² c_j²        F_ij = (h(x_i) - h(x_j)) / (x_i - x_j)
 *
 * where σ = ‖E‖₂ / 2√n, as for a matrix of independent entries; rounding is like that as a rule, and the constants leave
 * room (seen: the bound is 3 to 100 times the error).
 *
 * Small singular values make F large: x^(-7/4) for the half-inverse. A singular value whose square is within δ of the
 * threshold's could be on either side of it: then the bound is infinite.
 */
export function partialInverseByGram(
  J: Expandable,
  g: Float64Array,
  options: Omit<PartialInverseOptions, 'small'> = {}
): GramResult {
  const { kappa = -0.5 } = options
  const n = J.rows
  const G = J.gram()
  const scale = powerOfTwoScale(maxAbs(G, 'J Jᵀ'))
  let trace = 0
  for (let i = 0; i < G.length; i++) G[i] /= scale
  for (let i = 0; i < n; i++) trace += G[i * n + i]
  const f = factorSymmetric(G, n)
  const x = f.values
  const largest = Math.max(0, x[0] ?? 0)
  const delta = Number.EPSILON * (FORMING * trace + FACTORING * largest)
  const unit = Math.sqrt(scale)
  const { filter, threshold } = spectralFilter(Math.sqrt(largest) * unit, options)
  // h in units of its own: s = √x unit.
  const s = x.map(v => Math.sqrt(Math.max(0, v)) * unit)
  const h = s.map(v => (filter(v) === 0 ? 0 : filter(v) / v))
  const c = f.applyXt(g)
  const w = f.applyX(c.map((v, k) => h[k] * v))
  const result = J.applyT(w)
  const bound = f.converged
    ? Math.hypot(
        unit * bounded(x, h, c, { delta, cut: (threshold / unit) ** 2, power: Math.abs(kappa - 1) / 2 + 1 }),
        // Jᵀ w itself: the large parts of w that J takes small ones from.
        Number.EPSILON * Math.sqrt(largest) * unit * norm2(w)
      )
    : Number.POSITIVE_INFINITY
  const length = norm2(result)
  return {
    delta: result,
    error: bound === 0 ? 0 : bound / length,
    singularValues: s,
    kept: h.filter(v => v > 0).length,
    threshold
  }
}

/** The bound above, δ = ‖E‖₂, for x in units of its own; `power`: h falls at most like x^-power. */
function bounded(
  x: Float64Array,
  h: Float64Array,
  c: Float64Array,
  { delta, cut, power }: { delta: number; cut: number; power: number }
): number {
  if (x.some(v => Math.abs(v - cut) <= delta)) return Number.POSITIVE_INFINITY
  // h to unit size, so that squares are safe.
  const unit = powerOfTwoScale(h.reduce((a, b) => Math.max(a, b), 0))
  let sum = 0
  for (let i = 0; i < x.length; i++) {
    if (!(x[i] > 0)) continue
    let row = 0
    for (let j = 0; j < x.length; j++) {
      const gap = Math.abs(x[i] - x[j])
      const least = Math.min(x[i], x[j])
      // Neighbours: the slope at the smaller of the two.
      const [p, q] = [h[i] / unit, h[j] / unit]
      const near = p > 0 && q > 0 && gap <= 0.01 * least
      const F = near ? (power * Math.max(p, q)) / least : p === q ? 0 : Math.abs(p - q) / gap
      row += (F * c[j]) ** 2
    }
    sum += x[i] * row
  }
  return (delta / 2) * Math.sqrt(sum / x.length) * unit
}
