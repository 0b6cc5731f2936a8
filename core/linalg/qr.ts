import { linalgKernels } from '../backends/kernels.js'
import { ShapeError } from '../errors.js'
import { identity, maxAbs, norm2, powerOfTwoScale, transpose } from './scaling.js'

/**
 * Householder QR of Jᵀ, where J is [rows, cols] row-major with rows <= cols: Jᵀ = Q R, hence J = Rᵀ Qᵀ.
 *
 * J's rows are the columns of Jᵀ and lie contiguously, so every inner loop below runs along memory and nothing is
 * transposed. Q is never formed: it stays a product of reflectors H_k = I - τ_k v_k v_kᵀ (v_k zero before entry k, one
 * at k), since an update needs only a vector or two to pass through it.
 *
 * This is the definition; large factors go to WebAssembly (core/backends/wasm/assembly/reflectors.ts), which does the same
 * in blocks of 32.
 *
 * Source: Golub & Van Loan, Matrix Computations, 4th ed., 5.1-5.2 (reflectors), Schreiber & Van Loan 1989 (the compact
 * block form H_1...H_4 = I - Y T Yᵀ with T upper triangular).
 */
export interface WideQR {
  rows: number
  cols: number
  /** [rows, rows], upper triangular; its diagonal may have either sign. */
  R: Float64Array
  /** Q z: [rows] → [cols]. */
  applyQ(z: Float64Array): Float64Array
  /** Qᵀ x: [cols] → [rows]. */
  applyQt(x: Float64Array): Float64Array
  /** The same for `count` vectors, which are the rows of Z: [count, rows] → [count, cols]. */
  applyQRows(Z: Float64Array, count: number): Float64Array
}

/** Reflectors per block, and vectors per pass: 4 × 2 keeps 8 sums in registers and loads 6 values for 16 flops. */
const BLOCK = 4

/** A product H_0 H_1 ... of reflectors. */
export interface Reflectors {
  rows: number
  cols: number
  /** [rows, cols]: row k is v_k, zero before entry k. */
  Y: Float64Array
  tau: Float64Array
}

/** The same with what its blocks need, as the loops below want it. */
interface Blocks extends Reflectors {
  /** One 4×4 T per block. */
  T: Float64Array
}

export function qrOfTranspose(J: Float64Array, rows: number, cols: number): WideQR {
  if (rows > cols) throw new ShapeError('qrOfTranspose', `[${rows}, ${cols}], needs rows <= cols`, 'Pass the transpose')
  if (J.length !== rows * cols)
    throw new ShapeError('qrOfTranspose', `${J.length} entries for [${rows}, ${cols}]`, `Give ${rows * cols} entries`)
  const fast = linalgKernels('qr', rows * rows * cols)
  const { h, R, applyRows } = fast ? fast.qr(J, rows, cols) : plainQR(J, rows, cols)
  const applyQRows = (Z: Float64Array, count: number) => {
    if (Z.length !== count * rows) throw new ShapeError('applyQ', `${Z.length} entries`, `It needs ${count * rows}`)
    const X = new Float64Array(count * cols)
    for (let i = 0; i < count; i++) X.set(Z.subarray(i * rows, (i + 1) * rows), i * cols)
    if (count === 1) reflect(h, X)
    else applyRows(X, count)
    return X
  }
  const applyQt = (x: Float64Array) => {
    if (x.length !== cols) throw new ShapeError('applyQt', `${x.length} entries`, `It needs ${cols}`)
    const X = x.slice()
    reflectBack(h, X)
    return X.slice(0, rows)
  }
  return { rows, cols, R, applyQ: z => applyQRows(z, 1), applyQt, applyQRows }
}

/** Thin QR of a row-major A [m, n]: A = Q R, Q [m, r] with orthonormal columns, R [r, n] upper triangular, r = min(m, n). */
export function qr(A: Float64Array, m: number, n: number): { Q: Float64Array; R: Float64Array } {
  if (A.length !== m * n) throw new ShapeError('qr', `${A.length} entries for [${m}, ${n}]`, `Give ${m * n} entries`)
  const r = Math.min(m, n)
  const scale = powerOfTwoScale(maxAbs(A, 'qr'))
  // The first r columns, as rows; those that a wide A has besides only pass through Qᵀ.
  const columns = transpose(A, m, n)
  const f = qrOfTranspose(
    columns.subarray(0, r * m).map(v => v / scale),
    r,
    m
  )
  const R = new Float64Array(r * n)
  for (let i = 0; i < r; i++) for (let j = i; j < r; j++) R[i * n + j] = f.R[i * r + j] * scale
  for (let j = r; j < n; j++) {
    const c = f.applyQt(columns.subarray(j * m, (j + 1) * m).map(v => v / scale))
    for (let i = 0; i < r; i++) R[i * n + j] = c[i] * scale
  }
  return { Q: transpose(f.applyQRows(identity(r), r), r, m), R }
}

/** x ← H_0 H_1 ... x, for one vector in place. */
export function reflect(h: Reflectors, x: Float64Array): void {
  for (let k = h.rows - 1; k >= 0; k--) applyOne(h, k, x, 0)
}

/** x ← (H_0 H_1 ...)ᵀ x, for one vector in place. */
export function reflectBack(h: Reflectors, x: Float64Array): void {
  for (let k = 0; k < h.rows; k++) applyOne(h, k, x, 0)
}

/** The reflectors of J, R, and what applies their product to each row of X[count, cols]. */
export interface Factored {
  h: Reflectors
  R: Float64Array
  applyRows(X: Float64Array, count: number): void
}

function plainQR(J: Float64Array, rows: number, cols: number): Factored {
  const Y = J.slice()
  const tau = new Float64Array(rows)
  const T = new Float64Array(Math.ceil(rows / BLOCK) * BLOCK * BLOCK)
  const h: Blocks = { rows, cols, Y, tau, T }
  const R = new Float64Array(rows * rows)
  for (let k0 = 0; k0 < rows; k0 += BLOCK) {
    const k1 = Math.min(rows, k0 + BLOCK)
    for (let k = k0; k < k1; k++) {
      for (let i = k0; i < k; i++) applyOne(h, i, Y, k * cols)
      makeReflector(h, k, R)
    }
    makeT(h, k0, k1)
    applyBlock(h, k0, k1, true, Y, k1, rows)
  }
  const applyRows = (X: Float64Array, count: number) => {
    for (let k0 = BLOCK * Math.floor((rows - 1) / BLOCK); k0 >= 0; k0 -= BLOCK) {
      applyBlock(h, k0, Math.min(rows, k0 + BLOCK), false, X, 0, count)
    }
  }
  return { h, R, applyRows }
}

/**
 * Turns row k of Y into v_k, and moves what lies before entry k, with the new diagonal entry, to column k of R.
 * x₀ - β adds two numbers of one sign, so that nothing cancels; a zero column gives H = I. Subnormal numbers, which have
 * few digits, are scaled up before, or H would not be orthogonal: they are what rounding leaves of rounding in a J of low
 * rank.
 */
function makeReflector({ rows, cols, Y, tau }: Reflectors, k: number, R: Float64Array): void {
  const row = k * cols
  for (let i = 0; i < k; i++) {
    R[i * rows + k] = Y[row + i]
    Y[row + i] = 0
  }
  if (norm2(Y, row + k + 1, row + cols) === 0) {
    // Already a multiple of e_k (or zero): nothing to reflect.
    R[k * rows + k] = Y[row + k]
    Y[row + k] = 1
    return
  }
  let norm = norm2(Y, row + k, row + cols)
  const scale = norm < 1e-280 ? 2 ** 600 : 1
  if (scale > 1) {
    for (let i = row + k; i < row + cols; i++) Y[i] *= scale
    norm = norm2(Y, row + k, row + cols)
  }
  const x0 = Y[row + k]
  const beta = x0 > 0 ? -norm : norm
  const pivot = x0 - beta
  for (let i = row + k + 1; i < row + cols; i++) Y[i] /= pivot
  Y[row + k] = 1
  tau[k] = (beta - x0) / beta
  R[k * rows + k] = beta / scale
}

/** T of the block: T_ii = τ_i, T[0..i, i] = -τ_i T[0..i, 0..i] (Y_0..iᵀ y_i). */
function makeT({ cols, Y, tau, T }: Blocks, k0: number, k1: number): void {
  const t = k0 * BLOCK
  const dots = new Float64Array(BLOCK)
  for (let i = 0; i < k1 - k0; i++) {
    const yi = (k0 + i) * cols
    for (let j = 0; j < i; j++) {
      const yj = (k0 + j) * cols
      let dot = 0
      for (let c = k0 + i; c < cols; c++) dot += Y[yj + c] * Y[yi + c]
      dots[j] = dot
    }
    for (let j = 0; j < i; j++) {
      let sum = 0
      for (let l = j; l < i; l++) sum += T[t + j * BLOCK + l] * dots[l]
      T[t + j * BLOCK + i] = -tau[k0 + i] * sum
    }
    T[t + i * BLOCK + i] = tau[k0 + i]
  }
}

/** x ← H_k x for the vector at X[x..x+cols). */
function applyOne({ cols, Y, tau }: Reflectors, k: number, X: Float64Array, x: number): void {
  if (tau[k] === 0) return
  const y = k * cols
  let s0 = 0
  let s1 = 0
  let c = k
  for (; c + 1 < cols; c += 2) {
    s0 += Y[y + c] * X[x + c]
    s1 += Y[y + c + 1] * X[x + c + 1]
  }
  if (c < cols) s0 += Y[y + c] * X[x + c]
  const f = tau[k] * (s0 + s1)
  for (c = k; c < cols; c++) X[x + c] -= f * Y[y + c]
}

/** X_j ← Q_b X_j, or Q_bᵀ X_j, for the rows j in [from, to) of X, where Q_b = H_k0 ... H_k1-1. */
function applyBlock(
  h: Blocks,
  k0: number,
  k1: number,
  transposed: boolean,
  X: Float64Array,
  from: number,
  to: number
): void {
  const { cols } = h
  let j = from
  if (k1 - k0 === BLOCK) for (; j + 1 < to; j += 2) applyFourToTwo(h, k0, transposed, X, j * cols)
  for (; j < to; j++) {
    if (transposed) for (let k = k0; k < k1; k++) applyOne(h, k, X, j * cols)
    else for (let k = k1 - 1; k >= k0; k--) applyOne(h, k, X, j * cols)
  }
}

/** The hot loop: a ← a - Y T Yᵀ a (or Tᵀ) for the two neighbouring rows a, b of X, four reflectors at once. */
function applyFourToTwo({ cols, Y, T }: Blocks, k0: number, transposed: boolean, X: Float64Array, x: number): void {
  const n = cols - k0
  const y0 = k0 * cols + k0
  const y1 = y0 + cols
  const y2 = y1 + cols
  const y3 = y2 + cols
  const xa = x + k0
  const xb = xa + cols
  let a0 = 0
  let a1 = 0
  let a2 = 0
  let a3 = 0
  let b0 = 0
  let b1 = 0
  let b2 = 0
  let b3 = 0
  for (let c = 0; c < n; c++) {
    const a = X[xa + c]
    const b = X[xb + c]
    const v0 = Y[y0 + c]
    const v1 = Y[y1 + c]
    const v2 = Y[y2 + c]
    const v3 = Y[y3 + c]
    a0 += v0 * a
    b0 += v0 * b
    a1 += v1 * a
    b1 += v1 * b
    a2 += v2 * a
    b2 += v2 * b
    a3 += v3 * a
    b3 += v3 * b
  }
  const t = k0 * BLOCK
  const t00 = T[t]
  const t01 = T[t + 1]
  const t02 = T[t + 2]
  const t03 = T[t + 3]
  const t11 = T[t + 5]
  const t12 = T[t + 6]
  const t13 = T[t + 7]
  const t22 = T[t + 10]
  const t23 = T[t + 11]
  const t33 = T[t + 15]
  let p0 = t00 * a0
  let p1 = t11 * a1
  let p2 = t22 * a2
  let p3 = t33 * a3
  let q0 = t00 * b0
  let q1 = t11 * b1
  let q2 = t22 * b2
  let q3 = t33 * b3
  if (transposed) {
    p1 += t01 * a0
    p2 += t02 * a0 + t12 * a1
    p3 += t03 * a0 + t13 * a1 + t23 * a2
    q1 += t01 * b0
    q2 += t02 * b0 + t12 * b1
    q3 += t03 * b0 + t13 * b1 + t23 * b2
  } else {
    p0 += t01 * a1 + t02 * a2 + t03 * a3
    p1 += t12 * a2 + t13 * a3
    p2 += t23 * a3
    q0 += t01 * b1 + t02 * b2 + t03 * b3
    q1 += t12 * b2 + t13 * b3
    q2 += t23 * b3
  }
  for (let c = 0; c < n; c++) {
    const v0 = Y[y0 + c]
    const v1 = Y[y1 + c]
    const v2 = Y[y2 + c]
    const v3 = Y[y3 + c]
    X[xa + c] -= p0 * v0 + p1 * v1 + (p2 * v2 + p3 * v3)
    X[xb + c] -= q0 * v0 + q1 * v1 + (q2 * v2 + q3 * v3)
  }
}
