import type { Data } from './data.js'

/**
 * A fibre is the vector of all entries that a reduction makes one number of: one for each index of the kept axes. Both
 * functions hand the fibres over one after the other, in the order of the kept axes, as an f64 copy whose entries stand
 * in row-major order of the reduced axes; so what is done with them is done in f64, also for f32 data.
 */

/** y[k] = f(fibre k). */
export function reduceFibres(
  x: Data,
  y: Data,
  shape: readonly number[],
  keep: readonly boolean[],
  f: (fibre: Float64Array) => number
): void {
  const inner = offsets(shape, keep, false)
  const outer = offsets(shape, keep, true)
  const fibre = new Float64Array(inner.length)
  for (let k = 0; k < outer.length; k++) {
    for (let j = 0; j < fibre.length; j++) fibre[j] = x[outer[k] + inner[j]]
    y[k] = f(fibre)
  }
}

/** f changes fibre k of x in place; what it leaves is fibre k of y, which has the shape of x. */
export function mapFibres(
  x: Data,
  y: Data,
  shape: readonly number[],
  keep: readonly boolean[],
  f: (fibre: Float64Array, k: number, place: (j: number) => number) => void
): void {
  const inner = offsets(shape, keep, false)
  const outer = offsets(shape, keep, true)
  const fibre = new Float64Array(inner.length)
  for (let k = 0; k < outer.length; k++) {
    const place = (j: number): number => outer[k] + inner[j]
    for (let j = 0; j < fibre.length; j++) fibre[j] = x[place(j)]
    f(fibre, k, place)
    for (let j = 0; j < fibre.length; j++) y[place(j)] = fibre[j]
  }
}

/** Where the entries stand that one gets by running over the axes that are kept (or over those that are not). */
function offsets(shape: readonly number[], keep: readonly boolean[], kept: boolean): Int32Array {
  let list = Int32Array.of(0)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; stride *= shape[axis--]) {
    if (keep[axis] !== kept) continue
    const below = list
    list = new Int32Array(shape[axis] * below.length)
    for (let i = 0, at = 0; i < shape[axis]; i++)
      for (let j = 0; j < below.length; j++) list[at++] = i * stride + below[j]
  }
  return list
}
