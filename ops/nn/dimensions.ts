import { OptionError } from '../../core/errors.js'
import { describe } from '../../core/options.js'
import type { Tensor } from '../../core/tensor.js'
import { type ConvOptions, conv1d, conv2d, conv3d } from '../convolution/conv.js'
import { maxPool1d, maxPool2d, maxPool3d } from '../convolution/maxPool.js'
import { upsampleBilinear2d, upsampleLinear1d, upsampleTrilinear3d } from '../convolution/upsampleLinear.js'
import { spectralConv1d, spectralConv2d, spectralConv3d } from '../fourier/spectralConv.js'

/** The number of spatial axes: x is [B, C, W], [B, C, H, W] or [B, C, D, H, W]. */
export type Dimensions = 1 | 2 | 3

interface Spatial {
  convolve(x: Tensor, w: Tensor, options: ConvOptions): Tensor
  spectralConv(x: Tensor, w: Tensor): Tensor
  maxPool(x: Tensor, window: number): Tensor
  upsample(x: Tensor, factor: number): Tensor
  /** The spatial axes, for messages. */
  axes: string
}

/** The operators on images, by their number of spatial axes. */
export const spatial: Readonly<Record<Dimensions, Spatial>> = {
  1: { convolve: conv1d, spectralConv: spectralConv1d, maxPool: maxPool1d, upsample: upsampleLinear1d, axes: 'W' },
  2: { convolve: conv2d, spectralConv: spectralConv2d, maxPool: maxPool2d, upsample: upsampleBilinear2d, axes: 'H, W' },
  3: {
    convolve: conv3d,
    spectralConv: spectralConv3d,
    maxPool: maxPool3d,
    upsample: upsampleTrilinear3d,
    axes: 'D, H, W'
  }
}

/** Throws OptionError unless `dimensions` is 1, 2 or 3. */
export function checkDimensions(asked: string, dimensions: unknown): void {
  if (dimensions !== 1 && dimensions !== 2 && dimensions !== 3)
    throw new OptionError(
      asked,
      `dimensions is ${typeof dimensions === 'number' ? dimensions : describe(dimensions)}`,
      'Give the number of spatial axes: 1, 2 or 3'
    )
}
