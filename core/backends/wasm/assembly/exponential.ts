import { add, c, div, keepTiny, mad, mul, pick, sub, withSign } from './vectors'

// Everything made of eˣ, in the lanes of its dtype: x = n ln 2 + r with whole n and |r| ≤ ln 2 / 2, so that
//
//     eˣ = 2ⁿ (1 + p)     eˣ - 1 = 2ⁿ p + (2ⁿ - 1)     p = eʳ - 1 = r + r² (1/2! + r/3! + …)
//
// Within 1 ulp: exp; 2: expm1; 2.5: sigmoid, tanh and, in f64, silu. Overflow, subnormal results, ±0, ±∞ and NaN are
// those of Math.

/** 2ⁿ for whole n: the biased exponent, which adding 2⁵² (f32: 2²³) brings into the low bits, moved to its place. */
// @ts-ignore: decorator
@inline function power2<L>(n: v128): v128 {
  return sizeof<L>() == 8
    ? i64x2.shl(add<L>(n, c<L>(4503599627370496.0 + 1023.0)), 52)
    : i32x4.shl(add<L>(n, c<L>(8388608.0 + 127.0)), 23)
}

/** x, cut off where eˣ is 0 or infinite anyway. */
// @ts-ignore: decorator
@inline function inRange<L>(x: v128): v128 {
  return sizeof<L>() == 8
    ? v128.pmin<L>(v128.pmax<L>(x, c<L>(-746)), c<L>(710))
    : v128.pmin<L>(v128.pmax<L>(x, c<L>(-104)), c<L>(89))
}

/** The n of x. */
// @ts-ignore: decorator
@inline function wholePart<L>(x: v128): v128 {
  return v128.nearest<L>(mul<L>(x, c<L>(1.4426950408889634)))
}

/** p of r = x - n ln 2. ln 2 comes in two parts, of which the first times n is exact. Next term: f64 4e-18, f32 5e-9. */
// @ts-ignore: decorator
@inline function fraction<L>(x: v128, n: v128): v128 {
  let r: v128
  let q: v128
  if (sizeof<L>() == 8) {
    r = sub<L>(x, mul<L>(n, c<L>(6.93147180369123816490e-1)))
    r = sub<L>(r, mul<L>(n, c<L>(1.90821492927058770002e-10)))
    q = mad<L>(c<L>(1.0 / 6227020800.0), r, 1.0 / 479001600.0)
    q = mad<L>(q, r, 1.0 / 39916800.0)
    q = mad<L>(q, r, 1.0 / 3628800.0)
    q = mad<L>(q, r, 1.0 / 362880.0)
    q = mad<L>(q, r, 1.0 / 40320.0)
    q = mad<L>(q, r, 1.0 / 5040.0)
  } else {
    r = sub<L>(x, mul<L>(n, c<L>(0.693359375)))
    r = sub<L>(r, mul<L>(n, c<L>(-2.12194440054690583e-4)))
    q = c<L>(1.0 / 5040.0)
  }
  q = mad<L>(q, r, 1.0 / 720.0)
  q = mad<L>(q, r, 1.0 / 120.0)
  q = mad<L>(q, r, 1.0 / 24.0)
  q = mad<L>(q, r, 1.0 / 6.0)
  q = mad<L>(q, r, 0.5)
  return add<L>(r, mul<L>(mul<L>(r, r), q))
}

/** eˣ. 2ⁿ in two factors: it may be beyond the numbers where eˣ is not, and a subnormal result is rounded once. */
// @ts-ignore: decorator
@inline export function exp<L>(x: v128): v128 {
  const X = inRange<L>(x)
  const n = wholePart<L>(X)
  const half = v128.floor<L>(mul<L>(n, c<L>(0.5)))
  const y = mul<L>(mul<L>(add<L>(c<L>(1), fraction<L>(X, n)), power2<L>(half)), power2<L>(sub<L>(n, half)))
  return pick(v128.eq<L>(x, x), y, x)
}

/** The same in f64 lanes as a function of its own, for those that need not each have a copy of it. */
export function expOf(x: v128): v128 {
  return exp<f64>(x)
}

/** eˣ - 1 = s t (1 + p) - 1 = t (s p + (s - 1/t)), where s t = 2ⁿ. */
// @ts-ignore: decorator
@inline export function expm1<L>(x: v128): v128 {
  const X = inRange<L>(x)
  const n = wholePart<L>(X)
  const half = v128.floor<L>(mul<L>(n, c<L>(0.5)))
  const rest = sub<L>(n, half)
  const s = power2<L>(half)
  const ones = sub<L>(s, power2<L>(v128.neg<L>(rest)))
  return keepTiny<L>(mul<L>(power2<L>(rest), add<L>(mul<L>(s, fraction<L>(X, n)), ones)), x, 1e-18)
}

/** tanh |x| = t/(t + 2) with t = e^2|x| - 1, and from t = 2 on 1 - 2/(t + 2), where t's own error fades. */
// @ts-ignore: decorator
@inline export function tanh<L>(x: v128): v128 {
  const a = v128.pmin<L>(v128.abs<L>(x), c<L>(22))
  const t = expm1<L>(add<L>(a, a))
  const far = v128.gt<L>(t, c<L>(2))
  const y = add<L>(v128.and(far, c<L>(1)), div<L>(pick(far, c<L>(-2), t), add<L>(t, c<L>(2))))
  return keepTiny<L>(withSign<L>(y, x), x, 1e-18)
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
