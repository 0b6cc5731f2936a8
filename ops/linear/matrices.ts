import { apply } from '../../core/apply.js'
import { matmul as kernel } from '../../core/backends/kernels.js'
import { NonFiniteError, ShapeError } from '../../core/errors.js'
import { alloc, allocUnset } from '../../core/memory.js'
import { type Shape, show, size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { swapAxes } from '../../core/structural/permute.js'
import { eye, mapData, Tensor } from '../../core/tensor.js'
import { slice } from '../shape/slice.js'
import { matmulOp } from './matmul.js'

/**
 * What the decompositions share. All act on the last two axes, and their rules are written with these few products, so
 * that row axes in front of a cotangent are batch axes like any others.
 */

/** The leading axes of a batch of matrices. */
export const batch = (s: Shape): Shape => s.slice(0, -2)

/** Throws ShapeError unless the last two axes are a square matrix; returns its n. */
export function square(s: Shape, op: string): number {
  const [m, n] = s.slice(-2)
  if (s.length < 2 || m !== n)
    throw new ShapeError(`${op} of ${show(s)}`, 'no square matrices', 'The last two axes are one matrix: [..., n, n]')
  return n
}

/** Throws ShapeError for fewer than two axes; returns rows and columns. */
export function rectangle(s: Shape, op: string): readonly [number, number] {
  if (s.length < 2)
    throw new ShapeError(`${op} of ${show(s)}`, 'fewer than two axes', 'Give a matrix [m, n] or a batch of them')
  return [s[s.length - 2], s[s.length - 1]]
}

/** Matrix i of a batch, as a new f64 array: decompositions run in f64 whatever the dtype is. */
export function matrixAt(x: Tensor, i: number): Float64Array {
  const n = size(x.shape.slice(-2))
  return Float64Array.from(x.data.subarray(i * n, (i + 1) * n))
}

/**
 * The rule of this folder for NaN and infinity: in a matrix that is decomposed or solved with they throw NonFiniteError,
 * which names operator, matrix and entry, since a decomposition of them is nothing; in a right-hand side they pass on to
 * its own columns of the solution. Entries that the operator does not read do not count.
 */
export function finiteMatrixAt(
  x: Tensor,
  i: number,
  op: string,
  reads: (row: number, column: number) => boolean = () => true
): Float64Array {
  const A = matrixAt(x, i)
  const n = x.shape[x.rank - 1]
  for (let k = 0; k < A.length; k++)
    if (!Number.isFinite(A[k]) && reads(Math.floor(k / n), k % n))
      throw new NonFiniteError(
        `${op} of a matrix ${show(x.shape)}`,
        `entry ${show([Math.floor(k / n), k % n])} is ${A[k]}${which(i, size(batch(x.shape)))}`,
        'Give a matrix of finite numbers; only right-hand sides may hold others'
      )
  return A
}

/** A tensor of `shape` made piece by piece, one for each of `count` matrices, rounded to the dtype. */
export function fromPieces(shape: Shape, like: Tensor, count: number, piece: (i: number) => ArrayLike<number>): Tensor {
  const y = allocUnset(size(shape), like.dtype)
  const n = y.length / Math.max(1, count)
  for (let i = 0; i < count; i++) y.set(piece(i), i * n)
  return new Tensor(shape, y)
}

/** For every matrix of the broadcast batch `leads`, which one of a batch `own` it is. */
export function positions(own: Shape, leads: Shape): Int32Array {
  // From the last axis to the first: as often as it is long, what the axes behind it give.
  let at = new Int32Array(1)
  let stride = 1
  for (let axis = leads.length - 1; axis >= 0; axis--) {
    const d = own[axis - leads.length + own.length] ?? 1
    const behind = at
    at = new Int32Array(leads[axis] * behind.length)
    for (let i = 0; i < leads[axis]; i++) {
      const step = d === 1 ? 0 : i * stride
      for (let j = 0; j < behind.length; j++) at[i * behind.length + j] = step + behind[j]
    }
    stride *= d
  }
  return at
}

/** ` (matrix 3 of the batch)`, for messages. */
export const which = (i: number, count: number): string => (count > 1 ? ` (matrix ${i} of the batch)` : '')

/** A B */
export const times = (a: Tensor, b: Tensor): Tensor => apply(matmulOp, [a, b], { ta: false, tb: false })
/** Aᵀ B */
export const tTimes = (a: Tensor, b: Tensor): Tensor => apply(matmulOp, [a, b], { ta: true, tb: false })
/** A Bᵀ */
export const timesT = (a: Tensor, b: Tensor): Tensor => apply(matmulOp, [a, b], { ta: false, tb: true })
/** (X + Xᵀ)/2 */
export const symmetric = (x: Tensor): Tensor => mul(add(x, swapAxes(x)), 0.5)
/** (X - Xᵀ)/2 */
export const skew = (x: Tensor): Tensor => mul(add(x, mul(swapAxes(x), -1)), 0.5)

/** The n×n matrix with 1 where `keep` says so and 0 elsewhere: X times it is a triangle or a diagonal of X. */
export function mask(x: Tensor, keep: (i: number, j: number) => number): Tensor {
  const n = x.shape[x.rank - 1]
  return mapData(eye(n, x.dtype), (_, k) => keep(Math.floor(k / n), k % n))
}

/** The diagonal of X [..., n, n] as a row [..., 1, n]: ones times the diagonal part. */
export const diagonalRow = (x: Tensor): Tensor => {
  const n = x.shape[x.rank - 1]
  const one = new Tensor([1, n], alloc(n, x.dtype).fill(1))
  return times(one, mul(x, eye(n, x.dtype)))
}

/** A row [..., 1, n] as a diagonal matrix [..., n, n]. */
export const rowDiagonal = (row: Tensor): Tensor => mul(row, eye(row.shape[row.rank - 1], row.dtype))

/** Rows from … to - 1 of the matrices: parts of a packed decomposition. */
export const rowsOf = (x: Tensor, from: number, to: number): Tensor => slice(x, -2, from, to)

/** A B of one matrix A [m, k] and B [k, n], for inverse rules. */
export function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const c = new Float64Array(m * n)
  kernel(a, 0, b, 0, c, 0, m, n, k, false, false, false)
  return c
}
