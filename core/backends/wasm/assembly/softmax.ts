import { expOf } from './exponential'
import { log1p } from './logarithm'
import { loadLanes, storeLanes } from './vectors'

// Rows of n entries of f32 or f64, one after the other, with m the largest entry of a row and q = Σ e^(x - m) without
// that entry, in f64 for both dtypes:
//
//     logsumexp m + ln(1 + q)     logSoftmax (x - m) - ln(1 + q)     softmax e^(x - m) / Σ e^(x - m)
//
// Sums run in two lanes from front to back, so a row's result depends on that row alone.

/** The largest entry; NaN if any is. */
// @ts-ignore: decorator
@inline function largest<T>(x: usize, n: i32): f64 {
  const lanes = 16 / <i32>sizeof<T>()
  let v = v128.splat<T>(-Infinity)
  let i = 0
  for (; i + lanes <= n; i += lanes) v = v128.max<T>(v, v128.load(x + <usize>i * sizeof<T>()))
  let m = max<T>(v128.extract_lane<T>(v, 0), v128.extract_lane<T>(v, 1))
  if (sizeof<T>() == 4) m = max<T>(m, <T>max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)))
  for (; i < n; i++) m = max<T>(m, load<T>(x + <usize>i * sizeof<T>()))
  return <f64>m
}

// @ts-ignore: decorator
@inline function across(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1)
}

/** q: every entry as large as m adds one, but for the first. */
// @ts-ignore: decorator
@inline function others<T>(x: usize, n: i32, m: f64): f64 {
  const M = f64x2.splat(m)
  const one = f64x2.splat(1)
  let sum = f64x2.splat(0)
  let ties = f64x2.splat(0)
  for (let i = 0; i < n; i += 2) {
    const at = x + <usize>i * sizeof<T>()
    // Beside a last single entry goes one that adds nothing.
    const v = i + 1 < n ? loadLanes<T, f64>(at) : f64x2.replace_lane(f64x2.splat(-Infinity), 0, <f64>load<T>(at))
    const tie = f64x2.eq(v, M)
    ties = f64x2.add(ties, v128.and(tie, one))
    sum = f64x2.add(sum, v128.andnot(expOf(f64x2.sub(v, M)), tie))
  }
  return (across(ties) - 1) + across(sum)
}

/** ln(1 + q) */
// @ts-ignore: decorator
@inline function rise(q: f64): f64 {
  return f64x2.extract_lane(log1p(f64x2.splat(q)), 0)
}

// @ts-ignore: decorator
@inline function logsumexp<T>(x: usize, y: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    const m = largest<T>(x, n)
    // No entries, or all -∞, or one that is ∞ or NaN: it is m itself.
    store<T>(y, <T>(m - m == 0 ? m + rise(others<T>(x, n, m)) : m))
    x += <usize>n * sizeof<T>()
    y += sizeof<T>()
  }
}

/** One pass of f over a row, in place: e^(x - b), or (x - b) - c, or x / c. */
const EXP = 0, SHIFT = 1, DIVIDE = 2
// @ts-ignore: decorator
@inline function pass<T>(f: i32, x: usize, n: i32, b: f64, c: f64): f64 {
  let sum = f64x2.splat(0)
  for (let i = 0; i < n; i += 2) {
    const at = x + <usize>i * sizeof<T>()
    const both = i + 1 < n
    const v = both ? loadLanes<T, f64>(at) : f64x2.replace_lane(f64x2.splat(-Infinity), 0, <f64>load<T>(at))
    let y: v128
    if (f == EXP) y = expOf(f64x2.sub(v, f64x2.splat(b)))
    else if (f == SHIFT) y = f64x2.sub(f64x2.sub(v, f64x2.splat(b)), f64x2.splat(c))
    else y = f64x2.div(v, f64x2.splat(c))
    if (f == EXP) sum = f64x2.add(sum, y)
    if (both) storeLanes<T, f64>(at, y)
    else store<T>(at, <T>f64x2.extract_lane(y, 0))
  }
  return across(sum)
}

// @ts-ignore: decorator
@inline function softmax<T>(x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    const total = pass<T>(EXP, x, n, largest<T>(x, n), 0)
    pass<T>(DIVIDE, x, n, 0, total)
    x += <usize>n * sizeof<T>()
  }
}

// @ts-ignore: decorator
@inline function logSoftmax<T>(x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    const m = largest<T>(x, n)
    // m - m is NaN where m is not finite, and then everything is.
    pass<T>(SHIFT, x, n, m, rise(others<T>(x, n, m)) + (m - m))
    x += <usize>n * sizeof<T>()
  }
}

export function softmax32(x: usize, y: usize, rows: i32, n: i32): void { softmax<f32>(x, rows, n) }
export function softmax64(x: usize, y: usize, rows: i32, n: i32): void { softmax<f64>(x, rows, n) }
export function logSoftmax32(x: usize, y: usize, rows: i32, n: i32): void { logSoftmax<f32>(x, rows, n) }
export function logSoftmax64(x: usize, y: usize, rows: i32, n: i32): void { logSoftmax<f64>(x, rows, n) }
export function logsumexp32(x: usize, y: usize, rows: i32, n: i32): void { logsumexp<f32>(x, y, rows, n) }
export function logsumexp64(x: usize, y: usize, rows: i32, n: i32): void { logsumexp<f64>(x, y, rows, n) }
