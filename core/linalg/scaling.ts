import { NonFiniteError } from '../errors.js'
/** Largest |a_i|, 0 for an empty array. Throws NonFiniteError at the first NaN or infinity, naming its place. */
export function maxAbs(a: Float64Array, what = 'matrix'): number {
  let max = 0
  for (let i = 0; i < a.length; i++) {
    const v = Math.abs(a[i])
    if (!(v < Infinity)) throw new NonFiniteError(what, `entry ${i} is ${a[i]}`, 'Decompositions need finite entries')
    if (v > max) max = v
  }
  return max
}

/**
 * The power of two 2^e with 1 <= max/2^e < 2 (2^-1022 at the least, so that it is a normal number), 1 for max = 0.
 * Dividing by it is exact, up to entries that become subnormal, and makes squares safe from overflow.
 */
export function powerOfTwoScale(max: number): number {
  if (max === 0) return 1
  let e = Math.max(-1022, Math.min(1023, Math.floor(Math.log2(max))))
  if (max / 2 ** e >= 2 && e < 1023) e++ // log2 may round across an integer
  if (max / 2 ** e < 1 && e > -1022) e--
  return 2 ** e
}

/** Euclidean norm of a[from..to), without overflow or underflow of the squares; 0 exactly for zeros. */
export function norm2(a: Float64Array, from = 0, to = a.length): number {
  let s0 = 0
  let s1 = 0
  let i = from
  for (; i + 1 < to; i += 2) {
    s0 += a[i] * a[i]
    s1 += a[i + 1] * a[i + 1]
  }
  if (i < to) s0 += a[i] * a[i]
  const sum = s0 + s1
  if (sum > 1e-250 && sum < 1e300) return Math.sqrt(sum)
  let max = 0
  for (let j = from; j < to; j++) max = Math.max(max, Math.abs(a[j]))
  if (max === 0 || !(max < Infinity)) return max
  let scaled = 0
  for (let j = from; j < to; j++) scaled += (a[j] / max) ** 2
  return max * Math.sqrt(scaled)
}

/** The [n, m] transpose of a row-major [m, n] matrix, in tiles so that both sides stay in cache. */
export function transpose(a: Float64Array, m: number, n: number): Float64Array {
  const out = new Float64Array(m * n)
  const tile = 16
  for (let i0 = 0; i0 < m; i0 += tile) {
    const i1 = Math.min(m, i0 + tile)
    for (let j0 = 0; j0 < n; j0 += tile) {
      const j1 = Math.min(n, j0 + tile)
      for (let i = i0; i < i1; i++) for (let j = j0; j < j1; j++) out[j * m + i] = a[i * n + j]
    }
  }
  return out
}

/** The unit matrix [n, n]. */
export function identity(n: number): Float64Array {
  const I = new Float64Array(n * n)
  for (let k = 0; k < n; k++) I[k * n + k] = 1
  return I
}
