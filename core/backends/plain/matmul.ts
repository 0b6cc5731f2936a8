import { type Data, Scratch } from './data.js'
import { COLS, pack3, pack4, ROWS, sums, tile } from './tile.js'

/**
 * C (+)= op(A) op(B), after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008):
 * blocks of op(B) [KC, NC] and of op(A) [MC, KC] are copied into panels, and a register tile runs over the panels.
 * One column panel (6 kB) and one row panel (8 kB) sit in the first-level cache, the rest in the second.
 */
const KC = 256
const MC = 128
const NC = 384

/**
 * Below these sizes packing costs more than it saves, and the operands are read in place. f32 packs earlier, because
 * packing also turns it into the f64 panels that the tile was compiled for.
 */
const PACK_MIN_SIDE = 8
const PACK_MIN_PRODUCTS_F64 = 40 ** 3
const PACK_MIN_PRODUCTS_F32 = 24 ** 3

/** From this size on, a matrix read against its rows no longer fits the first-level cache. */
const STREAM_MIN = 4096

const combined = new Scratch()
const rowPanels = new Scratch()
const columnPanels = new Scratch()

/**
 * Matrix product: C[m, n] = op(A) op(B), or C += op(A) op(B) with `accumulate`.
 *
 * A is [m, k] row-major from offset `ao`, or [k, m] with `transA`; B is [k, n] from `bo`, or [n, k] with `transB`.
 * C must not overlap A or B. Sums run in f64 also for f32 data, in an order that depends on the sizes alone.
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
  if (m === 0 || n === 0) return
  // op(A)[i, p] = a[ao + i aRow + p aCol], op(B)[p, j] = b[bo + p bRow + j bCol]
  const aRow = transA ? 1 : k
  const aCol = transA ? m : 1
  const bRow = transB ? 1 : n
  const bCol = transB ? k : 1
  const packFrom = c instanceof Float64Array ? PACK_MIN_PRODUCTS_F64 : PACK_MIN_PRODUCTS_F32
  if (Math.min(m, n, k) >= PACK_MIN_SIDE && m * n * k >= packFrom) {
    packed(a, ao, aRow, aCol, b, bo, bRow, bCol, c, co, m, n, k, accumulate)
  } else if (m === 1) {
    // A row times a matrix is a matrix times a column, which has rows to tile over.
    timesColumn(b, bo, bCol, bRow, a, ao, aCol, c, co, n, k, accumulate)
  } else if (n === 1) {
    timesColumn(a, ao, aRow, aCol, b, bo, bRow, c, co, m, k, accumulate)
  } else {
    direct(a, ao, aRow, aCol, b, bo, bRow, bCol, c, co, m, n, k, accumulate)
  }
}

/** C[m, 1] (+)= A[m, k] x[k]. */
function timesColumn(
  a: Data,
  ao: number,
  aRow: number,
  aCol: number,
  x: Data,
  xo: number,
  xStep: number,
  c: Data,
  co: number,
  m: number,
  k: number,
  accumulate: boolean
): void {
  if (aRow !== 1 || m * k < STREAM_MIN) {
    direct(a, ao, aRow, aCol, x, xo, xStep, 1, c, co, m, 1, k, accumulate)
    return
  }
  // The columns of A are contiguous: combine them four at a time, so that A is read front to back.
  const sum = combined.take(m)
  for (let i = 0; i < m; i++) sum[i] = accumulate ? c[co + i] : 0
  let p = 0
  for (; p + 3 < k; p += 4) {
    const a0 = ao + p * aCol
    const a1 = a0 + aCol
    const a2 = a1 + aCol
    const a3 = a2 + aCol
    const x0 = x[xo + p * xStep]
    const x1 = x[xo + (p + 1) * xStep]
    const x2 = x[xo + (p + 2) * xStep]
    const x3 = x[xo + (p + 3) * xStep]
    for (let i = 0; i < m; i++) sum[i] += a[a0 + i] * x0 + a[a1 + i] * x1 + (a[a2 + i] * x2 + a[a3 + i] * x3)
  }
  for (; p < k; p++) {
    const a0 = ao + p * aCol
    const x0 = x[xo + p * xStep]
    for (let i = 0; i < m; i++) sum[i] += a[a0 + i] * x0
  }
  for (let i = 0; i < m; i++) c[co + i] = sum[i]
}

/** 4 x 2 tiles on the operands in place. At the edges a tile repeats the last row or column and stores it once. */
function direct(
  a: Data,
  ao: number,
  aRow: number,
  aCol: number,
  b: Data,
  bo: number,
  bRow: number,
  bCol: number,
  c: Data,
  co: number,
  m: number,
  n: number,
  k: number,
  accumulate: boolean
): void {
  for (let i = 0; i < m; i += 4) {
    const a0 = ao + i * aRow
    const a1 = i + 1 < m ? a0 + aRow : a0
    const a2 = i + 2 < m ? a1 + aRow : a0
    const a3 = i + 3 < m ? a2 + aRow : a0
    for (let j = 0; j < n; j += 2) {
      let b0 = bo + j * bCol
      let b1 = j + 1 < n ? b0 + bCol : b0
      let s00 = 0
      let s01 = 0
      let s10 = 0
      let s11 = 0
      let s20 = 0
      let s21 = 0
      let s30 = 0
      let s31 = 0
      for (let p = 0, o = 0; p < k; p++, o += aCol, b0 += bRow, b1 += bRow) {
        const u = b[b0]
        const v = b[b1]
        let w = a[a0 + o]
        s00 += w * u
        s01 += w * v
        w = a[a1 + o]
        s10 += w * u
        s11 += w * v
        w = a[a2 + o]
        s20 += w * u
        s21 += w * v
        w = a[a3 + o]
        s30 += w * u
        s31 += w * v
      }
      const at = co + i * n + j
      const two = j + 1 < n
      store2(c, at, s00, s01, two, accumulate)
      if (i + 1 < m) store2(c, at + n, s10, s11, two, accumulate)
      if (i + 2 < m) store2(c, at + 2 * n, s20, s21, two, accumulate)
      if (i + 3 < m) store2(c, at + 3 * n, s30, s31, two, accumulate)
    }
  }
}

function store2(c: Data, at: number, s: number, t: number, two: boolean, accumulate: boolean): void {
  c[at] = accumulate ? c[at] + s : s
  if (two) c[at + 1] = accumulate ? c[at + 1] + t : t
}

function packed(
  a: Data,
  ao: number,
  aRow: number,
  aCol: number,
  b: Data,
  bo: number,
  bRow: number,
  bCol: number,
  c: Data,
  co: number,
  m: number,
  n: number,
  k: number,
  accumulate: boolean
): void {
  const kMost = Math.min(KC, k)
  const rows = rowPanels.take((Math.min(MC, m) + ROWS) * kMost)
  const columns = columnPanels.take((Math.min(NC, n) + COLS) * kMost)
  for (let p0 = 0; p0 < k; p0 += KC) {
    const kc = Math.min(KC, k - p0)
    for (let j0 = 0; j0 < n; j0 += NC) {
      const nc = Math.min(NC, n - j0)
      for (let j = 0; j < nc; j += COLS) {
        const s0 = bo + p0 * bRow + (j0 + j) * bCol
        const s1 = j + 1 < nc ? s0 + bCol : s0
        const s2 = j + 2 < nc ? s1 + bCol : s0
        pack3(b, s0, s1, s2, bRow, kc, columns, j * kc)
      }
      for (let i0 = 0; i0 < m; i0 += MC) {
        const mc = Math.min(MC, m - i0)
        for (let i = 0; i < mc; i += ROWS) {
          const s0 = ao + (i0 + i) * aRow + p0 * aCol
          const s1 = i + 1 < mc ? s0 + aRow : s0
          const s2 = i + 2 < mc ? s1 + aRow : s0
          const s3 = i + 3 < mc ? s2 + aRow : s0
          pack4(a, s0, s1, s2, s3, aCol, kc, rows, i * kc)
        }
        for (let j = 0; j < nc; j += COLS) {
          for (let i = 0; i < mc; i += ROWS) {
            tile(rows, i * kc, columns, j * kc, kc)
            const at = co + (i0 + i) * n + j0 + j
            store(c, at, n, Math.min(ROWS, mc - i), Math.min(COLS, nc - j), accumulate || p0 > 0)
          }
        }
      }
    }
  }
}

/** Writes the valid part of the tile's sums to C at `at`, row stride n. */
function store(c: Data, at: number, n: number, rows: number, cols: number, accumulate: boolean): void {
  for (let i = 0; i < rows; i++, at += n) {
    for (let j = 0; j < cols; j++) {
      const s = sums[i * COLS + j]
      c[at + j] = accumulate ? c[at + j] + s : s
    }
  }
}
