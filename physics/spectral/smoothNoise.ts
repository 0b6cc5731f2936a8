import { OptionError } from '../../core/errors.js'
import { checkNumbers, checkOptions, describe } from '../../core/options.js'
import { Random } from '../../core/random.js'
import { Tensor } from '../../core/tensor.js'
import { GRID_OPTIONS, type GridOptions, gridOf } from '../grid.js'
import { eigenvaluesOf, filtered, modesOf } from './modes.js'

export interface SmoothNoiseOptions extends GridOptions {
  /** The length, in the unit of dx, in whose waves k counts. Default 10. */
  scale?: number
  /** Amplitudes fall like k^(-2 smoothness). Default 1. */
  smoothness?: number
  /** Waves with k² at or below it are left out. Default 0.1. */
  lowest?: number
}

/**
 * Smooth random fields [B, ...cells], each with mean 0 and deviation 1: white noise whose modes are multiplied by
 * k^(-2 smoothness), k their waves per `scale`; what is longer than about three scales is cut off.
 *
 *     smoothNoise(random(0), 16, [64, 64])
 *
 * The `Noise` of the authors' solver (PhiFlow), which draws the right-hand sides of their Poisson problems. Throws
 * OptionError for a grid or numbers that are none.
 */
export function smoothNoise(
  random: Random,
  samples: number,
  cells: readonly number[],
  options: SmoothNoiseOptions = {}
): Tensor {
  const { scale = 10, smoothness = 1, lowest = 0.1 } = options
  checkOptions('smoothNoise', options, ['scale', 'smoothness', 'lowest', ...GRID_OPTIONS])
  if (!(random instanceof Random))
    throw new OptionError('smoothNoise', `${describe(random)} as the random numbers`, 'Give random(seed)')
  checkNumbers('smoothNoise', 'positive', { scale })
  checkNumbers('smoothNoise', 'notNegative', { smoothness, lowest })
  const modes = modesOf(cells, gridOf({ dimensions: cells.length, ...options }, 'smoothNoise'))
  // Of -∇², (2π/wavelength)²: from there to waves per scale.
  const factors = eigenvaluesOf(modes, 'spectral').map(k => {
    const waves = k * (scale / (2 * Math.PI)) ** 2
    return waves > lowest ? waves ** -smoothness : 0
  })
  const white = random.normal([samples, ...cells])
  const fields = new Float64Array(white.size)
  filtered(white.data, modes, factors, fields)
  const n = cells.reduce((a, b) => a * b, 1)
  for (let b = 0; b < samples; b++) normalise(fields.subarray(b * n, (b + 1) * n))
  return new Tensor([samples, ...cells], fields)
}

/** To mean 0 and deviation 1, in place; a field without a mode stays 0. */
function normalise(u: Float64Array): void {
  const mean = u.reduce((sum, v) => sum + v, 0) / u.length
  const deviation = Math.sqrt(u.reduce((sum, v) => sum + (v - mean) ** 2, 0) / u.length)
  for (let i = 0; i < u.length; i++) u[i] = deviation > 0 ? (u[i] - mean) / deviation : 0
}
