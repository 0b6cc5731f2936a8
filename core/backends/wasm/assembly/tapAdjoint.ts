// The adjoint of the tap product in its weights:
//
//     total[row, t] += Σ_q ct[row, q] image[offset[t] + q]        q over runs of neighbouring pixels
//
// Vectors run along the pixels, both operands are read as they lie; four rows meet two taps in registers.

import { madd } from './lanes'

// @ts-ignore: decorator
@inline function total<T>(v: v128): f64 {
  if (sizeof<T>() == 4) return (<f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1)) + (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3))
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1)
}

export function tapAdjoint<T>(ct: usize, rowStep: i32, rows: i32, image: usize, offsets: usize, k: i32, runs: usize, runCount: i32, out: usize): void {
  const unit = <usize>sizeof<T>()
  const L = 16 / <i32>sizeof<T>()
  const step = <usize>rowStep * unit
  for (let i = 0; i < rows; i += 4) {
    const n = min(4, rows - i)
    const r0 = ct + <usize>i * step
    const r1 = n > 1 ? r0 + step : r0, r2 = n > 2 ? r0 + 2 * step : r0, r3 = n > 3 ? r0 + 3 * step : r0
    for (let t = 0; t < k; t += 2) {
      const last = t + 1 == k
      const o0 = image + <usize>load<i32>(offsets + (<usize>t << 2))
      const o1 = last ? o0 : image + <usize>load<i32>(offsets + (<usize>t << 2), 4)
      let c00 = v128.splat<T>(<T>0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00
      let s00: f64 = 0, s01: f64 = 0, s10: f64 = 0, s11: f64 = 0, s20: f64 = 0, s21: f64 = 0, s30: f64 = 0, s31: f64 = 0
      for (let run = 0, at = runs; run < runCount; run++, at += 20) {
        const q0 = <usize>load<i32>(at) * unit, s = load<i32>(at, 4), column = <usize>load<i32>(at, 8) * unit, count = load<i32>(at, 16)
        let q = 0
        let a = column, b = q0
        if (s == 1) for (; q + L <= count; q += L) {
          const b0 = v128.load(o0 + b), b1 = v128.load(o1 + b)
          let v = v128.load(r0 + a)
          c00 = madd<T>(v, b0, c00)
          c01 = madd<T>(v, b1, c01)
          v = v128.load(r1 + a)
          c10 = madd<T>(v, b0, c10)
          c11 = madd<T>(v, b1, c11)
          v = v128.load(r2 + a)
          c20 = madd<T>(v, b0, c20)
          c21 = madd<T>(v, b1, c21)
          v = v128.load(r3 + a)
          c30 = madd<T>(v, b0, c30)
          c31 = madd<T>(v, b1, c31)
          a += 16
          b += 16
        }
        for (; q < count; q++) {
          const b0 = <f64>load<T>(o0 + b), b1 = <f64>load<T>(o1 + b)
          s00 += <f64>load<T>(r0 + a) * b0
          s01 += <f64>load<T>(r0 + a) * b1
          s10 += <f64>load<T>(r1 + a) * b0
          s11 += <f64>load<T>(r1 + a) * b1
          s20 += <f64>load<T>(r2 + a) * b0
          s21 += <f64>load<T>(r2 + a) * b1
          s30 += <f64>load<T>(r3 + a) * b0
          s31 += <f64>load<T>(r3 + a) * b1
          a += unit
          b += <usize>s * unit
        }
      }
      let to = out + (<usize>(i * k + t) << 3)
      const line = <usize>k << 3
      add(to, s00 + total<T>(c00), s01 + total<T>(c01), last)
      if (n > 1) add(to + line, s10 + total<T>(c10), s11 + total<T>(c11), last)
      if (n > 2) add(to + 2 * line, s20 + total<T>(c20), s21 + total<T>(c21), last)
      if (n > 3) add(to + 3 * line, s30 + total<T>(c30), s31 + total<T>(c31), last)
    }
  }
}

// @ts-ignore: decorator
@inline function add(to: usize, a: f64, b: f64, last: bool): void {
  store<f64>(to, load<f64>(to) + a)
  if (!last) store<f64>(to, load<f64>(to, 8) + b, 8)
}
