import type { Data } from '../plain/data.js'
import { bytes, memoryFlags } from './bytes.js'

/**
 * What assembly/ exports: addresses and sizes are numbers, entries are f32 or f64 by the name's end. Most return nothing.
 */
type Kernel = (...numbers: number[]) => number
export type WasmKernels = Readonly<Record<string, Kernel>>

const PAGE = 1 << 16
const ALIGNMENT = 64

/** Most pages of a memory: all that a 32-bit address reaches, or what the platform is willing to set aside. */
const MOST_PAGES = [1 << 16, 1 << 15, 1 << 14]

/** The kernels and the memory that they work on. */
export interface Home {
  readonly kernels: WasmKernels
  readonly memory: WebAssembly.Memory
}

/** The same, or why they cannot run here. */
type Loaded = Home | { readonly kernels?: undefined; readonly memory?: undefined; readonly reason: string }

let loaded: (Loaded & { readonly reason?: string }) | undefined

/**
 * Compiles the kernels on first use, synchronously: they are a few kilobytes. A platform without SIMD, or a page whose
 * Content-Security-Policy forbids WebAssembly, leaves a reason, and everything runs on the plain kernels.
 */
export function wasm(): Loaded & { readonly reason?: string } {
  return (loaded ??= load())
}

function load(): Loaded {
  if (typeof WebAssembly !== 'object') return { reason: 'there is no WebAssembly here' }
  try {
    const memory = newMemory(false)
    return { kernels: instantiate(compile(false), memory), memory }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

/** The kernels for a memory of one thread, or for a shared one: a copy is 2 to 5 times faster in the former. */
export function compile(shared: boolean): WebAssembly.Module {
  const code = Uint8Array.from(atob(bytes), c => c.charCodeAt(0))
  if (shared) code[memoryFlags] = 3
  return new WebAssembly.Module(code)
}

export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): WasmKernels =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as WasmKernels

export function newMemory(shared: boolean): WebAssembly.Memory {
  for (const maximum of MOST_PAGES)
    try {
      return new WebAssembly.Memory({ initial: 2, maximum, shared })
    } catch (error) {
      if (maximum === MOST_PAGES.at(-1)) throw error
    }
  throw new RangeError('unreachable')
}

/** Whether x lies in the memory of the kernels, so that they need no copy of it. */
export const inMemory = (x: Data): boolean => wasm().memory?.buffer === x.buffer

/** A call needs more memory than there is; the plain kernels take over. */
export class MemoryExhausted extends Error {}

/**
 * Room for one call: its operands are copied in, its result out. Addresses are handed out one after the other from the
 * start of the memory, which grows where it is too small; nothing outlives the call.
 */
export class Call {
  private top = PAGE

  constructor(protected readonly home = wasm() as Home) {}

  /** The address of n bytes of unknown content. Throws MemoryExhausted. */
  reserve(n: number): number {
    const at = this.top
    this.top = Math.ceil((at + n) / ALIGNMENT) * ALIGNMENT
    const { memory } = this.home
    const missing = this.top - memory.buffer.byteLength
    try {
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
    } catch {
      throw new MemoryExhausted(`${this.top} bytes of WebAssembly memory`)
    }
    return at
  }

  /** The address of n entries of x from `from`: of a copy, or where they are if they are in this memory. */
  put(x: Data, from = 0, n = x.length - from): number {
    if (x.buffer === this.home.memory.buffer) return x.byteOffset + from * x.BYTES_PER_ELEMENT
    const at = this.reserve(n * x.BYTES_PER_ELEMENT)
    this.copy(x, from, n, at)
    return at
  }

  /** Copies n entries of x from `from` to an address. */
  copy(x: Data, from: number, n: number, at: number): void {
    this.view(x, at, n).set(from === 0 && n === x.length ? x : x.subarray(from, from + n))
  }

  /** The same as `put` for integers. */
  putIntegers(x: ArrayLike<number>): number {
    const at = this.reserve(x.length * 4)
    new Int32Array(this.home.memory.buffer, at, x.length).set(x)
    return at
  }

  /** n entries at an address, in the dtype of x. Only valid until more is reserved, since growing detaches it. */
  view(x: Data, at: number, n: number): Data {
    const { buffer } = this.home.memory
    return x instanceof Float64Array ? new Float64Array(buffer, at, n) : new Float32Array(buffer, at, n)
  }

  /** The kernel of a name for the dtype of x. */
  kernel(name: string, x: Data): Kernel {
    return this.home.kernels[nameFor(name, x)]
  }
}

/** What a kernel is called for the dtype of x. */
export const nameFor = (name: string, x: Data): string => `${name}${x instanceof Float64Array ? 64 : 32}`

/** The kernel of a name for the dtype of x, on the memory of one thread. */
export const kernelOf = (name: string, x: Data): Kernel => wasm().kernels![nameFor(name, x)]
