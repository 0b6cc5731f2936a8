import { type Data, Scratch } from './data.js'

/** A matrix of rows of complex numbers, pairs (re, im), one number for each mode. */
export interface ModeMatrix {
  data: Data
  /** Where it begins, and the steps from row to row and from column to column, in entries. */
  start: number
  row: number
  column: number
  /** Whether its numbers are conjugated. */
  conj: boolean
}

const sums = new Scratch()

/**
 * Y = A B for each of M modes apart: y[p, o, m] = Σ_i a[p, i, m] b[i, o, m], complex, for A [P, I], B [I, O] and y
 * contiguous [P, O, M, 2] from `start`. The modes lie side by side and are the innermost loop, so three short runs of
 * memory (a row of A, of B and of sums) are all that is touched at a time. Sums run in f64.
 */
export function modeProduct(
  a: ModeMatrix,
  b: ModeMatrix,
  y: Data,
  start: number,
  P: number,
  I: number,
  O: number,
  M: number
): void {
  const run = 2 * M
  const sum = sums.take(run)
  const signA = a.conj ? -1 : 1
  const signB = b.conj ? -1 : 1
  const [p, q] = [a.data, b.data]
  for (let r = 0, to = start; r < P; r++)
    for (let c = 0; c < O; c++, to += run) {
      sum.fill(0, 0, run)
      for (let i = 0; i < I; i++) {
        const ia = a.start + r * a.row + i * a.column
        const ib = b.start + i * b.row + c * b.column
        for (let k = 0; k < run; k += 2) {
          const ar = p[ia + k]
          const ai = signA * p[ia + k + 1]
          const br = q[ib + k]
          const bi = signB * q[ib + k + 1]
          sum[k] += ar * br - ai * bi
          sum[k + 1] += ar * bi + ai * br
        }
      }
      for (let k = 0; k < run; k++) y[to + k] = sum[k]
    }
}
