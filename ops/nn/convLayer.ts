import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkDimensions, type Dimensions, spatial } from './dimensions.js'
import { constant, fanIn, type Initialiser } from './initialisers.js'
import { type Network, network } from './network.js'

export interface ConvLayerOptions {
  /** Number of spatial axes: 1, 2 (default) or 3. */
  dimensions?: Dimensions
  /** Of the kernel, along every axis. Default 3. */
  kernel?: number
  stride?: number
  /** Zeros around x, along every axis. Default kernel/2 rounded down: an odd kernel of stride 1 keeps the size. */
  padding?: number
  /** Default true. It starts at zero. */
  bias?: boolean
  /** Of the weight. Default U(±1/√fan_in). */
  init?: Initialiser
}

/**
 * Convolution as a layer: x [..., C, ...S] → [..., O, ...S'] with S of 1 to 3 axes; `weight` [O, C, k, ...k], `bias` [O].
 *
 * Throws OptionError for sizes that are no counts, ShapeError for an input of other channels.
 */
export function convLayer(
  inChannels: number,
  outChannels: number,
  { dimensions = 2, kernel = 3, stride = 1, padding, bias = true, init = fanIn }: ConvLayerOptions = {}
): Network {
  checkNumbers('convLayer', 'count', { inChannels, outChannels, kernel, stride })
  checkDimensions('convLayer', dimensions)
  const zeros = padding ?? Math.floor(kernel / 2)
  checkNumbers('convLayer', 'whole', { padding: zeros })
  const { convolve, axes } = spatial[dimensions]
  const shape = [outChannels, inChannels, ...Array<number>(dimensions).fill(kernel)]
  const fan = { in: inChannels * kernel ** dimensions, out: outChannels * kernel ** dimensions }
  const weight = { shape, init, fan }
  return network({ weight, ...(bias && { bias: { shape: [outChannels], init: constant(0) } }) }, (scope, x) => {
    if (x.rank <= dimensions || x.shape[x.rank - 1 - dimensions] !== inChannels)
      throw new ShapeError(
        `convLayer ${scope.path && `'${scope.path}' `}of ${inChannels} channels in ${dimensions} dimensions`,
        `an input of shape ${show(x.shape)}`,
        `Give [..., ${inChannels}, ${axes}]`
      )
    const y = convolve(x, scope.read('weight'), { stride, padding: zeros })
    return bias ? add(y, reshape(scope.read('bias'), [-1, ...Array<number>(dimensions).fill(1)])) : y
  })
}
