import { DTypeError } from './errors.js'
import { display } from './options.js'

export type Data = Float64Array | Float32Array
export type DType = 'f64' | 'f32'

const CHUNK_BYTES = 1 << 18
const LARGEST_VIEW = CHUNK_BYTES / 16
const BARE = 8

let chunk = new ArrayBuffer(0)
let used = 0

/**
 * Storage for results. A typed array of its own costs about 1 µs, more than a small kernel, so small results are
 * views of 256 KiB chunks (a view costs a twentieth of that). A chunk is never written twice: all memory handed out
 * is zero, and the garbage collector takes a chunk back when the last view of it is gone.
 */
export function alloc(n: number, dtype: DType): Data {
  if (dtype !== 'f64' && dtype !== 'f32') throw noSuchDType(dtype)
  const bytes = dtype === 'f64' ? n * 8 : n * 4
  if (n <= BARE || bytes > LARGEST_VIEW) return dtype === 'f64' ? new Float64Array(n) : new Float32Array(n)
  if (used + bytes > chunk.byteLength) {
    chunk = new ArrayBuffer(CHUNK_BYTES)
    used = 0
  }
  const view = dtype === 'f64' ? new Float64Array(chunk, used, n) : new Float32Array(chunk, used, n)
  used += (bytes + 7) & ~7
  return view
}

/** The error for a dtype that is neither f64 nor f32. */
export const noSuchDType = (dtype: unknown): DTypeError =>
  new DTypeError('a tensor', `dtype ${display(dtype)}`, "The dtypes are 'f64' and 'f32'")
