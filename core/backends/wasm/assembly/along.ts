// y[o, i, r] = Σ_j M[i, j] x[o, j, r] with a sparse matrix, x [outer, columns, inner]: entries taken, averaged, interpolated. In f64 for both dtypes, each sum
// in the order of core/backends/plain/sparseAlong.ts, and with its bits.
//
// The matrix: rows, columns, weights (0: all 1), then the integers start[rows + 1] and column[…] as there.

import { loadLanes, storeLanes } from './vectors'

// @ts-ignore: decorator
@inline function weightAt(weights: usize, k: i32): f64 {
  return weights ? load<f64>(weights + (<usize>k << 3)) : 1
}

/** Two entries, `step` bytes apart; neighbours if it is 0. */
// @ts-ignore: decorator
@inline function loadTwo<T>(p: usize, step: usize): v128 {
  if (step == 0) return loadLanes<T, f64>(p)
  if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load32_lane(p + step, v128.load32_zero(p), 1))
  return v128.load64_lane(p + step, v128.load64_zero(p), 1)
}
// @ts-ignore: decorator
@inline function storeTwo<T>(p: usize, step: usize, v: v128): void {
  if (step == 0) storeLanes<T, f64>(p, v)
  else {
    store<T>(p, <T>f64x2.extract_lane(v, 0))
    store<T>(p + step, <T>f64x2.extract_lane(v, 1))
  }
}

/** Row i of M times n vectors, whose entries are xStep bytes apart in x and yStep in y, where column j is at x + j length. */
// @ts-ignore: decorator
@inline function rowOf<T>(neighbours: bool, first: i32, last: i32, column: usize, weights: usize, x: usize, xStep: usize, length: usize, y: usize, yStep: usize, n: i32): void {
  const count = last - first
  const p = neighbours ? 0 : xStep, q = neighbours ? 0 : yStep
  // Most rows have few entries: their places and weights are looked up once.
  const few = count > 0 && count <= 4
  let a: usize = 0, b: usize = 0, c: usize = 0, d: usize = 0
  let u: f64 = 1, v: f64 = 1, w: f64 = 1, z: f64 = 1
  if (few) {
    const columns = column + (<usize>first << 2)
    a = <usize>load<i32>(columns) * length
    u = weightAt(weights, first)
    if (count > 1) { b = <usize>load<i32>(columns, 4) * length; v = weightAt(weights, first + 1) }
    if (count > 2) { c = <usize>load<i32>(columns, 8) * length; w = weightAt(weights, first + 2) }
    if (count > 3) { d = <usize>load<i32>(columns, 12) * length; z = weightAt(weights, first + 3) }
  }
  const U = f64x2.splat(u), V = f64x2.splat(v), W = f64x2.splat(w), Z = f64x2.splat(z)
  let r = 0
  for (; r + 1 < n; r += 2) {
    let s = f64x2.splat(0)
    if (few) {
      s = f64x2.mul(U, loadTwo<T>(x + a, p))
      if (count > 1) s = f64x2.add(s, f64x2.mul(V, loadTwo<T>(x + b, p)))
      if (count > 2) s = f64x2.add(s, f64x2.mul(W, loadTwo<T>(x + c, p)))
      if (count > 3) s = f64x2.add(s, f64x2.mul(Z, loadTwo<T>(x + d, p)))
    } else {
      for (let k = first; k < last; k++)
        s = f64x2.add(s, f64x2.mul(f64x2.splat(weightAt(weights, k)), loadTwo<T>(x + <usize>load<i32>(column + (<usize>k << 2)) * length, p)))
    }
    storeTwo<T>(y, q, s)
    x += xStep << 1
    y += yStep << 1
  }
  if (r == n) return
  let s: f64 = 0
  for (let k = first; k < last; k++) {
    const product = weightAt(weights, k) * <f64>load<T>(x + <usize>load<i32>(column + (<usize>k << 2)) * length)
    s = few && k == first ? product : s + product
  }
  store<T>(y, <T>s)
}

/** Entries of x and y that fit the first-level cache together. */
const BLOCK: i32 = 2048

/** Outer indices from … to - 1. */
// @ts-ignore: decorator
@inline function along<T>(x: usize, y: usize, matrix: usize, inner: i32, from: i32, to: i32): void {
  const unit = <usize>sizeof<T>()
  const rows = load<i32>(matrix), columns = load<i32>(matrix, 4)
  const weights = <usize>load<i32>(matrix, 8)
  const start = matrix + 12
  const column = start + (<usize>(rows + 1) << 2)
  const length = <usize>inner * unit
  // A row of M meets many vectors at once: those next to each other along `inner`, or along the last axis a block of the outer ones.
  const block = inner > 1 ? 1 : max(8, BLOCK / (rows + columns + 1))
  for (let o = from; o < to; o += block) {
    const X = x + <usize>(o * columns) * length
    const Y = y + <usize>(o * rows) * length
    for (let i = 0; i < rows; i++) {
      const first = load<i32>(start + (<usize>i << 2)), last = load<i32>(start + (<usize>i << 2), 4)
      const to1 = Y + <usize>i * length
      if (inner == 1) rowOf<T>(false, first, last, column, weights, X, <usize>columns * unit, length, to1, <usize>rows * unit, min(block, to - o))
      else if (last - first == 1 && !weights) memory.copy(to1, X + <usize>load<i32>(column + (<usize>first << 2)) * length, length)
      else rowOf<T>(true, first, last, column, weights, X, unit, length, to1, unit, inner)
    }
  }
}
export function along32(x: usize, y: usize, matrix: usize, inner: i32, from: i32, to: i32): void { along<f32>(x, y, matrix, inner, from, to) }
export function along64(x: usize, y: usize, matrix: usize, inner: i32, from: i32, to: i32): void { along<f64>(x, y, matrix, inner, from, to) }
