import type { Data } from '../plain/data.js'
import { Call, kernelOf } from './module.js'

/** Rows of a block of op(B) that is packed at once, and columns of a tile, as in assembly/gemm.ts. */
const KC = 256
const WIDEST = 8

/** Rows of a symmetric product at a time. */
const STRIPE = 64

/**
 * C[m, n] = op(A) op(B), or C += op(A) op(B): the arguments of the plain kernel. f32 data is summed in f32, in parts of
 * 256 products. Of a Gram matrix, A Aᵀ or Aᵀ A, only one triangle is computed.
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
  const gram = a === b && ao === bo && m === n && transA !== transB && !accumulate
  const A = call.put(a, ao, m * k)
  const B = gram ? A : call.put(b, bo, k * n)
  const C = call.reserve(m * n * unit)
  const work = call.reserve(128 + (4 + n + WIDEST) * KC * unit)
  const view = call.view(c, C, m * n)
  const target = c.subarray(co, co + m * n)
  if (accumulate) view.set(target)
  else view.fill(0)
  const [aRow, aCol] = transA ? [1, m] : [k, 1]
  const [bRow, bCol] = transB ? [1, k] : [n, 1]
  const gemm = kernelOf('gemm', c)
  if (gram) {
    for (let i = 0; i < n; i += STRIPE) {
      const rows = Math.min(STRIPE, n - i)
      gemm(
        A + i * aRow * unit,
        aRow,
        aCol,
        B + i * bCol * unit,
        bRow,
        bCol,
        C + i * (n + 1) * unit,
        n,
        rows,
        n - i,
        k,
        work
      )
    }
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) view[i * n + j] = view[j * n + i]
  } else gemm(A, aRow, aCol, B, bRow, bCol, C, n, m, n, k, work)
  target.set(view)
}
