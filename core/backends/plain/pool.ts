import { addresses, along, stridesOf } from './addresses.js'
import { type Data, sizeOf } from './data.js'

/** Windows over the spatial axes of a plane, without padding; one number per axis. */
export interface PoolGeometry {
  size: readonly number[]
  window: readonly number[]
  stride: readonly number[]
}

/** ⌊(size - window) / stride⌋ + 1 along each axis. */
export const poolOutputSize = ({ size, window, stride }: PoolGeometry): number[] =>
  size.map((n, d) => Math.floor((n - window[d]) / stride[d]) + 1)

/** Where the windows start in a plane, and where the entries of a window lie from there, row-major both. */
export function poolAddresses(g: PoolGeometry): { bases: Int32Array; offsets: Int32Array } {
  const strides = stridesOf(g.size)
  return {
    bases: addresses(poolOutputSize(g).map((n, d) => along(n, g.stride[d] * strides[d]))),
    offsets: addresses(g.window.map((n, d) => along(n, strides[d])))
  }
}

/**
 * Largest value of each window: y[p, q] = max x[p, q stride + i], i < window. `argmax` receives the position in the
 * plane of the first maximum in row-major order, which is where the adjoint sends the cotangent. A NaN counts as larger
 * than any number, so that it propagates.
 */
export function maxPool(x: Data, y: Data, argmax: Int32Array, planes: number, g: PoolGeometry): void {
  const { bases, offsets } = poolAddresses(g)
  const pool = offsets.length === 4 ? maxOfFour : maxOfMany
  pool(x, y, argmax, planes, sizeOf(g.size), bases, offsets)
}

/** Whether a later value replaces the best so far: if larger, or the first NaN. */
function exceeds(value: number, best: number): boolean {
  return !(value <= best) && !Number.isNaN(best)
}

function maxOfMany(
  x: Data,
  y: Data,
  argmax: Int32Array,
  planes: number,
  plane: number,
  bases: Int32Array,
  offsets: Int32Array
): void {
  for (let p = 0, q = 0, from = 0; p < planes; p++, from += plane) {
    for (let i = 0; i < bases.length; i++) {
      let where = bases[i]
      let best = x[from + where]
      for (let t = 1; t < offsets.length; t++) {
        const at = bases[i] + offsets[t]
        const value = x[from + at]
        if (exceeds(value, best)) {
          best = value
          where = at
        }
      }
      y[q] = best
      argmax[q++] = where
    }
  }
}

/** The usual window, 2 x 2, unrolled: about twice as fast as the loop. */
function maxOfFour(
  x: Data,
  y: Data,
  argmax: Int32Array,
  planes: number,
  plane: number,
  bases: Int32Array,
  [, o1, o2, o3]: Int32Array
): void {
  for (let p = 0, q = 0, from = 0; p < planes; p++, from += plane) {
    for (let i = 0; i < bases.length; i++) {
      const corner = bases[i]
      const at = from + corner
      let best = x[at]
      let where = corner
      let value = x[at + o1]
      if (exceeds(value, best)) {
        best = value
        where = corner + o1
      }
      value = x[at + o2]
      if (exceeds(value, best)) {
        best = value
        where = corner + o2
      }
      value = x[at + o3]
      if (exceeds(value, best)) {
        best = value
        where = corner + o3
      }
      y[q] = best
      argmax[q++] = where
    }
  }
}

/**
 * The smallest change of x that makes the maxima of windows that do not overlap `target`: entries above it are lowered
 * to it, and the largest is raised to it. `weight` (none: 1) goes to all entries of a window in `xWeight`, which the
 * caller has zeroed; windows of weight 0 stay. `value` starts as x.
 */
export function setMaxima(
  target: Data,
  weight: Data | null,
  argmax: Int32Array,
  value: Data,
  xWeight: Data,
  planes: number,
  g: PoolGeometry
): void {
  const { bases, offsets } = poolAddresses(g)
  const plane = sizeOf(g.size)
  for (let p = 0, q = 0, from = 0; p < planes; p++, from += plane) {
    for (let i = 0; i < bases.length; i++, q++) {
      const w = weight ? weight[q] : 1
      if (w === 0) continue
      const t = target[q]
      const largest = from + argmax[q]
      if (!(t <= value[largest])) value[largest] = t
      for (let k = 0; k < offsets.length; k++) {
        const at = from + bases[i] + offsets[k]
        if (value[at] > t) value[at] = t
        xWeight[at] = w
      }
    }
  }
}

/**
 * y[p, o] = x[p, index[p mod P, o]] for planes of `inSize` and `outSize` elements. The index has P planes and repeats
 * when x has further leading axes: the tangent of max pooling, for one tangent or a stack of them.
 */
export function gatherPlanes(
  x: Data,
  index: Int32Array,
  y: Data,
  planes: number,
  inSize: number,
  outSize: number
): void {
  for (let p = 0, q = 0, at = 0; p < planes; p++) {
    if (at === index.length) at = 0
    const plane = p * inSize
    for (let o = 0; o < outSize; o++) y[q++] = x[plane + index[at++]]
  }
}

/** The adjoint of `gatherPlanes`: dx[p, index[p mod P, o]] += ct[p, o]. Overwrites dx. */
export function scatterPlanes(
  ct: Data,
  index: Int32Array,
  dx: Data,
  planes: number,
  inSize: number,
  outSize: number
): void {
  dx.fill(0)
  for (let p = 0, q = 0, at = 0; p < planes; p++) {
    if (at === index.length) at = 0
    const plane = p * inSize
    for (let o = 0; o < outSize; o++) dx[plane + index[at++]] += ct[q++]
  }
}
