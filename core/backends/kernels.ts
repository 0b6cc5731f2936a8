import { checkChoice } from '../options.js'
import { observeKernel, recorder } from '../profile.js'
import type { ConvGeometry } from './convolutionPlan.js'
import * as plainConvolution from './plain/convolution.js'
import type { Data } from './plain/data.js'
import { sizeOf } from './plain/data.js'
import { matmul as plainMatmul } from './plain/matmul.js'
import * as wasmConvolution from './wasm/convolution.js'
import { matmul as wasmMatmul } from './wasm/matmul.js'
import { wasm } from './wasm/module.js'

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
const CROSSOVER = { matmul: 12 ** 3, convolution: 16 ** 3 }

/** Which backend runs a kernel with that many products. */
export function backendFor(kernel: keyof typeof CROSSOVER, products: number): BackendName {
  if (forced === 'plain' || products === 0 || (forced === undefined && products < CROSSOVER[kernel])) return 'plain'
  return wasm().kernels === undefined ? 'plain' : 'wasm'
}

type Matmul = typeof plainMatmul

/** C[m, n] (+)= op(A) op(B): see the plain kernel. */
export const matmul: Matmul = (a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate) => {
  const name = backendFor('matmul', m * n * k)
  const kernel = name === 'wasm' ? wasmMatmul : plainMatmul
  if (recorder)
    observeKernel('matmul', name, c, 2 * m * n * k, () =>
      kernel(a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate)
    )
  else kernel(a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate)
}

/** How many products a convolution is made of, and each of its adjoints. */
export const convProducts = (g: ConvGeometry): number =>
  (g.batch * g.outChannels * g.inChannels * sizeOf(g.kernel) * sizeOf(g.size)) / g.groups / sizeOf(g.stride)

type Convolution = typeof plainConvolution

/** Runs a convolution kernel of the backend that its size asks for; `times` as many products as one cotangent takes. */
function convolve(
  kernel: keyof Convolution,
  like: Data,
  g: ConvGeometry,
  times: number,
  run: (c: Convolution) => void
) {
  const products = convProducts(g) * times
  const name = backendFor('convolution', products)
  const backend = name === 'wasm' ? wasmConvolution : plainConvolution
  if (recorder) observeKernel(kernel, name, like, 2 * products, () => run(backend))
  else run(backend)
}

export const conv = (x: Data, w: Data, y: Data, g: ConvGeometry): void =>
  convolve('conv', y, g, 1, c => c.conv(x, w, y, g))
export const convInput = (ct: Data, w: Data, dx: Data, g: ConvGeometry): void =>
  convolve('convInput', dx, g, 1, c => c.convInput(ct, w, dx, g))
export const convWeight = (x: Data, ct: Data, dw: Data, g: ConvGeometry): void =>
  convolve('convWeight', dw, g, 1, c => c.convWeight(x, ct, dw, g))
export const convWeightPerSample = (x: Data, ct: Data, dw: Data, g: ConvGeometry, cotangents: number): void =>
  convolve('convWeightPerSample', dw, g, cotangents, c => c.convWeightPerSample(x, ct, dw, g, cotangents))
