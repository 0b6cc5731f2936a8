import { type Data, Scratch } from './data.js'

/**
 * Bilinear upsampling by an integer factor with align_corners = false (PyTorch's convention): output pixel Y looks at
 *
 *     s = max(0, (Y + 1/2) / factor - 1/2),   y[Y] = (1 - λ) x[⌊s⌋] + λ x[min(⌊s⌋ + 1, size - 1)],   λ = s - ⌊s⌋
 *
 * along each axis. The axes separate: first rows are blended, then the blended row is resampled.
 */
interface Axis {
  low: Int32Array
  high: Int32Array
  weight: Float64Array
}

const rowScratch = new Scratch()
const planeScratch = new Scratch()

/** y[planes, height factor, width factor] from x[planes, height, width]. */
export function upsampleBilinear2d(
  x: Data,
  y: Data,
  planes: number,
  height: number,
  width: number,
  factor: number
): void {
  const rows = resampling(height, factor)
  const { low: lefts, high: rights, weight: weights } = resampling(width, factor)
  const blended = rowScratch.take(width)
  let q = 0
  for (let p = 0; p < planes; p++) {
    const plane = p * height * width
    for (let i = 0; i < height * factor; i++) {
      const low = plane + rows.low[i] * width
      const high = plane + rows.high[i] * width
      const weight = rows.weight[i]
      for (let j = 0; j < width; j++) blended[j] = x[low + j] + weight * (x[high + j] - x[low + j])
      for (let j = 0; j < width * factor; j++) {
        const left = blended[lefts[j]]
        y[q++] = left + weights[j] * (blended[rights[j]] - left)
      }
    }
  }
}

/** dx[planes, height, width], the adjoint of ct[planes, height factor, width factor]. Overwrites dx; sums in f64. */
export function upsampleBilinear2dAdjoint(
  ct: Data,
  dx: Data,
  planes: number,
  height: number,
  width: number,
  factor: number
): void {
  const rows = resampling(height, factor)
  const { low: lefts, high: rights, weight: weights } = resampling(width, factor)
  const blended = rowScratch.take(width)
  const size = height * width
  const total = planeScratch.take(size)
  let q = 0
  for (let p = 0; p < planes; p++) {
    total.fill(0, 0, size)
    for (let i = 0; i < height * factor; i++) {
      blended.fill(0, 0, width)
      for (let j = 0; j < width * factor; j++) {
        const value = ct[q++]
        const right = weights[j] * value
        blended[lefts[j]] += value - right
        blended[rights[j]] += right
      }
      const low = rows.low[i] * width
      const high = rows.high[i] * width
      const weight = rows.weight[i]
      for (let j = 0; j < width; j++) {
        const below = weight * blended[j]
        total[low + j] += blended[j] - below
        total[high + j] += below
      }
    }
    for (let t = 0; t < size; t++) dx[p * size + t] = total[t]
  }
}

function resampling(size: number, factor: number): Axis {
  const length = size * factor
  const low = new Int32Array(length)
  const high = new Int32Array(length)
  const weight = new Float64Array(length)
  for (let i = 0; i < length; i++) {
    const source = Math.max(0, (i + 0.5) / factor - 0.5)
    low[i] = Math.floor(source)
    high[i] = Math.min(low[i] + 1, size - 1)
    weight[i] = source - low[i]
  }
  return { low, high, weight }
}
