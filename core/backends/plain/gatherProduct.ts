import { type Data, Scratch } from './data.js'
import { COLS, gather3, ROWS, sums, tile } from './tile.js'

/**
 * The product of a packed matrix with one that is never written out: its element (t, q) is image[offsets[t] + bases[q]].
 * Three columns at a time are gathered into a panel, and meet all rows while it is in the first-level cache.
 */

/** Length of the part of a contraction that is gathered at a time: 12 kB of columns, 16 kB of rows. */
export const KC = 512

/** Where a product goes: row r, column q at y[at + r rowStep + columns[q]]. */
export interface Target {
  y: Data
  at: number
  rowStep: number
  columns: Int32Array
}

const columnPanel = new Scratch()

/**
 * target[rows, q] (+)= Σ_{t < kc} panels[rows, t] image[offsets[from + t] + bases[q]] for one part of a contraction.
 * The panels of this part, each 4 rows interleaved, start at `panelsAt`.
 */
export function gatherProduct(
  panels: Float64Array,
  panelsAt: number,
  rows: number,
  image: Float64Array,
  offsets: Int32Array,
  from: number,
  kc: number,
  bases: Int32Array,
  target: Target,
  accumulate: boolean
): void {
  if (rows === 1) {
    gatherRow(panels, panelsAt, image, offsets, from, kc, bases, target, accumulate)
    return
  }
  const { y, at, rowStep, columns } = target
  const panel = columnPanel.take(KC * COLS)
  for (let q = 0; q < bases.length; q += COLS) {
    const cols = Math.min(COLS, bases.length - q)
    const q1 = cols > 1 ? q + 1 : q
    const q2 = cols > 2 ? q + 2 : q
    gather3(image, bases[q], bases[q1], bases[q2], offsets, from, kc, panel)
    for (let r = 0; r < rows; r += ROWS) {
      tile(panels, panelsAt + r * kc, panel, 0, kc)
      store(y, at + r * rowStep, rowStep, rows - r, cols, columns[q], columns[q1], columns[q2], accumulate)
    }
  }
}

/** Writes the valid part of the tile's sums to columns c0, c1, c2. */
function store(
  y: Data,
  at: number,
  rowStep: number,
  rows: number,
  cols: number,
  c0: number,
  c1: number,
  c2: number,
  accumulate: boolean
): void {
  const end = Math.min(rows, ROWS) * COLS
  for (let i = 0; i < end; i += COLS, at += rowStep) {
    put(y, at + c0, sums[i], accumulate)
    if (cols > 1) put(y, at + c1, sums[i + 1], accumulate)
    if (cols > 2) put(y, at + c2, sums[i + 2], accumulate)
  }
}

/**
 * The product for a single row (lane 0 of the panel), where a tile would waste three quarters of its work: four dot
 * products at a time, straight from the image.
 */
function gatherRow(
  panel: Float64Array,
  panelAt: number,
  image: Float64Array,
  offsets: Int32Array,
  from: number,
  kc: number,
  bases: Int32Array,
  target: Target,
  accumulate: boolean
): void {
  const { y, at, columns } = target
  for (let q = 0; q < bases.length; q += 4) {
    const left = bases.length - q
    const q1 = left > 1 ? q + 1 : q
    const q2 = left > 2 ? q + 2 : q
    const q3 = left > 3 ? q + 3 : q
    const b0 = bases[q]
    const b1 = bases[q1]
    const b2 = bases[q2]
    const b3 = bases[q3]
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    for (let t = 0, lane = panelAt; t < kc; t++, lane += ROWS) {
      const o = offsets[from + t]
      const v = panel[lane]
      s0 += v * image[b0 + o]
      s1 += v * image[b1 + o]
      s2 += v * image[b2 + o]
      s3 += v * image[b3 + o]
    }
    put(y, at + columns[q], s0, accumulate)
    if (left > 1) put(y, at + columns[q1], s1, accumulate)
    if (left > 2) put(y, at + columns[q2], s2, accumulate)
    if (left > 3) put(y, at + columns[q3], s3, accumulate)
  }
}

function put(y: Data, at: number, value: number, accumulate: boolean): void {
  y[at] = accumulate ? y[at] + value : value
}
