import { OptionError, ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { reshape } from '../../core/structural/reshape.js'
import type { Tensor } from '../../core/tensor.js'
import { conv2d } from '../convolution/conv.js'
import { maxPool2d } from '../convolution/maxPool.js'
import { upsampleBilinear2d } from '../convolution/upsampleLinear.js'
import { relu } from '../elementwise/relu.js'
import { concat } from '../shape/concat.js'
import { batchNorm, batchNormFixed } from './batchNorm.js'
import { constant, fanIn, type Network, network, type Parameter, Parameters } from './parameters.js'

/** Mean and variance per batch-norm layer, by the layer's name: the state of running statistics. */
export type Statistics = Readonly<Record<string, { mean: Tensor; variance: Tensor }>>

export interface UNetOptions {
  inChannels?: number
  outChannels?: number
  /** Number of resolutions, the finest included. */
  levels?: number
  /** Channels at every level. */
  filters?: number
  /** Sees the input of every batch-norm layer, to keep running statistics. */
  observe?: (layer: string, input: Tensor) => void
  /** Given: normalise with these instead of the batch's own. */
  statistics?: Statistics
}

/**
 * The U-net of PhiML (`u_net`), two-dimensional: x [B, C_in, H, W] → [B, C_out, H, W], H and W divisible by 2^(levels-1).
 *
 * A block is twice [3×3 convolution with zero padding, batch norm, ReLU]. Down: max-pool 2, block. Up: bilinear ×2
 * (corners not aligned), concatenate [skip, up], block whose middle has half of its input channels. Last a 1×1 convolution.
 * With 4 levels of 16 filters 37,697 parameters. Ronneberger, Fischer, Brox 2015; names as in PhiML's torch module.
 */
export function uNet({
  inChannels = 1,
  outChannels = 1,
  levels = 4,
  filters = 16,
  observe,
  statistics
}: UNetOptions = {}): Network {
  checkNumbers('uNet', 'count', { inChannels, outChannels, levels, filters })
  const downs = Array.from({ length: levels - 1 }, (_, i) => `down${i + 1}.conv`)
  const ups = Array.from({ length: levels - 1 }, (_, i) => `up${i + 1}.conv`)
  const parameters = new Parameters([
    ...blockParameters('inc', inChannels, filters, filters),
    ...downs.flatMap(name => blockParameters(name, filters, filters, filters)),
    ...ups.flatMap(name => blockParameters(name, 2 * filters, filters, filters)),
    ...convParameters('outc', filters, outChannels, 1)
  ])
  const divisor = 2 ** (levels - 1)

  return network(parameters, (theta, x) => {
    if (x.rank !== 4 || x.shape[1] !== inChannels || x.shape.slice(2).some(d => d % divisor !== 0 || d === 0))
      throw new ShapeError(
        `uNet with ${levels} levels`,
        `an input of shape ${show(x.shape)}`,
        `Give [B, ${inChannels}, H, W] with H and W divisible by ${divisor}`
      )
    const p = (name: string) => parameters.read(theta, name)
    const convolve = (h: Tensor, name: string, padding: number) =>
      add(conv2d(h, p(`${name}.weight`), { padding }), reshape(p(`${name}.bias`), [-1, 1, 1]))
    const normalise = (h: Tensor, name: string) => {
      observe?.(name, h)
      const [w, b] = [p(`${name}.weight`), p(`${name}.bias`)]
      if (statistics && !statistics[name])
        throw new OptionError('uNet', `no statistics of layer '${name}'`, 'Give mean and variance of every batch norm')
      return statistics ? batchNormFixed(h, w, b, statistics[name]) : batchNorm(h, w, b)
    }
    const half = (h: Tensor, name: string, i: number) =>
      relu(normalise(convolve(h, `${name}.double_conv.${i}`, 1), `${name}.double_conv.${i + 1}`))
    const block = (h: Tensor, name: string) => half(half(h, name, 0), name, 3)

    const path = [block(x, 'inc')]
    for (const name of downs) path.push(block(maxPool2d(path[path.length - 1], 2), name))
    let h = path[path.length - 1]
    ups.forEach((name, i) => {
      h = block(concat([path[levels - 2 - i], upsampleBilinear2d(h, 2)], 1), name)
    })
    return convolve(h, 'outc', 0)
  })
}

function convParameters(name: string, inChannels: number, outChannels: number, kernel: number): Parameter[] {
  const fan = { in: inChannels * kernel * kernel, out: outChannels * kernel * kernel }
  return [
    { name: `${name}.weight`, shape: [outChannels, inChannels, kernel, kernel], init: fanIn, fan },
    { name: `${name}.bias`, shape: [outChannels], init: constant(0) }
  ]
}

function normParameters(name: string, channels: number): Parameter[] {
  return [
    { name: `${name}.weight`, shape: [channels], init: constant(1) },
    { name: `${name}.bias`, shape: [channels], init: constant(0) }
  ]
}

/** Indices as in the torch Sequential: convolution 0, norm 1, ReLU 2, convolution 3, norm 4, ReLU 5. */
const blockParameters = (name: string, inChannels: number, mid: number, out: number): Parameter[] => [
  ...convParameters(`${name}.double_conv.0`, inChannels, mid, 3),
  ...normParameters(`${name}.double_conv.1`, mid),
  ...convParameters(`${name}.double_conv.3`, mid, out, 3),
  ...normParameters(`${name}.double_conv.4`, out)
]
