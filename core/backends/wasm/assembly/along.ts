// y[o, i, r] = Σ_j M[i, j] x[o, j, r] with a sparse matrix, x [outer, columns, inner]: entries taken, averaged, interpolated. In f64 for both dtypes, each sum
// in the order of core/backends/plain/sparseAlong.ts, and with its bits.
//
// The matrix: rows, columns, weights (0: all 1), then the integers start[rows + 1] and column[…] as there.

import { loadLanes, storeLanes } from './vectors'

// @ts-ignore: decorator
@inline function weightAt(weights: usize, k: i32): f64 {
  return weights ? load<f64>(weights + (<usize>k << 3)) : 1
}

/** One number: entries first … last - 1, which lie `step` bytes times their column from x. Sums of one to four begin with their first product, others with 0. */
// @ts-ignore: decorator
@inline function one<T>(x: usize, step: usize, column: usize, weights: usize, first: i32, last: i32): f64 {
  let s: f64 = 0
  for (let k = first; k < last; k++) {
    const product = weightAt(weights, k) * <f64>load<T>(x + <usize>load<i32>(column + (<usize>k << 2)) * step)
    s = k == first && last - first <= 4 ? product : s + product
  }
  return s
}

/** The same of two neighbours. */
// @ts-ignore: decorator
@inline function two<T>(x: usize, step: usize, column: usize, weights: usize, first: i32, last: i32): v128 {
  let s = f64x2.splat(0)
  for (let k = first; k < last; k++) {
    const product = f64x2.mul(f64x2.splat(weightAt(weights, k)), loadLanes<T, f64>(x + <usize>load<i32>(column + (<usize>k << 2)) * step))
    s = k == first && last - first <= 4 ? product : f64x2.add(s, product)
  }
  return s
}

/** A row of y made of two rows of x: what linear interpolation and halving take. */
// @ts-ignore: decorator
@inline function ofTwo<T>(a: usize, u: f64, b: usize, v: f64, y: usize, n: i32): void {
  const U = f64x2.splat(u), V = f64x2.splat(v)
  const pairs = y + (<usize>(n >> 1) << 1) * sizeof<T>()
  for (; y < pairs; y += 2 * sizeof<T>()) {
    storeLanes<T, f64>(y, f64x2.add(f64x2.mul(U, loadLanes<T, f64>(a)), f64x2.mul(V, loadLanes<T, f64>(b))))
    a += 2 * sizeof<T>()
    b += 2 * sizeof<T>()
  }
  if (n & 1) store<T>(y, <T>(u * <f64>load<T>(a) + v * <f64>load<T>(b)))
}

/** Outer indices from … to - 1. */
// @ts-ignore: decorator
@inline function along<T>(x: usize, y: usize, matrix: usize, inner: i32, from: i32, to: i32): void {
  const unit = <usize>sizeof<T>()
  const rows = load<i32>(matrix), columns = load<i32>(matrix, 4)
  const weights = <usize>load<i32>(matrix, 8)
  const start = matrix + 12
  const column = start + (<usize>(rows + 1) << 2)
  const step = <usize>inner * unit
  x += <usize>(from * columns) * step
  y += <usize>(from * rows) * step
  for (let o = from; o < to; o++) {
    for (let i = 0; i < rows; i++) {
      const first = load<i32>(start + (<usize>i << 2)), last = load<i32>(start + (<usize>i << 2), 4)
      if (inner == 1) store<T>(y, <T>one<T>(x, step, column, weights, first, last))
      else if (last - first == 2) {
        const a = x + <usize>load<i32>(column + (<usize>first << 2)) * step
        const b = x + <usize>load<i32>(column + (<usize>first << 2), 4) * step
        ofTwo<T>(a, weightAt(weights, first), b, weightAt(weights, first + 1), y, inner)
      } else if (last - first == 1 && !weights) {
        memory.copy(y, x + <usize>load<i32>(column + (<usize>first << 2)) * step, step)
      } else {
        let r = 0
        for (; r + 1 < inner; r += 2) storeLanes<T, f64>(y + <usize>r * unit, two<T>(x + <usize>r * unit, step, column, weights, first, last))
        if (r < inner) store<T>(y + <usize>r * unit, <T>one<T>(x + <usize>r * unit, step, column, weights, first, last))
      }
      y += step
    }
    x += <usize>columns * step
  }
}
export function along32(x: usize, y: usize, matrix: usize, inner: i32, from: i32, to: i32): void { along<f32>(x, y, matrix, inner, from, to) }
export function along64(x: usize, y: usize, matrix: usize, inner: i32, from: i32, to: i32): void { along<f64>(x, y, matrix, inner, from, to) }
