import type { Data } from './data.js'

/**
 * Batch normalisation as loops over x [B, C, n], channel by channel: y = w (x - μ)/s + b, s = √(σ² + ε), and its adjoint,
 * with two and three passes over memory where a composition of operators takes twenty. All sums are in f64.
 */
export interface BatchStatistics {
  readonly mean: Float64Array
  /** s per channel. */
  readonly deviation: Float64Array
}

/** Mean and s of each channel; undefined where a square leaves the range, or an entry is not finite. */
export function batchStatistics(
  x: Data,
  batch: number,
  channels: number,
  n: number,
  eps: number
): BatchStatistics | undefined {
  const mean = new Float64Array(channels)
  const deviation = new Float64Array(channels)
  const count = batch * n
  for (let c = 0; c < channels; c++) {
    // Differences to the first entry: equal entries have variance 0 exactly.
    const first = x[c * n]
    let total = 0
    for (let b = 0; b < batch; b++) total += sumOfDifferences(x, (b * channels + c) * n, n, first)
    const m = first + total / count
    let squares = 0
    for (let b = 0; b < batch; b++) squares += sumOfSquares(x, (b * channels + c) * n, n, m)
    if (!Number.isFinite(squares)) return undefined
    mean[c] = m
    deviation[c] = Math.sqrt(squares / count + eps)
  }
  return { mean, deviation }
}

function sumOfDifferences(x: Data, from: number, n: number, shift: number): number {
  let [even, odd] = [0, 0]
  const end = from + n
  let i = from
  for (; i + 1 < end; i += 2) {
    even += x[i] - shift
    odd += x[i + 1] - shift
  }
  return i < end ? even + odd + (x[i] - shift) : even + odd
}

function sumOfSquares(x: Data, from: number, n: number, m: number): number {
  let [even, odd] = [0, 0]
  const end = from + n
  let i = from
  for (; i + 1 < end; i += 2) {
    const [p, q] = [x[i] - m, x[i + 1] - m]
    even += p * p
    odd += q * q
  }
  return i < end ? even + odd + (x[i] - m) ** 2 : even + odd
}

/** y = w (x - μ)/s + b. */
export function batchNorm(x: Data, w: Data, b: Data, y: Data, { mean, deviation }: BatchStatistics, n: number): void {
  const channels = mean.length
  for (let from = 0, c = 0; from < x.length; from += n, c = c + 1 === channels ? 0 : c + 1) {
    const [m, scale, bias] = [mean[c], w[c] / deviation[c], b[c]]
    for (let i = from; i < from + n; i++) y[i] = (x[i] - m) * scale + bias
  }
}

/**
 * dx = w/s (ct - ⟨ct⟩ - ŷ ⟨ŷ ct⟩), dw = Σ ŷ ct, db = Σ ct, with ŷ = (x - μ)/s and ⟨⟩ the mean over batch and positions.
 * Overwrites all three.
 */
export function batchNormAdjoint(
  x: Data,
  w: Data,
  ct: Data,
  { mean, deviation }: BatchStatistics,
  n: number,
  dx: Data,
  dw: Data,
  db: Data
): void {
  const channels = mean.length
  const plane = channels * n
  const count = x.length / channels
  for (let c = 0; c < channels; c++) {
    const [m, s] = [mean[c], deviation[c]]
    let [all, along] = [0, 0]
    for (let from = c * n; from < x.length; from += plane) {
      let [sum, dot] = [0, 0]
      for (let i = from; i < from + n; i++) {
        sum += ct[i]
        dot += ct[i] * (x[i] - m)
      }
      all += sum
      along += dot
    }
    dw[c] = along / s
    db[c] = all
    const scale = w[c] / s
    const [shift, slope] = [all / count, along / (s * s * count)]
    for (let from = c * n; from < x.length; from += plane)
      for (let i = from; i < from + n; i++) dx[i] = scale * (ct[i] - shift - (x[i] - m) * slope)
  }
}
