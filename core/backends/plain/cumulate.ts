import { type Data, Scratch } from './data.js'

const scratch = new Scratch()

/**
 * Running sums along the middle axis of [outer, n, inner], from its end with `reverse`; `exclusive` stores a sum before its
 * own entry is added. The sums run in f64, a row of `inner` of them at a time.
 */
export function cumulate(
  x: Data,
  y: Data,
  outer: number,
  n: number,
  inner: number,
  reverse: boolean,
  exclusive: boolean
): void {
  const sums = scratch.take(inner)
  for (let o = 0; o < outer; o++) {
    sums.fill(0, 0, inner)
    for (let i = 0; i < n; i++) {
      const row = (o * n + (reverse ? n - 1 - i : i)) * inner
      for (let j = 0; j < inner; j++) {
        const before = sums[j]
        sums[j] += x[row + j]
        y[row + j] = exclusive ? before : sums[j]
      }
    }
  }
}
