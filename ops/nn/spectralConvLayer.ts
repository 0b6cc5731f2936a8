import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { spectralWeightShape } from '../fourier/spectralConv.js'
import { checkDimensions, type Dimensions, spatial } from './dimensions.js'
import type { Initialiser } from './initialisers.js'
import { type Network, network } from './network.js'

export interface SpectralConvLayerOptions {
  /** Number of spatial axes: 1, 2 (default) or 3. */
  dimensions?: Dimensions
  /** Frequencies kept per axis; one number for all of them. Default 12. */
  modes?: number | readonly number[]
  /** Of real and imaginary parts. Default U(0, 1/(C O)), as the authors' code. */
  init?: Initialiser
}

/**
 * Multiplication of the lowest Fourier modes by complex matrices, as a layer: x [..., C, ...S] → [..., O, ...S];
 * `weight` [2^(d-1), C, O, ...modes, 2] for d axes, its last axis real and imaginary part. Has no bias.
 *
 * Throws ShapeError for an input of other channels or with fewer frequencies. Li et al. 2021, eqs. (4), (5).
 */
export function spectralConvLayer(
  inChannels: number,
  outChannels: number,
  { dimensions = 2, modes = 12, init = small }: SpectralConvLayerOptions = {}
): Network {
  checkNumbers('spectralConvLayer', 'count', { inChannels, outChannels })
  checkDimensions('spectralConvLayer', dimensions)
  const kept = typeof modes === 'number' ? Array<number>(dimensions).fill(modes) : modes
  const shape = spectralWeightShape(inChannels, outChannels, kept)
  if (kept.length !== dimensions)
    throw new ShapeError(
      `spectralConvLayer in ${dimensions} dimensions`,
      `${kept.length} numbers of modes`,
      'Give one for each axis, or one number for all'
    )
  const { spectralConv, axes } = spatial[dimensions]
  const weight = { shape, init, fan: { in: inChannels, out: outChannels }, complex: true }
  return network({ weight }, (scope, x) => {
    if (x.rank <= dimensions || x.shape[x.rank - 1 - dimensions] !== inChannels)
      throw new ShapeError(
        `spectralConvLayer ${scope.path && `'${scope.path}' `}of ${inChannels} channels in ${dimensions} dimensions`,
        `an input of shape ${show(x.shape)}`,
        `Give [..., ${inChannels}, ${axes}]`
      )
    return spectralConv(x, scope.read('weight'))
  })
}

const small: Initialiser = (random, shape, fan) => random.uniform(shape, 0, 1 / (fan.in * fan.out))
