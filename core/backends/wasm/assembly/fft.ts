// Complex Fourier transforms of n numbers, n a power of two, of two vectors at a time: one in each lane. Every operation is that of fft.js (radix 4, from
// numbers in the order of their reversed digits), in its order: results are the bits of core/backends/plain/fft.ts.
//
// A plan is a list of integers: n, inner, inverse, half, width, digits, table; then where x lies, then y: address of the real parts, of the
// imaginary parts (0: there are none), bytes from number to number, from vector to vector along `inner`, and of an index of `outer`. `half` is 1 if x, 2
// if y has the numbers 0 … n/2 only, which determine the others where the other side is real. A room has 64 n bytes: two lists of vectors re, im.

const HALF_X = 1, HALF_Y = 2

// @ts-ignore: decorator
@inline function field(plan: usize, i: i32): i32 {
  return load<i32>(plan + (<usize>i << 2))
}

/** Where vector v begins, counted from the address of a side. */
// @ts-ignore: decorator
@inline function place(plan: usize, side: i32, v: i32): usize {
  const inner = field(plan, 1)
  return <usize>((v / inner) * field(plan, side + 4) + (v % inner) * field(plan, side + 3))
}

// @ts-ignore: decorator
@inline function loadTwo<T>(p: usize, q: usize): v128 {
  if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load32_lane(q, v128.load32_zero(p), 1))
  return v128.load64_lane(q, v128.load64_zero(p), 1)
}
// @ts-ignore: decorator
@inline function storeTwo<T>(p: usize, q: usize, v: v128): void {
  store<T>(p, <T>f64x2.extract_lane(v, 0))
  store<T>(q, <T>f64x2.extract_lane(v, 1))
}

/** Vectors v and w of x as n complex numbers. */
// @ts-ignore: decorator
@inline function gather<T>(plan: usize, v: i32, w: i32, to: usize): void {
  const n = field(plan, 0)
  const half = field(plan, 3) == HALF_X
  const step = <usize>field(plan, 9)
  const re = <usize>field(plan, 7), im = <usize>field(plan, 8)
  const p = place(plan, 7, v), q = place(plan, 7, w)
  const end = half ? (n >> 1) + 1 : n
  let at: usize = 0
  for (let j = 0; j < end; j++) {
    const o = to + (<usize>j << 5)
    v128.store(o, loadTwo<T>(re + p + at, re + q + at))
    // The first and the middle one are sums of real numbers.
    const real = im == 0 || (half && (j == 0 || j == n >> 1))
    v128.store(o, real ? f64x2.splat(0) : loadTwo<T>(im + p + at, im + q + at), 16)
    at += step
  }
  for (let j = end; j < n; j++) {
    const from = to + (<usize>(n - j) << 5), o = to + (<usize>j << 5)
    v128.store(o, v128.load(from))
    v128.store(o, f64x2.neg(v128.load(from, 16)), 16)
  }
}

/** The n complex numbers to vectors v and w of y. */
// @ts-ignore: decorator
@inline function scatter<T>(plan: usize, v: i32, w: i32, from: usize): void {
  const n = field(plan, 0)
  const half = field(plan, 3) == HALF_Y
  const step = <usize>field(plan, 14)
  const re = <usize>field(plan, 12), im = <usize>field(plan, 13)
  const p = place(plan, 12, v), q = place(plan, 12, w)
  const end = half ? (n >> 1) + 1 : n
  const scale = f64x2.splat(field(plan, 2) ? 1 / <f64>n : 1)
  let at: usize = 0
  for (let j = 0; j < end; j++) {
    const o = from + (<usize>j << 5)
    storeTwo<T>(re + p + at, re + q + at, f64x2.mul(v128.load(o), scale))
    const real = half && (j == 0 || j == n >> 1)
    if (im) storeTwo<T>(im + p + at, im + q + at, real ? f64x2.splat(0) : f64x2.mul(v128.load(o, 16), scale))
    at += step
  }
}

/** Four numbers a, b, c, d, taken from each other and put to places `gap` bytes apart. */
// @ts-ignore: decorator
@inline function butterfly(to: usize, gap: usize, sign: v128, ar: v128, ai: v128, br: v128, bi: v128, cr: v128, ci: v128, dr: v128, di: v128): void {
  const t0r = f64x2.add(ar, cr), t0i = f64x2.add(ai, ci)
  const t1r = f64x2.sub(ar, cr), t1i = f64x2.sub(ai, ci)
  const t2r = f64x2.add(br, dr), t2i = f64x2.add(bi, di)
  const t3r = f64x2.mul(sign, f64x2.sub(br, dr)), t3i = f64x2.mul(sign, f64x2.sub(bi, di))
  v128.store(to, f64x2.add(t0r, t2r))
  v128.store(to, f64x2.add(t0i, t2i), 16)
  to += gap
  v128.store(to, f64x2.add(t1r, t3i))
  v128.store(to, f64x2.sub(t1i, t3r), 16)
  to += gap
  v128.store(to, f64x2.sub(t0r, t2r))
  v128.store(to, f64x2.sub(t0i, t2i), 16)
  to += gap
  v128.store(to, f64x2.sub(t1r, t3i))
  v128.store(to, f64x2.add(t1i, t3r), 16)
}

/** x [n] to y [n], both vectors re, im. */
function transform(plan: usize, x: usize, y: usize): void {
  const n = field(plan, 0), width = field(plan, 4)
  const digits = <usize>field(plan, 5), table = <usize>field(plan, 6)
  const sign = f64x2.splat(field(plan, 2) ? -1 : 1)
  // Of fft.js, where a complex number takes two places.
  let step = 1 << width
  const group = (2 * n) >> width
  const gap = <usize>step << 4
  for (let t = 0, to = y; t < n / group; t++) {
    const a = x + (<usize>load<i32>(digits + (<usize>t << 2)) << 5)
    const ar = v128.load(a), ai = v128.load(a, 16)
    const b = a + gap
    const br = v128.load(b), bi = v128.load(b, 16)
    if (group == 2) {
      v128.store(to, f64x2.add(ar, br))
      v128.store(to, f64x2.add(ai, bi), 16)
      v128.store(to, f64x2.sub(ar, br), 32)
      v128.store(to, f64x2.sub(ai, bi), 48)
    } else {
      const c = b + gap
      const d = c + gap
      butterfly(to, 32, sign, ar, ai, br, bi, v128.load(c), v128.load(c, 16), v128.load(d), v128.load(d, 16))
    }
    to += <usize>group << 5
  }
  for (step >>= 2; step >= 2; step >>= 2) {
    const length = (2 * n) / step
    const quarter = <usize>(length >> 2) << 5
    for (let block = 0; block < n; block += length) {
      let at = y + (<usize>block << 5)
      let k = table
      let k2 = table
      let k3 = table
      for (const end = at + quarter; at < end; at += 32) {
        const b = at + quarter
        const c = b + quarter
        const d = c + quarter
        let r = v128.load64_splat(k), i = f64x2.mul(sign, v128.load64_splat(k, 8))
        let p = v128.load(b), q = v128.load(b, 16)
        const br = f64x2.sub(f64x2.mul(p, r), f64x2.mul(q, i)), bi = f64x2.add(f64x2.mul(p, i), f64x2.mul(q, r))
        r = v128.load64_splat(k2)
        i = f64x2.mul(sign, v128.load64_splat(k2, 8))
        p = v128.load(c)
        q = v128.load(c, 16)
        const cr = f64x2.sub(f64x2.mul(p, r), f64x2.mul(q, i)), ci = f64x2.add(f64x2.mul(p, i), f64x2.mul(q, r))
        r = v128.load64_splat(k3)
        i = f64x2.mul(sign, v128.load64_splat(k3, 8))
        p = v128.load(d)
        q = v128.load(d, 16)
        const dr = f64x2.sub(f64x2.mul(p, r), f64x2.mul(q, i)), di = f64x2.add(f64x2.mul(p, i), f64x2.mul(q, r))
        butterfly(at, quarter, sign, v128.load(at), v128.load(at, 16), br, bi, cr, ci, dr, di)
        k += <usize>step << 3
        k2 += <usize>step << 4
        k3 += <usize>(3 * step) << 3
      }
    }
  }
}

/** Pairs of vectors from … to - 1 of `count` vectors; the last one goes twice where it is alone. */
// @ts-ignore: decorator
@inline function fft<T>(plan: usize, count: i32, from: i32, to: i32, room: usize): void {
  const half = <usize>field(plan, 0) << 5
  for (let pair = from; pair < to; pair++) {
    const v = 2 * pair
    const w = min(v + 1, count - 1)
    gather<T>(plan, v, w, room)
    transform(plan, room, room + half)
    scatter<T>(plan, v, w, room + half)
  }
}
export function fft32(plan: usize, count: i32, from: i32, to: i32, room: usize): void { fft<f32>(plan, count, from, to, room) }
export function fft64(plan: usize, count: i32, from: i32, to: i32, room: usize): void { fft<f64>(plan, count, from, to, room) }
