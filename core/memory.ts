import { common } from './backends/wasm/module.js'
import { DTypeError } from './errors.js'
import { display } from './options.js'
import { currentRegion } from './region.js'

export type Data = Float64Array | Float32Array
export type DType = 'f64' | 'f32'

const CHUNK_BYTES = 1 << 18
const BARE = 8

/** Bytes from which results go to the arena, where a region owns them, and are arrays of their own elsewhere. */
export const memorySettings = { large: CHUNK_BYTES / 16, poison: false }

let chunk = new ArrayBuffer(0)
let used = 0

/**
 * Storage for results, zeroed. Large ones that are made while a tape records or in a scope are blocks of the arena (see
 * core/arena.ts). A typed array of its own costs about 1 µs, more than a small kernel, so small results are views of 256
 * KiB chunks (a view costs a twentieth of that). A chunk is never written twice, and the garbage collector takes it back
 * when the last view of it is gone.
 */
export const alloc = (n: number, dtype: DType): Data => storage(n, dtype, true)

/** The same with any content, for those who write every entry: clearing large memory takes as long as a cheap kernel. */
export const allocUnset = (n: number, dtype: DType): Data => storage(n, dtype, false)

function storage(n: number, dtype: DType, zeroed: boolean): Data {
  if (dtype !== 'f64' && dtype !== 'f32') throw noSuchDType(dtype)
  const bytes = dtype === 'f64' ? n * 8 : n * 4
  if (bytes >= memorySettings.large && n > 0) return large(n, dtype, zeroed)
  if (n <= BARE) return dtype === 'f64' ? new Float64Array(n) : new Float32Array(n)
  if (used + bytes > chunk.byteLength) {
    chunk = new ArrayBuffer(CHUNK_BYTES)
    used = 0
  }
  const view = dtype === 'f64' ? new Float64Array(chunk, used, n) : new Float32Array(chunk, used, n)
  used += (bytes + 7) & ~7
  return view
}

function large(n: number, dtype: DType, zeroed: boolean): Data {
  const found = currentRegion()?.take(n, dtype)
  if (!found) return dtype === 'f64' ? new Float64Array(n) : new Float32Array(n)
  // Where memory is shared, the platform's own `fill` takes four times as long.
  if (zeroed && !found.fresh) common()!.kernels.zero(found.data.byteOffset, found.data.byteLength)
  else if (!zeroed && memorySettings.poison) found.data.fill(Number.NaN)
  return found.data
}

/** The error for a dtype that is neither f64 nor f32. */
export const noSuchDType = (dtype: unknown): DTypeError =>
  new DTypeError('a tensor', `dtype ${display(dtype)}`, "The dtypes are 'f64' and 'f32'")
