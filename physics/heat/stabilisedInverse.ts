import { fft2 } from '../../core/backends/kernels.js'
import { checkLength } from './spectrum.js'

export interface StabilisedInverse {
  /** The change of x. */
  dx: Float64Array
  /** The kernel that was applied, between e^(-k²νt) and e^(k²νt), per bin. */
  kernel: Float64Array
  /** Probability that a bin holds signal rather than noise. */
  signal: Float64Array
  /** |FFT(dy)|. */
  amplitude: Float64Array
  /** Standard deviation of every entry of dx, if that of dy is `uncertainty`. */
  uncertainty: number
}

/** Below one standard deviation of evidence for signal the amplification is left at 1. */
const ONE_SIGMA = 0.68

/**
 * The probabilistic inverse of diffusion (the book's heat notebook, "Stable SIP gradients", `inv_diffuse`), for one field
 * dy [height, width].
 *
 * A bin of the spectrum is signal s or noise n with equal prior. Signal is expected with amplitude
 * N e^(-k²νt) (N the length of the first axis), noise with f_unc = √Σ uncertainty². With
 *
 *     p = p(s) / (p(s) + p(n)),   p(s) = ½ exp(-½ (|ŷ|/expected)²),   p(n) = ½ exp(-½ (|ŷ|/f_unc)²)
 *
 * the bin is multiplied by exp(k²νt · a), a = 2(p - ½) where p ≤ ½ or p ≥ 0.68 and 0 between. So a bin that is surely
 * signal is inverted exactly, one that is surely noise is damped, and no bin is amplified on weak evidence.
 */
export function stabilisedInverse(
  dy: Float64Array,
  exponent: Float64Array,
  height: number,
  width: number,
  uncertainty: Float64Array
): StabilisedInverse {
  const n = height * width
  checkLength('stabilisedInverse', 'dy', dy, n)
  checkLength('stabilisedInverse', 'the exponent', exponent, n)
  checkLength('stabilisedInverse', 'the uncertainty', uncertainty, n)
  let sum = 0
  for (let i = 0; i < n; i++) sum += uncertainty[i] * uncertainty[i]
  const noiseScale = Math.sqrt(sum)
  const re = dy.slice()
  const im = new Float64Array(n)
  fft2(re, im, 1, height, width, false)
  const kernel = new Float64Array(n)
  const signal = new Float64Array(n)
  const amplitude = new Float64Array(n)
  let spread = 0
  for (let i = 0; i < n; i++) {
    const amp = Math.hypot(re[i], im[i])
    const p = signalProbability(amp, height * Math.exp(-exponent[i]), noiseScale)
    const action = p <= 0.5 || p >= ONE_SIGMA ? 2 * (p - 0.5) : 0
    amplitude[i] = amp
    signal[i] = p
    kernel[i] = Math.exp(exponent[i] * action)
    spread += (noiseScale * kernel[i]) ** 2
    re[i] *= kernel[i]
    im[i] *= kernel[i]
  }
  fft2(re, im, 1, height, width, true)
  return { dx: re, kernel, signal, amplitude, uncertainty: Math.sqrt(spread) / height }
}

/** p(s)/(p(s) + p(n)); likelihoods that are not finite count as 0, and 0/0 is 0. */
function signalProbability(amplitude: number, expected: number, noise: number): number {
  const likelihood = (scale: number): number => 0.5 * Math.exp(-0.5 * (amplitude / scale) ** 2)
  const s = likelihood(expected)
  const signal = Number.isFinite(s) ? s : 0
  const total = signal + likelihood(noise)
  return total > 0 ? signal / total : 0
}
