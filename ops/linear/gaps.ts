import { alloc } from '../../core/memory.js'
import { size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { swapAxes } from '../../core/structural/permute.js'
import { eye, Tensor } from '../../core/tensor.js'
import { mask } from './matrices.js'
import { overGap } from './overGap.js'

/**
 * The quotients of the derivatives of eigenvectors and singular vectors, differentiable themselves. `values` is a row
 * [..., 1, n] of each matrix; a gap below 4 n ε times its largest entry is rounding, and 0. Equal values have no single
 * vectors: what would turn them into each other (a numerator that is not 0) gives NaN, not a number that is wrong, and
 * what leaves them alone, as a function of the values only, gives 0.
 */

/** x, with 0 for what is no more than rounding beside `values`. */
function withoutRounding(x: Tensor, values: Tensor): Tensor {
  const n = values.shape[values.rank - 1]
  const per = size(x.shape.slice(-2))
  const epsilon = values.dtype === 'f64' ? Number.EPSILON : 2 ** -23
  const keep = alloc(x.size, x.dtype)
  for (let i = 0; i < keep.length; i++) {
    const b = Math.floor(i / per)
    let largest = 0
    for (let k = 0; k < n; k++) largest = Math.max(largest, Math.abs(values.data[b * n + k]))
    keep[i] = Math.abs(x.data[i]) > 4 * n * epsilon * largest ? 1 : 0
  }
  return mul(x, new Tensor(x.shape, keep))
}

/** N_ij / g_ij for i ≠ j, 0 on the diagonal. */
function offDiagonal(N: Tensor, gaps: Tensor): Tensor {
  const off = mask(N, (i, j) => (i === j ? 0 : 1))
  return mul(overGap(mul(N, off), add(mul(gaps, off), eye(N.shape[N.rank - 1], N.dtype))), off)
}

/** N_ij / (v_j - v_i), 0 on the diagonal. */
export const overGaps = (N: Tensor, values: Tensor): Tensor =>
  offDiagonal(N, withoutRounding(add(values, mul(swapAxes(values), -1)), values))

/** N_ij / (v_j + v_i), 0 on the diagonal. */
export const overSums = (N: Tensor, values: Tensor): Tensor =>
  offDiagonal(N, withoutRounding(add(values, swapAxes(values)), values))

/** N_ij / v_j */
export const overValues = (N: Tensor, values: Tensor): Tensor => overGap(N, withoutRounding(values, values))

/**
 * Fixes the signs of the columns of U [m, r], which are free: the first entry of more than 0.6 of the largest is
 * positive. Not simply the largest, since ties of |entries| are common, and a sign must not hang on rounding. What goes
 * with the columns (the other side of an SVD) turns along.
 */
export function fixSigns(U: Float64Array, m: number, r: number, along?: Float64Array): void {
  for (let k = 0; k < r; k++) {
    let largest = 0
    for (let i = 0; i < m; i++) largest = Math.max(largest, Math.abs(U[i * r + k]))
    let first = 0
    while (first < m - 1 && Math.abs(U[first * r + k]) <= 0.6 * largest) first++
    if (U[first * r + k] >= 0) continue
    for (let j = k; j < U.length; j += r) U[j] = -U[j]
    if (along) for (let j = k; j < along.length; j += r) along[j] = -along[j]
  }
}
