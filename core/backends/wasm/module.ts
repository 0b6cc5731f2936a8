import type { Data } from '../plain/data.js'
import { bytes } from './bytes.js'

/**
 * What assembly/ exports: addresses and sizes are numbers, entries are f32 or f64 by the name's end. Most return nothing.
 */
type Kernel = (...numbers: number[]) => number
export type WasmKernels = Readonly<Record<string, Kernel>>

const PAGE = 1 << 16
const ALIGNMENT = 64

/** The kernels and their memory, or why they cannot run here. */
interface Loaded {
  readonly kernels?: WasmKernels
  readonly memory?: WebAssembly.Memory
  readonly reason?: string
}

let loaded: Loaded | undefined

/**
 * Compiles the kernels on first use, synchronously: they are a few kilobytes. A platform without SIMD, or a page whose
 * Content-Security-Policy forbids WebAssembly, leaves a reason, and everything runs on the plain kernels.
 */
export function wasm(): Loaded {
  return (loaded ??= load())
}

function load(): Loaded {
  if (typeof WebAssembly !== 'object') return { reason: 'there is no WebAssembly here' }
  try {
    const memory = new WebAssembly.Memory({ initial: 2 })
    const module = new WebAssembly.Module(Uint8Array.from(atob(bytes), c => c.charCodeAt(0)))
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    return { kernels: exports as WasmKernels, memory }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Room for one call: its operands are copied in, its result out. Addresses are handed out one after the other from the
 * start of the memory, which grows where it is too small; nothing outlives the call.
 */
export class Call {
  private top = PAGE

  /** The address of n bytes of unknown content. */
  reserve(n: number): number {
    const at = this.top
    this.top = Math.ceil((at + n) / ALIGNMENT) * ALIGNMENT
    const { memory } = wasm()
    const missing = this.top - memory!.buffer.byteLength
    if (missing > 0) memory!.grow(Math.ceil(missing / PAGE))
    return at
  }

  /** The address of a copy of n entries of x from `from`. */
  put(x: Data, from = 0, n = x.length - from): number {
    const at = this.reserve(n * x.BYTES_PER_ELEMENT)
    this.view(x, at, n).set(from === 0 && n === x.length ? x : x.subarray(from, from + n))
    return at
  }

  /** The same for integers. */
  putIntegers(x: Int32Array): number {
    const at = this.reserve(x.byteLength)
    new Int32Array(wasm().memory!.buffer, at, x.length).set(x)
    return at
  }

  /** n entries at an address, in the dtype of x. Only valid until more is reserved, since growing detaches it. */
  view(x: Data, at: number, n: number): Data {
    const { buffer } = wasm().memory!
    return x instanceof Float64Array ? new Float64Array(buffer, at, n) : new Float32Array(buffer, at, n)
  }
}

/** The kernel of a name for the dtype of x. */
export const kernelOf = (name: string, x: Data): Kernel =>
  wasm().kernels![`${name}${x instanceof Float64Array ? 64 : 32}`]
