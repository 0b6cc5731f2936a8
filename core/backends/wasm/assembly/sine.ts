import { keepTiny, mad } from './vectors'

// Sine and cosine, in f64 lanes for both dtypes: x = n π/2 + r, |r| ≤ π/4, and by the quadrant n mod 4 the sine or the
// cosine of r, with or without a minus. The polynomials are those of FreeBSD's k_sin.c and k_cos.c (Sun Microsystems,
// 1993). Within 1 ulp for |x| ≤ 1e5; beyond, the caller takes another way.

/** π/2 in three parts: the first two have 33 bits, so that their products with n < 2²⁰ are exact. */
const FIRST = 1.57079632673412561417
const SECOND = 6.07710050630396597660e-11
const THIRD = 2.02226624879595063154e-21

/** sin x (shift 0) or cos x (shift 1). */
function quadrants(x: v128, shift: i64): v128 {
  const n = f64x2.nearest(f64x2.mul(x, f64x2.splat(0.6366197723675814)))
  // r, and what its rounding lost.
  const near = f64x2.sub(x, f64x2.mul(n, f64x2.splat(FIRST)))
  const w = f64x2.mul(n, f64x2.splat(SECOND))
  const nearer = f64x2.sub(near, w)
  const rest = f64x2.sub(f64x2.sub(f64x2.sub(near, nearer), w), f64x2.mul(n, f64x2.splat(THIRD)))
  const r = f64x2.add(nearer, rest)
  const lost = f64x2.add(f64x2.sub(nearer, r), rest)
  const z = f64x2.mul(r, r)
  // sin(r + lost) = r - (z (lost/2 - r³ S) - lost + r³/6)
  let S = mad<f64>(f64x2.splat(1.58969099521155010221e-10), z, -2.50507602534068634195e-8)
  S = mad<f64>(S, z, 2.75573137070700676789e-6)
  S = mad<f64>(S, z, -1.98412698298579493134e-4)
  S = mad<f64>(S, z, 8.33333333332248946124e-3)
  const v = f64x2.mul(z, r)
  const small = f64x2.sub(f64x2.mul(z, f64x2.sub(f64x2.mul(lost, f64x2.splat(0.5)), f64x2.mul(v, S))), lost)
  const sine = f64x2.sub(r, f64x2.add(small, f64x2.mul(v, f64x2.splat(1.66666666666666324348e-1))))
  // cos(r + lost) = 1 - z/2 + (z² C - r lost), with the rounding of 1 - z/2 made good
  let C = mad<f64>(f64x2.splat(-1.13596475577881948265e-11), z, 2.08757232129817482790e-9)
  C = mad<f64>(C, z, -2.75573143513906633035e-7)
  C = mad<f64>(C, z, 2.48015872894767294178e-5)
  C = mad<f64>(C, z, -1.38888888888741095749e-3)
  C = mad<f64>(C, z, 4.16666666666666019037e-2)
  const h = f64x2.mul(z, f64x2.splat(0.5))
  const one = f64x2.sub(f64x2.splat(1), h)
  const fine = f64x2.sub(f64x2.mul(f64x2.mul(z, z), C), f64x2.mul(r, lost))
  const cosine = f64x2.add(one, f64x2.add(f64x2.sub(f64x2.sub(f64x2.splat(1), one), h), fine))
  // n in the low bits of 1.5 · 2⁵² + n: odd quadrants take the other function, the third and fourth a minus.
  const quadrant = i64x2.add(f64x2.add(n, f64x2.splat(6755399441055744.0)), i64x2.splat(shift))
  const odd = i64x2.neg(v128.and(quadrant, i64x2.splat(1)))
  const minus = i64x2.shl(v128.and(quadrant, i64x2.splat(2)), 62)
  return v128.xor(v128.bitselect(cosine, sine, odd), minus)
}

// @ts-ignore: decorator
@inline export function sin(x: v128): v128 {
  return keepTiny<f64>(quadrants(x, 0), x, 1e-8)
}

// @ts-ignore: decorator
@inline export function cos(x: v128): v128 {
  return quadrants(x, 1)
}

/** All ones where |x| is beyond the range of `quadrants`. */
// @ts-ignore: decorator
@inline export function tooFar(x: v128): v128 {
  return f64x2.gt(f64x2.abs(x), f64x2.splat(1e5))
}
