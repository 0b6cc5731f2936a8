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
function batchStatistics(
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
    mean[c] = m
    deviation[c] = Math.sqrt(squares / count + eps)
    if (!Number.isFinite(deviation[c])) return undefined
  }
  return { mean, deviation }
}

/** Σ (x - shift) over n entries from one on, in four sums. */
function sumOfDifferences(x: Data, from: number, n: number, shift: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  const end = from + n
  let i = from
  for (; i + 3 < end; i += 4) {
    s0 += x[i] - shift
    s1 += x[i + 1] - shift
    s2 += x[i + 2] - shift
    s3 += x[i + 3] - shift
  }
  for (; i < end; i++) s0 += x[i] - shift
  return s0 + s1 + (s2 + s3)
}

/** Σ (x - m)², in the same order. */
function sumOfSquares(x: Data, from: number, n: number, m: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  const end = from + n
  let i = from
  for (; i + 3 < end; i += 4) {
    const [p, q, r, s] = [x[i] - m, x[i + 1] - m, x[i + 2] - m, x[i + 3] - m]
    s0 += p * p
    s1 += q * q
    s2 += r * r
    s3 += s * s
  }
  for (; i < end; i++) s0 += (x[i] - m) * (x[i] - m)
  return s0 + s1 + (s2 + s3)
}

/** Σ ct (x - m), in the same order. */
function sumOfProducts(ct: Data, x: Data, from: number, n: number, m: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  const end = from + n
  let i = from
  for (; i + 3 < end; i += 4) {
    s0 += ct[i] * (x[i] - m)
    s1 += ct[i + 1] * (x[i + 1] - m)
    s2 += ct[i + 2] * (x[i + 2] - m)
    s3 += ct[i + 3] * (x[i + 3] - m)
  }
  for (; i < end; i++) s0 += ct[i] * (x[i] - m)
  return s0 + s1 + (s2 + s3)
}

/** y = w (x - μ)/s + b for x [B, C, n], and what it was normalised by; undefined as above, and then y is of no use. */
export function batchNorm(
  x: Data,
  w: Data,
  b: Data,
  y: Data,
  batch: number,
  n: number,
  eps: number
): BatchStatistics | undefined {
  const channels = w.length
  const statistics = batchStatistics(x, batch, channels, n, eps)
  if (!statistics) return undefined
  const { mean, deviation } = statistics
  for (let from = 0, c = 0; from < x.length; from += n, c = c + 1 === channels ? 0 : c + 1) {
    const [m, scale, bias] = [mean[c], w[c] / deviation[c], b[c]]
    for (let i = from; i < from + n; i++) y[i] = (x[i] - m) * scale + bias
  }
  return statistics
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
      all += sumOfDifferences(ct, from, n, 0)
      along += sumOfProducts(ct, x, from, n, m)
    }
    dw[c] = along / s
    db[c] = all
    const scale = w[c] / s
    const [shift, slope] = [all / count, along / (s * s * count)]
    for (let from = c * n; from < x.length; from += plane)
      for (let i = from; i < from + n; i++) dx[i] = scale * (ct[i] - shift - (x[i] - m) * slope)
  }
}
