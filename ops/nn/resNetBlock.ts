import { checkNumbers } from '../../core/options.js'
import { add } from '../../core/structural/add.js'
import type { Tensor } from '../../core/tensor.js'
import { relu } from '../elementwise/relu.js'
import { convLayer } from './convLayer.js'
import { checkDimensions, type Dimensions } from './dimensions.js'
import { checkActivation } from './mlp.js'
import { type Network, network } from './network.js'
import { chosenNorm, type NormChoice } from './normChoice.js'
import { sequential } from './sequential.js'

export interface ResNetBlockOptions extends NormChoice {
  /** Number of spatial axes: 1, 2 (default) or 3. */
  dimensions?: Dimensions
  /** Beyond the edges: zeros (default), or the image's other end. */
  mode?: 'zeros' | 'periodic'
  /** After each norm. Default ReLU. */
  activation?: (x: Tensor) => Tensor
}

/**
 * A residual block, y = f(x) + x: x [B, C, ...S] → [B, O, ...S]. f (`body`) is twice [convolution of 3 that keeps the size,
 * norm, activation]. Where the channels change, C ≠ O, a 1×1 convolution with norm (`skip`) stands for x in the sum.
 *
 * As in PhiML, the sum does not pass through the activation. He, Zhang, Ren, Sun 2016.
 */
export function resNetBlock(
  inChannels: number,
  outChannels: number,
  { dimensions = 2, mode = 'zeros', activation = relu, ...choice }: ResNetBlockOptions = {}
): Network {
  checkNumbers('resNetBlock', 'count', { inChannels, outChannels })
  checkDimensions('resNetBlock', dimensions)
  checkActivation('resNetBlock', activation)
  const norm = () => chosenNorm(choice, outChannels)
  const body = sequential([
    convLayer(inChannels, outChannels, { dimensions, mode }),
    norm(),
    activation,
    convLayer(outChannels, outChannels, { dimensions, mode }),
    norm(),
    activation
  ])
  const skip = sequential(
    inChannels === outChannels ? [] : [convLayer(inChannels, outChannels, { dimensions, kernel: 1 }), norm()]
  )
  return network({ body, skip }, (scope, x) => add(body(scope.in('body'), x), skip(scope.in('skip'), x)))
}
