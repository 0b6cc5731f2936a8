import { expOf } from './exponential'
import { mad, pick, withSign } from './vectors'

// The error function, its complement and gelu, in f64 lanes for both dtypes, by the rational approximations R on four
// intervals of |x| of FreeBSD's s_erf.c (Sun Microsystems, 1993), as in ops/elementwise/errorFunction.ts. An interval
// costs only where an entry lies in it. Within 1 ulp: erf; 3: erfc, also in the tail; gelu's error grows with x², by the
// rounding of x/√2. f32 is rounded from there.

/** |x| < 0.84375: erf x = x + x R(x²) */
function small(z: v128): v128 {
  let p = mad<f64>(f64x2.splat(-2.3763016656650163e-5), z, -0.005770270296489442)
  p = mad<f64>(p, z, -0.02848174957559851)
  p = mad<f64>(p, z, -0.3250421072470015)
  p = mad<f64>(p, z, 0.12837916709551256)
  let q = mad<f64>(f64x2.splat(-3.960228278775368e-6), z, 0.00013249473800432164)
  q = mad<f64>(q, z, 0.005081306281875766)
  q = mad<f64>(q, z, 0.0650222499887673)
  q = mad<f64>(q, z, 0.39791722395915535)
  q = mad<f64>(q, z, 1)
  return f64x2.div(p, q)
}

/** … < 1.25: erf x = 0.845… + R(x - 1) */
function middle(z: v128): v128 {
  let p = mad<f64>(f64x2.splat(-0.002166375594868791), z, 0.035478304325618236)
  p = mad<f64>(p, z, -0.11089469428239668)
  p = mad<f64>(p, z, 0.31834661990116175)
  p = mad<f64>(p, z, -0.3722078760357013)
  p = mad<f64>(p, z, 0.41485611868374833)
  p = mad<f64>(p, z, -0.0023621185607526594)
  let q = mad<f64>(f64x2.splat(0.011984499846799107), z, 0.01363708391202905)
  q = mad<f64>(q, z, 0.12617121980876164)
  q = mad<f64>(q, z, 0.07182865441419627)
  q = mad<f64>(q, z, 0.540397917702171)
  q = mad<f64>(q, z, 0.10642088040084423)
  q = mad<f64>(q, z, 1)
  return f64x2.div(p, q)
}

const MIDDLE: f64 = 0.8450629115104675

/** … < 1/0.35: 1 - erf x = exp(-x² - 0.5625 + R(1/x²)) / x */
function large(z: v128): v128 {
  let p = mad<f64>(f64x2.splat(-9.814329344169145), z, -81.2874355063066)
  p = mad<f64>(p, z, -184.60509290671104)
  p = mad<f64>(p, z, -162.39666946257347)
  p = mad<f64>(p, z, -62.375332450326006)
  p = mad<f64>(p, z, -10.558626225323291)
  p = mad<f64>(p, z, -0.6938585727071818)
  p = mad<f64>(p, z, -0.009864944034847148)
  let q = mad<f64>(f64x2.splat(-0.0604244152148581), z, 6.570249770319282)
  q = mad<f64>(q, z, 108.63500554177944)
  q = mad<f64>(q, z, 429.00814002756783)
  q = mad<f64>(q, z, 645.3872717332679)
  q = mad<f64>(q, z, 434.56587747522923)
  q = mad<f64>(q, z, 137.65775414351904)
  q = mad<f64>(q, z, 19.651271667439257)
  q = mad<f64>(q, z, 1)
  return f64x2.div(p, q)
}

/** … < 28: the same form */
function tail(z: v128): v128 {
  let p = mad<f64>(f64x2.splat(-483.5191916086514), z, -1025.0951316110772)
  p = mad<f64>(p, z, -637.5664433683896)
  p = mad<f64>(p, z, -160.63638485582192)
  p = mad<f64>(p, z, -17.757954917754752)
  p = mad<f64>(p, z, -0.799283237680523)
  p = mad<f64>(p, z, -0.0098649429247001)
  let q = mad<f64>(f64x2.splat(-22.44095244658582), z, 474.52854120695537)
  q = mad<f64>(q, z, 2553.0504064331644)
  q = mad<f64>(q, z, 3199.8582195085955)
  q = mad<f64>(q, z, 1536.729586084437)
  q = mad<f64>(q, z, 325.7925129965739)
  q = mad<f64>(q, z, 30.33806074348246)
  q = mad<f64>(q, z, 1)
  return f64x2.div(p, q)
}

/** 1 - erf a for a ≥ 1.25 */
function complement(a: v128): v128 {
  const s = f64x2.div(f64x2.splat(1), f64x2.mul(a, a))
  const far = f64x2.ge(a, f64x2.splat(1.0 / 0.35))
  let R = large(s)
  if (v128.any_true(far)) R = pick(far, tail(s), R)
  // a² in two parts, so that rounding it does not spoil the exponential.
  const z = f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(a))
  const main = expOf(f64x2.sub(f64x2.neg(f64x2.mul(z, z)), f64x2.splat(0.5625)))
  const rest = expOf(f64x2.add(f64x2.mul(f64x2.sub(z, a), f64x2.add(z, a)), R))
  return f64x2.div(f64x2.mul(main, rest), a)
}

// @ts-ignore: decorator
@inline function between(a: v128, from: f64, to: f64): v128 {
  return v128.and(f64x2.ge(a, f64x2.splat(from)), f64x2.lt(a, f64x2.splat(to)))
}

export function erf(x: v128): v128 {
  const a = f64x2.abs(x)
  const near = f64x2.lt(a, f64x2.splat(0.84375))
  const mid = between(a, 0.84375, 1.25)
  const far = f64x2.ge(a, f64x2.splat(1.25))
  let y = x
  if (v128.any_true(near)) y = pick(near, f64x2.add(x, f64x2.mul(x, small(f64x2.mul(x, x)))), y)
  if (v128.any_true(mid)) {
    const rise = f64x2.add(f64x2.splat(MIDDLE), middle(f64x2.sub(a, f64x2.splat(1))))
    y = pick(mid, withSign<f64>(rise, x), y)
  }
  if (v128.any_true(far)) {
    // From 6 on it is 1 to rounding.
    const rise = f64x2.sub(f64x2.splat(1), complement(f64x2.pmin(a, f64x2.splat(6))))
    y = pick(far, withSign<f64>(rise, x), y)
  }
  return y
}

export function erfc(x: v128): v128 {
  const a = f64x2.abs(x)
  const near = f64x2.lt(a, f64x2.splat(0.84375))
  const mid = between(a, 0.84375, 1.25)
  const far = f64x2.ge(a, f64x2.splat(1.25))
  const positive = f64x2.gt(x, f64x2.splat(0))
  let y = x
  if (v128.any_true(near)) {
    const R = f64x2.mul(x, small(f64x2.mul(x, x)))
    // From ½ down, below ¼ from 1 down: the larger part first is subtracted exactly.
    const half = f64x2.sub(f64x2.splat(0.5), f64x2.add(f64x2.sub(x, f64x2.splat(0.5)), R))
    const one = f64x2.sub(f64x2.splat(1), f64x2.add(x, R))
    y = pick(near, pick(f64x2.lt(a, f64x2.splat(0.25)), one, half), y)
  }
  if (v128.any_true(mid)) {
    const R = middle(f64x2.sub(a, f64x2.splat(1)))
    const right = f64x2.sub(f64x2.splat(1.0 - MIDDLE), R)
    const left = f64x2.add(f64x2.splat(1.0 + MIDDLE), R)
    y = pick(mid, pick(positive, right, left), y)
  }
  if (v128.any_true(far)) {
    // At 28 it is 0 to the smallest number.
    const t = complement(f64x2.pmin(a, f64x2.splat(28)))
    y = pick(far, pick(positive, t, f64x2.sub(f64x2.splat(2), t)), y)
  }
  return y
}

/** x Φ(x) = x erfc(-x/√2) / 2 */
export function gelu(x: v128): v128 {
  const t = erfc(f64x2.mul(f64x2.neg(x), f64x2.splat(0.7071067811865476)))
  return f64x2.mul(x, f64x2.mul(f64x2.splat(0.5), t))
}
