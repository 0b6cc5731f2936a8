import { alloc } from '../../core/memory.js'
import { size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { swapAxes } from '../../core/structural/permute.js'
import { Tensor } from '../../core/tensor.js'
import { reciprocal } from '../elementwise/reciprocal.js'
import { where } from '../elementwise/where.js'

/**
 * The quotients of the derivatives of eigenvectors and singular vectors, differentiable themselves. `values` is a row
 * [..., 1, n] of each matrix; what is below 4 n ε times its largest entry is rounding and counts as 0, and so does the
 * quotient there: equal values have no single vectors, hence no derivatives of them.
 */

/** 1/x where |x| is more than rounding beside `values`, 0 elsewhere. */
function quotient(x: Tensor, values: Tensor): Tensor {
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
  const kept = new Tensor(x.shape, keep)
  return mul(reciprocal(where(kept, x, 1)), kept)
}

/** G_ij = 1/(v_j - v_i), 0 where they are equal. */
export const reciprocalGaps = (values: Tensor): Tensor => quotient(add(values, mul(swapAxes(values), -1)), values)

/** H_ij = 1/(v_j + v_i), 0 where both are 0. */
export const reciprocalSums = (values: Tensor): Tensor => quotient(add(values, swapAxes(values)), values)

/** 1/v_j, 0 where it is 0. */
export const reciprocals = (values: Tensor): Tensor => quotient(values, values)

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
