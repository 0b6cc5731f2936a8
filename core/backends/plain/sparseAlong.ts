import type { Data } from './data.js'

/**
 * A sparse matrix [rows, columns], compressed by rows: row i has the entries weight[k] in columns column[k],
 * start[i] ≤ k < start[i + 1]. Without weights every entry is 1.
 */
export interface Sparse {
  readonly rows: number
  readonly columns: number
  readonly start: Int32Array
  readonly column: Int32Array
  readonly weight?: Float64Array
}

/** Entries of x and y that fit the first-level cache together. */
const BLOCK = 2048

/** From here on a contiguous run is copied faster by the platform than by a loop. */
const LONG = 64

/** So few vectors are multiplied one by one: a row of M is then shorter than what leads to it. */
const FEW = 8

/** y[o, i, r] = Σ_j M[i, j] x[o, j, r] for x [outer, columns, inner]; y is overwritten. Sums run in f64. */
export function sparseAlong(m: Sparse, x: Data, y: Data, outer: number, inner: number): void {
  if (inner === 0) return
  const { rows, columns } = m
  if (oneByOne(outer, inner)) {
    for (let o = 0; o < outer; o++) oneVector(m, x, o * columns, y, o * rows)
    return
  }
  // A row of M meets many vectors at once: those next to each other along `inner`, or along the last axis a block of
  // the outer ones, small enough that the next row finds it in the cache.
  const block = inner > 1 ? 1 : Math.max(8, Math.floor(BLOCK / (rows + columns + 1)))
  for (let o = 0; o < outer; o += block) {
    const from = o * columns * inner
    const to = o * rows * inner
    const count = inner > 1 ? inner : Math.min(block, outer - o)
    const [stepX, stepY] = inner > 1 ? [1, 1] : [columns, rows]
    for (let i = 0; i < rows; i++) rowOf(m, i, inner, x, from, stepX, y, to + i * inner, stepY, count)
  }
}

/** Whether vectors are multiplied one after the other. */
export const oneByOne = (outer: number, inner: number): boolean => inner === 1 && outer < FEW

/** y[to + i] = Σ_j M[i, j] x[from + j]: one vector. */
function oneVector({ rows, start, column, weight }: Sparse, x: Data, from: number, y: Data, to: number): void {
  for (let i = 0, k = 0; i < rows; i++) {
    const last = start[i + 1]
    let sum = 0
    if (weight) for (; k < last; k++) sum += weight[k] * x[from + column[k]]
    else if (last - k === 1) sum = x[from + column[k++]]
    else for (; k < last; k++) sum += x[from + column[k]]
    y[to + i] = sum
  }
}

/** y[to + r stepY] = Σ_j M[i, j] x[from + j inner + r stepX], r < count: a loop for each small number of entries. */
function rowOf(
  { start, column, weight }: Sparse,
  i: number,
  inner: number,
  x: Data,
  from: number,
  stepX: number,
  y: Data,
  to: number,
  stepY: number,
  count: number
): void {
  const first = start[i]
  const last = start[i + 1]
  const end = to + count * stepY
  if (last - first === 0 || last - first > 4) {
    for (; to < end; to += stepY, from += stepX) {
      let sum = 0
      for (let k = first; k < last; k++)
        sum += weight ? weight[k] * x[from + column[k] * inner] : x[from + column[k] * inner]
      y[to] = sum
    }
    return
  }
  let a = from + column[first] * inner
  const u = weight ? weight[first] : 1
  if (last - first === 1) {
    if (!weight && stepX === 1 && stepY === 1 && count >= LONG) y.set(x.subarray(a, a + count), to)
    else for (; to < end; to += stepY, a += stepX) y[to] = u * x[a]
    return
  }
  let b = from + column[first + 1] * inner
  const v = weight ? weight[first + 1] : 1
  if (last - first === 2) {
    for (; to < end; to += stepY, a += stepX, b += stepX) y[to] = u * x[a] + v * x[b]
    return
  }
  let c = from + column[first + 2] * inner
  const w = weight ? weight[first + 2] : 1
  if (last - first === 3) {
    for (; to < end; to += stepY, a += stepX, b += stepX, c += stepX) y[to] = u * x[a] + v * x[b] + w * x[c]
    return
  }
  let d = from + column[first + 3] * inner
  const z = weight ? weight[first + 3] : 1
  for (; to < end; to += stepY, a += stepX, b += stepX, c += stepX, d += stepX)
    y[to] = u * x[a] + v * x[b] + w * x[c] + z * x[d]
}

/** Mᵀ: the adjoint. */
export function transposeSparse({ rows, columns, start, column, weight }: Sparse): Sparse {
  const from = new Int32Array(columns + 1)
  for (const j of column) from[j + 1]++
  for (let j = 0; j < columns; j++) from[j + 1] += from[j]
  const next = from.slice()
  const to = new Int32Array(column.length)
  const moved = weight && new Float64Array(column.length)
  for (let i = 0; i < rows; i++)
    for (let k = start[i]; k < start[i + 1]; k++) {
      const at = next[column[k]]++
      to[at] = i
      if (moved) moved[at] = weight![k]
    }
  return { rows: columns, columns: rows, start: from, column: to, weight: moved }
}

/**
 * M⁺ = Mᵀ (M Mᵀ)⁻¹ of a matrix with at most one entry in each column: its rows are orthogonal, so M Mᵀ is diagonal and
 * M⁺ as sparse as Mᵀ. undefined for other matrices.
 */
export function orthogonalInverse(m: Sparse): Sparse | undefined {
  const back = transposeSparse(m)
  for (let j = 0; j < back.rows; j++) if (back.start[j + 1] > back.start[j] + 1) return undefined
  const squares = new Float64Array(m.rows)
  back.column.forEach((i, k) => {
    squares[i] += back.weight ? back.weight[k] ** 2 : 1
  })
  const weight = Float64Array.from(back.column, (i, k) => (squares[i] ? (back.weight?.[k] ?? 1) / squares[i] : 0))
  return { ...back, weight }
}

/** The matrix of y_i = x_index[i], entries that are copied: 0 where the index is -1. */
export function indexMatrix(index: ArrayLike<number>, columns: number): Sparse {
  const start = new Int32Array(index.length + 1)
  const column = new Int32Array(index.length)
  let n = 0
  for (let i = 0; i < index.length; i++) {
    if (index[i] >= 0) column[n++] = index[i]
    start[i + 1] = n
  }
  return { rows: index.length, columns, start, column: column.subarray(0, n) }
}

/** The matrix with these rows, each a list of [column, weight]. */
export function weightedMatrix(rows: readonly (readonly (readonly [number, number])[])[], columns: number): Sparse {
  const start = new Int32Array(rows.length + 1)
  rows.forEach((row, i) => {
    start[i + 1] = start[i] + row.length
  })
  const entries = rows.flat()
  return {
    rows: rows.length,
    columns,
    start,
    column: Int32Array.from(entries, e => e[0]),
    weight: Float64Array.from(entries, e => e[1])
  }
}

/** Row-major, with its zeros. */
export function denseOf({ rows, columns, start, column, weight }: Sparse): Float64Array {
  const out = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++)
    for (let k = start[i]; k < start[i + 1]; k++) out[i * columns + column[k]] += weight ? weight[k] : 1
  return out
}

/** A dense matrix [rows, columns], row-major, in the form of the others. */
export function sparseOf(dense: Float64Array, rows: number, columns: number): Sparse {
  return {
    rows,
    columns,
    start: Int32Array.from({ length: rows + 1 }, (_, i) => i * columns),
    column: Int32Array.from(dense, (_, k) => k % columns),
    weight: dense
  }
}
