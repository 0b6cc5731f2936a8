// y = f(a, b) under broadcasting, and the cheap y = f(x): each entry is one instruction, so its bits are those of the plain kernels. f32 is computed in f32;
// for + - × ÷ √ that rounds as f64 does which is rounded to f32 afterwards, as JavaScript computes it: 53 ≥ 2 · 24 + 2 bits.

import { splatAt } from './lanes'
import { loadLanes, storeLanes } from './vectors'

const ADD = 0, SUB = 1, MUL = 2, DIV = 3, MAXIMUM = 4, MINIMUM = 5, KEEP = 6, DROP = 7, FIRST = 8, COMPLEX = 9
const NEG = 0, ABS = 1, SQRT = 2, SQUARE = 3, RECIPROCAL = 4, RELU = 5

// @ts-ignore: decorator
@inline function lanes<T>(): i32 {
  return 16 / <i32>sizeof<T>()
}

// @ts-ignore: decorator
@inline function combine<T>(f: i32, a: v128, b: v128): v128 {
  if (f == ADD) return v128.add<T>(a, b)
  if (f == SUB) return v128.sub<T>(a, b)
  if (f == MUL) return v128.mul<T>(a, b)
  if (f == DIV) return v128.div<T>(a, b)
  if (f == MAXIMUM) return v128.max<T>(a, b)
  if (f == MINIMUM) return v128.min<T>(a, b)
  if (f == FIRST) return a
  // b where a is not 0, or where it is; 0 elsewhere.
  if (f == KEEP) return v128.andnot(b, v128.eq<T>(a, v128.splat<T>(<T>0)))
  return v128.and(b, v128.eq<T>(a, v128.splat<T>(<T>0)))
}

/** n entries of f, which is a constant; aStep and bStep are bytes from vector to vector, 0 for a constant. */
// @ts-ignore: decorator
@inline function loop<T>(f: i32, a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: i32): void {
  const whole = y + (<usize>(n / lanes<T>()) << 4)
  const end = y + <usize>n * sizeof<T>()
  while (y < whole) {
    v128.store(y, combine<T>(f, v128.load(a), v128.load(b)))
    a += aStep
    b += bStep
    y += 16
  }
  while (y < end) {
    store<T>(y, v128.extract_lane<T>(combine<T>(f, splatAt<T>(a), splatAt<T>(b)), 0))
    a += aStep / lanes<T>()
    b += bStep / lanes<T>()
    y += sizeof<T>()
  }
}

/** A row: da and db are 1, or 0 for a constant operand, which is spread into a vector in the room. */
function row<T>(f: i32, a: usize, da: i32, b: usize, db: i32, y: usize, n: i32, room: usize): void {
  if (da == 0) { v128.store(room, splatAt<T>(a)); a = room }
  if (db == 0) { v128.store(room, splatAt<T>(b), 16); b = room + 16 }
  const p = <usize>(da << 4), q = <usize>(db << 4)
  if (f == ADD) loop<T>(ADD, a, p, b, q, y, n)
  else if (f == SUB) loop<T>(SUB, a, p, b, q, y, n)
  else if (f == MUL) loop<T>(MUL, a, p, b, q, y, n)
  else if (f == DIV) loop<T>(DIV, a, p, b, q, y, n)
  else if (f == MAXIMUM) loop<T>(MAXIMUM, a, p, b, q, y, n)
  else if (f == MINIMUM) loop<T>(MINIMUM, a, p, b, q, y, n)
  else if (f == KEEP) loop<T>(KEEP, a, p, b, q, y, n)
  else if (f == DROP) loop<T>(DROP, a, p, b, q, y, n)
  else loop<T>(FIRST, a, p, b, q, y, n)
}

/** n products of complex numbers, pairs re, im: in f64 for both dtypes, as JavaScript computes them. */
function complexRow<T>(a: usize, da: i32, b: usize, db: i32, y: usize, n: i32): void {
  const minus = f64x2(-0.0, 0)
  for (let i = 0; i < n; i++) {
    const p = loadLanes<T, f64>(a), q = loadLanes<T, f64>(b)
    const real = f64x2.mul(v128.shuffle<f64>(p, p, 0, 0), q)
    const imaginary = f64x2.mul(v128.shuffle<f64>(p, p, 1, 1), v128.shuffle<f64>(q, q, 1, 0))
    storeLanes<T, f64>(y, f64x2.add(real, v128.xor(imaginary, minus)))
    a += <usize>da * 2 * sizeof<T>()
    b += <usize>db * 2 * sizeof<T>()
    y += 2 * sizeof<T>()
  }
}

/**
 * Rows first … first + rows of n entries, y one after the other. Those of a and b advance by `rank` outer axes, innermost first,
 * three integers each: size, step in a, step in b (in entries; in pairs of them for COMPLEX).
 */
// @ts-ignore: decorator
@inline function binary<T>(f: i32, a: usize, da: i32, b: usize, db: i32, y: usize, n: i32, axes: usize, rank: i32, first: i32, rows: i32, room: usize): void {
  const unit = <usize>sizeof<T>() << (f == COMPLEX ? 1 : 0)
  const length = <usize>n * unit
  const end = axes + <usize>rank * 12
  y += <usize>first * length
  // Where the first row is; the index along each axis is counted behind the two constants in the room.
  let left = first
  let p = 0, q = 0
  for (let axis = axes, index = room + 32; axis < end; axis += 12, index += 4) {
    const size = load<i32>(axis)
    const i = left % size
    left /= size
    p += i * load<i32>(axis, 4)
    q += i * load<i32>(axis, 8)
    store<i32>(index, i)
  }
  for (let r = 0; r < rows; r++) {
    if (f == COMPLEX) complexRow<T>(a + <usize>p * unit, da, b + <usize>q * unit, db, y, n)
    else row<T>(f, a + <usize>p * unit, da, b + <usize>q * unit, db, y, n, room)
    y += length
    for (let axis = axes, index = room + 32; axis < end; axis += 12, index += 4) {
      const size = load<i32>(axis)
      const i = load<i32>(index) + 1
      p += load<i32>(axis, 4)
      q += load<i32>(axis, 8)
      store<i32>(index, i)
      if (i < size) break
      store<i32>(index, 0)
      p -= size * load<i32>(axis, 4)
      q -= size * load<i32>(axis, 8)
    }
  }
}
export function binary32(f: i32, a: usize, da: i32, b: usize, db: i32, y: usize, n: i32, axes: usize, rank: i32, first: i32, rows: i32, room: usize): void {
  binary<f32>(f, a, da, b, db, y, n, axes, rank, first, rows, room)
}
export function binary64(f: i32, a: usize, da: i32, b: usize, db: i32, y: usize, n: i32, axes: usize, rank: i32, first: i32, rows: i32, room: usize): void {
  binary<f64>(f, a, da, b, db, y, n, axes, rank, first, rows, room)
}

// @ts-ignore: decorator
@inline function apply<T>(f: i32, x: v128): v128 {
  if (f == NEG) return v128.neg<T>(x)
  if (f == ABS) return v128.abs<T>(x)
  if (f == SQRT) return v128.sqrt<T>(x)
  if (f == SQUARE) return v128.mul<T>(x, x)
  if (f == RECIPROCAL) return v128.div<T>(v128.splat<T>(<T>1), x)
  return v128.max<T>(x, v128.splat<T>(<T>0))
}

// @ts-ignore: decorator
@inline function each<T>(f: i32, x: usize, y: usize, n: i32): void {
  const whole = y + (<usize>(n / lanes<T>()) << 4)
  const end = y + <usize>n * sizeof<T>()
  for (; y < whole; x += 16, y += 16) v128.store(y, apply<T>(f, v128.load(x)))
  for (; y < end; x += sizeof<T>(), y += sizeof<T>()) store<T>(y, v128.extract_lane<T>(apply<T>(f, splatAt<T>(x)), 0))
}

// @ts-ignore: decorator
@inline function unary<T>(f: i32, x: usize, y: usize, n: i32): void {
  if (f == NEG) each<T>(NEG, x, y, n)
  else if (f == ABS) each<T>(ABS, x, y, n)
  else if (f == SQRT) each<T>(SQRT, x, y, n)
  else if (f == SQUARE) each<T>(SQUARE, x, y, n)
  else if (f == RECIPROCAL) each<T>(RECIPROCAL, x, y, n)
  else each<T>(RELU, x, y, n)
}
export function unary32(f: i32, x: usize, y: usize, n: i32): void { unary<f32>(f, x, y, n) }
export function unary64(f: i32, x: usize, y: usize, n: i32): void { unary<f64>(f, x, y, n) }
