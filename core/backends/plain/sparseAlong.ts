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

/** y[o, i, r] = Σ_j M[i, j] x[o, j, r] for x [outer, columns, inner]; y is overwritten. Sums run in f64. */
export function sparseAlong(m: Sparse, x: Data, y: Data, outer: number, inner: number): void {
  if (inner === 1) alongLast(m, x, y, outer)
  else alongInner(m, x, y, outer, inner)
}

function alongLast({ rows, columns, start, column, weight }: Sparse, x: Data, y: Data, outer: number): void {
  for (let o = 0, at = 0, to = 0; o < outer; o++, at += columns)
    for (let i = 0; i < rows; i++, to++) {
      const first = start[i]
      if (!weight && start[i + 1] === first + 1) {
        y[to] = x[at + column[first]]
        continue
      }
      let sum = 0
      for (let k = first; k < start[i + 1]; k++) sum += weight ? weight[k] * x[at + column[k]] : x[at + column[k]]
      y[to] = sum
    }
}

function alongInner(m: Sparse, x: Data, y: Data, outer: number, inner: number): void {
  const { rows, columns, start, column, weight } = m
  for (let o = 0, to = 0; o < outer; o++)
    for (let i = 0; i < rows; i++, to += inner) {
      const first = start[i]
      if (!weight && start[i + 1] === first + 1) {
        copyRun(x, (o * columns + column[first]) * inner, y, to, inner)
        continue
      }
      // Entries in a tile of registers would be faster for long rows; the rows here have a few entries.
      for (let r = 0; r < inner; r++) {
        let sum = 0
        for (let k = first; k < start[i + 1]; k++) {
          const v = x[(o * columns + column[k]) * inner + r]
          sum += weight ? weight[k] * v : v
        }
        y[to + r] = sum
      }
    }
}

/** n entries of x from `at` on go to y from `to` on. */
function copyRun(x: Data, at: number, y: Data, to: number, n: number): void {
  if (n >= 64) y.set(x.subarray(at, at + n), to)
  else for (let r = 0; r < n; r++) y[to + r] = x[at + r]
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
