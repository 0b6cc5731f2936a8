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
  const { y, at, rowStep, columns } = target
  const panel = columnPanel.take(KC * COLS)
  for (let q = 0; q < bases.length; q += COLS) {
    const cols = Math.min(COLS, bases.length - q)
    const s0 = bases[q]
    const s1 = cols > 1 ? bases[q + 1] : s0
    const s2 = cols > 2 ? bases[q + 2] : s0
    gather3(image, s0, s1, s2, offsets, from, kc, panel)
    for (let r = 0; r < rows; r += ROWS) {
      tile(panels, panelsAt + r * kc, panel, 0, kc)
      store(y, at + r * rowStep, rowStep, columns, q, Math.min(ROWS, rows - r), cols, accumulate)
    }
  }
}

/** Writes the valid part of the tile's sums. */
function store(
  y: Data,
  at: number,
  rowStep: number,
  columns: Int32Array,
  q: number,
  rows: number,
  cols: number,
  accumulate: boolean
): void {
  for (let i = 0; i < rows; i++, at += rowStep) {
    for (let j = 0; j < cols; j++) {
      const s = sums[i * COLS + j]
      const o = at + columns[q + j]
      y[o] = accumulate ? y[o] + s : s
    }
  }
}
