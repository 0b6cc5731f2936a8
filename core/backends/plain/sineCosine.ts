import type { Data } from './data.js'
import { planOf } from './fft.js'

/**
 * Sine and cosine transforms of any length n ≥ 1, the spectra of fields between walls, scaled like the Fourier transform
 * of fft.ts: Σ_k X_k² = n Σ_j x_j², so that noise of deviation σ has the deviation σ√n in every bin.
 *
 *   sine (DST-I), 0 beyond both ends         X_k = √(2n/(n+1)) Σ_j x_j sin(π(j+1)(k+1)/(n+1))
 *   cosine (DCT-II), mirrored at both ends   X_k = √(2 - δ_k0) Σ_j x_j cos(π(j+½)k/n)
 *
 * Both are n^½ times an orthogonal matrix; the sine's is symmetric, so it is its own inverse but for a factor of n.
 * Each is the Fourier transform of the field continued beyond its ends (odd, of length 2n + 2; even, of length 2n). Of two
 * fibres one is the real and the other the imaginary part, so that a transform serves two; only fibres of one field are
 * paired: rounding of a large field must not reach a small one.
 */
interface Fibre {
  readonly from: Data
  readonly to: Data
  readonly start: number
  readonly step: number
}

/** Runs `f` on the fibres along the middle axis of [fields, outer, n, inner], in pairs within each field. */
function eachPair(
  x: Data,
  y: Data,
  fields: number,
  outer: number,
  n: number,
  inner: number,
  f: (a: Fibre, b: Fibre | undefined) => void
): void {
  const perField = outer * inner
  const fibre = (field: number, k: number): Fibre => {
    const o = Math.floor(k / inner)
    return { from: x, to: y, start: (field * outer + o) * n * inner + (k - o * inner), step: inner }
  }
  for (let field = 0; field < fields; field++)
    for (let k = 0; k < perField; k += 2) f(fibre(field, k), k + 1 < perField ? fibre(field, k + 1) : undefined)
}

/** x to y, which may be x itself, along the middle axis of [fields, outer, n, inner]; both ways by `inverse`. */
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
  const { input, output, run } = planOf(m)
  // The odd continuation z has the transform Z = -2i Σ x sin; of a + ib that is 2 S_b - 2i S_a.
  const scale = Math.sqrt((2 * n) / (n + 1)) / 2 / (inverse ? n : 1)
  eachPair(x, y, fields, outer, n, inner, (a, b) => {
    input[0] = input[1] = input[m] = input[m + 1] = 0
    for (let j = 0; j < n; j++) {
      const p = a.from[a.start + j * a.step]
      const q = b ? b.from[b.start + j * b.step] : 0
      input[2 * j + 2] = p
      input[2 * j + 3] = q
      input[2 * (m - 1 - j)] = -p
      input[2 * (m - 1 - j) + 1] = -q
    }
    run(false)
    for (let k = 0; k < n; k++) {
      a.to[a.start + k * a.step] = -scale * output[2 * k + 3]
      if (b) b.to[b.start + k * b.step] = scale * output[2 * k + 2]
    }
  })
}

/** x to y, which may be x itself, along the middle axis of [fields, outer, n, inner]. */
export function cosineAlong(
  x: Data,
  y: Data,
  fields: number,
  outer: number,
  n: number,
  inner: number,
  inverse: boolean
): void {
  const { input, output, run } = planOf(2 * n)
  // The even continuation z of length 2n has the transform Z_k = 2 e^(iπk/2n) C_k, C_k the sum with the cosines.
  const turn = (k: number): readonly [number, number] => [
    Math.cos((Math.PI * k) / (2 * n)),
    Math.sin((Math.PI * k) / (2 * n))
  ]
  const turns = Array.from({ length: n }, (_, k) => turn(k))
  const scaleOf = (k: number): number => (k === 0 ? 1 : Math.SQRT2)
  if (!inverse)
    eachPair(x, y, fields, outer, n, inner, (a, b) => {
      for (let j = 0; j < n; j++) {
        const mirror = 2 * (2 * n - 1 - j)
        input[2 * j] = input[mirror] = a.from[a.start + j * a.step]
        input[2 * j + 1] = input[mirror + 1] = b ? b.from[b.start + j * b.step] : 0
      }
      run(false)
      for (let k = 0; k < n; k++) {
        const [c, s] = turns[k]
        const scale = scaleOf(k) / 2
        const [re, im] = [output[2 * k], output[2 * k + 1]]
        a.to[a.start + k * a.step] = scale * (re * c + im * s)
        if (b) b.to[b.start + k * b.step] = scale * (im * c - re * s)
      }
    })
  else
    eachPair(x, y, fields, outer, n, inner, (a, b) => {
      input[2 * n] = input[2 * n + 1] = 0
      for (let k = 0; k < n; k++) {
        const [c, s] = turns[k]
        // X_k / scale = C_k; C_{2n-k} = -C_k, and e^(iπ(2n-k)/2n) = -e^(-iπk/2n).
        const p = (2 / scaleOf(k)) * a.from[a.start + k * a.step]
        const q = b ? (2 / scaleOf(k)) * b.from[b.start + k * b.step] : 0
        input[2 * k] = p * c - q * s
        input[2 * k + 1] = p * s + q * c
        if (k === 0) continue
        input[2 * (2 * n - k)] = p * c + q * s
        input[2 * (2 * n - k) + 1] = q * c - p * s
      }
      run(true)
      for (let j = 0; j < n; j++) {
        a.to[a.start + j * a.step] = output[2 * j]
        if (b) b.to[b.start + j * b.step] = output[2 * j + 1]
      }
    })
}
