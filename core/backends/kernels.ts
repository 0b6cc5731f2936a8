import { checkChoice } from '../options.js'
import type { ConvGeometry } from './convolutionPlan.js'
import * as plainConvolution from './plain/convolution.js'
import type { Data } from './plain/data.js'
import { sizeOf } from './plain/data.js'
import { matmul as plainMatmul } from './plain/matmul.js'
import * as wasmConvolution from './wasm/convolution.js'
import * as wasmLinalg from './wasm/linalg.js'
import { batchedMatmul as wasmBatchedMatmul, matmul as wasmMatmul } from './wasm/matmul.js'
import { MemoryExhausted, wasm } from './wasm/module.js'
import { threads } from './wasm/pool.js'

export { setThreads, withThreads } from './wasm/pool.js'

/**
 * The heavy kernels, each in the form that runs fastest for its size: `plain` is TypeScript, the readable definition;
 * `wasm` is SIMD in WebAssembly, which copies its operands in and its result out, so it pays from some size on. Neither
 * tape nor rules know which one ran.
 */
export type BackendName = 'plain' | 'wasm'

let forced: BackendName | undefined

/**
 * Runs f with every heavy kernel on one backend, whatever the size; `wasm` only where it is available. f is synchronous.
 * Throws OptionError for a name that is none.
 */
export function withBackend<T>(name: BackendName, f: () => T): T {
  checkChoice('withBackend', 'the backend', name, ['plain', 'wasm'])
  const before = forced
  forced = name
  try {
    return f()
  } finally {
    forced = before
  }
}

/** The backends of this platform, on how many threads they run, and why one cannot run. */
export function backends(): { name: BackendName; available: boolean; threads: number; reason?: string }[] {
  const { reason } = wasm()
  return [
    { name: 'plain', available: true, threads: 1 },
    { name: 'wasm', available: reason === undefined, threads: threads(), reason }
  ]
}

/** Products (multiplications) from which copying to WebAssembly and back pays: where it was even in a run of both. */
const CROSSOVER = { matmul: 12 ** 3, convolution: 16 ** 3, linalg: 16 ** 3 }

/** Products of each matrix of a batch from which packing it pays, when the batch as a whole does. */
const SMALLEST_OF_BATCH = 128

/** Does a kernel with that many products of that many entries go to WebAssembly? */
function toWasm(products: number, from: number): boolean {
  if (forced === 'plain' || (forced === undefined && products < from)) return false
  return wasm().kernels !== undefined
}

/** The kernel that runs for so many products; where WebAssembly runs out of memory, plain begins again. */
function run<K>(products: number, from: number, plain: K, fast: K, call: (kernel: K) => void): void {
  if (products > 0 && toWasm(products, from))
    try {
      call(fast)
      return
    } catch (error) {
      if (!(error instanceof MemoryExhausted)) throw error
    }
  call(plain)
}

type Matmul = typeof plainMatmul

/** C[m, n] (+)= op(A) op(B): see the plain kernel. */
export const matmul: Matmul = (a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate) =>
  run(m * n * k, CROSSOVER.matmul, plainMatmul, wasmMatmul, kernel =>
    kernel(a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate)
  )

type BatchedMatmul = typeof wasmBatchedMatmul

const plainBatchedMatmul: BatchedMatmul = (a, aos, b, bos, c, m, n, k, transA, transB) => {
  for (let p = 0; p < aos.length; p++) plainMatmul(a, aos[p], b, bos[p], c, p * m * n, m, n, k, transA, transB, false)
}

/** C[p] = op(A[p]) op(B[p]) for each of the matrices that start at entries aos[p] and bos[p]; C is dense. */
export const batchedMatmul: BatchedMatmul = (a, aos, b, bos, c, m, n, k, transA, transB) =>
  run(
    aos.length * m * n * k,
    m * n * k < SMALLEST_OF_BATCH ? Number.POSITIVE_INFINITY : CROSSOVER.matmul,
    plainBatchedMatmul,
    wasmBatchedMatmul,
    kernel => kernel(a, aos, b, bos, c, m, n, k, transA, transB)
  )

const products = (g: ConvGeometry): number =>
  (g.batch * g.outChannels * g.inChannels * sizeOf(g.kernel) * sizeOf(g.size)) / g.groups / sizeOf(g.stride)

function convolution(g: ConvGeometry, times: number, call: (kernels: typeof plainConvolution) => void): void {
  run(products(g) * times, CROSSOVER.convolution, plainConvolution, wasmConvolution, call)
}

export const conv = (x: Data, w: Data, y: Data, g: ConvGeometry): void => convolution(g, 1, k => k.conv(x, w, y, g))
export const convInput = (ct: Data, w: Data, dx: Data, g: ConvGeometry): void =>
  convolution(g, 1, k => k.convInput(ct, w, dx, g))
export const convWeight = (x: Data, ct: Data, dw: Data, g: ConvGeometry): void =>
  convolution(g, 1, k => k.convWeight(x, ct, dw, g))
export const convWeightPerSample = (x: Data, ct: Data, dw: Data, g: ConvGeometry, cotangents: number): void =>
  convolution(g, cotangents, k => k.convWeightPerSample(x, ct, dw, g, cotangents))

/** The factorisations of WebAssembly, for about that many products; undefined where core/linalg does them itself. */
export const linalgKernels = (products: number): typeof wasmLinalg | undefined =>
  products > 0 && toWasm(products, CROSSOVER.linalg) ? wasmLinalg : undefined
