import type { ChaseLog } from '../../linalg/chases.js'
import type { Factored, Reflectors } from '../../linalg/qr.js'
import { Call, wasm } from './module.js'

/** Reflectors per block, and rows of a packed block, as in assembly/reflectors.ts and assembly/gemm.ts. */
const BLOCK = 32
const KC = 256

/** A product of reflectors, and the [BLOCK, BLOCK] matrix of each of its blocks. */
export interface BlockReflectors extends Reflectors {
  N: Float64Array
}

const sizeOfN = (rows: number): number => Math.ceil(rows / BLOCK) * BLOCK * BLOCK

/** Room for what a block of reflectors needs beside `count` rows of `cols` entries. */
function workspace(call: Call, count: number, cols: number): number {
  const panels = 4 * KC + Math.max(KC * (BLOCK + 8), BLOCK * (cols + 8))
  return call.reserve(128 + 8 * (2 * BLOCK * Math.max(count, BLOCK) + panels))
}

/** A view of n numbers at an address; only valid until the memory grows. */
const numbers = (at: number, n: number): Float64Array => new Float64Array(wasm().memory!.buffer, at, n)

/** A zeroed block of n numbers. */
function zeros(call: Call, n: number): number {
  const at = call.reserve(n * 8)
  numbers(at, n).fill(0)
  return at
}

/** Jᵀ = Q R for J[rows, cols]: see core/linalg/qr.ts. */
export function qr(J: Float64Array, rows: number, cols: number): Factored {
  const call = new Call()
  const Y = call.put(J)
  const tau = call.reserve(rows * 8)
  const N = call.reserve(sizeOfN(rows) * 8)
  const R = zeros(call, rows * rows)
  wasm().kernels!.qr64(Y, rows, cols, tau, N, R, workspace(call, rows, cols))
  const h = takeOut(rows, cols, Y, tau, N)
  return { h, R: numbers(R, rows * rows).slice(), applyRows: (X, count) => reflectRows(h, X, count) }
}

/** Reflectors out of the memory, which the next call uses again. */
const takeOut = (rows: number, cols: number, Y: number, tau: number, N: number): BlockReflectors => ({
  rows,
  cols,
  Y: numbers(Y, rows * cols).slice(),
  tau: numbers(tau, rows).slice(),
  N: numbers(N, sizeOfN(rows)).slice()
})

/** The rows x of X[count, cols] ← H_0 H_1 ... x. */
export function reflectRows({ rows, cols, Y, N }: BlockReflectors, X: Float64Array, count: number): void {
  const call = new Call()
  const [reflectors, blocks, x] = [call.put(Y), call.put(N), call.put(X)]
  wasm().kernels!.reflect64(reflectors, rows, cols, blocks, 0, x, count, workspace(call, count, cols))
  X.set(numbers(x, X.length))
}

/** Row k of the result [rows, cols] is H_0 H_1 ... e_k. */
export function formRows({ rows, cols, Y, N }: BlockReflectors): Float64Array {
  const call = new Call()
  const [reflectors, blocks, x] = [call.put(Y), call.put(N), call.reserve(rows * cols * 8)]
  wasm().kernels!.form64(reflectors, rows, cols, blocks, x, workspace(call, rows, cols))
  return numbers(x, rows * cols).slice()
}

export interface Bidiagonal {
  /** Diagonal [n] and superdiagonal [n]; the last entry of e is 0. */
  d: Float64Array
  e: Float64Array
  left: BlockReflectors
  right: BlockReflectors
}

/** A = P B Zᵀ for a square A[n, n]: B upper bidiagonal, P and Z the products of the reflectors left and right. */
export function bidiagonalise(A: Float64Array, n: number): Bidiagonal {
  const call = new Call()
  const a = call.put(A)
  const [L, Z] = [zeros(call, n * n), zeros(call, n * n)]
  const [tauL, tauZ, d, e, w] = Array.from({ length: 5 }, () => zeros(call, n))
  const [NL, NZ] = [call.reserve(sizeOfN(n) * 8), call.reserve(sizeOfN(n) * 8)]
  const work = workspace(call, n, n)
  const { bidiagonal64, blocks64 } = wasm().kernels!
  bidiagonal64(a, n, L, tauL, Z, tauZ, d, e, w)
  blocks64(L, n, n, tauL, NL, work)
  blocks64(Z, n, n, tauZ, NZ, work)
  return {
    d: numbers(d, n).slice(),
    e: numbers(e, n).slice(),
    left: takeOut(n, n, L, tauL, NL),
    right: takeOut(n, n, Z, tauZ, NZ)
  }
}

/** Reflectors per panel of a tridiagonalisation, as in assembly/tridiagonal.ts. */
const PANEL = 32

export interface Tridiagonal {
  /** Diagonal [n] and off-diagonal [n]; the last entry of e is 0. */
  d: Float64Array
  e: Float64Array
  h: Reflectors
}

/** A = Q T Qᵀ for a symmetric A[n, n], of which the upper triangle is read; A becomes the reflectors of Q. */
export function tridiagonalise(A: Float64Array, n: number): Tridiagonal {
  const call = new Call()
  const a = call.put(A)
  const [tau, d, e] = Array.from({ length: 3 }, () => zeros(call, n))
  const work = call.reserve(128 + 8 * (4 * PANEL * n + 4 * KC + KC * (n + 8)))
  wasm().kernels!.tridiagonal64(a, n, d, e, tau, work)
  A.set(numbers(a, n * n))
  return {
    d: numbers(d, n).slice(),
    e: numbers(e, n).slice(),
    h: { rows: n, cols: n, Y: A, tau: numbers(tau, n).slice() }
  }
}

/** The same as `formRows` for reflectors without their blocks, which are made first. */
export function formRowsOf({ rows, cols, Y, tau }: Reflectors): Float64Array {
  const call = new Call()
  const [reflectors, taus] = [call.put(Y), call.put(tau)]
  const [N, x] = [call.reserve(sizeOfN(rows) * 8), call.reserve(rows * cols * 8)]
  const work = workspace(call, rows, cols)
  wasm().kernels!.blocks64(reflectors, rows, cols, taus, N, work)
  wasm().kernels!.form64(reflectors, rows, cols, N, x, work)
  return numbers(x, rows * cols).slice()
}

/** All rotations of a log on the rows of X[n, width], or their transposes in reverse order. */
export function rotateRows(log: ChaseLog, X: Float64Array, n: number, width: number, back: boolean): void {
  const call = new Call()
  const x = call.put(X)
  const cs = call.put(log.cs, 0, 2 * log.count)
  const runs = call.putIntegers(Int32Array.from(log.runs))
  const strip = call.reserve(n * 64)
  wasm().kernels!.rotate64(x, n, width, runs, log.runs.length / 2, cs, log.count, Number(back), strip)
  X.set(numbers(x, X.length))
}
