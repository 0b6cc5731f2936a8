import { checkChoice } from '../options.js'
import { observeKernel, recorder } from '../profile.js'
import { whyNoGpu } from './gpu/device.js'
import { withGpu } from './gpu/launch.js'
import type { Data } from './plain/data.js'
import { hasFused, runsFused, whyNoFused, withBuild } from './wasm/builds.js'
import { inCommon, MemoryExhausted, wasm } from './wasm/module.js'
import { threads } from './wasm/pool.js'

/**
 * The heavy kernels, each in the form that runs fastest for its size: `plain` is TypeScript, the readable definition;
 * `wasm` is SIMD in WebAssembly, which copies its operands in and its result out, so it pays from some size on. Neither
 * tape nor rules know which one ran.
 */
export type BackendName = 'plain' | 'wasm' | 'relaxed' | 'gpu'

/** Where a heavy kernel that was not taken by the gpu runs; `relaxed` is another build of `wasm`. */
export type Cpu = 'plain' | 'wasm'

let forced: Cpu | undefined

/**
 * Runs f with every heavy kernel on one backend, whatever the size; `wasm` only where it is available. `relaxed` is `wasm` with
 * fused multiply-add in products and convolutions, where it is available (useRelaxed of 'physgrad/relaxed'). On `gpu` run the
 * operators that have a form for it, in f32, and their results stay there; what has none, and all of f64, is computed as
 * without withBackend, and so is everything where there is no device (useGpu of 'physgrad/gpu'). f is synchronous.
 * Throws OptionError for a name that is none.
 */
export function withBackend<T>(name: BackendName, f: () => T): T {
  checkChoice('withBackend', 'the backend', name, ['plain', 'wasm', 'relaxed', 'gpu'])
  const before = forced
  forced = name === 'gpu' ? undefined : name === 'relaxed' ? 'wasm' : name
  try {
    return withBuild(name === 'relaxed', () => withGpu(name === 'gpu', f))
  } finally {
    forced = before
  }
}

/** The backends of this platform, on how many threads they run, and why one cannot run. */
export function backends(): { name: BackendName; available: boolean; threads: number; reason?: string }[] {
  const { reason } = wasm()
  return [
    { name: 'plain', available: true, threads: 1 },
    { name: 'wasm', available: reason === undefined, threads: threads(), reason },
    { name: 'relaxed', available: hasFused(), threads: threads(), reason: whyNoFused() },
    { name: 'gpu', available: whyNoGpu() === undefined, threads: 1, reason: whyNoGpu() }
  ]
}

/**
 * Products (multiplications) from which copying to WebAssembly and back pays. Measured by bench/crossover.ts: products of
 * square matrices are even at 8³ to 12³, f64 and f32 alike, and 8 rows times a layer of 20 × 20 twice as fast already;
 * convolutions of 3 × 3 and their adjoints are even between 2,300 and 9,200 products; QR of square matrices at 16³ and of
 * those four times as wide at 4 · 7³, the SVD at 8³ to 9³, eigenvectors at 6³ to 8³. Of a sum, entries of a run; of a
 * transform, numbers; of a batch normalisation, entries, with seven operations for each, nine in the adjoint.
 */
const CROSSOVER = {
  matmul: 11 ** 3,
  convolution: 16 ** 3,
  qr: 2048,
  svd: 10 ** 3,
  eigh: 8 ** 3,
  sum: 256,
  fft: 2048,
  batchNorm: 1 << 14
}

/** Is `wasm` there, and `plain` not asked for? */
export const mayUseWasm = (): boolean => forced !== 'plain' && wasm().kernels !== undefined

/**
 * Which backend runs a kernel with that many products. `worth`: whether the copies can pay at all.
 */
export function backendFor(kernel: keyof typeof CROSSOVER, products: number, worth = true): Cpu {
  if (forced === 'plain' || products === 0) return 'plain'
  if (forced === undefined && (products < CROSSOVER[kernel] || !worth)) return 'plain'
  return wasm().kernels === undefined ? 'plain' : 'wasm'
}

/** Bytes from which calling WebAssembly is worth it for a pass over memory. */
const PASS = 1 << 13

/**
 * Which backend makes one pass over memory: copies would cost more than it gains, so it runs in WebAssembly where y and
 * all large operands lie there already. The choice changes the time only: results are the same bits.
 */
export function passBackend(y: Data, ...operands: readonly Data[]): Cpu {
  if (y.length === 0 || !mayUseWasm()) return 'plain'
  if (forced === 'wasm') return 'wasm'
  const there = y.byteLength >= PASS && inCommon(y)
  return there && operands.every(x => inCommon(x) || 8 * x.length <= y.length) ? 'wasm' : 'plain'
}

const nameOf = (backend: Cpu): BackendName => (backend === 'wasm' && runsFused() ? 'relaxed' : backend)

/** Runs a kernel on a backend, of which a profile hears; where WebAssembly runs out of memory, plain begins again. */
export function run<K>(
  name: string,
  backend: Cpu,
  products: number,
  like: Data,
  plain: K,
  fast: K,
  call: (kernel: K) => void
): void {
  const on = (backend: Cpu) => {
    const kernel = backend === 'wasm' ? fast : plain
    if (recorder) observeKernel(name, nameOf(backend), like, 2 * products, () => call(kernel))
    else call(kernel)
  }
  try {
    on(backend)
  } catch (error) {
    if (!(error instanceof MemoryExhausted)) throw error
    on('plain')
  }
}
