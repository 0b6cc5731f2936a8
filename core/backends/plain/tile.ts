import type { Data } from './data.js'

/**
 * The register tile under matmul and convolution: a 4 x 3 block of products summed over a contraction of length k.
 *
 *     sum[i, j] = Σ_t a[4t + i] b[3t + j],   i < 4, j < 3
 *
 * Its operands are *panels*: four rows (or three columns) interleaved, so that both are read front to back. 4 x 3 and
 * not 4 x 4, because 12 sums and 4 operands fill the 16 registers of x64, and 16 sums spill (15 % slower).
 * Rows or columns that a panel lacks are filled by repeating another one; their sums are never read.
 */
export const ROWS = 4
export const COLS = 3

/** The sums of the last `tile`, row by row. */
export const sums = new Float64Array(ROWS * COLS)

export function tile(a: Float64Array, ia: number, b: Float64Array, ib: number, k: number): void {
  let s00 = 0
  let s01 = 0
  let s02 = 0
  let s10 = 0
  let s11 = 0
  let s12 = 0
  let s20 = 0
  let s21 = 0
  let s22 = 0
  let s30 = 0
  let s31 = 0
  let s32 = 0
  for (let t = 0; t < k; t++) {
    const b0 = b[ib]
    const b1 = b[ib + 1]
    const b2 = b[ib + 2]
    ib += COLS
    let v = a[ia]
    s00 += v * b0
    s01 += v * b1
    s02 += v * b2
    v = a[ia + 1]
    s10 += v * b0
    s11 += v * b1
    s12 += v * b2
    v = a[ia + 2]
    s20 += v * b0
    s21 += v * b1
    s22 += v * b2
    v = a[ia + 3]
    s30 += v * b0
    s31 += v * b1
    s32 += v * b2
    ia += ROWS
  }
  sums[0] = s00
  sums[1] = s01
  sums[2] = s02
  sums[3] = s10
  sums[4] = s11
  sums[5] = s12
  sums[6] = s20
  sums[7] = s21
  sums[8] = s22
  sums[9] = s30
  sums[10] = s31
  sums[11] = s32
}

/** Interleaves four rows that start at s0 … s3 and advance by `step`: panel[at + 4t + i] = x[s_i + t step]. */
export function pack4(
  x: Data,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  step: number,
  k: number,
  panel: Float64Array,
  at: number
): void {
  for (let t = 0, o = 0; t < k; t++, o += step, at += ROWS) {
    panel[at] = x[s0 + o]
    panel[at + 1] = x[s1 + o]
    panel[at + 2] = x[s2 + o]
    panel[at + 3] = x[s3 + o]
  }
}

/** Interleaves three columns that start at s0 … s2 and advance by `step`: panel[at + 3t + j] = x[s_j + t step]. */
export function pack3(
  x: Data,
  s0: number,
  s1: number,
  s2: number,
  step: number,
  k: number,
  panel: Float64Array,
  at: number
): void {
  for (let t = 0, o = 0; t < k; t++, o += step, at += COLS) {
    panel[at] = x[s0 + o]
    panel[at + 1] = x[s1 + o]
    panel[at + 2] = x[s2 + o]
  }
}

/** Interleaves three columns that follow a list of offsets: panel[3t + j] = x[s_j + offsets[from + t]]. */
export function gather3(
  x: Float64Array,
  s0: number,
  s1: number,
  s2: number,
  offsets: Int32Array,
  from: number,
  k: number,
  panel: Float64Array
): void {
  for (let t = 0, at = 0; t < k; t++, at += COLS) {
    const o = offsets[from + t]
    panel[at] = x[s0 + o]
    panel[at + 1] = x[s1 + o]
    panel[at + 2] = x[s2 + o]
  }
}
