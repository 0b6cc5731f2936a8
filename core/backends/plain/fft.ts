import FFT from 'fft.js'

/**
 * Complex discrete Fourier transforms of any length, in the convention of numpy:
 *
 *   forward   X_k = Σ_j x_j exp(-2πi jk/n)         inverse   x_j = 1/n Σ_k X_k exp(+2πi jk/n)
 *
 * Powers of two go to fft.js. A length n = p m with an odd prime p that is small becomes p transforms of m numbers each
 * (Cooley & Tukey 1965): with j = r + p i,
 *
 *   X_{k + s m} = Σ_r exp(-2πi rs/p) · exp(-2πi rk/n) Z_r,k      Z_r the transform of x_r, x_{r+p}, x_{r+2p}, …
 *
 * Any other length becomes a convolution with a chirp (Bluestein 1970): with jk = (j² + k² - (k-j)²)/2 and w_j = exp(-πi j²/n),
 *
 *   X_k = w_k Σ_j (x_j w_j) · conj(w_{k-j})
 *
 * which is a cyclic convolution of a power of two >= 2n - 1. Real and imaginary parts are separate arrays throughout.
 */

/** One transform of n numbers, interleaved re, im, from `input` to `output`. Both are plain arrays. */
export interface Plan {
  input: number[]
  output: number[]
  /** Reads `input` (which it may overwrite), writes `output`. */
  run(inverse: boolean): void
}

const plans = new Map<number, Plan>()

/** The plan for n ≥ 2 numbers, made once. */
export function planOf(n: number): Plan {
  let plan = plans.get(n)
  if (!plan) {
    const p = oddPrime(n)
    plan = (n & (n - 1)) === 0 ? powerOfTwo(n) : p <= LARGEST_PRIME ? byPrime(n, p) : bluestein(n)
    plans.set(n, plan)
  }
  return plan
}

/** Plain arrays on purpose: measured, fft.js is 1.6 times slower on typed ones (128 planes of 64 × 64: 20 against 12.6 ms). */
function scratch(n: number): number[] {
  return new Array<number>(2 * n).fill(0.5).fill(0) // .5 first, so that V8 stores doubles from the start
}

function powerOfTwo(n: number): Plan {
  const input = scratch(n)
  const output = scratch(n)
  const fft = new FFT(n)
  const run = (inverse: boolean) => {
    if (inverse) fft.inverseTransform(output, input)
    else fft.transform(output, input)
  }
  return { input, output, run }
}

/** The largest odd prime factor of n; 1 of a power of two. */
function oddPrime(n: number): number {
  let [rest, largest] = [n, 1]
  while (rest % 2 === 0) rest /= 2
  for (let p = 3; p * p <= rest; p += 2)
    while (rest % p === 0) {
      rest /= p
      largest = Math.max(largest, p)
    }
  return Math.max(largest, rest)
}

/** Sums over p terms cost n p products: up to here less than the two transforms of 2n numbers or more, by factors of 1.2 to 3 (measured). */
const LARGEST_PRIME = 23

/** n = p m, p an odd prime: p transforms of m numbers, and m of p numbers. */
function byPrime(n: number, p: number): Plan {
  const m = n / p
  const part = m > 1 ? planOf(m) : undefined
  const [input, output, work] = [scratch(n), scratch(n), scratch(n)]
  const angle = (j: number): number => (-2 * Math.PI * j) / n
  const turnRe = Float64Array.from({ length: n }, (_, j) => Math.cos(angle(j)))
  const turnIm = Float64Array.from({ length: n }, (_, j) => Math.sin(angle(j)))
  const half = (p - 1) / 2
  // Of terms r and p - r at one k: their sum, and their difference.
  const [sumRe, sumIm, apartRe, apartIm] = [0, 0, 0, 0].map(() => new Float64Array(half))
  const run = (inverse: boolean): void => {
    // As below: real and imaginary parts exchanged on the way in and on the way out.
    const q = inverse ? 1 : 0
    const scale = inverse ? 1 / n : 1
    for (let r = 0; r < p; r++) {
      const into = part ? part.input : work
      const at = part ? 0 : 2 * r
      for (let i = 0, j = 2 * r; i < 2 * m; i += 2, j += 2 * p) {
        into[at + i] = input[j + q]
        into[at + i + 1] = input[j + 1 - q]
      }
      if (!part) continue
      part.run(false)
      const found = part.output
      // With their turns exp(-2πi rk/n).
      for (let k = 0, to = 2 * r * m; k < m; k++, to += 2) {
        const c = turnRe[r * k]
        const s = turnIm[r * k]
        const re = found[2 * k]
        const im = found[2 * k + 1]
        work[to] = re * c - im * s
        work[to + 1] = re * s + im * c
      }
    }
    for (let k = 0; k < m; k++) {
      const firstRe = work[2 * k]
      const firstIm = work[2 * k + 1]
      let totalRe = firstRe
      let totalIm = firstIm
      for (let r = 0; r < half; r++) {
        const a = 2 * ((r + 1) * m + k)
        const b = 2 * ((p - r - 1) * m + k)
        sumRe[r] = work[a] + work[b]
        sumIm[r] = work[a + 1] + work[b + 1]
        apartRe[r] = work[a] - work[b]
        apartIm[r] = work[a + 1] - work[b + 1]
        totalRe += sumRe[r]
        totalIm += sumIm[r]
      }
      output[2 * k + q] = totalRe * scale
      output[2 * k + 1 - q] = totalIm * scale
      for (let s = 1; s <= half; s++) {
        let evenRe = firstRe
        let evenIm = firstIm
        let oddRe = 0
        let oddIm = 0
        for (let r = 0, j = s; r < half; r++) {
          // exp(-2πi (r + 1) s/p)
          const c = turnRe[j * m]
          const d = turnIm[j * m]
          evenRe += c * sumRe[r]
          evenIm += c * sumIm[r]
          oddRe -= d * apartIm[r]
          oddIm += d * apartRe[r]
          j += s
          if (j >= p) j -= p
        }
        const low = 2 * (k + s * m)
        const high = 2 * (k + (p - s) * m)
        output[low + q] = (evenRe + oddRe) * scale
        output[low + 1 - q] = (evenIm + oddIm) * scale
        output[high + q] = (evenRe - oddRe) * scale
        output[high + 1 - q] = (evenIm - oddIm) * scale
      }
    }
  }
  return { input, output, run }
}

function bluestein(n: number): Plan {
  let size = 2
  while (size < 2 * n - 1) size *= 2
  const fft = new FFT(size)
  // w_j has period 2n in j²: reduced exactly, in integers, the angle stays below 2π however large j is.
  const wr = new Float64Array(n)
  const wi = new Float64Array(n)
  for (let j = 0; j < n; j++) {
    const angle = (Math.PI * ((j * j) % (2 * n))) / n
    wr[j] = Math.cos(angle)
    wi[j] = -Math.sin(angle)
  }
  const input = scratch(n)
  const output = scratch(n)
  const a = scratch(size)
  const b = scratch(size)
  for (let j = 0; j < n; j++) {
    const mirror = (size - j) % size
    a[2 * j] = a[2 * mirror] = wr[j]
    a[2 * j + 1] = a[2 * mirror + 1] = -wi[j]
  }
  const chirp = scratch(size)
  fft.transform(chirp, a)

  const run = (inverse: boolean) => {
    // The inverse is the forward transform with real and imaginary parts exchanged, on the way in and on the way out.
    const [p, q] = inverse ? [1, 0] : [0, 1]
    for (let j = 0; j < n; j++) {
      const x = input[2 * j + p]
      const y = input[2 * j + q]
      a[2 * j] = x * wr[j] - y * wi[j]
      a[2 * j + 1] = x * wi[j] + y * wr[j]
    }
    a.fill(0, 2 * n)
    fft.transform(b, a)
    for (let k = 0; k < 2 * size; k += 2) {
      const x = b[k]
      const y = b[k + 1]
      b[k] = x * chirp[k] - y * chirp[k + 1]
      b[k + 1] = x * chirp[k + 1] + y * chirp[k]
    }
    fft.inverseTransform(a, b)
    const scale = inverse ? n : 1
    for (let k = 0; k < n; k++) {
      const x = a[2 * k]
      const y = a[2 * k + 1]
      output[2 * k + p] = (x * wr[k] - y * wi[k]) / scale
      output[2 * k + q] = (x * wi[k] + y * wr[k]) / scale
    }
  }
  return { input, output, run }
}

/** Transforms in place along the middle axis of [outer, n, inner]. */
export function fftAlong(
  re: Float64Array,
  im: Float64Array,
  outer: number,
  n: number,
  inner: number,
  inverse: boolean
): void {
  const total = outer * n * inner
  if (re.length !== total || im.length !== total) {
    throw new RangeError(
      `fftAlong: [${outer}, ${n}, ${inner}] needs ${total} entries, got ${re.length} and ${im.length}`
    )
  }
  if (n <= 1) return
  const plan = planOf(n)
  const { input, output } = plan
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * n * inner + i
      for (let j = 0, at = start; j < n; j++, at += inner) {
        input[2 * j] = re[at]
        input[2 * j + 1] = im[at]
      }
      plan.run(inverse)
      for (let j = 0, at = start; j < n; j++, at += inner) {
        re[at] = output[2 * j]
        im[at] = output[2 * j + 1]
      }
    }
  }
}

/** Two-dimensional transforms in place of every plane of [planes, height, width]; the inverse divides by their product. */
export function fft2(
  re: Float64Array,
  im: Float64Array,
  planes: number,
  height: number,
  width: number,
  inverse: boolean
): void {
  fftAlong(re, im, planes * height, width, 1, inverse)
  fftAlong(re, im, planes, height, width, inverse)
}

/** The frequencies of the n bins in cycles per unit, for samples d apart: [0, 1, ..., -n/2, ..., -1] / (n d). */
export function fftfreq(n: number, d = 1): Float64Array {
  const half = Math.ceil(n / 2)
  return Float64Array.from({ length: n }, (_, k) => (k < half ? k : k - n) / (n * d))
}
