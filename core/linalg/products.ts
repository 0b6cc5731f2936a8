import { matmul } from '../backends/kernels.js'
import { ShapeError } from '../errors.js'

/** A matrix J [rows, cols] by its two products. */
export interface Products {
  readonly rows: number
  readonly cols: number
  /** J v: [cols] → [rows]. */
  apply(v: Float64Array): Float64Array
  /** Jᵀ u: [rows] → [cols]. */
  applyT(u: Float64Array): Float64Array
}

/** One that can also say what it is made of. */
export interface Expandable extends Products {
  /** J Jᵀ [rows, rows]; the caller may write over it. */
  gram(): Float64Array
  /** J itself, row-major. */
  matrix(): Float64Array
}

/** A stored J [rows, cols], row-major. */
export function denseProducts(J: Float64Array, rows: number, cols: number): Expandable {
  if (J.length !== rows * cols)
    throw new ShapeError('denseProducts', `${J.length} entries for [${rows}, ${cols}]`, `Give ${rows * cols} entries`)
  return {
    rows,
    cols,
    apply: v => {
      const y = new Float64Array(rows)
      for (let i = 0; i < rows; i++) y[i] = dotAt(J, i * cols, v, 0, cols)
      return y
    },
    applyT: u => {
      const x = new Float64Array(cols)
      for (let i = 0; i < rows; i++) addAt(x, 0, u[i], J, i * cols, cols)
      return x
    },
    gram: () => {
      const G = new Float64Array(rows * rows)
      matmul(J, 0, J, 0, G, 0, rows, rows, cols, false, true, false)
      return G
    },
    matrix: () => J
  }
}

/** ⟨a[from…], b[at…]⟩ of n entries. */
export function dotAt(a: Float64Array, from: number, b: Float64Array, at: number, n: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  let i = 0
  for (; i + 3 < n; i += 4) {
    s0 += a[from + i] * b[at + i]
    s1 += a[from + i + 1] * b[at + i + 1]
    s2 += a[from + i + 2] * b[at + i + 2]
    s3 += a[from + i + 3] * b[at + i + 3]
  }
  for (; i < n; i++) s0 += a[from + i] * b[at + i]
  return s0 + s1 + (s2 + s3)
}

/** y[to…] ← y + f x[from…], n entries. */
export function addAt(y: Float64Array, to: number, f: number, x: Float64Array, from: number, n: number): void {
  if (f !== 0) for (let i = 0; i < n; i++) y[to + i] += f * x[from + i]
}
