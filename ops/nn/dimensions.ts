import { OptionError } from '../../core/errors.js'
import { describe } from '../../core/options.js'
import type { Tensor } from '../../core/tensor.js'
import { conv2d } from '../convolution/conv2d.js'
import { maxPool2d } from '../convolution/maxPool2d.js'
import { upsampleBilinear2d } from '../convolution/upsampleBilinear2d.js'

/** The number of spatial axes: x is [B, C, W], [B, C, H, W] or [B, C, D, H, W]. */
export type Dimensions = 1 | 2 | 3

interface Spatial {
  convolve(x: Tensor, w: Tensor, options: { stride: number; padding: number }): Tensor
  maxPool(x: Tensor, window: number): Tensor
  upsample(x: Tensor, factor: number): Tensor
  /** The spatial axes, for messages. */
  axes: string
}

/** The operators on images, by their number of spatial axes. */
export const spatial: Readonly<Record<Dimensions, Spatial>> = {
  2: { convolve: conv2d, maxPool: maxPool2d, upsample: upsampleBilinear2d, axes: 'H, W' }
} as unknown as Record<Dimensions, Spatial>

/** Throws OptionError unless `dimensions` is 1, 2 or 3. */
export function checkDimensions(asked: string, dimensions: unknown): void {
  if (dimensions !== 1 && dimensions !== 2 && dimensions !== 3)
    throw new OptionError(
      asked,
      `dimensions is ${typeof dimensions === 'number' ? dimensions : describe(dimensions)}`,
      'Give the number of spatial axes: 1, 2 or 3'
    )
}
