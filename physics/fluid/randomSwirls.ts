import { OptionError } from '../../core/errors.js'
import { checkNumbers, checkOptions, describe } from '../../core/options.js'
import { Random } from '../../core/random.js'
import { checkShape } from '../../core/shape.js'
import { Tensor } from '../../core/tensor.js'
import { smoothNoise } from '../spectral/smoothNoise.js'
import { divergenceFree } from './divergenceFree.js'

export interface RandomSwirlsOptions {
  /** Length of a cell. Default 1. */
  dx?: number
  /** Each component of the wind is uniform between minus and plus this, in dx per unit of time. Default 16. */
  wind?: number
  /** So is the angular velocity ω in the middle. Default 2. */
  spin?: number
  /** σ, in the unit of dx. Default 20. */
  radius?: number
  /** Deviation of the smooth noise in each component. Default 0.1. */
  noise?: number
}

/**
 * Random velocities [B, 2, n, n] of a periodic square: a wind, a swirl about the middle c, and a little smooth noise, without
 * divergence, v = Π (w + ω e^(-|r|²/2σ²) (-r₂, r₁) + noise), r = p - c at the cell centres p.
 *
 *     randomSwirls(random(0), 16, 64, { dx: 2 })
 *
 * The starts of the fluid experiment of Holl, Koltun and Thuerey 2022, whose defaults are for a square of 128. Throws
 * OptionError for settings out of range.
 */
export function randomSwirls(random: Random, batch: number, n: number, options: RandomSwirlsOptions = {}): Tensor {
  checkOptions('randomSwirls', options, ['dx', 'wind', 'spin', 'radius', 'noise'])
  const { dx = 1, wind = 16, spin = 2, radius = 20, noise = 0.1 } = options
  if (!(random instanceof Random))
    throw new OptionError('randomSwirls', `${describe(random)} instead of a random stream`, 'Give random(seed)')
  checkShape([batch, 2, n, n], 'randomSwirls')
  checkNumbers('randomSwirls', 'positive', { dx, radius })
  checkNumbers('randomSwirls', 'notNegative', { wind, spin, noise })
  const v = new Float64Array(batch * 2 * n * n)
  for (let b = 0; b < batch; b++) {
    const [w1, w2, omega] = [wind, wind, spin].map(most => most * (2 * random.next() - 1))
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const [r1, r2] = [(i + 0.5 - n / 2) * dx, (j + 0.5 - n / 2) * dx]
        const turn = omega * Math.exp((-0.5 * (r1 * r1 + r2 * r2)) / radius ** 2)
        const at = 2 * b * n * n + i * n + j
        v[at] = w1 - turn * r2
        v[at + n * n] = w2 + turn * r1
      }
  }
  const rough = smoothNoise(random, 2 * batch, [n, n], { dx }).data
  for (let k = 0; k < v.length; k++) v[k] += noise * rough[k]
  return divergenceFree(new Tensor([batch, 2, n, n], v), { dx })
}
