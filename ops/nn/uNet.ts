import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { show } from '../../core/shape.js'
import type { Tensor } from '../../core/tensor.js'
import { relu } from '../elementwise/relu.js'
import { concat } from '../shape/concat.js'
import { convLayer } from './convLayer.js'
import { checkDimensions, type Dimensions, spatial } from './dimensions.js'
import { checkActivation } from './mlp.js'
import { type Network, network } from './network.js'
import { chosenNorm, type NormChoice } from './normChoice.js'
import { sequential } from './sequential.js'

export interface UNetOptions extends NormChoice {
  /** Number of spatial axes: 1, 2 (default) or 3. */
  dimensions?: Dimensions
  inChannels?: number
  outChannels?: number
  /** Number of resolutions, the finest included. */
  levels?: number
  /** Channels at every level. */
  filters?: number
  /** Beyond the edges: zeros (default), or the image's other end. */
  mode?: 'zeros' | 'periodic'
  /** After each norm. Default ReLU. */
  activation?: (x: Tensor) => Tensor
}

/**
 * The U-net of PhiML (`u_net`): x [B, C_in, ...S] → [B, C_out, ...S], every axis of S divisible by 2^(levels-1).
 *
 * A block is twice [convolution of 3 that keeps the size, norm, activation]. Down: max-pool 2, block. Up: linear ×2
 * (corners not aligned), concatenate [skip, up], block whose middle has half of its input channels. Last a 1×1 convolution.
 * Two-dimensional with 4 levels of 16 filters it has 37,697 parameters. Batch norm mixes the samples of a batch; for rows
 * per sample choose `norm: 'group'`. Ronneberger, Fischer, Brox 2015; names as in PhiML's torch module.
 */
export function uNet({
  dimensions = 2,
  inChannels = 1,
  outChannels = 1,
  levels = 4,
  filters = 16,
  mode = 'zeros',
  activation = relu,
  ...choice
}: UNetOptions = {}): Network {
  checkNumbers('uNet', 'count', { inChannels, outChannels, levels, filters })
  checkDimensions('uNet', dimensions)
  checkActivation('uNet', activation)
  const { maxPool, upsample, axes } = spatial[dimensions]
  const half = (from: number) => [
    convLayer(from, filters, { dimensions, mode }),
    chosenNorm(choice, filters),
    activation
  ]
  const block = (from: number) => sequential({ double_conv: sequential([...half(from), ...half(filters)]) })
  const list = (name: string, part: () => Network) =>
    Object.fromEntries(Array.from({ length: levels - 1 }, (_, i) => [`${name}${i + 1}`, part()]))
  const inc = block(inChannels)
  const downs = list('down', () => sequential({ pool: x => maxPool(x, 2), conv: block(filters) }))
  const ups = list('up', () => sequential({ conv: block(2 * filters) }))
  const outc = convLayer(filters, outChannels, { dimensions, kernel: 1 })
  const divisor = 2 ** (levels - 1)

  return network({ inc, ...downs, ...ups, outc }, (scope, x) => {
    const sizes = x.shape.slice(2)
    if (x.rank !== 2 + dimensions || x.shape[1] !== inChannels || sizes.some(d => d % divisor !== 0 || d === 0))
      throw new ShapeError(
        `uNet with ${levels} levels`,
        `an input of shape ${show(x.shape)}`,
        `Give [B, ${inChannels}, ${axes}] with ${axes.replaceAll(',', ' and')} divisible by ${divisor}`
      )
    const path = [inc(scope.in('inc'), x)]
    for (const name in downs) path.push(downs[name](scope.in(name), path[path.length - 1]))
    let h = path.pop()!
    for (const name in ups) h = ups[name](scope.in(name), concat([path.pop()!, upsample(h, 2)], 1))
    return outc(scope.in('outc'), h)
  })
}
