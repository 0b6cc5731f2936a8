import { exp, expBelow, expOf } from './exponential'
import { log1p } from './logarithm'
import { div, loadLanes, loadSome, storeLanes, storeSome, sub, upper } from './vectors'

// Rows of n entries of f32 or f64, one after the other, with m the largest entry of a row and q = Σ e^(x - m) without
// that entry, sums in f64 for both dtypes:
//
//     logsumexp m + ln(1 + q)     logSoftmax (x - m) - ln(1 + q)     softmax e^(x - m) / Σ e^(x - m)
//
// Each pass over a row finds it in the cache. Sums run from front to back in the lanes of a vector, so a row's result
// depends on that row alone. In f32, softmax is within 2 ulp: the exponential, the sum and the quotient are rounded; the
// others compute in f64 and round once.

/** The vector from entry i of the row on, filled up with -∞, which adds nothing. */
// @ts-ignore: decorator
@inline function entries<T>(x: usize, i: i32, n: i32): v128 {
  const at = x + <usize>i * sizeof<T>()
  const left = n - i
  if (left >= 16 / <i32>sizeof<T>()) return v128.load(at)
  const none = v128.splat<T>(-Infinity)
  if (sizeof<T>() == 8) return v128.load64_lane(at, none, 0)
  let v = v128.load32_lane(at, none, 0)
  if (left > 1) v = v128.load32_lane(at, v, 1, 4)
  if (left > 2) v = v128.load32_lane(at, v, 2, 8)
  return v
}

// @ts-ignore: decorator
@inline function put<T>(y: usize, i: i32, n: i32, v: v128): void {
  const at = y + <usize>i * sizeof<T>()
  const left = <usize>(n - i) * sizeof<T>()
  if (left >= 16) v128.store(at, v)
  else storeSome<T, T>(at, v, left)
}

/** The largest entry, in all lanes; NaN if any is. */
// @ts-ignore: decorator
@inline function largest<T>(x: usize, n: i32): v128 {
  let m = v128.splat<T>(-Infinity)
  let bad = i64x2.splat(0)
  for (let i = 0; i < n; i += 16 / <i32>sizeof<T>()) {
    const v = entries<T>(x, i, n)
    m = v128.pmax<T>(m, v)
    bad = v128.or(bad, v128.ne<T>(v, v))
  }
  if (v128.any_true(bad)) return v128.splat<T>(NaN)
  m = v128.pmax<T>(m, v128.shuffle<f64>(m, m, 1, 0))
  return sizeof<T>() == 8 ? m : v128.pmax<T>(m, v128.shuffle<f32>(m, m, 1, 0, 3, 2))
}

// @ts-ignore: decorator
@inline function powers<T>(x: v128, m: v128): v128 {
  return sizeof<T>() == 8 ? exp<f64>(sub<f64>(x, m)) : expBelow(x, m)
}

/** Two sums in f64 of what is in a vector. */
// @ts-ignore: decorator
@inline function halves<T>(v: v128): v128 {
  if (sizeof<T>() == 8) return v
  return f64x2.add(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(upper(v)))
}

// @ts-ignore: decorator
@inline function across(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1)
}

/** ln(1 + q), in f64 lanes for both dtypes: every entry as large as m adds one to q, but for the first. */
// @ts-ignore: decorator
@inline function rise<T>(x: usize, n: i32, m: f64): f64 {
  const M = f64x2.splat(m)
  let sum = f64x2.splat(0)
  let ties = f64x2.splat(0)
  for (let i = 0; i < n; i += 2) {
    const at = x + <usize>i * sizeof<T>()
    const v = i + 1 < n ? loadLanes<T, f64>(at) : f64x2.replace_lane(f64x2.splat(-Infinity), 0, <f64>load<T>(at))
    const tie = f64x2.eq(v, M)
    ties = f64x2.add(ties, v128.and(tie, f64x2.splat(1)))
    sum = f64x2.add(sum, v128.andnot(expOf(f64x2.sub(v, M)), tie))
  }
  return f64x2.extract_lane(log1p(f64x2.splat(across(ties) - 1 + across(sum))), 0)
}

// @ts-ignore: decorator
@inline function logsumexp<T>(x: usize, y: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    const m = <f64>v128.extract_lane<T>(largest<T>(x, n), 0)
    // No entries, or all -∞, or one that is ∞ or NaN: it is m itself.
    store<T>(y, <T>(m - m == 0 ? m + rise<T>(x, n, m) : m))
    x += <usize>n * sizeof<T>()
    y += sizeof<T>()
  }
}

// @ts-ignore: decorator
@inline function softmax<T>(x: usize, y: usize, rows: i32, n: i32): void {
  const lanes = 16 / <i32>sizeof<T>()
  for (let r = 0; r < rows; r++) {
    const m = largest<T>(x, n)
    let sum = f64x2.splat(0)
    for (let i = 0; i < n; i += lanes) {
      const v = powers<T>(entries<T>(x, i, n), m)
      sum = f64x2.add(sum, halves<T>(v))
      put<T>(y, i, n, v)
    }
    const total = v128.splat<T>(<T>across(sum))
    for (let i = 0; i < n; i += lanes) put<T>(y, i, n, div<T>(entries<T>(y, i, n), total))
    x += <usize>n * sizeof<T>()
    y += <usize>n * sizeof<T>()
  }
}

// @ts-ignore: decorator
@inline function logSoftmax<T>(x: usize, y: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    const m = <f64>v128.extract_lane<T>(largest<T>(x, n), 0)
    // m - m is NaN where m is not finite, and then everything is.
    const c = f64x2.splat(rise<T>(x, n, m) + (m - m))
    for (let i = 0; i < n; i += 2) {
      const at = <usize>i * sizeof<T>()
      const left = <usize>(n - i) * sizeof<T>()
      const v = left >= 2 * sizeof<T>() ? loadLanes<T, f64>(x + at) : loadSome<T, f64>(x + at, left)
      const z = sub<f64>(sub<f64>(v, f64x2.splat(m)), c)
      if (left >= 2 * sizeof<T>()) storeLanes<T, f64>(y + at, z)
      else storeSome<T, f64>(y + at, z, left)
    }
    x += <usize>n * sizeof<T>()
    y += <usize>n * sizeof<T>()
  }
}

export function softmax32(x: usize, y: usize, rows: i32, n: i32): void { softmax<f32>(x, y, rows, n) }
export function softmax64(x: usize, y: usize, rows: i32, n: i32): void { softmax<f64>(x, y, rows, n) }
export function logSoftmax32(x: usize, y: usize, rows: i32, n: i32): void { logSoftmax<f32>(x, y, rows, n) }
export function logSoftmax64(x: usize, y: usize, rows: i32, n: i32): void { logSoftmax<f64>(x, y, rows, n) }
export function logsumexp32(x: usize, y: usize, rows: i32, n: i32): void { logsumexp<f32>(x, y, rows, n) }
export function logsumexp64(x: usize, y: usize, rows: i32, n: i32): void { logsumexp<f64>(x, y, rows, n) }
