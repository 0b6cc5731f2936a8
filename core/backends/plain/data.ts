/**
 * What the plain kernels work on: contiguous row-major arrays of one dtype per call. Kernels know nothing of tensors,
 * and take nothing from the platform but typed arrays, so that they run alike in Node and in the browser.
 */
export type Data = Float64Array | Float32Array

/** The number of elements of a shape; 1 for rank 0. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis]
  return size
}

/**
 * A buffer kept between calls, because allocating one costs more than a small kernel does. Always f64: a kernel that
 * stages f32 data in it reads it without a conversion and with one array type, which the engine compiles to tight code
 * (loops that meet both dtypes run about half as fast). `take` returns at least `length` elements of unknown content,
 * valid until the next `take`.
 */
export class Scratch {
  private buffer = new Float64Array(0)

  take(length: number): Float64Array {
    if (this.buffer.length < length) this.buffer = new Float64Array(Math.max(length, 2 * this.buffer.length))
    return this.buffer
  }
}
