import { ShapeError } from '../../core/errors.js'
import { checkNumbers, describe } from '../../core/options.js'
import { size } from '../../core/shape.js'
import { signalProbability, stabilisedFactor } from '../../ops/fourier/stabilised.js'
import { copiesOf, fromModes, type Modes, multiply, toModes } from './modes.js'

/** Of one field; arrays over the held modes (`wholeSpectrum` gives all bins). */
export interface StabilisedInverse {
  /** The change of x. */
  dx: Float64Array
  /** The factor that was applied to every mode, at most |T| to 1/|T| in size. */
  kernel: Float64Array
  /** Probability that a mode holds signal rather than noise. */
  signal: Float64Array
  /** |X| of dy. */
  amplitude: Float64Array
  /** Standard deviation of an entry of dx, if dy has the given noise (Parseval; in the mean over the cells). */
  deviation: number
  /** The notebook's number for it, which is √N times as large for N cells. */
  uncertainty: number
}

/**
 * The probabilistic inverse of a spectral operator (see `Trust`), for one field dy of the cells of `modes`: `transfer` has
 * its factor T for every mode, `noise` is √Σ deviation² over the noise of all entries of dy, and `signal` the size of the
 * entries of x.
 */
export function stabilisedInverse(
  dy: ArrayLike<number>,
  noise: number,
  transfer: Float64Array,
  modes: Modes,
  signal = 1
): StabilisedInverse {
  const n = size(modes.cells)
  checkLength('stabilisedInverse', 'dy', dy, n)
  checkLength('stabilisedInverse', 'factors', transfer, modes.count)
  checkNumbers('stabilisedInverse', 'notNegative', { noise, signal })
  const z = toModes(Float64Array.from(dy), modes)
  const weights = newWeights(modes)
  weigh(z, noise, transfer, modes, signal, weights)
  const { kernel, probability, amplitude } = weights
  const copies = copiesOf(modes)
  let spread = 0
  for (let k = 0; k < modes.count; k++) spread += copies[k] * (noise * kernel[k]) ** 2
  multiply(z, modes, kernel)
  const dx = new Float64Array(n)
  fromModes(z, modes, dx)
  return {
    dx,
    kernel,
    signal: probability,
    amplitude,
    deviation: Math.sqrt(spread) / n,
    uncertainty: Math.sqrt(spread / n)
  }
}

/** The same for many fields: only dx, with the noise of each. */
export function stabilisedChange(
  dy: Float64Array,
  noiseOf: (field: Float64Array) => number,
  transfer: Float64Array,
  modes: Modes,
  signal: number
): Float64Array {
  const n = size(modes.cells)
  const z = toModes(dy, modes)
  const each = z.length / (dy.length / n)
  const weights = newWeights(modes)
  for (let field = 0; field * n < dy.length; field++) {
    const spectrum = z.subarray(field * each, (field + 1) * each)
    weigh(spectrum, noiseOf(dy.subarray(field * n, (field + 1) * n)), transfer, modes, signal, weights)
    multiply(spectrum, modes, weights.kernel)
  }
  const dx = new Float64Array(dy.length)
  fromModes(z, modes, dx)
  return dx
}

/** What is known of each mode of a field. */
interface Weights {
  readonly kernel: Float64Array
  readonly probability: Float64Array
  readonly amplitude: Float64Array
}

function newWeights({ count }: Modes): Weights {
  const [kernel, probability, amplitude] = [0, 0, 0].map(() => new Float64Array(count))
  return { kernel, probability, amplitude }
}

function weigh(
  z: Float64Array,
  noise: number,
  transfer: Float64Array,
  modes: Modes,
  signal: number,
  { kernel, probability, amplitude }: Weights
): void {
  const expected = signal * Math.sqrt(size(modes.cells))
  for (let k = 0; k < modes.count; k++) {
    amplitude[k] = modes.half < 0 ? Math.abs(z[k]) : modulus(z[2 * k], z[2 * k + 1])
    probability[k] = signalProbability(amplitude[k], expected * Math.abs(transfer[k]), noise)
    kernel[k] = stabilisedFactor(transfer[k], probability[k])
  }
}

/** √(a² + b²), by Math.hypot only where the squares leave the range: it takes ten times as long. */
function modulus(a: number, b: number): number {
  const square = a * a + b * b
  return square > 1e-280 && square < 1e300 ? Math.sqrt(square) : Math.hypot(a, b)
}

/** Throws unless `list` holds n numbers. */
function checkLength(asked: string, what: string, list: ArrayLike<number>, n: number): void {
  if (!(typeof list === 'object' && list?.length === n))
    throw new ShapeError(
      asked,
      `${list?.length ?? describe(list)} entries of ${what}, where there are ${n}`,
      'Give a whole field, and a factor for every mode: modesOf(cells, grid).count of them'
    )
}
