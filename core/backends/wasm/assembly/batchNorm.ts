// Batch normalisation of x [B, C, n], channel after channel, so that the passes over one find it in the cache:
//
//     y = w (x - μ)/s + b,  s = √(σ² + ε)        dx = w/s (ct - ⟨ct⟩ - (x - μ) ⟨(x - μ) ct⟩/s²),  dw = Σ (x - μ) ct / s,  db = Σ ct
//
// In f64 for both dtypes, sums plane by plane in four lanes: bit for bit core/backends/plain/batchNorm.ts, in the same order.

import { loadLanes, storeLanes } from './vectors'

const DIFFERENCE = 0, SQUARE = 1, PRODUCT = 2

/** x - m, (x - m)² or ct (x - m), of two entries. */
// @ts-ignore: decorator
@inline function term<T>(f: i32, x: usize, m: v128, ct: usize): v128 {
  const d = f64x2.sub(loadLanes<T, f64>(x), m)
  return f == DIFFERENCE ? d : f64x2.mul(f == SQUARE ? d : loadLanes<T, f64>(ct), d)
}

/** The same of one entry. */
// @ts-ignore: decorator
@inline function termOfOne<T>(f: i32, x: usize, m: f64, ct: usize): f64 {
  const d = <f64>load<T>(x) - m
  return f == DIFFERENCE ? d : (f == SQUARE ? d : <f64>load<T>(ct)) * d
}

/** Σ over the n entries of a plane. */
// @ts-ignore: decorator
@inline function sum<T>(f: i32, x: usize, n: i32, m: f64, ct: usize): f64 {
  const M = f64x2.splat(m)
  let a = f64x2.splat(0)
  let b = a
  let i = 0
  for (; i + 3 < n; i += 4) {
    a = f64x2.add(a, term<T>(f, x, M, ct))
    b = f64x2.add(b, term<T>(f, x + 2 * sizeof<T>(), M, ct + 2 * sizeof<T>()))
    x += 4 * sizeof<T>()
    ct += 4 * sizeof<T>()
  }
  let s = f64x2.extract_lane(a, 0)
  for (; i < n; i++) {
    s += termOfOne<T>(f, x, m, ct)
    x += sizeof<T>()
    ct += sizeof<T>()
  }
  return s + f64x2.extract_lane(a, 1) + (f64x2.extract_lane(b, 0) + f64x2.extract_lane(b, 1))
}

/** Σ over all planes of a channel, `step` bytes apart. */
// @ts-ignore: decorator
@inline function sums<T>(f: i32, x: usize, step: usize, batch: i32, n: i32, m: f64, ct: usize): f64 {
  let total: f64 = 0
  for (let b = 0; b < batch; b++) {
    total += sum<T>(f, x, n, m, ct)
    x += step
    ct += step
  }
  return total
}

/** y of channels from … to - 1. statistics: the means [C], the s [C], ε, all f64; the first two are written. */
// @ts-ignore: decorator
@inline function batchNorm<T>(x: usize, w: usize, bias: usize, y: usize, statistics: usize, batch: i32, channels: i32, n: i32, from: i32, to: i32): void {
  const unit = <usize>sizeof<T>()
  const plane = <usize>n * unit
  const step = <usize>channels * plane
  const count = <f64>batch * <f64>n
  const epsilon = load<f64>(statistics + (<usize>channels << 4))
  for (let c = <usize>from; c < <usize>to; c++) {
    const at = x + c * plane
    const first = <f64>load<T>(at)
    const m = first + sums<T>(DIFFERENCE, at, step, batch, n, first, 0) / count
    const s = sqrt<f64>(sums<T>(SQUARE, at, step, batch, n, m, 0) / count + epsilon)
    store<f64>(statistics + (c << 3), m)
    store<f64>(statistics + ((c + <usize>channels) << 3), s)
    const scale = <f64>load<T>(w + c * unit) / s
    const shift = <f64>load<T>(bias + c * unit)
    const M = f64x2.splat(m), S = f64x2.splat(scale), B = f64x2.splat(shift)
    let p = at, q = y + c * plane
    for (let b = 0; b < batch; b++) {
      let i: usize = 0
      for (; i + 2 * unit <= plane; i += 2 * unit)
        storeLanes<T, f64>(q + i, f64x2.add(f64x2.mul(f64x2.sub(loadLanes<T, f64>(p + i), M), S), B))
      if (i < plane) store<T>(q + i, <T>((<f64>load<T>(p + i) - m) * scale + shift))
      p += step
      q += step
    }
  }
}
export function batchNorm32(x: usize, w: usize, bias: usize, y: usize, statistics: usize, batch: i32, channels: i32, n: i32, from: i32, to: i32): void {
  batchNorm<f32>(x, w, bias, y, statistics, batch, channels, n, from, to)
}
export function batchNorm64(x: usize, w: usize, bias: usize, y: usize, statistics: usize, batch: i32, channels: i32, n: i32, from: i32, to: i32): void {
  batchNorm<f64>(x, w, bias, y, statistics, batch, channels, n, from, to)
}

/** dx, dw and db of channels from … to - 1. */
// @ts-ignore: decorator
@inline function batchNormAdjoint<T>(x: usize, w: usize, ct: usize, statistics: usize, dx: usize, dw: usize, db: usize, batch: i32, channels: i32, n: i32, from: i32, to: i32): void {
  const unit = <usize>sizeof<T>()
  const plane = <usize>n * unit
  const step = <usize>channels * plane
  const count = <f64>batch * <f64>n
  for (let c = <usize>from; c < <usize>to; c++) {
    const m = load<f64>(statistics + (c << 3))
    const s = load<f64>(statistics + ((c + <usize>channels) << 3))
    let p = x + c * plane, q = ct + c * plane, o = dx + c * plane
    let all: f64 = 0, along: f64 = 0
    for (let b = 0; b < batch; b++) {
      all += sum<T>(DIFFERENCE, q, n, 0, 0)
      along += sum<T>(PRODUCT, p, n, m, q)
      p += step
      q += step
    }
    store<T>(dw + c * unit, <T>(along / s))
    store<T>(db + c * unit, <T>all)
    const scale = <f64>load<T>(w + c * unit) / s
    const shift = all / count, slope = along / (s * s * count)
    const M = f64x2.splat(m), W = f64x2.splat(scale), A = f64x2.splat(shift), B = f64x2.splat(slope)
    p = x + c * plane
    q = ct + c * plane
    for (let b = 0; b < batch; b++) {
      let i: usize = 0
      for (; i + 2 * unit <= plane; i += 2 * unit) {
        const along = f64x2.mul(f64x2.sub(loadLanes<T, f64>(p + i), M), B)
        storeLanes<T, f64>(o + i, f64x2.mul(W, f64x2.sub(f64x2.sub(loadLanes<T, f64>(q + i), A), along)))
      }
      if (i < plane) store<T>(o + i, <T>(scale * (<f64>load<T>(q + i) - shift - (<f64>load<T>(p + i) - m) * slope)))
      p += step
      q += step
      o += step
    }
  }
}
export function batchNormAdjoint32(x: usize, w: usize, ct: usize, statistics: usize, dx: usize, dw: usize, db: usize, batch: i32, channels: i32, n: i32, from: i32, to: i32): void {
  batchNormAdjoint<f32>(x, w, ct, statistics, dx, dw, db, batch, channels, n, from, to)
}
export function batchNormAdjoint64(x: usize, w: usize, ct: usize, statistics: usize, dx: usize, dw: usize, db: usize, batch: i32, channels: i32, n: i32, from: i32, to: i32): void {
  batchNormAdjoint<f64>(x, w, ct, statistics, dx, dw, db, batch, channels, n, from, to)
}
