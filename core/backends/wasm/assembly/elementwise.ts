import { erf, erfc, gelu } from './errorFunction'
import { exp, expm1, sigmoid, silu, tanh } from './exponential'
import { log, log1p, softplus } from './logarithm'
import { cos, sin, tooFar } from './sine'
import { loadLanes, storeLanes } from './vectors'

// y_i = f(x_i), in place, for n entries of f32 or f64 from an address on, in whole vectors: up to 15 bytes behind the
// last entry are overwritten. Every entry goes through the same instructions, wherever it stands and however many
// there are. Functions of the exponential run in the lanes of their dtype, the others in f64, which f32 is widened to.

const EXP = 0, EXPM1 = 1, TANH = 2, SIGMOID = 3, SILU = 4, LOG = 5, LOG1P = 6, SOFTPLUS = 7, SIN = 8, COS = 9, ERF = 10, ERFC = 11, GELU = 12

// @ts-ignore: decorator
@inline function call<L>(f: i32, x: v128): v128 {
  if (f == EXP) return exp<L>(x)
  if (f == EXPM1) return expm1<L>(x)
  if (f == TANH) return tanh<L>(x)
  if (f == SIGMOID) return sigmoid<L>(x)
  if (f == SILU) return silu(x)
  if (f == LOG) return log(x)
  if (f == LOG1P) return log1p(x)
  if (f == SOFTPLUS) return softplus(x)
  if (f == SIN) return sin(x)
  if (f == COS) return cos(x)
  if (f == ERF) return erf(x)
  if (f == ERFC) return erfc(x)
  return gelu(x)
}

/** The loop of function f, which is a constant: what is left of `call` is one line. */
// @ts-ignore: decorator
@inline function map<T, L>(f: i32, at: usize, n: i32): void {
  const end = at + <usize>n * sizeof<T>()
  const step = (16 / sizeof<L>()) * sizeof<T>()
  for (; at < end; at += step) storeLanes<T, L>(at, call<L>(f, loadLanes<T, L>(at)))
}

/** The same for sine and cosine: is there an x beyond their range? */
// @ts-ignore: decorator
@inline function mapWithin<T>(f: i32, at: usize, n: i32): bool {
  const end = at + <usize>n * sizeof<T>()
  let far = i64x2.splat(0)
  for (; at < end; at += 2 * sizeof<T>()) {
    const x = loadLanes<T, f64>(at)
    far = v128.or(far, tooFar(x))
    storeLanes<T, f64>(at, call<f64>(f, x))
  }
  return v128.any_true(far)
}

export function exp32(at: usize, n: i32): void { map<f32, f32>(EXP, at, n) }
export function exp64(at: usize, n: i32): void { map<f64, f64>(EXP, at, n) }
export function expm132(at: usize, n: i32): void { map<f32, f32>(EXPM1, at, n) }
export function expm164(at: usize, n: i32): void { map<f64, f64>(EXPM1, at, n) }
export function tanh32(at: usize, n: i32): void { map<f32, f32>(TANH, at, n) }
export function tanh64(at: usize, n: i32): void { map<f64, f64>(TANH, at, n) }
export function sigmoid32(at: usize, n: i32): void { map<f32, f32>(SIGMOID, at, n) }
export function sigmoid64(at: usize, n: i32): void { map<f64, f64>(SIGMOID, at, n) }
export function silu32(at: usize, n: i32): void { map<f32, f64>(SILU, at, n) }
export function silu64(at: usize, n: i32): void { map<f64, f64>(SILU, at, n) }
export function log32(at: usize, n: i32): void { map<f32, f64>(LOG, at, n) }
export function log64(at: usize, n: i32): void { map<f64, f64>(LOG, at, n) }
export function log1p32(at: usize, n: i32): void { map<f32, f64>(LOG1P, at, n) }
export function log1p64(at: usize, n: i32): void { map<f64, f64>(LOG1P, at, n) }
export function softplus32(at: usize, n: i32): void { map<f32, f64>(SOFTPLUS, at, n) }
export function softplus64(at: usize, n: i32): void { map<f64, f64>(SOFTPLUS, at, n) }
export function sin32(at: usize, n: i32): bool { return mapWithin<f32>(SIN, at, n) }
export function sin64(at: usize, n: i32): bool { return mapWithin<f64>(SIN, at, n) }
export function cos32(at: usize, n: i32): bool { return mapWithin<f32>(COS, at, n) }
export function cos64(at: usize, n: i32): bool { return mapWithin<f64>(COS, at, n) }
export function erf32(at: usize, n: i32): void { map<f32, f64>(ERF, at, n) }
export function erf64(at: usize, n: i32): void { map<f64, f64>(ERF, at, n) }
export function erfc32(at: usize, n: i32): void { map<f32, f64>(ERFC, at, n) }
export function erfc64(at: usize, n: i32): void { map<f64, f64>(ERFC, at, n) }
export function gelu32(at: usize, n: i32): void { map<f32, f64>(GELU, at, n) }
export function gelu64(at: usize, n: i32): void { map<f64, f64>(GELU, at, n) }
