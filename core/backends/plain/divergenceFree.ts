import { stridesOf } from './addresses.js'
import { sizeOf } from './data.js'
import { fftAlong } from './fft.js'

/**
 * Vector fields on a periodic grid made free of divergence, in place: every bin of the spectrum keeps the part that is
 * perpendicular to its wave vector, û - k (k·û) / |k|², times a gain (1 by default), u [fields, d, ...cells].
 *
 * `waves[i]` are the components of k along axis i. Real fields travel in pairs through complex transforms, z = a + ib; with m
 * the bin of -k,
 *
 *     â_k = ½ (ẑ_k + ẑ_m*)     b̂_k = -½i (ẑ_k - ẑ_m*)
 *
 * and since the projection is real and the same for k and -k, both bins are done at once.
 */
export function divergenceFree(
  u: Float64Array,
  cells: readonly number[],
  waves: readonly Float64Array[],
  gain?: Float64Array
): void {
  const d = cells.length
  const n = sizeOf(cells)
  const opposite = oppositeBins(cells)
  const pairs = Math.ceil(d / 2)
  const re = new Float64Array(pairs * n)
  const im = new Float64Array(pairs * n)
  const strides = stridesOf(cells)
  const [k, ar, ai] = [new Float64Array(d), new Float64Array(2 * pairs), new Float64Array(2 * pairs)]
  for (let at = 0; at < u.length; at += d * n) {
    for (let c = 0; c < d; c++) (c % 2 ? im : re).set(u.subarray(at + c * n, at + (c + 1) * n), (c >> 1) * n)
    if (d % 2) im.fill(0, (pairs - 1) * n)
    transform(re, im, pairs, cells, false)
    for (let bin = 0; bin < n; bin++) {
      const other = opposite[bin]
      if (other < bin) continue
      let square = 0
      for (let i = 0; i < d; i++) {
        k[i] = waves[i][Math.floor(bin / strides[i]) % cells[i]]
        square += k[i] * k[i]
      }
      for (let q = 0; q < pairs; q++) {
        const [p, m] = [q * n + bin, q * n + other]
        ar[2 * q] = (re[p] + re[m]) / 2
        ai[2 * q] = (im[p] - im[m]) / 2
        ar[2 * q + 1] = (im[p] + im[m]) / 2
        ai[2 * q + 1] = (re[m] - re[p]) / 2
      }
      let along = 0
      let alongIm = 0
      for (let i = 0; i < d; i++) {
        along += k[i] * ar[i]
        alongIm += k[i] * ai[i]
      }
      const share = square > 0 ? 1 / square : 0
      const g = gain ? gain[bin] : 1
      for (let i = 0; i < d; i++) {
        ar[i] = g * (ar[i] - k[i] * along * share)
        ai[i] = g * (ai[i] - k[i] * alongIm * share)
      }
      for (let q = 0; q < pairs; q++) {
        const [p, m] = [q * n + bin, q * n + other]
        re[p] = ar[2 * q] - ai[2 * q + 1]
        im[p] = ai[2 * q] + ar[2 * q + 1]
        re[m] = ar[2 * q] + ai[2 * q + 1]
        im[m] = ar[2 * q + 1] - ai[2 * q]
      }
    }
    transform(re, im, pairs, cells, true)
    for (let c = 0; c < d; c++) u.set((c % 2 ? im : re).subarray((c >> 1) * n, ((c >> 1) + 1) * n), at + c * n)
  }
}

/** Along all axes of [planes, ...cells]. */
function transform(
  re: Float64Array,
  im: Float64Array,
  planes: number,
  cells: readonly number[],
  inverse: boolean
): void {
  const n = sizeOf(cells)
  for (let axis = 0, outer = planes, inner = n; axis < cells.length; axis++) {
    inner /= cells[axis]
    fftAlong(re, im, outer, cells[axis], inner, inverse)
    outer *= cells[axis]
  }
}

/** For the bin of every wave vector k that of -k. */
function oppositeBins(cells: readonly number[]): Int32Array {
  let bins = new Int32Array(1)
  for (const n of cells) {
    const next = new Int32Array(bins.length * n)
    for (let i = 0; i < bins.length; i++) for (let j = 0; j < n; j++) next[i * n + j] = bins[i] * n + ((n - j) % n)
    bins = next
  }
  return bins
}
