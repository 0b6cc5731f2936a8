import { ShapeError } from '../errors.js'
import { rowNorms } from './jacobi.js'
import { qrOfTranspose } from './qr.js'
import { maxAbs, powerOfTwoScale, transpose } from './scaling.js'
import { squareSVD } from './squareSvd.js'

/**
 * The singular value decomposition of a wide J [rows, cols], rows <= cols, with the right side left factored:
 *
 *   J = U diag(s) Wᵀ Qᵀ        U, W [rows, rows],  Q [cols, rows] (V = Q W)
 *
 * Q is a product of reflectors, U and W of reflectors and rotations; none is formed unless it is asked for, since an
 * update wants V c for one vector c.
 */
export interface WideSVD {
  rows: number
  cols: number
  /** Descending. */
  s: Float64Array
  /** [rows, rows]: row k is the k-th left singular vector. Rows for s_k = 0 complete the orthonormal basis. Made when read. */
  readonly Ut: Float64Array
  /** [rows, cols]: row k is the k-th right singular vector. Made when it is called for. */
  Vt(): Float64Array
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
  /** False if the rotations had not settled after 60 sweeps (30 chases a value); never seen on finite input. */
  converged: boolean
}

/**
 * Factors J = U diag(s) Wᵀ Qᵀ.
 *
 * 1. J is scaled by a power of two to unit maximum and its rows are sorted by norm, largest first (a poor man's
 *    pivoting: rows growing downwards double the number of sweeps).
 * 2. Jᵀ = Q R, so that all that follows is rows × rows.
 * 3. R = W diag(s) Uᵀ, hence J = Rᵀ Qᵀ = U diag(s) Wᵀ Qᵀ: by Jacobi rotations (squareSvd.ts), which is the plain way, or
 *    by bidiagonalisation where R is large and WebAssembly there.
 *
 * s_k is right to about ε s_0 either way, the limit of what the entries of J determine: for J [256, 1000] with s from 1
 * to 1e-12, 20 and 25 ε at worst by the two, so relative errors of 1e-14, 1e-12, 1e-9, 1e-6 at s = 1e-3, ... 1e-12.
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
  const unit = 1 / scale // exact, as both are powers of two
  const sorted = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) {
    const from = place[i] * cols
    for (let c = 0; c < cols; c++) sorted[i * cols + c] = J[from + c] * unit
  }
  const qr = qrOfTranspose(sorted, rows, cols)
  const square = squareSVD(qr.R, rows)
  let Ut: Float64Array | undefined
  const makeUt = () => {
    const out = new Float64Array(rows * rows)
    const from = square.Ut()
    for (let k = 0; k < rows; k++) for (let i = 0; i < rows; i++) out[k * rows + place[i]] = from[k * rows + i]
    return out
  }
  const check = (what: string, v: Float64Array, count: number) => {
    if (v.length !== count) throw new ShapeError(what, `${v.length} entries`, `It needs ${count}`)
  }
  const applyVRows = (C: Float64Array, count: number) => {
    check('applyV', C, count * rows)
    return qr.applyQRows(square.applyWRows(C, count), count)
  }
  return {
    rows,
    cols,
    s: square.s.map(value => value * scale),
    get Ut() {
      return (Ut ??= makeUt())
    },
    Vt: () => qr.applyQRows(square.Wt(), rows),
    applyUt: g => {
      check('applyUt', g, rows)
      return square.applyUt(Float64Array.from(place, from => g[from]))
    },
    applyU: c => {
      check('applyU', c, rows)
      const sorted = square.applyU(c)
      const out = new Float64Array(rows)
      for (let i = 0; i < rows; i++) out[place[i]] = sorted[i]
      return out
    },
    applyV: c => applyVRows(c, 1),
    applyVt: x => square.applyWt(qr.applyQt(x)),
    applyVRows,
    sweeps: square.sweeps,
    converged: square.converged
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
  return { U: transpose(f.Ut, m, m), s: f.s, V: transpose(f.Vt(), m, n) }
}
