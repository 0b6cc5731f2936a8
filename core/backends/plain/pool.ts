import type { Data } from './data.js'

/**
 * Largest value of each window: y[p, Y, X] = max x[p, Y stride + i, X stride + j], i, j < size, without padding.
 * `argmax` receives the position in the plane [height, width] of the first maximum in row-major order, which is where
 * the adjoint sends the cotangent. A NaN counts as larger than any number, so that it propagates.
 */
export function maxPool2d(
  x: Data,
  y: Data,
  argmax: Int32Array,
  planes: number,
  height: number,
  width: number,
  size: number,
  stride: number
): void {
  const outHeight = Math.floor((height - size) / stride) + 1
  const outWidth = Math.floor((width - size) / stride) + 1
  if (size === 2) {
    maxPool2x2(x, y, argmax, planes, height, width, outHeight, outWidth, stride)
    return
  }
  let q = 0
  for (let p = 0; p < planes; p++) {
    const plane = p * height * width
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        const corner = i * stride * width + j * stride
        let best = x[plane + corner]
        let where = corner
        for (let u = 0; u < size; u++) {
          const row = corner + u * width
          for (let at = row; at < row + size; at++) {
            const value = x[plane + at]
            if (exceeds(value, best)) {
              best = value
              where = at
            }
          }
        }
        y[q] = best
        argmax[q++] = where
      }
    }
  }
}

/** Whether a later value replaces the best so far: if larger, or the first NaN. */
function exceeds(value: number, best: number): boolean {
  return !(value <= best) && !Number.isNaN(best)
}

/** The usual window, unrolled: about twice as fast as the loop. */
function maxPool2x2(
  x: Data,
  y: Data,
  argmax: Int32Array,
  planes: number,
  height: number,
  width: number,
  outHeight: number,
  outWidth: number,
  stride: number
): void {
  let q = 0
  for (let p = 0; p < planes; p++) {
    const plane = p * height * width
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        const corner = i * stride * width + j * stride
        const at = plane + corner
        let best = x[at]
        let where = corner
        let value = x[at + 1]
        if (exceeds(value, best)) {
          best = value
          where = corner + 1
        }
        value = x[at + width]
        if (exceeds(value, best)) {
          best = value
          where = corner + width
        }
        value = x[at + width + 1]
        if (exceeds(value, best)) {
          best = value
          where = corner + width + 1
        }
        y[q] = best
        argmax[q++] = where
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

/** The adjoint of `gatherPlanes`: dx[p, index[p mod P, o]] += ct[p, o]. The caller has zeroed dx. */
export function scatterPlanes(
  ct: Data,
  index: Int32Array,
  dx: Data,
  planes: number,
  inSize: number,
  outSize: number
): void {
  for (let p = 0, q = 0, at = 0; p < planes; p++) {
    if (at === index.length) at = 0
    const plane = p * inSize
    for (let o = 0; o < outSize; o++) dx[plane + index[at++]] += ct[q++]
  }
}
