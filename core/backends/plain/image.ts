import { type Data, Scratch } from './data.js'

const scratch = new Scratch()

/** One sample in f64 with a border of zeros; planes are `plane` apart. */
export interface Image {
  data: Float64Array
  channels: number
  height: number
  width: number
  top: number
  left: number
  paddedWidth: number
  plane: number
}

/** An image of zeros, valid until the next one is made. */
export function newImage(
  channels: number,
  height: number,
  width: number,
  top: number,
  left: number,
  paddedHeight: number,
  paddedWidth: number
): Image {
  // An odd number of cache lines between planes: at a power of two, all channels of a pixel would share one cache set.
  const plane = 8 * (Math.ceil((paddedHeight * paddedWidth) / 8) | 1)
  const data = scratch.take(channels * plane)
  data.fill(0, 0, channels * plane)
  return { data, channels, height, width, top, left, paddedWidth, plane }
}

/** Copies a sample into the image; the border keeps its zeros. */
export function load(image: Image, x: Data, sample: number): void {
  const { data, channels, height, width, top, left, paddedWidth, plane } = image
  let from = sample * channels * height * width
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height; i++, from += width) {
      const to = c * plane + (top + i) * paddedWidth + left
      for (let j = 0; j < width; j++) data[to + j] = x[from + j]
    }
  }
}
