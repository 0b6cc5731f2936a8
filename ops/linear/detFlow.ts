import { determinant, lu } from '../../core/linalg/lu.js'
import { svd } from '../../core/linalg/svd.js'
import { assemble } from './targets.js'

/** Sign and ln |det| of a matrix; 0 and -∞ for a singular one. */
export function signAndLog(A: Float64Array, n: number): readonly [number, number] {
  const { sign, significand, exponent } = determinant(lu(A, n))
  const inRange = Math.abs(exponent) < 1000
  return [sign, inRange ? Math.log(significand * 2 ** exponent) : Math.log(significand) + exponent * Math.LN2]
}

/**
 * The smallest change of A [n, n] that gives |det Ã| = e^logTarget with the sign asked for (its own by default): to
 * first order, and one that reaches every target, along the gradient of det.
 *
 * det A = ± Π s_i, and its gradient is U diag(± Π_{j≠i} s_j) Vᵀ: following it keeps U and V and moves all s_i² alike,
 * d(s_i²) = 2 s_i ds_i = ± 2 det dτ. So all differences d_i = s_i² - s_n² stay, and with σ the smallest singular value,
 * which may pass through 0 and turn negative, det = ± σ Π √(d_i + σ²): ascending in σ, hence one σ for every target.
 */
export function detFlow(A: Float64Array, n: number, logTarget: number, negative?: boolean): Float64Array {
  if (n === 0) return A
  const { U, s, V } = svd(A, n, n)
  const scale = s[0] || 1
  const least = s[n - 1] / scale
  const d = s.map(v => (v / scale - least) * (v / scale + least))
  const rho = leastFor(d, logTarget - n * Math.log(scale))
  const own = signAndLog(U, n)[0] * signAndLog(V, n)[0] < 0
  const flipped = negative !== undefined && negative !== own
  const change = d.map((_, i) => {
    if (i === n - 1) return ((flipped ? -rho : rho) - least) * scale
    const wish = Math.sqrt(d[i] + rho * rho)
    const both = wish + s[i] / scale
    return both === 0 ? 0 : (((rho - least) * (rho + least)) / both) * scale
  })
  const step = assemble(U, change, V, n, n, n)
  return A.map((v, k) => v + step[k])
}

/** ρ ≥ 0 with ln ρ + Σ ½ ln(d_i + ρ²) over all but the last = logTarget: between two bounds, by halving in ln ρ. */
function leastFor(d: Float64Array, logTarget: number): number {
  const n = d.length
  const log = (rho: number): number => {
    let total = Math.log(rho)
    for (let i = 0; i < n - 1; i++) total += Math.log(d[i] + rho * rho) / 2
    return total
  }
  // ρⁿ ≤ ρ Π √(d_i + ρ²) ≤ ρ Π √(d_i + top²)
  let high = logTarget / n
  const top = Math.exp(high)
  if (top === 0) return 0
  let low = logTarget - (log(top) - high)
  for (let k = 0; k < 200 && low < high; k++) {
    const middle = (low + high) / 2
    if (middle <= low || middle >= high) break
    if (log(Math.exp(middle)) < logTarget) low = middle
    else high = middle
  }
  return Math.exp(high)
}
