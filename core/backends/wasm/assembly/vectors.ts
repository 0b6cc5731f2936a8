// Vectors of 16 bytes: two lanes of f64 or four of f32, chosen by the type L, so that one formula serves both.

// @ts-ignore: decorator
@inline export function c<L>(x: f64): v128 {
  return v128.splat<L>(<L>x)
}
// @ts-ignore: decorator
@inline export function add<L>(a: v128, b: v128): v128 {
  return v128.add<L>(a, b)
}
// @ts-ignore: decorator
@inline export function sub<L>(a: v128, b: v128): v128 {
  return v128.sub<L>(a, b)
}
// @ts-ignore: decorator
@inline export function mul<L>(a: v128, b: v128): v128 {
  return v128.mul<L>(a, b)
}
// @ts-ignore: decorator
@inline export function div<L>(a: v128, b: v128): v128 {
  return v128.div<L>(a, b)
}

/** p x + d: one step of Horner's rule. */
// @ts-ignore: decorator
@inline export function mad<L>(p: v128, x: v128, d: f64): v128 {
  return v128.add<L>(v128.mul<L>(p, x), c<L>(d))
}

/** a where the mask's bits are 1, b elsewhere. */
// @ts-ignore: decorator
@inline export function pick(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask)
}

/** |a| with the sign of x: right for -0 too. */
// @ts-ignore: decorator
@inline export function withSign<L>(a: v128, x: v128): v128 {
  return v128.bitselect(x, a, c<L>(-0.0))
}

/** y, but x itself where |x| < tiny and for NaN: f(x) = x to rounding there, -0 and subnormal numbers included. */
// @ts-ignore: decorator
@inline export function keepTiny<L>(y: v128, x: v128, tiny: f64): v128 {
  return pick(v128.ge<L>(v128.abs<L>(x), c<L>(tiny)), y, x)
}

/** The two upper lanes of f32, below. */
// @ts-ignore: decorator
@inline export function upper(v: v128): v128 {
  return v128.shuffle<f64>(v, v, 1, 1)
}

/** One vector of entries of type T; where T is f32 and L is f64, two entries, widened. */
// @ts-ignore: decorator
@inline export function loadLanes<T, L>(p: usize): v128 {
  return sizeof<T>() == sizeof<L>() ? v128.load(p) : f64x2.promote_low_f32x4(v128.load64_zero(p))
}
// @ts-ignore: decorator
@inline export function storeLanes<T, L>(p: usize, v: v128): void {
  if (sizeof<T>() == sizeof<L>()) v128.store(p, v)
  else v128.store64_lane(p, f32x4.demote_f64x2_zero(v), 0)
}

/** The same for the last entries, fewer than a vector: `bytes` of them. Nothing behind them is read or written. */
// @ts-ignore: decorator
@inline export function loadSome<T, L>(p: usize, bytes: usize): v128 {
  if (sizeof<L>() == 8) return f64x2.splat(<f64>load<T>(p))
  let v = v128.load32_splat(p)
  if (bytes > 4) v = v128.load32_lane(p + 4, v, 1)
  if (bytes > 8) v = v128.load32_lane(p + 8, v, 2)
  return v
}
// @ts-ignore: decorator
@inline export function storeSome<T, L>(p: usize, v: v128, bytes: usize): void {
  if (sizeof<L>() == 8) store<T>(p, <T>f64x2.extract_lane(v, 0))
  else {
    v128.store32_lane(p, v, 0)
    if (bytes > 4) v128.store32_lane(p + 4, v, 1)
    if (bytes > 8) v128.store32_lane(p + 8, v, 2)
  }
}
