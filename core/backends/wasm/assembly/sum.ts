import { loadLanes } from './vectors'

// Σ x of n entries of f32 or f64, in f64: bit for bit the pairwise sum of core/backends/plain/reduce.ts, in the same order.

const PART: i32 = 128

/** Four sums in two vectors; what is left over goes to the first. */
// @ts-ignore: decorator
@inline function part<T>(x: usize, n: i32): f64 {
  const unit = <usize>sizeof<T>()
  let a = f64x2.splat(0)
  let b = f64x2.splat(0)
  let i = 0
  for (; i + 3 < n; i += 4) {
    a = f64x2.add(a, loadLanes<T, f64>(x))
    b = f64x2.add(b, loadLanes<T, f64>(x + 2 * unit))
    x += 4 * unit
  }
  let s = f64x2.extract_lane(a, 0)
  for (; i < n; i++) {
    s += <f64>load<T>(x)
    x += unit
  }
  return s + f64x2.extract_lane(a, 1) + (f64x2.extract_lane(b, 0) + f64x2.extract_lane(b, 1))
}

function pairwise<T>(x: usize, n: i32): f64 {
  if (n <= PART) return part<T>(x, n)
  const half = (n >> 1) & ~3
  return pairwise<T>(x, half) + pairwise<T>(x + <usize>half * sizeof<T>(), n - half)
}

export function sum32(x: usize, n: i32): f64 { return pairwise<f32>(x, n) }
export function sum64(x: usize, n: i32): f64 { return pairwise<f64>(x, n) }
