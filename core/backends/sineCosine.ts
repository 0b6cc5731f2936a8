import { fftPairs } from './kernels.js'
import type { Data } from './plain/data.js'

/**
 * Sine and cosine transforms of any length n ≥ 1, the spectra of fields between walls, scaled like the Fourier transform
 * of plain/fft.ts: Σ_k X_k² = n Σ_j x_j², so that noise of deviation σ has the deviation σ√n in every bin.
 *
 *   sine (DST-I), 0 beyond both ends         X_k = √(2n/(n+1)) Σ_j x_j sin(π(j+1)(k+1)/(n+1))
 *   cosine (DCT-II), mirrored at both ends   X_k = √(2 - δ_k0) Σ_j x_j cos(π(j+½)k/n)
 *
 * Both are n^½ times an orthogonal matrix; the sine's is symmetric, so it is its own inverse but for a factor of n.
 * Each is the Fourier transform of the field continued beyond its ends (odd, of length 2n + 2; even, of length 2n). Of two
 * fibres one is the real and the other the imaginary part, so that a transform serves two; only fibres of one field are
 * paired: rounding of a large field must not reach a small one.
 *
 * Both read x [fields, outer, n, inner] and write y of the same shape, which may be x itself, along the axis n.
 */

/** Calls `f` with the first place of each fibre and its partner's (-1: none), and where their pair begins among pairs of `length` numbers. */
function eachPair(
  fields: number,
  outer: number,
  n: number,
  inner: number,
  length: number,
  f: (a: number, b: number, pair: number) => void
): void {
  const perField = outer * inner
  let count = 0
  for (let field = 0; field < fields; field++)
    for (let k = 0; k < perField; k += 2) {
      const start = (fibre: number): number => (field * outer + Math.floor(fibre / inner)) * n * inner + (fibre % inner)
      f(start(k), k + 1 < perField ? start(k + 1) : -1, 2 * length * count++)
    }
}

const pairsIn = (fields: number, perField: number): number => fields * Math.ceil(perField / 2)

export function sineAlong(
  x: Data,
  y: Data,
  fields: number,
  outer: number,
  n: number,
  inner: number,
  inverse: boolean
): void {
  const m = 2 * n + 2
  const count = pairsIn(fields, outer * inner)
  const z = new Float64Array(2 * m * count)
  eachPair(fields, outer, n, inner, m, (a, b, pair) => {
    for (let j = 0; j < n; j++) {
      const [p, q] = [x[a + j * inner], b < 0 ? 0 : x[b + j * inner]]
      const [at, mirror] = [pair + 2 * (j + 1), pair + 2 * (m - 1 - j)]
      z[at] = p
      z[at + 1] = q
      z[mirror] = -p
      z[mirror + 1] = -q
    }
  })
  fftPairs(z, z, count, m, 1, false)
  // Z = -2i Σ x sin; of a + ib that is 2 S_b - 2i S_a.
  const scale = Math.sqrt((2 * n) / (n + 1)) / 2 / (inverse ? n : 1)
  eachPair(fields, outer, n, inner, m, (a, b, pair) => {
    for (let k = 0; k < n; k++) {
      y[a + k * inner] = -scale * z[pair + 2 * k + 3]
      if (b >= 0) y[b + k * inner] = scale * z[pair + 2 * k + 2]
    }
  })
}

export function cosineAlong(
  x: Data,
  y: Data,
  fields: number,
  outer: number,
  n: number,
  inner: number,
  inverse: boolean
): void {
  const m = 2 * n
  const count = pairsIn(fields, outer * inner)
  const z = new Float64Array(2 * m * count)
  const cos = Float64Array.from({ length: n }, (_, k) => Math.cos((Math.PI * k) / m))
  const sin = Float64Array.from({ length: n }, (_, k) => Math.sin((Math.PI * k) / m))
  const scaleOf = (k: number): number => (k === 0 ? 1 : Math.SQRT2)
  // Z_k = 2 e^(iπk/2n) C_k, C_k the sum with the cosines.
  if (!inverse) {
    eachPair(fields, outer, n, inner, m, (a, b, pair) => {
      for (let j = 0; j < n; j++) {
        const [at, mirror] = [pair + 2 * j, pair + 2 * (m - 1 - j)]
        z[at] = z[mirror] = x[a + j * inner]
        z[at + 1] = z[mirror + 1] = b < 0 ? 0 : x[b + j * inner]
      }
    })
    fftPairs(z, z, count, m, 1, false)
    eachPair(fields, outer, n, inner, m, (a, b, pair) => {
      for (let k = 0; k < n; k++) {
        const [re, im] = [z[pair + 2 * k], z[pair + 2 * k + 1]]
        const scale = scaleOf(k) / 2
        y[a + k * inner] = scale * (re * cos[k] + im * sin[k])
        if (b >= 0) y[b + k * inner] = scale * (im * cos[k] - re * sin[k])
      }
    })
    return
  }
  eachPair(fields, outer, n, inner, m, (a, b, pair) => {
    for (let k = 0; k < n; k++) {
      // C_{2n-k} = -C_k, C_n = 0, and e^(iπ(2n-k)/2n) = -e^(-iπk/2n).
      const p = (2 / scaleOf(k)) * x[a + k * inner]
      const q = b < 0 ? 0 : (2 / scaleOf(k)) * x[b + k * inner]
      const [at, mirror] = [pair + 2 * k, pair + 2 * (m - k)]
      z[at] = p * cos[k] - q * sin[k]
      z[at + 1] = p * sin[k] + q * cos[k]
      if (k === 0) continue
      z[mirror] = p * cos[k] + q * sin[k]
      z[mirror + 1] = q * cos[k] - p * sin[k]
    }
  })
  fftPairs(z, z, count, m, 1, true)
  eachPair(fields, outer, n, inner, m, (a, b, pair) => {
    for (let j = 0; j < n; j++) {
      y[a + j * inner] = z[pair + 2 * j]
      if (b >= 0) y[b + j * inner] = z[pair + 2 * j + 1]
    }
  })
}
