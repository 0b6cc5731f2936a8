import { OptionError, ShapeError } from '../../core/errors.js'
import { checkChoice, checkNumbers } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkDimensions, type Dimensions, spatial } from './dimensions.js'
import { constant, fanIn, type Initialiser } from './initialisers.js'
import { type Network, network } from './network.js'

export interface ConvLayerOptions {
  /** Number of spatial axes: 1, 2 (default) or 3. */
  dimensions?: Dimensions
  /** Length of the kernel along every axis. Default 3. */
  kernel?: number
  stride?: number
  /** Entries around x, on every side. Default: half of the kernel's reach, so that an odd kernel of stride 1 keeps the size. */
  padding?: number
  dilation?: number
  /** Channels in so many groups, each convolved by itself. */
  groups?: number
  /** What the padding holds: zeros, or the image's other end. */
  mode?: 'zeros' | 'periodic'
  /** Default true. It starts at zero. */
  bias?: boolean
  /** Of the weight. Default U(±1/√fan_in). */
  init?: Initialiser
}

/**
 * Convolution as a layer: x [..., C, ...S] → [..., O, ...S'], S of 1 to 3 axes; `weight` [O, C/groups, k, ...k], `bias` [O].
 *
 * Throws OptionError for sizes that are no counts, ShapeError for an input of other channels.
 */
export function convLayer(
  inChannels: number,
  outChannels: number,
  {
    dimensions = 2,
    kernel = 3,
    stride = 1,
    dilation = 1,
    padding = Math.floor((dilation * (kernel - 1)) / 2),
    groups = 1,
    mode = 'zeros',
    bias = true,
    init = fanIn
  }: ConvLayerOptions = {}
): Network {
  checkNumbers('convLayer', 'count', { inChannels, outChannels, kernel, stride, dilation, groups })
  checkNumbers('convLayer', 'whole', { padding })
  checkChoice('convLayer', 'mode', mode, ['zeros', 'periodic'])
  checkDimensions('convLayer', dimensions)
  if (inChannels % groups !== 0 || outChannels % groups !== 0)
    throw new OptionError(
      'convLayer',
      `${groups} groups of ${inChannels} channels to ${outChannels}`,
      'Give a number of groups that divides both'
    )
  const { convolve, axes } = spatial[dimensions]
  const positions = kernel ** dimensions
  const weight = {
    shape: [outChannels, inChannels / groups, ...Array<number>(dimensions).fill(kernel)],
    init,
    fan: { in: (inChannels / groups) * positions, out: (outChannels / groups) * positions }
  }
  return network({ weight, ...(bias && { bias: { shape: [outChannels], init: constant(0) } }) }, (scope, x) => {
    if (x.rank <= dimensions || x.shape[x.rank - 1 - dimensions] !== inChannels)
      throw new ShapeError(
        `convLayer ${scope.path && `'${scope.path}' `}of ${inChannels} channels in ${dimensions} dimensions`,
        `an input of shape ${show(x.shape)}`,
        `Give [..., ${inChannels}, ${axes}]`
      )
    const y = convolve(x, scope.read('weight'), { stride, padding, dilation, groups, mode })
    return bias ? add(y, reshape(scope.read('bias'), [-1, ...Array<number>(dimensions).fill(1)])) : y
  })
}
