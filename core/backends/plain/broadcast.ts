import { type Data, sizeOf } from './data.js'

/**
 * The inner loop of an element-wise binary operator: y[iy + t] = f(a[ia + t da], b[ib + t db]) for t < n.
 * The steps da and db are 1, or 0 where the operand is constant along the row.
 */
export type RowKernel = (
  a: Data,
  ia: number,
  da: number,
  b: Data,
  ib: number,
  db: number,
  y: Data,
  iy: number,
  n: number
) => void

/**
 * The collapsed axes of a broadcast, innermost first, with the strides of both operands: filled by `collapse`, kept
 * between calls because small operators cost less than an allocation.
 */
const sizes: number[] = []
const aStrides: number[] = []
const bStrides: number[] = []
const counters: number[] = []

/**
 * Runs `row` over y[...] = f(a[...], b[...]) under NumPy broadcasting: shapes are aligned on the right, an axis of size
 * 1 repeats. `yShape` is the broadcast shape, checked by the caller. Makes as few row calls as the strides allow: one
 * for equal shapes and for a scalar on either side.
 */
export function binaryBroadcast(
  row: RowKernel,
  a: Data,
  aShape: readonly number[],
  b: Data,
  bShape: readonly number[],
  y: Data,
  yShape: readonly number[]
): void {
  const n = sizeOf(yShape)
  if (n === 0) return
  const aSize = sizeOf(aShape)
  const bSize = sizeOf(bShape)
  if (aSize === n && (bSize === n || bSize === 1)) {
    row(a, 0, 1, b, 0, bSize === n ? 1 : 0, y, 0, n)
  } else if (bSize === n && aSize === 1) {
    row(a, 0, 0, b, 0, 1, y, 0, n)
  } else if (aSize === n && isSuffix(bShape, bSize, yShape)) {
    for (let i = 0; i < n; i += bSize) row(a, i, 1, b, 0, 1, y, i, bSize)
  } else if (bSize === n && isSuffix(aShape, aSize, yShape)) {
    for (let i = 0; i < n; i += aSize) row(a, 0, 1, b, i, 1, y, i, aSize)
  } else {
    strided(row, a, b, y, n, collapse(aShape, bShape, yShape))
  }
}

/** y = x repeated to yShape (NumPy's broadcast_to, written out). */
export function broadcastCopy(x: Data, xShape: readonly number[], y: Data, yShape: readonly number[]): void {
  binaryBroadcast(copyRow, x, xShape, x, xShape, y, yShape)
}

/** Runs shorter than this are copied by a loop: `set` needs a view, which costs more. */
const SHORT_RUN = 64

/** y = a: the row of `broadcastCopy`. */
export const copyRow: RowKernel = (a, ia, da, _b, _ib, _db, y, iy, n) => {
  if (da === 0) y.fill(a[ia], iy, iy + n)
  else if (n >= SHORT_RUN) y.set(a.subarray(ia, ia + n), iy)
  else for (let t = 0; t < n; t++) y[iy + t] = a[ia + t]
}

/** Whether `shape`, leading ones aside, is the tail of `yShape`. */
function isSuffix(shape: readonly number[], size: number, yShape: readonly number[]): boolean {
  let product = 1
  for (let s = shape.length - 1, t = yShape.length - 1; product < size; s--, t--) {
    if (shape[s] !== yShape[t]) return false
    product *= shape[s]
  }
  return true
}

/** The same axes, innermost first, as [size, step in a, step in b] each; at least one. */
export function collapsed(
  aShape: readonly number[],
  bShape: readonly number[],
  yShape: readonly number[]
): [number, number, number][] {
  const rank = collapse(aShape, bShape, yShape)
  if (rank === 0) return [[1, 0, 0]]
  return Array.from({ length: rank }, (_, k) => [sizes[k], aStrides[k], bStrides[k]])
}

/** Merges neighbouring axes along which both operands advance evenly, drops axes of size 1; returns the rank left. */
function collapse(aShape: readonly number[], bShape: readonly number[], yShape: readonly number[]): number {
  const aLead = yShape.length - aShape.length
  const bLead = yShape.length - bShape.length
  let rank = 0
  let aRun = 1
  let bRun = 1
  for (let axis = yShape.length - 1; axis >= 0; axis--) {
    const size = yShape[axis]
    if (size === 1) continue
    const aDim = axis < aLead ? 1 : aShape[axis - aLead]
    const bDim = axis < bLead ? 1 : bShape[axis - bLead]
    const aStride = aDim === 1 ? 0 : aRun
    const bStride = bDim === 1 ? 0 : bRun
    aRun *= aDim
    bRun *= bDim
    const inner = rank - 1
    if (rank > 0 && aStride === aStrides[inner] * sizes[inner] && bStride === bStrides[inner] * sizes[inner]) {
      sizes[inner] *= size
    } else {
      sizes[rank] = size
      aStrides[rank] = aStride
      bStrides[rank] = bStride
      counters[rank] = 0
      rank++
    }
  }
  return rank
}

/** One row call along the innermost collapsed axis for every position of the others, y front to back. */
function strided(row: RowKernel, a: Data, b: Data, y: Data, n: number, rank: number): void {
  const length = sizes[0]
  const da = aStrides[0]
  const db = bStrides[0]
  let ia = 0
  let ib = 0
  for (let iy = 0; iy < n; iy += length) {
    row(a, ia, da, b, ib, db, y, iy, length)
    for (let axis = 1; axis < rank; axis++) {
      ia += aStrides[axis]
      ib += bStrides[axis]
      if (++counters[axis] < sizes[axis]) break
      counters[axis] = 0
      ia -= aStrides[axis] * sizes[axis]
      ib -= bStrides[axis] * sizes[axis]
    }
  }
}
