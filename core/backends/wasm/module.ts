import { notify } from '../../notice.js'
import type { Data } from '../plain/data.js'
import {
  addFused,
  type Code,
  codes,
  compile,
  instantiate,
  type Kernel,
  runningBuild,
  understood,
  type WasmKernels
} from './builds.js'

const PAGE = 1 << 16
const ALIGNMENT = 64

/** Most pages of a memory: all that a 32-bit address reaches, or what the platform is willing to set aside. */
const MOST_PAGES = [1 << 16, 1 << 15, 1 << 14]
/** Pages of a memory that must not grow, since that would take away the tensors in it. */
const FIXED_PAGES = [1 << 14, 1 << 13, 1 << 12]
/** The common memory grows by half of itself, and at least by so many pages. */
const STEP = 1 << 10

/** Where the arena begins in the common memory; below is room for calls. */
export const ARENA = 1 << 22

/** The kernels and the memory that they work on. */
export interface Home {
  readonly kernels: WasmKernels
  readonly memory: WebAssembly.Memory
}

/** The same, or why they cannot run here. */
type Loaded = Home | { readonly kernels?: undefined; readonly memory?: undefined; readonly reason: string }

/** By builds. */
const loaded: Loaded[] = []

/**
 * Compiles the kernels on first use, synchronously: they are a few kilobytes. A platform without SIMD, or a page whose
 * Content-Security-Policy forbids WebAssembly, leaves a reason, and everything runs on the plain kernels, with one notice.
 *
 * Their memory is that of one thread, for operands that are copied in: it is not shared, since a small copy into a shared
 * memory takes 2 to 5 times as long.
 */
export function wasm(): Loaded & { readonly reason?: string } {
  const there = loaded[runningBuild()]
  if (there) return there
  const first: Loaded & { readonly reason?: string } = load()
  loaded[0] = first
  if (first.reason) notify('NO_WASM', `Heavy kernels run in plain JavaScript, without WebAssembly: ${first.reason}`)
  return first
}

/** Adds the build with fused multiply-add, on the same memory, where it can run. */
export const bringFused = (code: Code): void =>
  addFused(code, build => {
    const { memory, reason } = wasm()
    if (!memory) throw new Error(reason)
    if (!understood(code)) throw new Error('the engine has no relaxed SIMD')
    loaded[build] = { kernels: instantiate(compile(code, false), memory), memory }
    common()?.add(code)
  })

function load(): Loaded {
  if (typeof WebAssembly !== 'object') return { reason: 'there is no WebAssembly here' }
  try {
    const memory = newMemory(MOST_PAGES, false)
    return { kernels: instantiate(compile(codes[0], false), memory), memory }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

function newMemory(most: readonly number[], shared: boolean, fixed = false): WebAssembly.Memory {
  for (const maximum of most)
    try {
      return new WebAssembly.Memory({ initial: fixed ? maximum : 2, maximum, shared })
    } catch (error) {
      if (maximum === most.at(-1)) throw error
    }
  throw new RangeError('unreachable')
}

/**
 * The memory in which tensors live, and on which threads work. Where there is shared memory it is shared: that may grow,
 * since views of it stay valid, and the engine does not count it as garbage to be. Elsewhere (a page that is not
 * cross-origin isolated) it has one size from the beginning.
 */
export class Common implements Home {
  readonly memory: WebAssembly.Memory
  /** Build by build. */
  readonly modules: WebAssembly.Module[] = []
  readonly #kernels: WasmKernels[] = []
  /** A shared memory that grows has a new buffer each time; the old ones stay valid. */
  readonly #buffers = new WeakSet<ArrayBufferLike>()
  #latest: ArrayBufferLike

  constructor(readonly shared: boolean) {
    this.memory = newMemory(shared ? MOST_PAGES : FIXED_PAGES, shared, !shared)
    for (const code of codes) this.add(code)
    this.#latest = this.memory.buffer
    this.#buffers.add(this.#latest)
    if (!this.reach(ARENA)) throw new RangeError('no memory for the arena')
  }

  /** The kernels of the next build. */
  add(code: Code): void {
    const module = compile(code, this.shared)
    this.#kernels.push(instantiate(module, this.memory))
    this.modules.push(module)
  }

  /** Those of the build that runs. */
  get kernels(): WasmKernels {
    return this.#kernels[runningBuild()]
  }

  /** Those of all builds, one after the other. */
  get all(): Kernel[] {
    return this.#kernels.flatMap(kernels => Object.values(kernels))
  }

  /** Makes addresses below n valid; false where that is more than there can be. */
  reach(n: number): boolean {
    const missing = n - this.memory.buffer.byteLength
    if (missing <= 0) return true
    if (!this.shared) return false
    const least = Math.ceil(missing / PAGE)
    const usual = Math.max(least, STEP, this.memory.buffer.byteLength / PAGE / 2)
    for (const pages of usual > least ? [Math.floor(usual), least] : [least])
      try {
        this.memory.grow(pages)
        this.#latest = this.memory.buffer
        this.#buffers.add(this.#latest)
        return true
      } catch {
        // less, or not at all
      }
    return false
  }

  /** Is it a buffer of this memory? */
  holds(buffer: ArrayBufferLike): boolean {
    return buffer === this.#latest || this.#buffers.has(buffer)
  }
}

let shelter: Common | null | undefined

/** The common memory, set up on first use; undefined where there is no WebAssembly. */
export function common(): Common | undefined {
  if (shelter === undefined)
    try {
      shelter = wasm().kernels ? new Common(typeof SharedArrayBuffer === 'function') : null
    } catch {
      shelter = null
    }
  return shelter ?? undefined
}

/** Does data lie in the common memory? Small data is not asked about: copying it is as fast. */
export const inCommon = (x: Data): boolean => x.byteOffset >= ARENA && shelter?.holds(x.buffer) === true

/** A call needs more memory than there is; the plain kernels take over. */
export class MemoryExhausted extends Error {}

/**
 * Room for one call: its operands are copied in, its result out. Addresses are handed out one after the other from the
 * start of the memory, which grows where it is too small; nothing outlives the call.
 */
export class Call {
  protected top = PAGE

  constructor(protected readonly home = wasm() as Home) {}

  /** The address of n bytes of unknown content. Throws MemoryExhausted. */
  reserve(n: number): number {
    const at = this.top
    this.top = behind(at, n)
    const { memory } = this.home
    const missing = this.top - memory.buffer.byteLength
    try {
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
    } catch {
      throw new MemoryExhausted(`${this.top} bytes of WebAssembly memory`)
    }
    return at
  }

  /** Is x in the memory of this call already? */
  has(_x: Data): boolean {
    return false
  }

  /** The address of n entries of x from `from`: of a copy, or where they are if they are in this memory. */
  put(x: Data, from = 0, n = x.length - from): number {
    if (this.has(x)) return x.byteOffset + from * x.BYTES_PER_ELEMENT
    const at = this.reserve(n * x.BYTES_PER_ELEMENT)
    this.copy(x, from, n, at)
    return at
  }

  /** Where the kernel writes n entries of y from `from`: in y itself if it is in this memory. `done` brings them there. */
  out(y: Data, from = 0, n = y.length - from): number {
    return this.has(y) ? y.byteOffset + from * y.BYTES_PER_ELEMENT : this.reserve(n * y.BYTES_PER_ELEMENT)
  }

  /** Copies what the kernel wrote at an address that `out` gave to y, if it is elsewhere. */
  done(y: Data, at: number, from = 0, n = y.length - from): void {
    if (this.has(y)) return
    const view = this.view(y, at, n)
    if (n === y.length) y.set(view)
    else y.subarray(from, from + n).set(view)
  }

  /** Copies n entries of x from `from` to an address. */
  copy(x: Data, from: number, n: number, at: number): void {
    this.view(x, at, n).set(from === 0 && n === x.length ? x : x.subarray(from, from + n))
  }

  /** The same as `put` for integers. */
  putIntegers(x: ArrayLike<number>): number {
    const at = this.reserve(x.length * 4)
    this.integers(at, x.length).set(x)
    return at
  }

  /** n integers at an address: as long valid as `view`. */
  integers(at: number, n: number): Int32Array {
    return new Int32Array(this.home.memory.buffer, at, n)
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

/** The next aligned address behind n bytes at an address. */
export const behind = (at: number, n: number): number => Math.ceil((at + n) / ALIGNMENT) * ALIGNMENT

/** What a kernel is called for the dtype of x. */
export const nameFor = (name: string, x: Data): string => `${name}${x instanceof Float64Array ? 64 : 32}`

/** The kernel of a name for the dtype of x, on the memory of one thread. */
export const kernelOf = (name: string, x: Data): Kernel => wasm().kernels![nameFor(name, x)]
