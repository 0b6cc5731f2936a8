import { ShapeError } from '../errors.js'
import { orthogonaliseRows, RotationLog, rowNorms } from './jacobi.js'
import { qrOfTranspose } from './qr.js'
import { maxAbs, norm2, powerOfTwoScale, transpose } from './scaling.js'

/**
 * The singular value decomposition of a wide J [rows, cols], rows <= cols, with the right side left factored:
 *
 *   J = U diag(s) Wᵀ Qᵀ        U, W [rows, rows],  Q [cols, rows] (V = Q W)
 *
 * Q is a product of reflectors and W one of rotations; neither is formed, since an update wants V c for one vector c.
 */
export interface WideSVD {
  rows: number
  cols: number
  /** Descending. */
  s: Float64Array
  /** [rows, rows]: row k is the k-th left singular vector. Rows for s_k = 0 complete the orthonormal basis. */
  Ut: Float64Array
  /** Uᵀ g: [rows] → [rows]. */
  applyUt(g: Float64Array): Float64Array
  /** U c: [rows] → [rows]. */
  applyU(c: Float64Array): Float64Array
  /** V c: [rows] → [cols]. */
  applyV(c: Float64Array): Float64Array
  /** Vᵀ x: [cols] → [rows]. */
  applyVt(x: Float64Array): Float64Array
  /** C Vᵀ for a row-major C [count, rows] → [count, cols]: `applyV` on each row of C. */
  applyVRows(C: Float64Array, count: number): Float64Array
  sweeps: number
  /** False if the rotations had not settled after 60 sweeps; never seen on finite input. */
  converged: boolean
}

/**
 * Factors J = U diag(s) Wᵀ Qᵀ.
 *
 * 1. J is scaled by a power of two to unit maximum and its rows are sorted by norm, largest first (a poor man's
 *    pivoting: rows growing downwards double the number of sweeps).
 * 2. Jᵀ = Q R, so that all that follows is rows × rows.
 * 3. Jacobi rotations on the rows of R: M R = diag(s) Uᵀ, J = Rᵀ Qᵀ = U diag(s) M Qᵀ, W = Mᵀ.
 *
 * The Gram matrix J Jᵀ would be several times cheaper, but squares the condition number: singular values below
 * 1e-8 s_max would be noise, and half-inverse updates amplify just those.
 */
export function svdOfWide(J: Float64Array, rows: number, cols: number): WideSVD {
  if (rows > cols) throw new ShapeError('svdOfWide', `[${rows}, ${cols}], needs rows <= cols`, 'Pass the transpose')
  if (J.length !== rows * cols)
    throw new ShapeError('svdOfWide', `${J.length} entries for [${rows}, ${cols}]`, `Give ${rows * cols} entries`)
  const scale = powerOfTwoScale(maxAbs(J, 'svd'))
  const place = rowNorms(J, rows, cols).order
  const sorted = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) {
    const from = place[i] * cols
    for (let c = 0; c < cols; c++) sorted[i * cols + c] = J[from + c] / scale
  }
  const qr = qrOfTranspose(sorted, rows, cols)
  const log = new RotationLog()
  const { sweeps, converged } = orthogonaliseRows(qr.R, rows, rows, rows, log)
  const { norms, order } = rowNorms(qr.R, rows, rows)

  const s = new Float64Array(rows)
  const Ut = new Float64Array(rows * rows)
  for (let k = 0; k < rows; k++) {
    const norm = norms[order[k]]
    const from = order[k] * rows
    s[k] = norm * scale
    if (norm > 0) for (let i = 0; i < rows; i++) Ut[k * rows + place[i]] = qr.R[from + i] / norm
  }
  completeRows(Ut, rows)

  const applyVRows = (C: Float64Array, count: number) => {
    if (C.length !== count * rows) throw new ShapeError('applyV', `${C.length} entries`, `It needs ${count * rows}`)
    // The rotations act on whole rows of Cᵀ, which is one pass over their log instead of one per vector.
    const Zt = new Float64Array(rows * count)
    for (let k = 0; k < rows; k++) for (let i = 0; i < count; i++) Zt[order[k] * count + i] = C[i * rows + k]
    if (count === 1) log.backward(Zt)
    else log.backwardRows(Zt, count)
    return qr.applyQRows(transpose(Zt, rows, count), count)
  }
  const applyVt = (x: Float64Array) => {
    const z = qr.applyQt(x)
    log.forward(z)
    return Float64Array.from(order, from => z[from])
  }
  return {
    rows,
    cols,
    s,
    Ut,
    applyUt: g => matVec(Ut, g, rows),
    applyU: c => vecMat(c, Ut, rows),
    applyV: c => applyVRows(c, 1),
    applyVt,
    applyVRows,
    sweeps,
    converged
  }
}

export interface SVD {
  /** [m, r], columns are the left singular vectors. */
  U: Float64Array
  /** [r], descending. */
  s: Float64Array
  /** [n, r], columns are the right singular vectors. */
  V: Float64Array
}

/** Thin SVD A = U diag(s) Vᵀ of a row-major [m, n] matrix, r = min(m, n). Throws NonFiniteError on NaN or infinity. */
export function svd(A: Float64Array, m: number, n: number): SVD {
  if (A.length !== m * n) throw new ShapeError('svd', `${A.length} entries for [${m}, ${n}]`, `Give ${m * n} entries`)
  if (m > n) {
    const { U, s, V } = svd(transpose(A, m, n), n, m)
    return { U: V, s, V: U }
  }
  const f = svdOfWide(A, m, n)
  const eye = new Float64Array(m * m)
  for (let k = 0; k < m; k++) eye[k * m + k] = 1
  return { U: transpose(f.Ut, m, m), s: f.s, V: transpose(f.applyVRows(eye, m), m, n) }
}

/** y = A x for a square row-major A [n, n]. */
function matVec(A: Float64Array, x: Float64Array, n: number): Float64Array {
  if (x.length !== n) throw new ShapeError('applyUt', `${x.length} entries`, `It needs ${n}`)
  const y = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0; j < n; j++) sum += A[i * n + j] * x[j]
    y[i] = sum
  }
  return y
}

/** y = Aᵀ x for a square row-major A [n, n]. */
function vecMat(x: Float64Array, A: Float64Array, n: number): Float64Array {
  if (x.length !== n) throw new ShapeError('applyU', `${x.length} entries`, `It needs ${n}`)
  const y = new Float64Array(n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) y[j] += x[i] * A[i * n + j]
  return y
}

/**
 * Replaces the zero rows of Ut [n, n], whose other rows are orthonormal, by an orthonormal completion: each time the
 * unit vector with the largest part outside the span so far (at least 1/n of it), orthogonalised twice.
 */
function completeRows(Ut: Float64Array, n: number): void {
  const outside = new Float64Array(n).fill(1)
  const missing: number[] = []
  for (let k = 0; k < n; k++) {
    if (norm2(Ut, k * n, (k + 1) * n) === 0) missing.push(k)
    else for (let i = 0; i < n; i++) outside[i] -= Ut[k * n + i] ** 2
  }
  for (const k of missing) {
    const row = Ut.subarray(k * n, (k + 1) * n)
    row[outside.indexOf(Math.max(...outside))] = 1
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < n; j++) {
        if (j === k) continue
        let dot = 0
        for (let i = 0; i < n; i++) dot += Ut[j * n + i] * row[i]
        if (dot !== 0) for (let i = 0; i < n; i++) row[i] -= dot * Ut[j * n + i]
      }
    }
    const norm = norm2(row)
    for (let i = 0; i < n; i++) {
      row[i] /= norm
      outside[i] -= row[i] ** 2
    }
  }
}
