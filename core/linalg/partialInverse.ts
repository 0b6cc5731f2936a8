import { ShapeError } from '../errors.js'
import { checkChoice, checkNumbers } from '../options.js'
import { observeKernel, recorder } from '../profile.js'
import { transpose } from './scaling.js'
import { svdOfWide, type WideSVD } from './svd.js'

export interface PartialInverseOptions {
  /** Power of the singular values: -1/2 half-inverse (default), -1 truncated pseudo-inverse, 1 the plain gradient Jᵀg. */
  kappa?: number
  /** Singular values at or below truncation · s_max are small. Default 1e-10. */
  truncation?: number
  /**
   * What becomes of small ones. 'drop' (default): nothing, they contribute zero. 'clamp': they count as the threshold, so
   * that the directions which J knows least about get the largest factor of all. The worse choice; here to be seen.
   */
  small?: 'drop' | 'clamp'
  /** Default true: the threshold follows the units of J. false: `truncation` itself is the threshold. */
  relative?: boolean
  /** λ ≥ 0, in units of s²: each power is multiplied by s²/(s² + λ). With κ = -1 Levenberg-Marquardt. Default 0. */
  damping?: number
}

export interface Spectrum {
  /** All of them, descending, kept or not. */
  singularValues: Float64Array
  /** How many of them were kept. */
  kept: number
  /** What they were compared with, in the units of s. */
  threshold: number
}

/**
 * The partial inverse of a Jacobian: J = U diag(s) Vᵀ ↦ V diag(s^κ) Uᵀ.
 *
 *   κ = -1    truncated pseudo-inverse: Gauss-Newton
 *   κ = -1/2  half-inverse: HIG (Schnell, Holl & Thuerey 2022, "Half-Inverse Gradients for Physical Deep Learning",
 *             J^(-1/2) = V Λ^(-1/2) Uᵀ)
 *   κ = 0     V Uᵀ, all directions alike
 *   κ = 1     Jᵀ: the plain gradient
 *
 * With damping λ, s^κ becomes s^κ · s²/(s² + λ); of κ = -1 that is (JᵀJ + λ)⁻¹ Jᵀ, Levenberg and Marquardt's.
 *
 * The authors' notebook counts κ positive (s^-κ). Singular values at or below the threshold are dropped: they
 * contribute zero. Clamping them instead would amplify noise directions by the largest factor of all.
 *
 * Δ = V diag(s^κ) Uᵀ g for J [rows, cols] row-major, g [rows] → Δ [cols]. Wide and tall J alike are reduced by QR to
 * the smaller side; a single vector passes through the factors, none of which is formed.
 */
export function partialInverseApply(
  J: Float64Array,
  rows: number,
  cols: number,
  g: Float64Array,
  options: PartialInverseOptions = {}
): Spectrum & { delta: Float64Array } {
  if (g.length !== rows)
    throw new ShapeError(
      'partialInverseApply',
      `${g.length} entries of g for J [${rows}, ${cols}]`,
      `Give ${rows} entries`
    )
  const tall = rows > cols
  const f = factor(J, rows, cols)
  const { powers, ...spectrum } = powersOf(f, options)
  const c = tall ? f.applyVt(g) : f.applyUt(g)
  for (let k = 0; k < c.length; k++) c[k] *= powers[k]
  return { delta: tall ? f.applyU(c) : f.applyV(c), ...spectrum }
}

/** The whole of V diag(s^κ) Uᵀ, [cols, rows] row-major: for tests, teaching and small matrices. */
export function partialInverseMatrix(
  J: Float64Array,
  rows: number,
  cols: number,
  options: PartialInverseOptions = {}
): Spectrum & { matrix: Float64Array } {
  const tall = rows > cols
  const f = factor(J, rows, cols)
  const { powers, ...spectrum } = powersOf(f, options)
  const r = f.rows
  const C = transpose(f.Ut, r, r)
  for (let i = 0; i < r; i++) for (let k = 0; k < r; k++) C[i * r + k] *= powers[k]
  // Row i of C Vᵀ is V diag(s^κ) Uᵀ e_i: a column of the result if J is wide, a row if it is tall.
  const rowsOfU = f.applyVRows(C, r)
  return { matrix: tall ? rowsOfU : transpose(rowsOfU, r, f.cols), ...spectrum }
}

function factor(J: Float64Array, rows: number, cols: number): WideSVD {
  if (J.length !== rows * cols)
    throw new ShapeError('partialInverse', `${J.length} entries for [${rows}, ${cols}]`, `Give ${rows * cols} entries`)
  const run = () => (rows > cols ? svdOfWide(transpose(J, rows, cols), cols, rows) : svdOfWide(J, rows, cols))
  return recorder ? observeKernel('svd', 'several', J, 0, run) : run()
}

function powersOf({ s }: WideSVD, options: PartialInverseOptions): Spectrum & { powers: Float64Array } {
  const { filter, threshold } = spectralFilter(s[0] ?? 0, options)
  return { powers: s.map(filter), singularValues: s, kept: s.filter(value => value > threshold).length, threshold }
}

/** s ↦ s^κ s²/(s² + λ), up to the threshold zero or what it is there, for a J whose largest singular value is given. */
export function spectralFilter(
  largest: number,
  { kappa = -0.5, truncation = 1e-10, relative = true, damping = 0, small = 'drop' }: PartialInverseOptions
): { filter: (s: number) => number; threshold: number } {
  checkNumbers('partialInverse', 'finite', { kappa })
  checkNumbers('partialInverse', 'notNegative', { truncation, damping })
  checkChoice('partialInverse', 'small', small, ['drop', 'clamp'])
  const threshold = relative ? truncation * largest : truncation
  // √λ / s does not overflow where λ / s² does.
  const damped = damping === 0 ? () => 1 : (s: number) => 1 / (1 + (Math.sqrt(damping) / s) ** 2)
  const whole = (s: number) => power(s, kappa) * damped(s)
  const floor = small === 'clamp' && threshold > 0 ? whole(threshold) : 0
  return { filter: s => (s > threshold ? whole(s) : floor), threshold }
}

/**
 * s^κ. The usual powers without `**`, whose last bit differs between engines: a step is then the same everywhere, and the
 * spectrum of a long training does not drift apart between Node and a browser.
 */
function power(s: number, kappa: number): number {
  if (kappa === -0.5) return 1 / Math.sqrt(s)
  if (kappa === -1) return 1 / s
  if (kappa === 1) return s
  return s ** kappa
}
