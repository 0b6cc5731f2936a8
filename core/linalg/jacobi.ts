import { dotAt } from './products.js'
import { norm2 } from './scaling.js'

/**
 * One-sided Jacobi: plane rotations make the rows of W orthogonal, W ← M W, so that afterwards row k = σ_k u_kᵀ.
 * With W = R of a QR factorisation, R = Mᵀ diag(σ) [u_k]ᵀ is its singular value decomposition.
 *
 * The definition; large factors go another way where there is WebAssembly (squareSvd.ts). Why this in TypeScript rather
 * than bidiagonalisation (Golub-Kahan, which ml-matrix has): the small square factors here are
 * triangular and roughly graded, where it needs 6 to 9 sweeps; the inner loops are two contiguous rows; small
 * singular values come out to high *relative* accuracy; and the rotations can be logged and applied to one vector
 * instead of being multiplied out, which spares a third of the time of an update. Measured on random n × n, the
 * dearest kind (graded ones need two thirds), on a busy machine, medians in ms of ml-matrix's SVD / QR and this with the
 * rotations logged / with U and V formed: n = 24: 1.1 / .6 / .9, 64: 22 / 13 / 18, 128: 163 / 102 / 157,
 * 256: 1046 / 771 / 1086.
 *
 * Source: Hestenes 1958; de Rijk 1989 (larger row first); Drmač & Veselić 2008 (QR first, then Jacobi on the rows of R).
 */
export interface JacobiReport {
  sweeps: number
  rotations: number
  converged: boolean
}

/** The rotations in the order in which they were made: M = M_r ... M_1, V = Mᵀ. */
export class RotationLog {
  count = 0
  private pairs = new Int32Array(64)
  private cs = new Float64Array(64)

  push(i: number, j: number, c: number, s: number): void {
    const at = 2 * this.count++
    if (at === this.pairs.length) {
      const pairs = new Int32Array(2 * at)
      const cs = new Float64Array(2 * at)
      pairs.set(this.pairs)
      cs.set(this.cs)
      this.pairs = pairs
      this.cs = cs
    }
    this.pairs[at] = i
    this.pairs[at + 1] = j
    this.cs[at] = c
    this.cs[at + 1] = s
  }

  /** x ← M x, in place. */
  forward(x: Float64Array): void {
    const { pairs, cs } = this
    for (let at = 0; at < 2 * this.count; at += 2) {
      const i = pairs[at]
      const j = pairs[at + 1]
      const a = x[i]
      const b = x[j]
      x[i] = cs[at] * a - cs[at + 1] * b
      x[j] = cs[at + 1] * a + cs[at] * b
    }
  }

  /** x ← Mᵀ x, in place. */
  backward(x: Float64Array): void {
    const { pairs, cs } = this
    for (let at = 2 * this.count - 2; at >= 0; at -= 2) {
      const i = pairs[at]
      const j = pairs[at + 1]
      const a = x[i]
      const b = x[j]
      x[i] = cs[at] * a + cs[at + 1] * b
      x[j] = cs[at] * b - cs[at + 1] * a
    }
  }

  /** X ← Mᵀ X for a row-major [n, width] matrix, in place. */
  backwardRows(X: Float64Array, width: number): void {
    const { pairs, cs } = this
    for (let at = 2 * this.count - 2; at >= 0; at -= 2) {
      rotateRows(X, pairs[at] * width, pairs[at + 1] * width, width, cs[at], -cs[at + 1])
    }
  }
}

const MAX_SWEEPS = 60

/** Rows whose squared norm is below this, 1e-145 of the unit maximum, count as zero: their products would underflow. */
const ZERO = 1e-290

/**
 * Orthogonalises the first `len` entries of the n rows of W (each `stride` long, all of it is rotated) in place.
 * Two rows count as orthogonal when |⟨p,q⟩| <= √len · 2⁻⁵² ‖p‖‖q‖, relative to their own norms, as in LAPACK's dgesvj.
 * `squared` is scratch of at least n entries.
 * W must be scaled to unit maximum, so that no square overflows; rows of 1e-145 of that or less become exactly zero.
 */
export function orthogonaliseRows(
  W: Float64Array,
  n: number,
  len: number,
  stride = len,
  log?: RotationLog,
  squared = new Float64Array(n)
): JacobiReport {
  const tol = Math.sqrt(len) * Number.EPSILON
  let rotations = 0
  let sweeps = 0
  let converged = false
  while (!converged && sweeps < MAX_SWEEPS) {
    // Norms are updated along the way and would drift: they start afresh with each sweep.
    for (let i = 0; i < n; i++) squared[i] = dotAt(W, i * stride, W, i * stride, len)
    const before = rotations
    for (let i = 0; i < n - 1; i++) {
      const p = i * stride
      let g = dotAt(W, p, W, p + stride, len)
      for (let j = i + 1; j < n; j++) {
        const q = j * stride
        const next = j + 1 < n ? q + stride : q
        const a = squared[i]
        const b = squared[j]
        if (a < ZERO || b < ZERO || Math.abs(g) <= tol * Math.sqrt(a) * Math.sqrt(b)) {
          g = dotAt(W, p, W, next, len)
          continue
        }
        rotations++
        // The smaller root of t² + 2ζt - 1 = 0 (Rutishauser), so |angle| <= π/4.
        const zeta = (b - a) / (2 * g)
        const far = Math.abs(zeta) > 1e150
        const t = far ? 0.5 / zeta : (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta))
        let c = 1 / Math.sqrt(1 + t * t)
        let s = c * t
        squared[i] = a - t * g
        squared[j] = b + t * g
        if (squared[j] > squared[i]) {
          // A further quarter turn: the larger row goes first, which spares about a tenth of the sweeps.
          const larger = squared[j]
          squared[j] = squared[i]
          squared[i] = larger
          const turned = c
          c = s
          s = -turned
        }
        g = rotateAndDot(W, p, q, next, len, c, s)
        if (stride > len) rotateRows(W, p + len, q + len, stride - len, c, s)
        log?.push(i, j, c, s)
      }
    }
    sweeps++
    converged = rotations === before
  }
  for (let i = 0; i < n; i++)
    if (dotAt(W, i * stride, W, i * stride, len) < ZERO) W.fill(0, i * stride, i * stride + len)
  return { sweeps, rotations, converged }
}

/** Norms of the rows and their order, largest first (ties by index, so that the order is determined). */
export function rowNorms(
  W: Float64Array,
  n: number,
  len: number,
  stride = len
): { norms: Float64Array; order: number[] } {
  const norms = new Float64Array(n)
  for (let i = 0; i < n; i++) norms[i] = norm2(W, i * stride, i * stride + len)
  const order = Array.from(norms, (_, i) => i).sort((i, j) => norms[j] - norms[i] || i - j)
  return { norms, order }
}

/** [p; q] ← [[c, -s], [s, c]] [p; q]. */
function rotateRows(W: Float64Array, p: number, q: number, width: number, c: number, s: number): void {
  let k = 0
  for (; k + 1 < width; k += 2) {
    const x0 = W[p + k]
    const y0 = W[q + k]
    const x1 = W[p + k + 1]
    const y1 = W[q + k + 1]
    W[p + k] = c * x0 - s * y0
    W[q + k] = s * x0 + c * y0
    W[p + k + 1] = c * x1 - s * y1
    W[q + k + 1] = s * x1 + c * y1
  }
  if (k < width) {
    const x = W[p + k]
    const y = W[q + k]
    W[p + k] = c * x - s * y
    W[q + k] = s * x + c * y
  }
}

/** rotateRows, and ⟨new p, row at `next`⟩ in the same pass: a fifth faster than two passes. */
function rotateAndDot(
  W: Float64Array,
  p: number,
  q: number,
  next: number,
  width: number,
  c: number,
  s: number
): number {
  let s0 = 0
  let s1 = 0
  let k = 0
  for (; k + 1 < width; k += 2) {
    const x0 = W[p + k]
    const y0 = W[q + k]
    const x1 = W[p + k + 1]
    const y1 = W[q + k + 1]
    const u0 = c * x0 - s * y0
    const u1 = c * x1 - s * y1
    W[p + k] = u0
    W[q + k] = s * x0 + c * y0
    W[p + k + 1] = u1
    W[q + k + 1] = s * x1 + c * y1
    s0 += u0 * W[next + k]
    s1 += u1 * W[next + k + 1]
  }
  if (k < width) {
    const x = W[p + k]
    const y = W[q + k]
    const u = c * x - s * y
    W[p + k] = u
    W[q + k] = s * x + c * y
    s0 += u * W[next + k]
  }
  return s0 + s1
}
