import { norm2 } from '../../core/linalg/scaling.js'
import { checkNumbers } from '../../core/options.js'

/**
 * The probabilistic inverse of a spectral operator ŷ_k = T_k x̂_k, after the book's heat notebook ("Stable SIP gradients",
 * `inv_diffuse`), bin by bin.
 *
 * A bin of a wish dy = ỹ - y is signal or noise, with equal prior. If x has entries of size `signal`, signal is expected
 * with amplitude s = signal √N |T| (N cells); noise with n = √Σ deviation². From the amplitude A,
 *
 *     p = p(s) / (p(s) + p(n)),   p(s) = ½ exp(-½ (A/s)²),   p(n) = ½ exp(-½ (A/n)²)
 *
 * and the bin is multiplied by |T|^(-a) (with the sign of T), a = 2(p - ½) where p ≤ ½ or p ≥ 0.68, 0 between. So a bin
 * that is surely signal is inverted exactly, one that is surely noise is damped, and no bin is amplified on weak evidence.
 * Where |T| ≥ 1 the exact inverse amplifies nothing, and is taken. Whatever p is, |1 - T |T|^(-a)| ≤ 1: no bin ends
 * further from its wish.
 *
 * Two details are not the notebook's. It expects the amplitude n1 |T| on any grid; on its square ones that is √N |T|. And
 * it finds p = 0 where both likelihoods are below 1e-308; here p is their ratio still.
 */
export interface Trust {
  /** Standard deviation of the noise in ỹ - y relative to |ỹ - y|, entry by entry; 1e-6, the notebook's. */
  uncertainty?: number
  /** Standard deviation of the noise in ỹ, the same everywhere and in its units; 0. */
  noise?: number
  /** The size of the entries of x - x̃ that one looks for; 1. */
  signal?: number
}

/** The notebook's: noise of a millionth of what is asked. */
export const UNCERTAINTY = 1e-6

export function trustOf({ uncertainty = UNCERTAINTY, noise = 0, signal = 1 }: Trust, asked: string): Required<Trust> {
  checkNumbers(asked, 'notNegative', { uncertainty, noise, signal })
  return { uncertainty, noise, signal }
}

/** √Σ deviation² over the entries of dy, for noise of this uncertainty |dy| and noise of its own. */
export const noiseLevel = (dy: Float64Array, { uncertainty = UNCERTAINTY, noise = 0 }: Trust = {}): number =>
  Math.hypot(uncertainty * norm2(dy), noise * Math.sqrt(dy.length))

/** Below one standard deviation of evidence for signal nothing is amplified. */
const ONE_SIGMA = 0.68

/** The probability that a bin of this amplitude is signal; 0 where nothing speaks for it. */
export function signalProbability(amplitude: number, signal: number, noise: number): number {
  const [s, n] = [amplitude / signal, amplitude / noise]
  // exp(-s²/2) / (exp(-s²/2) + exp(-n²/2)), without underflow of both.
  const p = 1 / (1 + Math.exp(0.5 * (s - n) * (s + n)))
  return Number.isNaN(p) ? 0 : p
}

/** The factor of a bin, for the probability that it is signal. */
export function stabilisedFactor(transfer: number, probability: number): number {
  const size = Math.abs(transfer)
  if (size >= 1) return 1 / transfer
  if (size === 0) return 0
  const action = probability <= 0.5 || probability >= ONE_SIGMA ? 2 * (probability - 0.5) : 0
  return Math.sign(transfer) * size ** -action
}
