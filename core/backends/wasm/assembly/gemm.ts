// C (+)= op(A) op(B) for row-major or transposed operands, in f32 and f64.
//
// The product behind BLIS and Goto: B is packed, KC rows at a time, into panels of NR columns, A into panels of ROWS rows,
// so that the innermost loop reads both front to back and keeps a tile ROWS x NR of C in registers: 4 rows by 2 vectors,
// 8 sums and 2 operands of the 16 registers of x64. Panels are padded with zeros, so the inner loop has no edge case;
// the tile of an edge goes through a buffer.

import { madd, ROWS, splatAt, width } from './lanes'

const KC: i32 = 256

/** out[j][i] = x[i][j], squares of a vector's width: rows of x are `from` bytes apart, those of out `to` bytes. */
// @ts-ignore: decorator
@inline function transposed<T>(x: usize, from: usize, out: usize, to: usize): void {
  const r0 = v128.load(x), r1 = v128.load(x + from)
  if (sizeof<T>() == 8) {
    v128.store(out, v128.shuffle<f64>(r0, r1, 0, 2))
    v128.store(out + to, v128.shuffle<f64>(r0, r1, 1, 3))
    return
  }
  const r2 = v128.load(x + 2 * from), r3 = v128.load(x + 3 * from)
  const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), b = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
  const c = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
  v128.store(out, v128.shuffle<f32>(a, b, 0, 1, 4, 5))
  v128.store(out + to, v128.shuffle<f32>(a, b, 2, 3, 6, 7))
  v128.store(out + 2 * to, v128.shuffle<f32>(c, d, 0, 1, 4, 5))
  v128.store(out + 3 * to, v128.shuffle<f32>(c, d, 2, 3, 6, 7))
}

/** One panel: out[k][j] = x[k kStep + j jStep] for kc rows and w columns, zero up to `across` columns. */
function packPanel<T>(x: usize, kStep: i32, jStep: i32, kc: i32, w: i32, across: i32, out: usize): void {
  const unit = <usize>sizeof<T>()
  const row = <usize>across * unit, right = <usize>jStep * unit, down = <usize>kStep * unit
  let k = 0
  if (w == across && jStep == 1) {
    // Neighbouring columns: whole vectors.
    for (; k < kc; k++) {
      for (let b: usize = 0; b < row; b += 16) v128.store(out + b, v128.load(x + b))
      out += row
      x += down
    }
  } else if (w == across && kStep == 1) {
    // Each column is contiguous: small squares change places as vectors.
    const side = 16 / <i32>sizeof<T>()
    for (; k + side <= kc; k += side) {
      for (let j = 0; j < across; j += side) transposed<T>(x + <usize>j * right, right, out + <usize>j * unit, row)
      out += <usize>side * row
      x += 16
    }
  }
  for (; k < kc; k++) {
    let s = x
    for (let j = 0; j < w; j++) {
      store<T>(out + <usize>j * unit, load<T>(s))
      s += right
    }
    for (let j = w; j < across; j++) store<T>(out + <usize>j * unit, <T>0)
    out += row
    x += down
  }
}

/** Panels of `across` columns: out[panel][k][j] = x[k kStep + j jStep], zero beyond `count`. */
function pack<T>(x: usize, kStep: i32, jStep: i32, kc: i32, count: i32, across: i32, out: usize): void {
  const unit = <usize>sizeof<T>()
  for (let j = 0; j < count; j += across) {
    packPanel<T>(x + <usize>(j * jStep) * unit, kStep, jStep, kc, min(across, count - j), across, out)
    out += <usize>(kc * across) * unit
  }
}

/** Sums of one tile over kc, added to C at c (row step ldc entries) or, at an edge, to the buffer. */
// @ts-ignore: decorator
@inline function tile<T>(a: usize, b: usize, kc: i32, c: usize, ldc: usize): void {
  let c00 = v128.splat<T>(<T>0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00
  const unit = <usize>sizeof<T>()
  for (let k = 0; k < kc; k++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16)
    b += 32
    let v = splatAt<T>(a)
    c00 = madd<T>(v, b0, c00)
    c01 = madd<T>(v, b1, c01)
    v = splatAt<T>(a + unit)
    c10 = madd<T>(v, b0, c10)
    c11 = madd<T>(v, b1, c11)
    v = splatAt<T>(a + 2 * unit)
    c20 = madd<T>(v, b0, c20)
    c21 = madd<T>(v, b1, c21)
    v = splatAt<T>(a + 3 * unit)
    c30 = madd<T>(v, b0, c30)
    c31 = madd<T>(v, b1, c31)
    a += 4 * unit
  }
  const s = ldc * unit
  v128.store(c, v128.add<T>(v128.load(c), c00))
  v128.store(c, v128.add<T>(v128.load(c, 16), c01), 16)
  c += s
  v128.store(c, v128.add<T>(v128.load(c), c10))
  v128.store(c, v128.add<T>(v128.load(c, 16), c11), 16)
  c += s
  v128.store(c, v128.add<T>(v128.load(c), c20))
  v128.store(c, v128.add<T>(v128.load(c, 16), c21), 16)
  c += s
  v128.store(c, v128.add<T>(v128.load(c), c30))
  v128.store(c, v128.add<T>(v128.load(c, 16), c31), 16)
}

/** Room for one thread: the tile of an edge, then panels of A (ROWS KC). */
// @ts-ignore: decorator
@inline const EDGE: usize = 128

/** C[m, n] += A B for one block of at most KC columns of A; B in panels. */
function block<T>(a: usize, am: i32, ak: i32, panelB: usize, c: usize, ldc: i32, m: i32, n: i32, kc: i32, room: usize): void {
  const unit = <usize>sizeof<T>()
  const NR = width<T>()
  const panelA = room + EDGE
  for (let i = 0; i < m; i += ROWS) {
    const rows = min(ROWS, m - i)
    pack<T>(a + <usize>(i * am) * unit, ak, am, kc, rows, ROWS, panelA)
    let B = panelB
    for (let j = 0; j < n; j += NR) {
      const columns = min(NR, n - j)
      const at = c + <usize>(i * ldc + j) * unit
      if (rows == ROWS && columns == NR) tile<T>(panelA, B, kc, at, ldc)
      else {
        memory.fill(room, 0, EDGE)
        tile<T>(panelA, B, kc, room, NR)
        for (let r = 0; r < rows; r++)
          for (let q = 0; q < columns; q++) {
            const to = at + <usize>(r * ldc + q) * unit
            store<T>(to, load<T>(to) + load<T>(room + <usize>(r * NR + q) * unit))
          }
      }
      B += <usize>(kc * NR) * unit
    }
  }
}

/**
 * C[m, n] += A B; A has steps (am, ak) along its rows and along the contraction, B (bk, bn), C (ldc, 1), in entries.
 * work: room for panels of A (ROWS KC), of B (KC ceil(n / NR) NR) and one tile.
 */
function gemm<T>(a: usize, am: i32, ak: i32, b: usize, bk: i32, bn: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32, work: usize): void {
  const unit = <usize>sizeof<T>()
  const panelB = work + EDGE + <usize>(ROWS * KC) * unit
  for (let k0 = 0; k0 < k; k0 += KC) {
    const kc = min(KC, k - k0)
    pack<T>(b + <usize>(k0 * bk) * unit, bk, bn, kc, n, width<T>(), panelB)
    block<T>(a + <usize>(k0 * ak) * unit, am, ak, panelB, c, ldc, m, n, kc, work)
  }
}

export function gemm32(a: usize, am: i32, ak: i32, b: usize, bk: i32, bn: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32, work: usize): void {
  gemm<f32>(a, am, ak, b, bk, bn, c, ldc, m, n, k, work)
}
export function gemm64(a: usize, am: i32, ak: i32, b: usize, bk: i32, bn: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32, work: usize): void {
  gemm<f64>(a, am, ak, b, bk, bn, c, ldc, m, n, k, work)
}

/** `count` products of contiguous [m, n] results from zero; the bytes from a and b to each operand are in a list of pairs. */
// @ts-ignore: decorator
@inline function gemmBatch<T>(a: usize, am: i32, ak: i32, b: usize, bk: i32, bn: i32, c: usize, m: i32, n: i32, k: i32, pairs: usize, count: i32, work: usize): void {
  const bytes = <usize>(m * n) * <usize>sizeof<T>()
  memory.fill(c, 0, bytes * <usize>count)
  for (let i = 0; i < count; i++) {
    gemm<T>(a + <usize>load<u32>(pairs), am, ak, b + <usize>load<u32>(pairs, 4), bk, bn, c, n, m, n, k, work)
    pairs += 8
    c += bytes
  }
}
export function gemmBatch32(a: usize, am: i32, ak: i32, b: usize, bk: i32, bn: i32, c: usize, m: i32, n: i32, k: i32, pairs: usize, count: i32, work: usize): void {
  gemmBatch<f32>(a, am, ak, b, bk, bn, c, m, n, k, pairs, count, work)
}
export function gemmBatch64(a: usize, am: i32, ak: i32, b: usize, bk: i32, bn: i32, c: usize, m: i32, n: i32, k: i32, pairs: usize, count: i32, work: usize): void {
  gemmBatch<f64>(a, am, ak, b, bk, bn, c, m, n, k, pairs, count, work)
}

// The same product in two steps that threads share: all of B in panels, a range of columns each (from a multiple of NR), then
// C, a block of rows and columns each. Every entry of C has the same sums in the same order as in one piece.

/** Columns [from, to) of B in panels: those of the rows from k0 on begin at entry k0 ceil(n / NR) NR. */
// @ts-ignore: decorator
@inline function packColumns<T>(b: usize, bk: i32, bn: i32, n: i32, k: i32, from: i32, to: i32, panels: usize): void {
  const unit = <usize>sizeof<T>()
  const NR = width<T>()
  const all = (n + NR - 1) / NR * NR
  for (let k0 = 0; k0 < k; k0 += KC) {
    const kc = min(KC, k - k0)
    pack<T>(b + <usize>(k0 * bk + from * bn) * unit, bk, bn, kc, to - from, NR, panels + <usize>(k0 * all + from * kc) * unit)
  }
}
export function packColumns32(b: usize, bk: i32, bn: i32, n: i32, k: i32, from: i32, to: i32, panels: usize, room: usize): void {
  packColumns<f32>(b, bk, bn, n, k, from, to, panels)
}
export function packColumns64(b: usize, bk: i32, bn: i32, n: i32, k: i32, from: i32, to: i32, panels: usize, room: usize): void {
  packColumns<f64>(b, bk, bn, n, k, from, to, panels)
}

/**
 * C[m, from … to) = A B, or += A B, for m rows of A and columns [from, to) of n; a and c are the addresses of their first rows.
 * Each part clears its own entries: if one thread did it for all, the others would have to fetch them from its cache.
 */
// @ts-ignore: decorator
@inline function gemmPacked<T>(a: usize, am: i32, ak: i32, panels: usize, c: usize, ldc: i32, m: i32, n: i32, k: i32, from: i32, to: i32, add: i32, room: usize): void {
  const unit = <usize>sizeof<T>()
  const NR = width<T>()
  const all = (n + NR - 1) / NR * NR
  if (!add) for (let i = 0; i < m; i++) memory.fill(c + <usize>(i * ldc + from) * unit, 0, <usize>(to - from) * unit)
  for (let k0 = 0; k0 < k; k0 += KC) {
    const kc = min(KC, k - k0)
    block<T>(a + <usize>(k0 * ak) * unit, am, ak, panels + <usize>(k0 * all + from * kc) * unit, c + <usize>from * unit, ldc, m, to - from, kc, room)
  }
}
export function gemmPacked32(a: usize, am: i32, ak: i32, panels: usize, c: usize, ldc: i32, m: i32, n: i32, k: i32, from: i32, to: i32, add: i32, room: usize): void {
  gemmPacked<f32>(a, am, ak, panels, c, ldc, m, n, k, from, to, add, room)
}
export function gemmPacked64(a: usize, am: i32, ak: i32, panels: usize, c: usize, ldc: i32, m: i32, n: i32, k: i32, from: i32, to: i32, add: i32, room: usize): void {
  gemmPacked<f64>(a, am, ak, panels, c, ldc, m, n, k, from, to, add, room)
}
