import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { show, size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { checkTensor, mapData, type Tensor, zeros } from '../../core/tensor.js'
import { gelu } from '../elementwise/gelu.js'
import { concat } from '../shape/concat.js'
import { convLayer } from './convLayer.js'
import { checkDimensions, type Dimensions } from './dimensions.js'
import { checkActivation } from './mlp.js'
import { type Network, network } from './network.js'
import { type Layer, sequential } from './sequential.js'
import { spectralConvLayer } from './spectralConvLayer.js'

export interface FnoBlockOptions {
  /** Number of spatial axes: 1, 2 (default) or 3. */
  dimensions?: Dimensions
  /** Frequencies kept per axis; one number for all of them. Default 12. */
  modes?: number | readonly number[]
}

/**
 * A Fourier layer without its activation: x [B, C, ...S] → [B, C, ...S], the sum of a convolution of the lowest Fourier
 * modes (`spectral`, sees the whole domain) and a 1×1 convolution (`local`). Li et al. 2021, eq. (2).
 */
export function fnoBlock(channels: number, { dimensions = 2, modes = 12 }: FnoBlockOptions = {}): Network {
  const spectral = spectralConvLayer(channels, channels, { dimensions, modes })
  const local = convLayer(channels, channels, { dimensions, kernel: 1 })
  return network({ spectral, local }, (scope, x) => add(spectral(scope.in('spectral'), x), local(scope.in('local'), x)))
}

export interface FnoOptions extends FnoBlockOptions {
  /** Values and coordinates (see `withCoordinates`). Default 1 + dimensions. */
  inChannels?: number
  outChannels?: number
  /** Channels inside. Default 32. */
  width?: number
  /** Number of Fourier layers. Default 4. */
  blocks?: number
  /** Channels between the two projecting layers. Default 128. */
  projection?: number
  /** After all blocks but the last, and between the projecting layers. Default GELU. */
  activation?: (x: Tensor) => Tensor
}

/**
 * A Fourier neural operator: x [B, C_in, ...S] → [B, C_out, ...S]. Every position's channels go through a dense layer
 * (`lift`), then Fourier layers (`block1` …), then two dense layers (`project1`, `project2`); dense layers of the channels
 * are 1×1 convolutions. The same θ serves every resolution with enough frequencies.
 *
 * In two dimensions with 12 modes, 32 channels and 3 input channels: 1,188,353 weights if a complex one counts once, as
 * PyTorch counts, which are 2,368,001 numbers in θ (`countParameters`). Li et al. 2021, "Fourier Neural Operator for
 * Parametric Partial Differential Equations"; the layers of their code.
 */
export function fno({
  dimensions = 2,
  modes = 12,
  inChannels = 1 + dimensions,
  outChannels = 1,
  width = 32,
  blocks = 4,
  projection = 128,
  activation = gelu
}: FnoOptions = {}): Network {
  checkNumbers('fno', 'count', { inChannels, outChannels, width, blocks, projection })
  checkDimensions('fno', dimensions)
  checkActivation('fno', activation)
  const dense = (from: number, to: number) => convLayer(from, to, { dimensions, kernel: 1 })
  const layers: Record<string, Layer> = { lift: dense(inChannels, width) }
  for (let k = 1; k <= blocks; k++) {
    layers[`block${k}`] = fnoBlock(width, { dimensions, modes })
    if (k < blocks) layers[`activation${k}`] = activation
  }
  layers.project1 = dense(width, projection)
  layers.activation = activation
  layers.project2 = dense(projection, outChannels)
  return sequential(layers)
}

/**
 * x [B, C, ...S] → [B, C + d, ...S]: d further channels hold the coordinates of each position, 0 to 1 along each of the d
 * axes S, both ends included: what an FNO sees besides the values.
 */
export function withCoordinates(x: Tensor): Tensor {
  checkTensor(x, 'withCoordinates')
  if (x.rank < 3) throw new ShapeError(`withCoordinates of ${show(x.shape)}`, 'no spatial axes', 'Give [B, C, ...S]')
  const [B, , ...S] = x.shape
  const coordinates = S.map((n, k) => {
    const step = size(S.slice(k + 1))
    return mapData(zeros([B, 1, ...S], x.dtype), (_, i) => (n === 1 ? 0 : (Math.floor(i / step) % n) / (n - 1)))
  })
  return concat([x, ...coordinates], 1)
}
