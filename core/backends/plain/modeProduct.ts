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

/** Rows of A that are multiplied together: as many sums stay in the first-level cache, and a row of B is read once for them. */
const BLOCK = 4

/**
 * Y = A B for each of M modes apart: y[p, o, m] = Σ_i a[p, i, m] b[i, o, m], complex, for A [P, I], B [I, O] and y
 * contiguous [P, O, M, 2] from `start`. The modes lie side by side and are the innermost loop, so all that is touched at a
 * time are short runs of memory: a row of B, and of A and of the sums a few. Sums run in f64.
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
  const sum = sums.take(BLOCK * run)
  for (let first = 0; first < P; first += BLOCK) {
    const rows = Math.min(BLOCK, P - first)
    for (let o = 0; o < O; o++) {
      sum.fill(0, 0, rows * run)
      for (let i = 0; i < I; i++) {
        const ib = b.start + i * b.row + o * b.column
        for (let r = 0; r < rows; r++)
          addProducts(a, a.start + (first + r) * a.row + i * a.column, b, ib, sum, r * run, run)
      }
      for (let r = 0; r < rows; r++) {
        const to = start + ((first + r) * O + o) * run
        for (let k = 0; k < run; k++) y[to + k] = sum[r * run + k]
      }
    }
  }
}

/** sum[m] += a[m] b[m] along the modes. */
function addProducts(
  a: ModeMatrix,
  ia: number,
  b: ModeMatrix,
  ib: number,
  sum: Float64Array,
  at: number,
  run: number
): void {
  const [p, q] = [a.data, b.data]
  const signA = a.conj ? -1 : 1
  const signB = b.conj ? -1 : 1
  for (let k = 0; k < run; k += 2) {
    const ar = p[ia + k]
    const ai = signA * p[ia + k + 1]
    const br = q[ib + k]
    const bi = signB * q[ib + k + 1]
    sum[at + k] += ar * br - ai * bi
    sum[at + k + 1] += ar * bi + ai * br
  }
}
