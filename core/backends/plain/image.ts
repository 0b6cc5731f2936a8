import type { ImageLayout } from '../convolutionPlan.js'
import { type Data, Scratch } from './data.js'

const scratch = new Scratch()

/** A sample with a border of zeros, in f64. */
export interface Image extends ImageLayout {
  data: Float64Array
}

/** An image of zeros. Valid until the next one is made. */
export function newImage(layout: ImageLayout): Image {
  const data = scratch.take(layout.length)
  data.fill(0, 0, layout.length)
  return { ...layout, data }
}

/** Copies a sample into the image; the border keeps its zeros. */
export function load({ data, rows, width }: Image, x: Data, sample: number): void {
  let from = sample * rows.length * width
  for (let r = 0; r < rows.length; r++, from += width) {
    const to = rows[r]
    for (let j = 0; j < width; j++) data[to + j] = x[from + j]
  }
}
