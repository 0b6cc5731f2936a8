import { checkNumbers } from '../options.js'
import { bidiagonalSVD } from './chases.js'
import { GolubKahan, mostSteps } from './golubKahan.js'
import { type PartialInverseOptions, type Spectrum, spectralFilter } from './partialInverse.js'
import type { Products } from './products.js'
import { norm2 } from './scaling.js'

export interface KrylovOptions extends Omit<PartialInverseOptions, 'small'> {
  /** At most so many steps; all by default, min(rows, cols + 1). */
  steps?: number
  /** Stops when the estimated relative error is at or below this; 0 by default: takes all steps. */
  tolerance?: number
}

export interface KrylovResult extends Spectrum {
  delta: Float64Array
  steps: number
  /** Estimate of ‖Δ_k - Δ‖ / ‖Δ‖, at most 1; see `aitken`. */
  error: number
}

/** Steps between two looks at the error, as a part of those done. */
const LOOK = 0.1

/** A fall of the error within w steps from which it is looked at more closely. */
const STEEP = 5

/**
 * V diag(s^κ) Uᵀ g from products with J and Jᵀ alone: Δ_k = ‖g‖ V_k f(L_k) e_1, where k steps of Golub-Kahan
 * bidiagonalisation from g give Jᵀ U_k = V_k L_kᵀ and f takes the filter to the singular values of the small L_k. They are
 * Ritz values of J: the largest are found first and are right to rounding soon; they are truncated like singular values.
 *
 * The half-inverse lifts the *small* singular values, which come last, so Δ_k converges slowly, and Δ is only exact when
 * all directions of g are found: k is a dial from the gradient (k = 1: the plain gradient's direction) to the half-inverse.
 *
 * What was tried to make it faster, on Jacobians [128, 1444] of a training, at the start, after 128 and after 256 steps;
 * relative errors for 40 vectors of g's Krylov space, .13, .27, .52 as it is: 40 leading Ritz vectors of the step before
 * besides .16, .27, .49 (half as many products again; 60 vectors without them .06, .11, .25); blocks of 4 and 8 starting
 * vectors, g by groups of samples .20, .48, .71 and .24, .58, .82; preconditioned by the diagonal blocks of J Jᵀ, one for
 * each sample, .28, .49, .64, by the Gram matrix of the last layer alone .84, .86, .93. Measured by what it trains, the loss
 * of the oscillators after one epoch (5.6e-5 by all 128 vectors):
 *
 *     vectors                                          10       20       40
 *     as it is                                     4.4e-4   1.6e-4   5.9e-5
 *     blocks from g and J Δ, Δ the step before     9.3e-4   2.6e-4   6.5e-5
 *     C^(-1/4) Ṽ Ũᵀ g, J C^(-1/4) = Ũ Λ̃ Ṽᵀ         2.4e-4   1.6e-4   1.3e-4
 *
 * the last with Kronecker factors C of each layer: the half-inverse where C is JᵀJ, and a function of its own elsewhere,
 * better for very few vectors and worse for more. More steps are the better buy, and the Gram matrix itself, where it fits.
 *
 * Source: Golub & Kahan 1965; Arrigo, Benzi & Fenu 2016, "Computation of generalized matrix functions" (Krylov form).
 */
export function partialInverseByKrylov(J: Products, g: Float64Array, options: KrylovOptions = {}): KrylovResult {
  const most = mostSteps(J)
  const { steps = most, tolerance = 0 } = options
  checkNumbers('partialInverse', 'count', { steps })
  checkNumbers('partialInverse', 'notNegative', { tolerance })
  const found = new GolubKahan(J, g, Math.min(steps, most))
  for (let next = 8; found.steps < steps && found.step(); ) {
    if (tolerance === 0 || found.steps < next) continue
    next = Math.ceil(next * (1 + LOOK))
    if (estimate(found, most, options) <= tolerance) break
  }
  const k = found.steps
  const { y, values, threshold } = coefficients(found, k, options)
  return {
    delta: found.applyV(y),
    steps: k,
    error: found.complete || k === most ? 0 : estimate(found, most, options),
    singularValues: values,
    kept: values.filter(s => s > threshold).length,
    threshold
  }
}

/** Δ_j = V_j y, and the Ritz values, from the first j steps. */
function coefficients({ alphas, betas }: GolubKahan, j: number, options: PartialInverseOptions) {
  // L_jᵀ is upper bidiagonal: L_jᵀ = X D Yᵀ, so f(L_j) from the right is X f(D) Yᵀ e_1 ‖g‖. Scaled, so that squares are safe.
  const scale = Math.max(Number.MIN_VALUE, ...alphas.slice(0, j), ...betas.slice(1, j))
  const d = Float64Array.from({ length: j }, (_, i) => alphas[i] / scale)
  const e = Float64Array.from({ length: Math.max(0, j - 1) }, (_, i) => betas[i + 1] / scale)
  const small = bidiagonalSVD(d, e)
  const values = small.d.map(value => Math.abs(value) * scale)
  const { filter, threshold } = spectralFilter(
    values.reduce((a, b) => Math.max(a, b), 0),
    options
  )
  const y = new Float64Array(j)
  if (j > 0) y[0] = betas[0]
  small.right.forward(y)
  for (let i = 0; i < j; i++) y[i] *= small.d[i] < 0 ? -filter(values[i]) : filter(values[i])
  small.left.backward(y)
  return { y, values: values.sort().reverse(), threshold }
}

/**
 * Estimates ‖Δ_k - Δ‖ / ‖Δ‖ from three steps k - 2w, k - w, k as if the error fell by the same factor from one to the next
 * (Aitken), the corrections being orthogonal: with a = ‖Δ_k - Δ_k-2w‖², b = ‖Δ_k - Δ_k-w‖², r = a/b - 1 it is
 * e² = b/(r - 1). w is k/4, or what is left if that is less: towards the end, where nothing can be left, the error falls
 * ever faster; and it is halved where the error falls steeply. Errors that do not fall yet give 1, which says that Δ_k is not to be compared with Δ.
 */
function estimate(found: GolubKahan, most: number, options: PartialInverseOptions): number {
  if (found.complete) return 0
  const k = found.steps
  if (k < 3) return 1
  const { y } = coefficients(found, k, options)
  const distance = (j: number) => {
    const before = coefficients(found, j, options).y
    return norm2(y.map((v, i) => v - (i < j ? before[i] : 0)))
  }
  let w = Math.max(1, Math.min(Math.floor(k / 4), most - k))
  for (;;) {
    const [a, b] = [distance(k - 2 * w), distance(k - w)]
    if (w === 1 || a < STEEP * b) return aitken(a, b, norm2(y))
    w = w >> 1
  }
}

/** The same from the two distances and ‖Δ_k‖. */
function aitken(a: number, b: number, length: number): number {
  if (b === 0) return 0
  const ratio = (a / b) ** 2 - 2
  if (!(ratio > 0)) return 1
  const error = b / Math.sqrt(ratio)
  return error / Math.hypot(error, length)
}
