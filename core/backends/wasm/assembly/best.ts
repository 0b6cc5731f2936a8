// y[o, r] = the largest, or the smallest, of x[o, …, r], for x [outer, n, inner]; NaN where one of them is, and 0 is larger than -0: then no order matters.

import { splatAt } from './lanes'

// @ts-ignore: decorator
@inline function better<T>(smallest: bool, a: v128, b: v128): v128 {
  return smallest ? v128.min<T>(a, b) : v128.max<T>(a, b)
}

// @ts-ignore: decorator
@inline function best<T>(smallest: bool, x: usize, y: usize, n: i32, inner: i32, from: i32, to: i32): void {
  const unit = <usize>sizeof<T>()
  const row = <usize>inner * unit
  x += <usize>(from * n) * row
  y += <usize>from * row
  const length = <usize>n * unit
  for (let o = from; o < to; o++) {
    if (inner == 1) {
      let v = splatAt<T>(x)
      let at: usize = 0
      for (; at + 16 <= length; at += 16) v = better<T>(smallest, v, v128.load(x + at))
      for (; at < length; at += unit) v = better<T>(smallest, v, splatAt<T>(x + at))
      if (sizeof<T>() == 4) v = better<T>(smallest, v, v128.shuffle<f32>(v, v, 2, 3, 0, 1))
      v = better<T>(smallest, v, sizeof<T>() == 4 ? v128.shuffle<f32>(v, v, 1, 0, 3, 2) : v128.shuffle<f64>(v, v, 1, 0))
      store<T>(y, v128.extract_lane<T>(v, 0))
    } else {
      memory.copy(y, x, row)
      for (let k = 1; k < n; k++) {
        const p = x + <usize>k * row
        let at: usize = 0
        for (; at + 16 <= row; at += 16) v128.store(y + at, better<T>(smallest, v128.load(y + at), v128.load(p + at)))
        for (; at < row; at += unit) store<T>(y + at, v128.extract_lane<T>(better<T>(smallest, splatAt<T>(y + at), splatAt<T>(p + at)), 0))
      }
    }
    x += <usize>n * row
    y += row
  }
}
export function reduceMax32(x: usize, y: usize, n: i32, inner: i32, from: i32, to: i32): void { best<f32>(false, x, y, n, inner, from, to) }
export function reduceMax64(x: usize, y: usize, n: i32, inner: i32, from: i32, to: i32): void { best<f64>(false, x, y, n, inner, from, to) }
export function reduceMin32(x: usize, y: usize, n: i32, inner: i32, from: i32, to: i32): void { best<f32>(true, x, y, n, inner, from, to) }
export function reduceMin64(x: usize, y: usize, n: i32, inner: i32, from: i32, to: i32): void { best<f64>(true, x, y, n, inner, from, to) }
