// Rotations of neighbouring rows, as a QR iteration on a bidiagonal matrix makes them, one chase after the other:
//
//     [x_i; x_i+1] ← [[c, s], [-s, c]] [x_i; x_i+1]        i = first ... first + count - 1 of each run
//
// A chase moves through all rows, which do not fit into the cache, so X is treated in strips of 8 columns that do: all
// rotations on one strip, then the next. The row that two rotations in turn share stays in registers.

/** Entries of a row in a strip. */
const STRIP: i32 = 8

// @ts-ignore: decorator
@inline function times(c: v128, x: v128, s: v128, y: v128): v128 {
  return f64x2.add(f64x2.mul(c, x), f64x2.mul(s, y))
}
// @ts-ignore: decorator
@inline function less(c: v128, x: v128, s: v128, y: v128): v128 {
  return f64x2.sub(f64x2.mul(c, x), f64x2.mul(s, y))
}

/** A run from its first row on; x: that row, cs: pairs c, s. */
function forward(x: usize, cs: usize, count: i32): void {
  let x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48)
  for (let i = 0; i < count; i++) {
    const c = v128.load64_splat(cs), s = v128.load64_splat(cs, 8)
    const y0 = v128.load(x, 64), y1 = v128.load(x, 80), y2 = v128.load(x, 96), y3 = v128.load(x, 112)
    v128.store(x, times(c, x0, s, y0))
    v128.store(x, times(c, x1, s, y1), 16)
    v128.store(x, times(c, x2, s, y2), 32)
    v128.store(x, times(c, x3, s, y3), 48)
    x0 = less(c, y0, s, x0)
    x1 = less(c, y1, s, x1)
    x2 = less(c, y2, s, x2)
    x3 = less(c, y3, s, x3)
    x += 64
    cs += 16
  }
  v128.store(x, x0)
  v128.store(x, x1, 16)
  v128.store(x, x2, 32)
  v128.store(x, x3, 48)
}

/** The transposed run from its last rotation back; x: the last row, cs: behind the last pair. */
function backward(x: usize, cs: usize, count: i32): void {
  let y0 = v128.load(x), y1 = v128.load(x, 16), y2 = v128.load(x, 32), y3 = v128.load(x, 48)
  for (let i = 0; i < count; i++) {
    cs -= 16
    const c = v128.load64_splat(cs), s = v128.load64_splat(cs, 8)
    const p = x - 64
    const x0 = v128.load(p), x1 = v128.load(p, 16), x2 = v128.load(p, 32), x3 = v128.load(p, 48)
    v128.store(x, times(c, y0, s, x0))
    v128.store(x, times(c, y1, s, x1), 16)
    v128.store(x, times(c, y2, s, x2), 32)
    v128.store(x, times(c, y3, s, x3), 48)
    y0 = less(c, x0, s, y0)
    y1 = less(c, x1, s, y1)
    y2 = less(c, x2, s, y2)
    y3 = less(c, x3, s, y3)
    x = p
  }
  v128.store(x, y0)
  v128.store(x, y1, 16)
  v128.store(x, y2, 32)
  v128.store(x, y3, 48)
}

/**
 * X[n, width] ← all runs on its rows; if `back`, the transposed rotations in reverse order. runs: pairs first, count;
 * cs: their pairs one after the other, `total` of them; strip: room for n rows of a strip.
 */
export function rotate64(X: usize, n: i32, width: i32, runs: usize, runCount: i32, cs: usize, total: i32, back: bool, strip: usize): void {
  for (let j = 0; j < width; j += STRIP) {
    const bytes = <usize>min(STRIP, width - j) << 3
    const from = X + (<usize>j << 3)
    const step = <usize>width << 3
    if (bytes < 64) memory.fill(strip, 0, <usize>n << 6)
    for (let i = 0; i < n; i++) memory.copy(strip + (<usize>i << 6), from + <usize>i * step, bytes)
    let at = back ? cs + (<usize>total << 4) : cs
    for (let q = 0; q < runCount; q++) {
      const run = runs + (<usize>(back ? runCount - 1 - q : q) << 3)
      const first = load<i32>(run), count = load<i32>(run, 4)
      if (back) {
        backward(strip + (<usize>(first + count) << 6), at, count)
        at -= <usize>count << 4
      } else {
        forward(strip + (<usize>first << 6), at, count)
        at += <usize>count << 4
      }
    }
    for (let i = 0; i < n; i++) memory.copy(from + <usize>i * step, strip + (<usize>i << 6), bytes)
  }
}
