// The product behind every convolution, without the im2col matrix: its element (tap t, pixel q) lies at image[offset[t] + q0 + q s].
//
//     y[row, q] (+)= Σ_t A[row, t] image[offset[t] + q0 + q s]
//
// A run is a row of pixels, q < count, that lie s apart in the image and d apart in y. Where s = 1, the operands are read from the image as they lie, NR
// neighbours at a time; otherwise they are gathered into a panel first.

import { madd, ROWS, splatAt, width } from './lanes'

/** Panels of ROWS rows: out[panel][t][r] = a[(row + r) rowStep + tap[t]], zero beyond the last row. */
// @ts-ignore: decorator
@inline function packRows<T>(a: usize, rowStep: i32, taps: usize, rows: i32, k: i32, out: usize): void {
  const unit = <usize>sizeof<T>()
  for (let i = 0; i < rows; i += ROWS)
    for (let t = 0; t < k; t++) {
      const at = a + <usize>(i * rowStep + load<i32>(taps + (<usize>t << 2))) * unit
      for (let r = 0; r < ROWS; r++) {
        store<T>(out, i + r < rows ? load<T>(at + <usize>(r * rowStep) * unit) : <T>0)
        out += unit
      }
    }
}
export function packRows32(a: usize, rowStep: i32, taps: usize, rows: i32, k: i32, out: usize): void { packRows<f32>(a, rowStep, taps, rows, k, out) }
export function packRows64(a: usize, rowStep: i32, taps: usize, rows: i32, k: i32, out: usize): void { packRows<f64>(a, rowStep, taps, rows, k, out) }

/** runs: five integers each: q0, s, first column of y, d, count. offsets in bytes. */
export function tapProduct<T>(panels: usize, rows: i32, k: i32, image: usize, offsets: usize, runs: usize, runCount: i32, y: usize, rowStep: i32, work: usize): void {
  const unit = <usize>sizeof<T>()
  const NR = width<T>()
  const edge = work
  const panel = work + 128
  for (let run = 0; run < runCount; run++) {
    const q0 = load<i32>(runs), s = load<i32>(runs, 4), column = load<i32>(runs, 8), d = load<i32>(runs, 12), count = load<i32>(runs, 16)
    runs += 20
    for (let q = 0; q < count; q += NR) {
      const columns = min(NR, count - q)
      const start = image + <usize>(q0 + q * s) * unit
      const direct = s == 1
      let out = panel
      if (!direct)
        for (let t = 0; t < k; t++) {
          const at = start + <usize>load<i32>(offsets + (<usize>t << 2))
          for (let j = 0; j < columns; j++) store<T>(out + <usize>j * unit, load<T>(at + <usize>(j * s) * unit))
          out += 32
        }
      let A = panels
      for (let i = 0; i < rows; i += ROWS) {
        let c00 = v128.splat<T>(<T>0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00
        let B = panel
        let off = offsets
        for (let t = 0; t < k; t++) {
          if (direct) { B = start + <usize>load<i32>(off); off += 4 }
          const b0 = v128.load(B), b1 = v128.load(B, 16)
          if (!direct) B += 32
          let v = splatAt<T>(A)
          c00 = madd<T>(v, b0, c00)
          c01 = madd<T>(v, b1, c01)
          v = splatAt<T>(A + unit)
          c10 = madd<T>(v, b0, c10)
          c11 = madd<T>(v, b1, c11)
          v = splatAt<T>(A + 2 * unit)
          c20 = madd<T>(v, b0, c20)
          c21 = madd<T>(v, b1, c21)
          v = splatAt<T>(A + 3 * unit)
          c30 = madd<T>(v, b0, c30)
          c31 = madd<T>(v, b1, c31)
          A += 4 * unit
        }
        let to = y + <usize>(i * rowStep + column + q * d) * unit
        const n = min(ROWS, rows - i)
        if (n == ROWS && columns == NR && d == 1) {
          const step = <usize>rowStep * unit
          v128.store(to, c00); v128.store(to, c01, 16); to += step
          v128.store(to, c10); v128.store(to, c11, 16); to += step
          v128.store(to, c20); v128.store(to, c21, 16); to += step
          v128.store(to, c30); v128.store(to, c31, 16)
        } else {
          v128.store(edge, c00); v128.store(edge, c01, 16)
          v128.store(edge, c10, 32); v128.store(edge, c11, 48)
          v128.store(edge, c20, 64); v128.store(edge, c21, 80)
          v128.store(edge, c30, 96); v128.store(edge, c31, 112)
          for (let r = 0; r < n; r++)
            for (let j = 0; j < columns; j++)
              store<T>(to + <usize>(r * rowStep + j * d) * unit, load<T>(edge + <usize>(r * NR + j) * unit))
        }
      }
    }
  }
}
