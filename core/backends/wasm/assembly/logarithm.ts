import { expOf } from './exponential'
import { keepTiny, mad, pick } from './vectors'

// Logarithms, in f64 lanes for both dtypes: x = 2ᵏ m with m in [√½, √2), and with f = m - 1, s = f/(2 + f)
//
//     ln m = f - (f²/2 - s (f²/2 + R(s²)))     ln x = k ln 2 + ln m
//
// R is the polynomial of FreeBSD's e_log.c (Sun Microsystems, 1993). Within 1 ulp: log; 2 ulp: log1p, softplus; f32 is
// rounded from there. ±0, ±∞, NaN and subnormal numbers as in Math.

/** ln u + correction for u > 0 and a correction that is small beside ln u or 1. */
function lnWith(u: v128, correction: v128): v128 {
  const tiny = f64x2.lt(u, f64x2.splat(2.2250738585072014e-308))
  const U = pick(tiny, f64x2.mul(u, f64x2.splat(18014398509481984.0)), u)
  // The exponent of U / √½ is the k for which m comes to lie in [√½, √2).
  const k = i64x2.shr_s(i64x2.sub(U, i64x2.splat(0x3fe6a09e00000000)), 52)
  const m = i64x2.sub(U, i64x2.shl(k, 52))
  // k as a float: 1.5 · 2⁵² + k has it in its low bits.
  let K = f64x2.sub(i64x2.add(k, i64x2.splat(0x4338000000000000)), f64x2.splat(6755399441055744.0))
  K = f64x2.sub(K, v128.and(tiny, f64x2.splat(54)))
  const f = f64x2.sub(m, f64x2.splat(1))
  const s = f64x2.div(f, f64x2.add(f64x2.splat(2), f))
  const z = f64x2.mul(s, s)
  let R = mad<f64>(f64x2.splat(1.479819860511658591e-1), z, 1.531383769920937332e-1)
  R = mad<f64>(R, z, 1.818357216161805012e-1)
  R = mad<f64>(R, z, 2.222219843214978396e-1)
  R = mad<f64>(R, z, 2.857142874366239149e-1)
  R = mad<f64>(R, z, 3.999999999940941908e-1)
  R = mad<f64>(R, z, 6.666666666666735130e-1)
  R = f64x2.mul(R, z)
  const h = f64x2.mul(f64x2.mul(f64x2.splat(0.5), f), f)
  const small = f64x2.add(f64x2.mul(K, f64x2.splat(1.90821492927058770002e-10)), correction)
  const low = f64x2.add(f64x2.mul(s, f64x2.add(h, R)), small)
  return f64x2.add(f64x2.mul(K, f64x2.splat(6.93147180369123816490e-1)), f64x2.sub(f, f64x2.sub(h, low)))
}

/** y = ln u, put right where u is 0 (-∞), below (NaN), ∞ or NaN. */
// @ts-ignore: decorator
@inline function atEnds(y: v128, u: v128): v128 {
  y = pick(f64x2.ne(u, f64x2.splat(0)), y, f64x2.splat(-Infinity))
  y = pick(f64x2.eq(u, f64x2.splat(Infinity)), u, y)
  return pick(f64x2.ge(u, f64x2.splat(0)), y, f64x2.splat(NaN))
}

/** ln x */
export function log(x: v128): v128 {
  return atEnds(lnWith(x, f64x2.splat(0)), x)
}

/** ln(1 + x): u = 1 + x rounded, and c = 1 + x - u is exact; ln(u + c) = ln u + c/u to rounding. */
export function log1p(x: v128): v128 {
  const one = f64x2.splat(1)
  const u = f64x2.add(one, x)
  const c = pick(f64x2.ge(x, one), f64x2.sub(one, f64x2.sub(u, x)), f64x2.sub(x, f64x2.sub(u, one)))
  return keepTiny<f64>(atEnds(lnWith(u, f64x2.div(c, u)), u), x, 1e-18)
}

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|) */
export function softplus(x: v128): v128 {
  return f64x2.add(f64x2.max(x, f64x2.splat(0)), log1p(expOf(f64x2.neg(f64x2.abs(x)))))
}
