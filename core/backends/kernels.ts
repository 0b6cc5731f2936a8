import { checkChoice } from '../options.js'
import type { ConvGeometry } from './convolutionPlan.js'
import * as plainConvolution from './plain/convolution.js'
import type { Data } from './plain/data.js'
import { sizeOf } from './plain/data.js'
import { matmul as plainMatmul } from './plain/matmul.js'
import { reduceSum as plainReduceSum } from './plain/reduce.js'
import * as wasmConvolution from './wasm/convolution.js'
import * as wasmLinalg from './wasm/linalg.js'
import { type MapName, map as wasmMap, pairwiseSum as wasmPairwiseSum } from './wasm/map.js'
import { matmul as wasmMatmul } from './wasm/matmul.js'
import { wasm } from './wasm/module.js'
import { type RowsName, eachRow as wasmEachRow } from './wasm/softmax.js'

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

/** The backends of this platform, and why one cannot run. */
export function backends(): { name: BackendName; available: boolean; reason?: string }[] {
  const { reason } = wasm()
  return [
    { name: 'plain', available: true },
    { name: 'wasm', available: reason === undefined, reason }
  ]
}

/** Products (multiplications) from which copying to WebAssembly and back pays: where it was even in a run of both. */
const CROSSOVER = { matmul: 12 ** 3, convolution: 16 ** 3, linalg: 16 ** 3 }

/** Does a kernel with that many products of that many entries go to WebAssembly? */
function toWasm(products: number, from: number): boolean {
  if (forced === 'plain' || (forced === undefined && products < from)) return false
  return wasm().kernels !== undefined
}

type Matmul = typeof plainMatmul

/** C[m, n] (+)= op(A) op(B): see the plain kernel. */
export const matmul: Matmul = (a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate) => {
  const kernel = m > 0 && n > 0 && k > 0 && toWasm(m * n * k, CROSSOVER.matmul) ? wasmMatmul : plainMatmul
  kernel(a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate)
}

const products = (g: ConvGeometry): number =>
  (g.batch * g.outChannels * g.inChannels * sizeOf(g.kernel) * sizeOf(g.size)) / g.groups / sizeOf(g.stride)

const convolution = (g: ConvGeometry, times = 1) =>
  products(g) > 0 && toWasm(products(g) * times, CROSSOVER.convolution) ? wasmConvolution : plainConvolution

export const conv = (x: Data, w: Data, y: Data, g: ConvGeometry): void => convolution(g).conv(x, w, y, g)
export const convInput = (ct: Data, w: Data, dx: Data, g: ConvGeometry): void => convolution(g).convInput(ct, w, dx, g)
export const convWeight = (x: Data, ct: Data, dw: Data, g: ConvGeometry): void =>
  convolution(g).convWeight(x, ct, dw, g)
export const convWeightPerSample = (x: Data, ct: Data, dw: Data, g: ConvGeometry, cotangents: number): void =>
  convolution(g, cotangents).convWeightPerSample(x, ct, dw, g, cotangents)

/**
 * y = f(x) entry by entry, where WebAssembly has the function of that name; false where it cannot run, and the caller's
 * own loop is to be used. Whatever the size: the two differ in the last bit, and an entry's result must not depend on how
 * many others there are. A call costs some 30 ns, little beside a tensor's making.
 */
export function map(name: MapName, x: Data, y: Data): boolean {
  if (forced === 'plain' || wasm().kernels === undefined) return false
  wasmMap(name, x, y)
  return true
}

/**
 * y = f of every vector of x over these axes, counted from the end, where WebAssembly has the function and the axes are
 * the last ones, so that the vectors are rows; otherwise false.
 */
export function eachRow(name: RowsName, x: Data, y: Data, shape: readonly number[], axes: readonly number[]): boolean {
  if (forced === 'plain' || x.length === 0 || !axes.every(a => a >= -axes.length)) return false
  if (wasm().kernels === undefined) return false
  wasmEachRow(
    name,
    x,
    y,
    axes.reduce((n, a) => n * shape[shape.length + a], 1)
  )
  return true
}

/** Entries of a run from which copying it to WebAssembly pays for its sum. */
const LONG_RUN = 256

/** y[kept] = Σ x[kept, reduced]: see the plain kernel, with which it agrees bit for bit. */
export const reduceSum = (x: Data, y: Data, shape: readonly number[], keep: readonly boolean[]): void => {
  const kept = keep.lastIndexOf(true)
  const run = sizeOf(shape.slice(kept + 1))
  if (toWasm(run, LONG_RUN)) plainReduceSum(x, y, shape, keep, wasmPairwiseSum)
  else plainReduceSum(x, y, shape, keep)
}

/** The factorisations of WebAssembly, for about that many products; undefined where core/linalg does them itself. */
export const linalgKernels = (products: number): typeof wasmLinalg | undefined =>
  products > 0 && toWasm(products, CROSSOVER.linalg) ? wasmLinalg : undefined
