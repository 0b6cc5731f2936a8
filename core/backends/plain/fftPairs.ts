import type { Data } from './data.js'
import { planOf } from './fft.js'

/**
 * The transforms of fft.ts on complex numbers stored as pairs (re, im) side by side, along the middle axis of
 * [outer, n, inner, 2]; and the two between n real numbers and the n/2 + 1 bins that they determine, since X_{n-k} is the
 * conjugate of X_k. All numbers in between are f64, also for f32 data.
 */

/** The number of bins that n real numbers determine. */
export const halfLength = (n: number): number => Math.floor(n / 2) + 1

/** x [outer, n, inner, 2] to y of the same shape, which may be x itself. */
export function fftPairs(x: Data, y: Data, outer: number, n: number, inner: number, inverse: boolean): void {
  if (n <= 1) {
    if (y !== x) y.set(x)
    return
  }
  const { input, output, run } = planOf(n)
  const step = 2 * inner
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const start = 2 * (o * n * inner + i)
      for (let j = 0, at = start; j < 2 * n; j += 2, at += step) {
        input[j] = x[at]
        input[j + 1] = x[at + 1]
      }
      run(inverse)
      for (let j = 0, at = start; j < 2 * n; j += 2, at += step) {
        y[at] = output[j]
        y[at + 1] = output[j + 1]
      }
    }
}

/** Real x [outer, n, inner] to the bins 0 … n/2, y [outer, n/2 + 1, inner, 2]. */
export function rfftPairs(x: Data, y: Data, outer: number, n: number, inner: number): void {
  const m = halfLength(n)
  const plan = n > 1 ? planOf(n) : undefined
  const [input, output] = plan ? [plan.input, plan.output] : oneNumber()
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      for (let j = 0, at = o * n * inner + i; j < 2 * n; j += 2, at += inner) {
        input[j] = x[at]
        input[j + 1] = 0
      }
      plan?.run(false)
      for (let k = 0, at = 2 * (o * m * inner + i); k < 2 * m; k += 2, at += 2 * inner) {
        y[at] = output[k]
        // Sums of real numbers: not even rounding makes them complex.
        y[at + 1] = k === 0 || k === n ? 0 : output[k + 1]
      }
    }
}

/** Bins 0 … n/2, x [outer, n/2 + 1, inner, 2], to real y [outer, n, inner]. Imaginary parts of bins 0 and n/2 are not read. */
export function irfftPairs(x: Data, y: Data, outer: number, n: number, inner: number): void {
  const m = halfLength(n)
  const plan = n > 1 ? planOf(n) : undefined
  const [input, output] = plan ? [plan.input, plan.output] : oneNumber()
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      for (let k = 0, at = 2 * (o * m * inner + i); k < 2 * m; k += 2, at += 2 * inner) {
        const edge = k === 0 || k === n
        input[k] = x[at]
        input[k + 1] = edge ? 0 : x[at + 1]
        if (edge) continue
        input[2 * n - k] = x[at]
        input[2 * n - k + 1] = -x[at + 1]
      }
      plan?.run(true)
      for (let j = 0, at = o * n * inner + i; j < 2 * n; j += 2, at += inner) y[at] = output[j]
    }
}

/** The transform of one number is that number: input and output are one array. */
function oneNumber(): [number[], number[]] {
  const pair = [0, 0]
  return [pair, pair]
}
