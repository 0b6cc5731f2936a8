import type { Data } from './data.js'

/**
 * Copies between a contiguous array and a strided view of another: transposition and slicing are the same loop once the
 * view is written as sizes and strides. Axes along which the view advances evenly are merged first.
 */
const sizes: number[] = []
const strides: number[] = []
const counters: number[] = []
const rowMajor: number[] = []
const ySteps: number[] = []

/** Copies n entries of x to y. */
export type Copy = (x: Data, from: number, n: number, y: Data, to: number) => void

const copyRun: Copy = (x, from, n, y, to) => y.set(x.subarray(from, from + n), to)

/** Runs shorter than this are copied by a loop: `set` needs a view, which costs more. */
const SHORT_RUN = 64

/** Side of the square blocks of a transposition: 32 rows of 32 f64 stay in the first-level cache. */
const BLOCK = 32

/** y[i_axes[0], i_axes[1], …] = x[i_0, i_1, …]: axis d of y is axis axes[d] of x. */
export function permuteCopy(
  x: Data,
  shape: readonly number[],
  axes: readonly number[],
  y: Data,
  copy: Copy = copyRun
): void {
  setRowMajor(shape)
  let rank = 0
  for (let d = 0; d < axes.length; d++) rank = pushAxis(rank, shape[axes[d]], rowMajor[axes[d]])
  const inner = rank - 1
  let unit = inner - 1
  while (unit >= 0 && strides[unit] !== 1) unit--
  if (unit >= 0 && strides[inner] !== 1) transposed(x, y, rank, unit)
  else viewToContiguous(x, 0, y, rank, copy)
}

/** y[i] = x[starts + steps i] for i < sizes, axis by axis; steps are not 0, and may be negative. */
export function sliceCopy(
  x: Data,
  shape: readonly number[],
  starts: readonly number[],
  steps: readonly number[],
  sliceSizes: readonly number[],
  y: Data,
  copy: Copy = copyRun
): void {
  const rank = pushSlice(shape, steps, sliceSizes)
  viewToContiguous(x, sliceOffset(starts), y, rank, copy)
}

/** The adjoint of `sliceCopy`: dx[starts + steps i] = ct[i]. The caller has zeroed dx. */
export function slicePut(
  ct: Data,
  shape: readonly number[],
  starts: readonly number[],
  steps: readonly number[],
  sliceSizes: readonly number[],
  dx: Data,
  copy: Copy = copyRun
): void {
  const rank = pushSlice(shape, steps, sliceSizes)
  let at = sliceOffset(starts)
  const length = rank === 0 ? 1 : sizes[rank - 1]
  const step = rank === 0 ? 1 : strides[rank - 1]
  for (let i = 0; i < ct.length; i += length) {
    if (step === 1 && length >= SHORT_RUN) copy(ct, i, length, dx, at)
    else for (let t = 0; t < length; t++) dx[at + t * step] = ct[i + t]
    at = advance(at, rank - 2)
  }
}

function setRowMajor(shape: readonly number[]): void {
  for (let axis = shape.length - 1, run = 1; axis >= 0; axis--) {
    rowMajor[axis] = run
    run *= shape[axis]
  }
}

/** Appends an axis (outermost first), merged with the one before when the view runs on evenly; returns the rank. */
function pushAxis(rank: number, size: number, stride: number): number {
  if (size === 1) return rank
  if (rank > 0 && strides[rank - 1] === stride * size) {
    sizes[rank - 1] *= size
    strides[rank - 1] = stride
    return rank
  }
  sizes[rank] = size
  strides[rank] = stride
  counters[rank] = 0
  return rank + 1
}

function pushSlice(shape: readonly number[], steps: readonly number[], sliceSizes: readonly number[]): number {
  setRowMajor(shape)
  let rank = 0
  for (let axis = 0; axis < shape.length; axis++) {
    rank = pushAxis(rank, sliceSizes[axis], steps[axis] * rowMajor[axis])
  }
  return rank
}

function sliceOffset(starts: readonly number[]): number {
  let offset = 0
  for (let axis = 0; axis < starts.length; axis++) offset += starts[axis] * rowMajor[axis]
  return offset
}

/** The next position of the view over axes 0 … `last`, in row-major order. */
function advance(at: number, last: number): number {
  for (let axis = last; axis >= 0; axis--) {
    at += strides[axis]
    if (++counters[axis] < sizes[axis]) return at
    counters[axis] = 0
    at -= strides[axis] * sizes[axis]
  }
  return at
}

function viewToContiguous(x: Data, at: number, y: Data, rank: number, copy: Copy): void {
  const length = rank === 0 ? 1 : sizes[rank - 1]
  const step = rank === 0 ? 1 : strides[rank - 1]
  for (let i = 0; i < y.length; i += length) {
    if (step === 1 && length >= SHORT_RUN) copy(x, at, length, y, i)
    else for (let t = 0; t < length; t++) y[i + t] = x[at + t * step]
    at = advance(at, rank - 2)
  }
}

/**
 * A permutation in which y's last axis is not x's: x is contiguous along axis `unit` of y, y along its last. Both are
 * cut into blocks, so that lines of x and of y are used in full while they are in the cache.
 */
function transposed(x: Data, y: Data, rank: number, unit: number): void {
  const rows = sizes[unit]
  const cols = sizes[rank - 1]
  const colStep = strides[rank - 1]
  for (let axis = rank - 1, run = 1; axis >= 0; axis--) {
    ySteps[axis] = run
    run *= sizes[axis]
  }
  const rowStep = ySteps[unit]
  const planes = y.length / (rows * cols)
  let from = 0
  let to = 0
  for (let plane = 0; plane < planes; plane++) {
    for (let r0 = 0; r0 < rows; r0 += BLOCK) {
      const r1 = Math.min(rows, r0 + BLOCK)
      for (let c0 = 0; c0 < cols; c0 += BLOCK) {
        const c1 = Math.min(cols, c0 + BLOCK)
        for (let r = r0; r < r1; r++) {
          const source = from + r
          const target = to + r * rowStep
          for (let c = c0; c < c1; c++) y[target + c] = x[source + c * colStep]
        }
      }
    }
    for (let axis = rank - 2; axis >= 0; axis--) {
      if (axis === unit) continue
      from += strides[axis]
      to += ySteps[axis]
      if (++counters[axis] < sizes[axis]) break
      counters[axis] = 0
      from -= strides[axis] * sizes[axis]
      to -= ySteps[axis] * sizes[axis]
    }
  }
}
