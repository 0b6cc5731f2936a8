import { erf, erfc, gelu } from './errorFunction'
import { exp, expm1, sigmoid, silu, tanh } from './exponential'
import { log, log1p, softplus } from './logarithm'
import { cos, sin, tooFar } from './sine'
import { loadLanes, loadSome, storeLanes, storeSome } from './vectors'

// y_i = f(x_i) for n entries of f32 or f64; y may be x. Every entry goes through the same instructions, wherever it stands and however many
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
@inline function map<T, L>(f: i32, x: usize, y: usize, n: i32): void {
  const end = x + <usize>n * sizeof<T>()
  const step = <usize>(16 / sizeof<L>()) * sizeof<T>()
  while (x < end) {
    const left = end - x
    const v = call<L>(f, left >= step ? loadLanes<T, L>(x) : loadSome<T, L>(x, left))
    if (left >= step) storeLanes<T, L>(y, v)
    else storeSome<T, L>(y, v, left)
    x += step
    y += step
  }
}

/** The same for sine and cosine; stores 1 (f32) at `far` if there is an x beyond their range. */
// @ts-ignore: decorator
@inline function mapWithin<T>(f: i32, x: usize, y: usize, n: i32, far: usize): void {
  const end = x + <usize>n * sizeof<T>()
  let beyond = i64x2.splat(0)
  while (x < end) {
    const left = end - x
    const v = left >= 2 * sizeof<T>() ? loadLanes<T, f64>(x) : loadSome<T, f64>(x, left)
    beyond = v128.or(beyond, tooFar(v))
    if (left >= 2 * sizeof<T>()) storeLanes<T, f64>(y, call<f64>(f, v))
    else storeSome<T, f64>(y, call<f64>(f, v), left)
    x += 2 * sizeof<T>()
    y += 2 * sizeof<T>()
  }
  if (v128.any_true(beyond)) store<f32>(far, 1)
}

export function exp32(x: usize, y: usize, n: i32): void { map<f32, f32>(EXP, x, y, n) }
export function exp64(x: usize, y: usize, n: i32): void { map<f64, f64>(EXP, x, y, n) }
export function expm132(x: usize, y: usize, n: i32): void { map<f32, f32>(EXPM1, x, y, n) }
export function expm164(x: usize, y: usize, n: i32): void { map<f64, f64>(EXPM1, x, y, n) }
export function tanh32(x: usize, y: usize, n: i32): void { map<f32, f32>(TANH, x, y, n) }
export function tanh64(x: usize, y: usize, n: i32): void { map<f64, f64>(TANH, x, y, n) }
export function sigmoid32(x: usize, y: usize, n: i32): void { map<f32, f32>(SIGMOID, x, y, n) }
export function sigmoid64(x: usize, y: usize, n: i32): void { map<f64, f64>(SIGMOID, x, y, n) }
export function silu32(x: usize, y: usize, n: i32): void { map<f32, f64>(SILU, x, y, n) }
export function silu64(x: usize, y: usize, n: i32): void { map<f64, f64>(SILU, x, y, n) }
export function log32(x: usize, y: usize, n: i32): void { map<f32, f64>(LOG, x, y, n) }
export function log64(x: usize, y: usize, n: i32): void { map<f64, f64>(LOG, x, y, n) }
export function log1p32(x: usize, y: usize, n: i32): void { map<f32, f64>(LOG1P, x, y, n) }
export function log1p64(x: usize, y: usize, n: i32): void { map<f64, f64>(LOG1P, x, y, n) }
export function softplus32(x: usize, y: usize, n: i32): void { map<f32, f64>(SOFTPLUS, x, y, n) }
export function softplus64(x: usize, y: usize, n: i32): void { map<f64, f64>(SOFTPLUS, x, y, n) }
export function sin32(x: usize, y: usize, n: i32, far: usize): void { mapWithin<f32>(SIN, x, y, n, far) }
export function sin64(x: usize, y: usize, n: i32, far: usize): void { mapWithin<f64>(SIN, x, y, n, far) }
export function cos32(x: usize, y: usize, n: i32, far: usize): void { mapWithin<f32>(COS, x, y, n, far) }
export function cos64(x: usize, y: usize, n: i32, far: usize): void { mapWithin<f64>(COS, x, y, n, far) }
export function erf32(x: usize, y: usize, n: i32): void { map<f32, f64>(ERF, x, y, n) }
export function erf64(x: usize, y: usize, n: i32): void { map<f64, f64>(ERF, x, y, n) }
export function erfc32(x: usize, y: usize, n: i32): void { map<f32, f64>(ERFC, x, y, n) }
export function erfc64(x: usize, y: usize, n: i32): void { map<f64, f64>(ERFC, x, y, n) }
export function gelu32(x: usize, y: usize, n: i32): void { map<f32, f64>(GELU, x, y, n) }
export function gelu64(x: usize, y: usize, n: i32): void { map<f64, f64>(GELU, x, y, n) }
