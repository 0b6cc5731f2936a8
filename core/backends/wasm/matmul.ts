import type { Data } from '../plain/data.js'
import { Call, kernelOf } from './module.js'

/** Rows of a block of op(B) that is packed at once, and columns of a tile, as in assembly/gemm.ts. */
const KC = 256
const WIDEST = 8

/**
 * C[m, n] = op(A) op(B), or C += op(A) op(B): the arguments of the plain kernel. f32 data is summed in f32, in parts of
 * 256 products.
 */
export function matmul(
  a: Data,
  ao: number,
  b: Data,
  bo: number,
  c: Data,
  co: number,
  m: number,
  n: number,
  k: number,
  transA: boolean,
  transB: boolean,
  accumulate: boolean
): void {
  const call = new Call()
  const unit = c.BYTES_PER_ELEMENT
  const A = call.put(a, ao, m * k)
  const B = call.put(b, bo, k * n)
  const C = call.reserve(m * n * unit)
  const work = call.reserve(128 + (4 + n + WIDEST) * KC * unit)
  const view = call.view(c, C, m * n)
  const target = c.subarray(co, co + m * n)
  if (accumulate) view.set(target)
  else view.fill(0)
  const [aRow, aCol] = transA ? [1, m] : [k, 1]
  const [bRow, bCol] = transB ? [1, k] : [n, 1]
  kernelOf('gemm', c)(A, aRow, aCol, B, bRow, bCol, C, n, m, n, k, work)
  target.set(view)
}
