import type { Data } from './data.js'

/**
 * y[o, i, r] = x[o, index[o, i, r], r] for x [outer, n, inner] and y [outer, m, inner]; the index has the entries of y, or
 * fewer, and then repeats over leading axes. Returns the place in the index of the first that is no whole number from 0
 * on and below n, or -1.
 */
export function gather(x: Data, index: Data, y: Data, outer: number, n: number, m: number, inner: number): number {
  for (let o = 0, q = 0, at = 0; o < outer; o++) {
    if (at === index.length) at = 0
    for (let i = 0; i < m; i++)
      for (let r = 0; r < inner; r++, at++) {
        const j = index[at]
        if (!(j >= 0 && j < n && Number.isInteger(j))) return at
        y[q++] = x[(o * n + j) * inner + r]
      }
  }
  return -1
}

/** The adjoint of `gather`: y[o, index[o, i, r], r] += u[o, i, r]; y is overwritten. Sums run in f64. */
export function scatterAdd(u: Data, index: Data, y: Data, outer: number, n: number, m: number, inner: number): number {
  const sum = y instanceof Float64Array ? y.fill(0) : new Float64Array(y.length)
  for (let o = 0, q = 0, at = 0; o < outer; o++) {
    if (at === index.length) at = 0
    for (let i = 0; i < m; i++)
      for (let r = 0; r < inner; r++, at++) {
        const j = index[at]
        if (!(j >= 0 && j < n && Number.isInteger(j))) return at
        sum[(o * n + j) * inner + r] += u[q++]
      }
  }
  if (sum !== y) y.set(sum)
  return -1
}
