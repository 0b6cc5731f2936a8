import { add, c, div, keepTiny, mad, mul, pick, sub, upper, withSign } from './vectors'

// Everything made of eˣ, in the lanes of its dtype: x = n ln 2 + r with whole n and |r| ≤ ln 2 / 2, so that
//
//     eˣ = 2ⁿ (1 + p)     eˣ - 1 = 2ⁿ p + (2ⁿ - 1)     p = eʳ - 1 = r + r² Q(r)
//
// Within 1 ulp (f32: 1.1): exp; 2: expm1; 2.5: sigmoid, tanh and, in f64, silu. Overflow, subnormal results, ±0, ±∞ and
// NaN are those of Math.

/** 1.5 · 2⁵² (f32: 1.5 · 2²³). A number to which it is added is rounded, and is a whole number in the low bits. */
// @ts-ignore: decorator
@inline function rounding<L>(): f64 {
  return sizeof<L>() == 8 ? 6755399441055744.0 : 12582912.0
}

/** The n of x, in the low bits. */
// @ts-ignore: decorator
@inline function shifted<L>(x: v128): v128 {
  return mad<L>(x, c<L>(1.4426950408889634), rounding<L>())
}

/** The same n as a float. */
// @ts-ignore: decorator
@inline function wholePart<L>(t: v128): v128 {
  return sub<L>(t, c<L>(rounding<L>()))
}

/** 2ⁿ y, where both are normal numbers: n, moved up to the exponent, is added to it. */
// @ts-ignore: decorator
@inline function scaled<L>(y: v128, t: v128): v128 {
  return sizeof<L>() == 8 ? i64x2.add(y, i64x2.shl(t, 52)) : i32x4.add(y, i32x4.shl(t, 23))
}

/** r = x - n ln 2. ln 2 comes in two parts, of which the first times n is exact. */
// @ts-ignore: decorator
@inline function reduced<L>(x: v128, n: v128): v128 {
  return sizeof<L>() == 8
    ? sub<L>(sub<L>(x, mul<L>(n, c<L>(6.93147180369123816490e-1))), mul<L>(n, c<L>(1.90821492927058770002e-10)))
    : sub<L>(sub<L>(x, mul<L>(n, c<L>(0.693359375))), mul<L>(n, c<L>(-2.12194440054690583e-4)))
}

/**
 * p. Q interpolates Σ rᵏ/(k + 2)! at the Chebyshev points of |r| ≤ ln 2 / 2, so p is off by 4e-17 of itself at most, in
 * f32 by 3e-8. Even and odd powers are summed apart: two short chains of operations take less time than a long one.
 */
// @ts-ignore: decorator
@inline function fraction<L>(r: v128): v128 {
  const z = mul<L>(r, r)
  let even: v128
  let odd: v128
  if (sizeof<L>() == 8) {
    even = mad<L>(c<L>(2.7620138719733994e-7), z, 2.480152119021773e-5)
    even = mad<L>(even, z, 1.3888888917281794e-3)
    even = mad<L>(even, z, 4.166666666662399e-2)
    odd = mad<L>(c<L>(2.5100424157005067e-8), z, 2.7557268378684192e-6)
    odd = mad<L>(odd, z, 1.9841269863105968e-4)
    odd = mad<L>(odd, z, 8.333333333330051e-3)
  } else {
    even = mad<L>(c<L>(1.3926213466332444e-3), z, 4.166655443768594e-2)
    odd = c<L>(8.363202971575855e-3)
  }
  even = mad<L>(even, z, 0.5)
  odd = mad<L>(odd, z, sizeof<L>() == 8 ? 1.6666666666666669e-1 : 1.6666576845993977e-1)
  return add<L>(r, mul<L>(z, add<L>(even, mul<L>(odd, r))))
}

/** eˣ. Where 2ⁿ or the result is no normal number in some lane, or x is NaN, all lanes take the way around. */
// @ts-ignore: decorator
@inline export function exp<L>(x: v128): v128 {
  if (v128.all_true<i32>(v128.lt<L>(v128.abs<L>(x), c<L>(sizeof<L>() == 8 ? 708 : 87)))) {
    const t = shifted<L>(x)
    return scaled<L>(add<L>(c<L>(1), fraction<L>(reduced<L>(x, wholePart<L>(t)))), t)
  }
  return sizeof<L>() == 8 ? farExp64(x) : farExp32(x)
}

/** The same for all x: 2ⁿ in two factors, as it may be beyond the numbers where eˣ is not; a subnormal result is rounded once. */
// @ts-ignore: decorator
@inline function farExp<L>(x: v128): v128 {
  const X = inRange<L>(x)
  const n = wholePart<L>(shifted<L>(X))
  const half = v128.floor<L>(mul<L>(n, c<L>(0.5)))
  const y = mul<L>(mul<L>(add<L>(c<L>(1), fraction<L>(reduced<L>(X, n))), power2<L>(half)), power2<L>(sub<L>(n, half)))
  return pick(v128.eq<L>(x, x), y, x)
}
function farExp64(x: v128): v128 { return farExp<f64>(x) }
function farExp32(x: v128): v128 { return farExp<f32>(x) }

/** x, cut off where eˣ is 0 or infinite anyway. */
// @ts-ignore: decorator
@inline function inRange<L>(x: v128): v128 {
  return sizeof<L>() == 8
    ? v128.pmin<L>(v128.pmax<L>(x, c<L>(-746)), c<L>(710))
    : v128.pmin<L>(v128.pmax<L>(x, c<L>(-104)), c<L>(89))
}

/** 2ⁿ for whole n, normal. */
// @ts-ignore: decorator
@inline function power2<L>(n: v128): v128 {
  return scaled<L>(c<L>(1), add<L>(n, c<L>(rounding<L>())))
}

/** The same in f64 lanes as a function of its own, for those that need not each have a copy of it. */
export function expOf(x: v128): v128 {
  return exp<f64>(x)
}

/**
 * e^(x - m) in f32 lanes, for x ≤ m. The difference d is rounded; what that took away (Knuth's TwoSum) is added to r, as an
 * error of d is one of the result, relative to it.
 */
// @ts-ignore: decorator
@inline export function expBelow(x: v128, m: v128): v128 {
  const d = sub<f32>(x, m)
  if (!v128.all_true<i32>(v128.gt<f32>(d, c<f32>(-87)))) return farBelow(x, m)
  const w = sub<f32>(d, x)
  const lost = sub<f32>(sub<f32>(x, sub<f32>(d, w)), add<f32>(m, w))
  const t = shifted<f32>(d)
  return scaled<f32>(add<f32>(c<f32>(1), fraction<f32>(add<f32>(reduced<f32>(d, wholePart<f32>(t)), lost))), t)
}

/** The same for all x and m, in f64. */
function farBelow(x: v128, m: v128): v128 {
  const low = expOf(f64x2.sub(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(m)))
  const high = expOf(f64x2.sub(f64x2.promote_low_f32x4(upper(x)), f64x2.promote_low_f32x4(upper(m))))
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5)
}

/** eˣ - 1 = s t (1 + p) - 1 = t (s p + (s - 1/t)), where s t = 2ⁿ. */
// @ts-ignore: decorator
@inline export function expm1<L>(x: v128): v128 {
  const X = inRange<L>(x)
  const n = wholePart<L>(shifted<L>(X))
  const half = v128.floor<L>(mul<L>(n, c<L>(0.5)))
  const rest = sub<L>(n, half)
  const s = power2<L>(half)
  const ones = sub<L>(s, power2<L>(v128.neg<L>(rest)))
  return keepTiny<L>(mul<L>(power2<L>(rest), add<L>(mul<L>(s, fraction<L>(reduced<L>(X, n))), ones)), x, 1e-18)
}

/** tanh |x| = t/(t + 2) with t = e^2|x| - 1 = 2ⁿ p + (2ⁿ - 1); it is 1 to rounding from |x| = 22 on. */
// @ts-ignore: decorator
@inline export function tanh<L>(x: v128): v128 {
  const a = v128.pmin<L>(v128.abs<L>(x), c<L>(sizeof<L>() == 8 ? 22 : 10))
  const z = add<L>(a, a)
  const shift = shifted<L>(z)
  const s = scaled<L>(c<L>(1), shift)
  const t = add<L>(mul<L>(s, fraction<L>(reduced<L>(z, wholePart<L>(shift)))), sub<L>(s, c<L>(1)))
  return withSign<L>(div<L>(t, add<L>(t, c<L>(2))), x)
}

/** 1/(1 + e⁻ˣ) from e^-|x|, which cannot overflow. */
// @ts-ignore: decorator
@inline export function sigmoid<L>(x: v128): v128 {
  const e = exp<L>(v128.neg<L>(v128.abs<L>(x)))
  return div<L>(pick(v128.ge<L>(x, c<L>(0)), c<L>(1), e), add<L>(c<L>(1), e))
}

/** x sigmoid(x), in f64 lanes: far to the left sigmoid(x) is a subnormal number of f32 where x sigmoid(x) is none. */
export function silu(x: v128): v128 {
  return mul<f64>(x, sigmoid<f64>(x))
}
