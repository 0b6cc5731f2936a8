import { addresses, along, stridesOf } from './addresses.js'
import { type Data, Scratch, sizeOf } from './data.js'

const scratch = new Scratch()

/** One sample in f64 with a border of zeros; its channels are `plane` apart, neighbours along spatial axis d `strides[d]`. */
export interface Image {
  data: Float64Array
  plane: number
  strides: readonly number[]
  /** Where each row (along the last axis) of the sample starts in the image, and its length. */
  rows: Int32Array
  width: number
}

/**
 * An image of zeros for samples [channels, ...size], which lie `before` entries from the start along each axis of
 * `padded`. Valid until the next one is made.
 */
export function newImage(
  channels: number,
  size: readonly number[],
  before: readonly number[],
  padded: readonly number[]
): Image {
  // An odd number of cache lines between planes: at a power of two, all channels of a pixel would share one cache set.
  const plane = 8 * (Math.ceil(sizeOf(padded) / 8) | 1)
  const data = scratch.take(channels * plane)
  data.fill(0, 0, channels * plane)
  const strides = stridesOf(padded)
  const last = size.length - 1
  const lines = size.slice(0, last).map((n, d) => along(n, strides[d], before[d] * strides[d]))
  return {
    data,
    plane,
    strides,
    rows: addresses([along(channels, plane), ...lines, [before[last]]]),
    width: size[last]
  }
}

/** Copies a sample into the image; the border keeps its zeros. */
export function load({ data, rows, width }: Image, x: Data, sample: number): void {
  let from = sample * rows.length * width
  for (let r = 0; r < rows.length; r++, from += width) {
    const to = rows[r]
    for (let j = 0; j < width; j++) data[to + j] = x[from + j]
  }
}
