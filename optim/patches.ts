import { size } from '../core/shape.js'
import type { Tensor } from '../core/tensor.js'

export interface PatchAttrs {
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
  readonly kernel: readonly number[]
  readonly size: readonly number[]
}

/**
 * What a convolution multiplies its weight [O, C, ...kernel] with, as rows: [samples × positions, C × kernel], zeros outside of
 * the image x [..., C, ...size]. With them it is a matrix product, rows · weightᵀ.
 */
export function patches(x: Tensor, { stride, padding, dilation, kernel, size: image }: PatchAttrs): Float64Array {
  const axes = kernel.length
  const positions = image.map(
    (s, d) => Math.floor((s + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1
  )
  const [T, taps, pixels] = [size(positions), size(kernel), size(image)]
  const channels = x.shape[x.rank - axes - 1]
  const B = x.size / (channels * pixels)
  // Where tap k of position t lies within a channel; -1 outside.
  const places = new Int32Array(T * taps)
  const [at, tap] = [new Array<number>(axes).fill(0), new Array<number>(axes).fill(0)]
  for (let t = 0; t < T; t++) {
    unravel(t, positions, at)
    for (let k = 0; k < taps; k++) {
      unravel(k, kernel, tap)
      let place = 0
      for (let d = 0; d < axes && place >= 0; d++) {
        const i = at[d] * stride[d] + tap[d] * dilation[d] - padding[d]
        place = i < 0 || i >= image[d] ? -1 : place * image[d] + i
      }
      places[t * taps + k] = place
    }
  }
  const { data } = x
  const rows = new Float64Array(B * T * channels * taps)
  let to = 0
  for (let b = 0; b < B; b++)
    for (let t = 0; t < T; t++)
      for (let c = 0; c < channels; c++) {
        const from = (b * channels + c) * pixels
        for (let k = 0; k < taps; k++, to++) {
          const place = places[t * taps + k]
          if (place >= 0) rows[to] = data[from + place]
        }
      }
  return rows
}

/** The index of an entry from its place, into `index`. */
function unravel(i: number, shape: readonly number[], index: number[]): void {
  for (let d = shape.length - 1; d >= 0; d--) {
    index[d] = i % shape[d]
    i = Math.floor(i / shape[d])
  }
}
