import { type PartialInverseOptions, type Spectrum, spectralFilter } from './partialInverse.js'
import { dotAt, type Expandable } from './products.js'
import { maxAbs, norm2, powerOfTwoScale } from './scaling.js'
import { factorSymmetric, type SymmetricFactors } from './tridiagonal.js'

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

/** Eigenvectors in which E is measured, and by how much it is taken larger than measured. */
const PROBES = 6
const SAFETY = 4

/**
 * V diag(s^κ) Uᵀ g as Jᵀ h(J Jᵀ) g with h(s²) = f(s)/s: for the half-inverse Jᵀ (J Jᵀ)^(-3/4) g. J Jᵀ = U diag(s²) Uᵀ is
 * rows × rows, several times cheaper than a singular value decomposition, and squares the condition number.
 *
 * How much that matters is computed: E, the error of J Jᵀ, moves h(J Jᵀ) by U (F ∘ UᵀEU) Uᵀ to first order, F the divided
 * differences of h (Daleckii & Krein 1951). With c = Uᵀg, x = s² and entries of UᵀEU of size σ
 *
 *   ‖error of Δ‖² = σ² Σ_i x_i Σ_j F_ij² c_j²        F_ij = (h(x_i) - h(x_j)) / (x_i - x_j)
 *
 * σ = ‖E‖₂ / 2√n, as for a matrix of independent entries, with room in the constants, is what is assumed. Where the s are
 * small, which is where F is large, it is 40 times too much, and UᵀEU can be measured: u_iᵀ J Jᵀ u_j from the vectors Jᵀ u
 * is right to ε s_max s, and so its difference to the eigenvalue, or to 0. That is done for a few u of the smaller half
 * (seen: the bound is 2 to 20 times the error).
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
  const kept = h.filter(v => v > 0).length
  const c = f.applyXt(g)
  const w = f.applyX(c.map((v, k) => h[k] * v))
  const result = J.applyT(w)
  const bound = f.converged
    ? Math.hypot(
        unit *
          bounded(x, h, c, {
            delta,
            cut: (threshold / unit) ** 2,
            power: Math.abs(kappa - 1) / 2 + 1,
            measured: measure(f, J, scale, kept)
          }),
        // Jᵀ w itself: the large parts of w that J takes small ones from.
        Number.EPSILON * Math.sqrt(largest) * unit * norm2(w)
      )
    : Number.POSITIVE_INFINITY
  const length = norm2(result)
  return {
    delta: result,
    error: bound === 0 ? 0 : bound / length,
    singularValues: s,
    kept,
    threshold
  }
}

/** The size of an entry of UᵀEU between eigenvectors from the `from`-th on, in units of the scaled Gram matrix. */
interface Measured {
  from: number
  sigma: number
}

/** From a few of the eigenvectors behind the first half of those that count, evenly chosen. */
function measure({ values, applyX }: SymmetricFactors, J: Expandable, scale: number, kept: number): Measured {
  const n = values.length
  const from = kept >> 1
  const count = Math.min(PROBES, n - from)
  const chosen = Array.from({ length: count }, (_, p) => n - 1 - Math.floor((p * (n - from)) / count))
  const root = Math.sqrt(scale)
  const images = chosen.map(i => {
    const unit = new Float64Array(n)
    unit[i] = 1
    return J.applyT(applyX(unit)).map(v => v / root)
  })
  let sum = 0
  for (let p = 0; p < count; p++)
    for (let q = 0; q <= p; q++) {
      const entry = dotAt(images[p], 0, images[q], 0, J.cols) - (p === q ? values[chosen[p]] : 0)
      sum += entry * entry
    }
  return { from, sigma: Math.sqrt((2 * sum) / (count * (count + 1))) }
}

/** The bound above, δ = ‖E‖₂, for x in units of its own; `power`: h falls at most like x^-power. */
function bounded(
  x: Float64Array,
  h: Float64Array,
  c: Float64Array,
  { delta, cut, power, measured }: { delta: number; cut: number; power: number; measured: Measured }
): number {
  if (x.some(v => Math.abs(v - cut) <= delta)) return Number.POSITIVE_INFINITY
  const assumed = delta / 2 / Math.sqrt(x.length)
  const small = Math.min(assumed, SAFETY * measured.sigma)
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
      row += (F * c[j] * (i >= measured.from && j >= measured.from ? small : assumed)) ** 2
    }
    sum += x[i] * row
  }
  return Math.sqrt(sum) * unit
}
