import { backendFor, type Cpu, mayUseWasm, passBackend, run } from './choice.js'
import type { ConvGeometry } from './convolutionPlan.js'
import * as plainBatchNorm from './plain/batchNorm.js'
import { binaryBroadcast, copyRow, type RowKernel } from './plain/broadcast.js'
import * as plainConvolution from './plain/convolution.js'
import type { Data } from './plain/data.js'
import { sizeOf } from './plain/data.js'
import * as plainFft from './plain/fft.js'
import * as plainPairs from './plain/fftPairs.js'
import { matmul as plainMatmul } from './plain/matmul.js'
import type { Copy } from './plain/permute.js'
import * as plainCopies from './plain/permute.js'
import * as plainPool from './plain/pool.js'
import { reduceMax as plainMax, reduceMin as plainMin, reduceSum as plainReduceSum } from './plain/reduce.js'
import { oneByOne, sparseAlong as plainSparseAlong, type Sparse } from './plain/sparseAlong.js'
import * as wasmBatchNorm from './wasm/batchNorm.js'
import { neighbours, best as wasmBest } from './wasm/best.js'
import { type BinaryName, type UnaryName, binary as wasmBinary, unary as wasmUnary } from './wasm/binary.js'
import * as wasmConvolution from './wasm/convolution.js'
import * as wasmFft from './wasm/fft.js'
import * as wasmLinalg from './wasm/linalg.js'
import { type MapName, map as wasmMap, pairwiseSum as wasmPairwiseSum } from './wasm/map.js'
import { batchedMatmul as wasmBatchedMatmul, matmul as wasmMatmul } from './wasm/matmul.js'
import { common, inCommon, MemoryExhausted } from './wasm/module.js'
import * as wasmPooling from './wasm/pooling.js'
import { type RowsName, eachRow as wasmEachRow } from './wasm/softmax.js'
import { sparseAlong as wasmSparseAlong } from './wasm/sparseAlong.js'

// The heavy kernels, each run by the backend that is fastest for its size: see choice.ts.

/** Products of each matrix of a batch from which packing it pays, when the batch as a whole does. */
const SMALLEST_OF_BATCH = 128

type Matmul = typeof plainMatmul

/** With a vector, each entry of the matrix serves one product, and copying it costs as much: measured even at all sizes. */
export const matmulBackend = (m: number, n: number, k: number): Cpu =>
  backendFor('matmul', m * n * k, Math.min(m, n, k) > 1)

/** C[m, n] (+)= op(A) op(B): see the plain kernel. */
export const matmul: Matmul = (a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate) =>
  run('matmul', matmulBackend(m, n, k), m * n * k, c, plainMatmul, wasmMatmul, kernel =>
    kernel(a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate)
  )

type BatchedMatmul = typeof wasmBatchedMatmul

const plainBatchedMatmul: BatchedMatmul = (a, aos, b, bos, c, m, n, k, transA, transB) => {
  for (let p = 0; p < aos.length; p++) plainMatmul(a, aos[p], b, bos[p], c, p * m * n, m, n, k, transA, transB, false)
}

/** C[p] = op(A[p]) op(B[p]) for each of the matrices that start at entries aos[p] and bos[p]; C is dense. */
export const batchedMatmul: BatchedMatmul = (a, aos, b, bos, c, m, n, k, transA, transB) => {
  const products = aos.length * m * n * k
  const backend = backendFor('matmul', products, m * n * k >= SMALLEST_OF_BATCH)
  run('batchedMatmul', backend, products, c, plainBatchedMatmul, wasmBatchedMatmul, kernel =>
    kernel(a, aos, b, bos, c, m, n, k, transA, transB)
  )
}

/** How many products a convolution is made of, and each of its adjoints. */
export const convProducts = (g: ConvGeometry): number =>
  (g.batch * g.outChannels * g.inChannels * sizeOf(g.kernel) * sizeOf(g.size)) / g.groups / sizeOf(g.stride)

type Convolution = typeof plainConvolution

/** A convolution kernel; `times` as many products as one cotangent takes. */
function convolve(name: keyof Convolution, like: Data, g: ConvGeometry, times: number, call: (c: Convolution) => void) {
  const products = convProducts(g) * times
  run(name, backendFor('convolution', products), products, like, plainConvolution, wasmConvolution, call)
}

export const conv = (x: Data, w: Data, y: Data, g: ConvGeometry): void =>
  convolve('conv', y, g, 1, c => c.conv(x, w, y, g))
export const convInput = (ct: Data, w: Data, dx: Data, g: ConvGeometry): void =>
  convolve('convInput', dx, g, 1, c => c.convInput(ct, w, dx, g))
export const convWeight = (x: Data, ct: Data, dw: Data, g: ConvGeometry): void =>
  convolve('convWeight', dw, g, 1, c => c.convWeight(x, ct, dw, g))
export const convWeightPerSample = (x: Data, ct: Data, dw: Data, g: ConvGeometry, cotangents: number): void =>
  convolve('convWeightPerSample', dw, g, cotangents, c => c.convWeightPerSample(x, ct, dw, g, cotangents))

/**
 * y = f(x) entry by entry, where WebAssembly has the function of that name; false where it cannot run, and the caller's
 * own loop is to be used. Whatever the size: the two differ in the last bit, and an entry's result must not depend on how
 * many others there are. A call costs some 30 ns, little beside a tensor's making.
 */
export function map(name: MapName, x: Data, y: Data): boolean {
  if (!mayUseWasm()) return false
  wasmMap(name, x, y)
  return true
}

/**
 * y = f of every vector of x over these axes, counted from the end, where WebAssembly has the function and the axes are
 * the last ones, so that the vectors are rows; otherwise false.
 */
export function eachRow(name: RowsName, x: Data, y: Data, shape: readonly number[], axes: readonly number[]): boolean {
  if (x.length === 0 || !axes.every(a => a >= -axes.length) || !mayUseWasm()) return false
  const n = axes.reduce((n, a) => n * shape[shape.length + a], 1)
  try {
    wasmEachRow(name, x, y, n)
    return true
  } catch (error) {
    if (error instanceof MemoryExhausted) return false
    throw error
  }
}

/** y = f(a, b) under broadcasting: see the plain kernel. `row` is its loop, where WebAssembly knows the name or not. */
export function binary(
  name: BinaryName | undefined,
  row: RowKernel,
  a: Data,
  aShape: readonly number[],
  b: Data,
  bShape: readonly number[],
  y: Data,
  yShape: readonly number[]
): void {
  const plain = () => binaryBroadcast(row, a, aShape, b, bShape, y, yShape)
  if (name === undefined || passBackend(y, a, b) === 'plain') plain()
  else
    run(
      name,
      'wasm',
      0,
      y,
      plain,
      () => wasmBinary(name, a, aShape, b, bShape, y, yShape),
      call => call()
    )
}

/** y = f(x) entry by entry, for functions that are one instruction; `plain` is the loop. */
export function unary(name: UnaryName, plain: (x: Data, y: Data) => void, x: Data, y: Data): void {
  if (passBackend(y, x) === 'plain') plain(x, y)
  else
    run(
      name,
      'wasm',
      0,
      y,
      plain,
      (x: Data, y: Data) => wasmUnary(name, x, y),
      call => call(x, y)
    )
}

/** y[o, i, r] = Σ_j M[i, j] x[o, j, r]: see the plain kernel. */
export function sparseAlong(m: Sparse, x: Data, y: Data, outer: number, inner: number): void {
  const backend = oneByOne(outer, inner) ? 'plain' : passBackend(y, x)
  run('sparseAlong', backend, m.column.length * outer * inner, y, plainSparseAlong, wasmSparseAlong, kernel =>
    kernel(m, x, y, outer, inner)
  )
}

/** y = x stretched to a shape: see the plain kernel. */
export function broadcastCopy(x: Data, xShape: readonly number[], y: Data, yShape: readonly number[]): void {
  binary('first', copyRow, x, xShape, x, xShape, y, yShape)
}

/** Where memory is shared, the platform copies several times slower than WebAssembly. */
const copyThere: Copy = (x, from, n, y, to) => {
  const unit = x.BYTES_PER_ELEMENT
  common()!.kernels.copy(y.byteOffset + to * unit, x.byteOffset + from * unit, n * unit)
}

/** How runs from x to y are copied; undefined where the platform does it. */
const copyFor = (x: Data, y: Data): Copy | undefined => (inCommon(x) && inCommon(y) ? copyThere : undefined)

/** Copies between tensors and strided views: see the plain kernels. */
export const permuteCopy: typeof plainCopies.permuteCopy = (x, shape, axes, y) =>
  plainCopies.permuteCopy(x, shape, axes, y, copyFor(x, y))
export const sliceCopy: typeof plainCopies.sliceCopy = (x, shape, starts, steps, sizes, y) =>
  plainCopies.sliceCopy(x, shape, starts, steps, sizes, y, copyFor(x, y))
export const slicePut: typeof plainCopies.slicePut = (ct, shape, starts, steps, sizes, dx) =>
  plainCopies.slicePut(ct, shape, starts, steps, sizes, dx, copyFor(ct, dx))

type Pooling = Pick<typeof plainPool, 'maxPool' | 'gatherPlanes' | 'scatterPlanes'>

const pool = (name: keyof Pooling, x: Data, y: Data, call: (kernels: Pooling) => void): void =>
  run(name, x.length === 0 ? 'plain' : passBackend(y, x), 0, x, plainPool, wasmPooling, call)

/** The largest entries of windows, and entries at their places: see the plain kernels. */
export const maxPool: Pooling['maxPool'] = (x, y, argmax, planes, g) =>
  pool('maxPool', x, y, k => k.maxPool(x, y, argmax, planes, g))
export const gatherPlanes: Pooling['gatherPlanes'] = (x, index, y, planes, large, small) =>
  pool('gatherPlanes', x, y, k => k.gatherPlanes(x, index, y, planes, large, small))
export const scatterPlanes: Pooling['scatterPlanes'] = (ct, index, dx, planes, large, small) =>
  pool('scatterPlanes', ct, dx, k => k.scatterPlanes(ct, index, dx, planes, large, small))

type BatchNorm = typeof plainBatchNorm

function batchNorms<T>(name: keyof BatchNorm, like: Data, call: (kernels: BatchNorm) => T): T {
  let out: T
  run(name, backendFor('batchNorm', like.length), 0, like, plainBatchNorm, wasmBatchNorm, kernels => {
    out = call(kernels)
  })
  return out!
}

/** y = w (x - μ)/s + b: see the plain kernel, with which it agrees bit for bit; so does the adjoint. */
export const batchNorm: BatchNorm['batchNorm'] = (x, w, b, y, batch, n, eps) =>
  batchNorms('batchNorm', x, k => k.batchNorm(x, w, b, y, batch, n, eps))
export const batchNormAdjoint: BatchNorm['batchNormAdjoint'] = (x, w, ct, statistics, n, dx, dw, db) =>
  batchNorms('batchNormAdjoint', x, k => k.batchNormAdjoint(x, w, ct, statistics, n, dx, dw, db))

/** Transforms of powers of two by WebAssembly, with the bits of the plain ones, which do the other lengths. */
const fftBackend = (numbers: number, ...lengths: readonly number[]): Cpu =>
  lengths.every(wasmFft.transforms) ? backendFor('fft', numbers) : 'plain'

/** The same between two arrays; f32 to f64 or back is for the plain kernels. */
const pairsBackend = (x: Data, y: Data, n: number): Cpu =>
  x.BYTES_PER_ELEMENT === y.BYTES_PER_ELEMENT ? fftBackend(Math.max(x.length, y.length), n) : 'plain'

/** In place along the middle axis of [outer, n, inner]: see the plain kernel. */
export const fftAlong: typeof plainFft.fftAlong = (re, im, outer, n, inner, inverse) =>
  run('fft', fftBackend(re.length, n), 0, re, plainFft.fftAlong, wasmFft.fftAlong, kernel =>
    kernel(re, im, outer, n, inner, inverse)
  )

/** In place, of every plane of [planes, height, width]: see the plain kernel. */
export const fft2: typeof plainFft.fft2 = (re, im, planes, height, width, inverse) =>
  run('fft2', fftBackend(re.length, height, width), 0, re, plainFft.fft2, wasmFft.fft2, kernel =>
    kernel(re, im, planes, height, width, inverse)
  )

/** Of pairs re, im along the middle axis of [outer, n, inner, 2]: see the plain kernels, also of the next two. */
export const fftPairs: typeof plainPairs.fftPairs = (x, y, outer, n, inner, inverse) =>
  run('fft', pairsBackend(x, y, n), 0, x, plainPairs.fftPairs, wasmFft.fftPairs, kernel =>
    kernel(x, y, outer, n, inner, inverse)
  )
export const rfftPairs: typeof plainPairs.rfftPairs = (x, y, outer, n, inner) =>
  run('rfft', pairsBackend(x, y, n), 0, x, plainPairs.rfftPairs, wasmFft.rfftPairs, kernel =>
    kernel(x, y, outer, n, inner)
  )
export const irfftPairs: typeof plainPairs.irfftPairs = (x, y, outer, n, inner) =>
  run('irfft', pairsBackend(x, y, n), 0, x, plainPairs.irfftPairs, wasmFft.irfftPairs, kernel =>
    kernel(x, y, outer, n, inner)
  )

/** y[kept] = Σ x[kept, reduced]: see the plain kernel, with which it agrees bit for bit. */
export const reduceSum = (x: Data, y: Data, shape: readonly number[], keep: readonly boolean[]): void => {
  const kept = keep.lastIndexOf(true)
  const entries = sizeOf(shape.slice(kept + 1))
  if (backendFor('sum', entries) === 'wasm') plainReduceSum(x, y, shape, keep, wasmPairwiseSum)
  else plainReduceSum(x, y, shape, keep)
}

type Reduce = (x: Data, y: Data, shape: readonly number[], keep: readonly boolean[]) => void

const bestBy =
  (name: 'reduceMax' | 'reduceMin', plain: Reduce): Reduce =>
  (x, y, shape, keep) => {
    const axes = x.length > 0 && passBackend(x) === 'wasm' ? neighbours(shape, keep) : undefined
    const fast: Reduce = (x, y) => wasmBest(name, x, y, axes!)
    run(name, axes ? 'wasm' : 'plain', 0, x, plain, fast, kernel => kernel(x, y, shape, keep))
  }

/** y[kept] = max or min of x[kept, reduced]: see the plain kernels. */
export const reduceMax: Reduce = bestBy('reduceMax', plainMax)
export const reduceMin: Reduce = bestBy('reduceMin', plainMin)

/** The factorisations of WebAssembly, for about that many products; undefined where core/linalg does them itself. */
export const linalgKernels = (kernel: 'qr' | 'svd' | 'eigh', products: number): typeof wasmLinalg | undefined =>
  backendFor(kernel, products) === 'wasm' ? wasmLinalg : undefined
