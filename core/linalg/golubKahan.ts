import { ShapeError } from '../errors.js'
import { addAt, dotAt, type Products } from './products.js'
import { norm2 } from './scaling.js'

/**
 * Golub-Kahan bidiagonalisation of J from a vector g, with full reorthogonalisation: orthonormal u_1 = g/‖g‖, u_2, ... and
 * v_1, v_2, ... such that after k steps
 *
 *   Jᵀ U_k = V_k L_kᵀ        J V_k = U_k L_k + β_k+1 u_k+1 e_kᵀ        L_k lower bidiagonal: α_1 ... α_k, below it β_2 ... β_k
 *
 * One step costs a product Jᵀ u, a product J v and 4 j (rows + cols) flops for step j; memory is that of 2 k vectors.
 *
 * Source: Golub & Kahan 1965; Paige & Saunders 1982 (bidiag 1); a second pass where the first took more than 30 % of a
 * vector ("twice is enough", Parlett).
 */
export class GolubKahan {
  /** α_1 ... α_k, and β_1 ... β_k+1 with β_1 = ‖g‖. */
  readonly alphas: number[] = []
  readonly betas: number[] = []
  /** Nothing is left of J that g can see: what is known is all. */
  complete = false
  readonly #J: Products
  #U: Float64Array
  #V: Float64Array

  /** `room`: steps for which memory is taken at once. */
  constructor(J: Products, g: Float64Array, room = 16) {
    if (g.length !== J.rows)
      throw new ShapeError('golubKahan', `${g.length} entries of g for [${J.rows}, ${J.cols}]`, `Give ${J.rows}`)
    this.#J = J
    this.#U = new Float64Array((room + 1) * J.rows)
    this.#V = new Float64Array(room * J.cols)
    const norm = norm2(g)
    this.betas.push(norm)
    for (let i = 0; i < g.length; i++) this.#U[i] = norm > 0 ? g[i] / norm : 0
    this.complete = norm === 0
  }

  get steps(): number {
    return this.alphas.length
  }

  /** One more step; false where nothing is left. */
  step(): boolean {
    const k = this.steps
    const { rows, cols } = this.#J
    if (this.complete || k >= mostSteps(this.#J)) this.complete = true
    if (this.complete) return false
    if ((k + 2) * rows > this.#U.length) this.#U = longer(this.#U, 2 * (k + 2) * rows)
    if ((k + 1) * cols > this.#V.length) this.#V = longer(this.#V, 2 * (k + 1) * cols)
    const v = this.#J.applyT(this.#U.slice(k * rows, (k + 1) * rows))
    const alpha = this.#orthonormal(v, this.#V, k, k * cols)
    this.alphas.push(alpha)
    const u = alpha > 0 ? this.#J.apply(this.#V.slice(k * cols, (k + 1) * cols)) : new Float64Array(rows)
    const beta = this.#orthonormal(u, this.#U, k + 1, (k + 1) * rows)
    this.betas.push(beta)
    if (beta === 0) this.complete = true
    return true
  }

  /** V c for the first c.length of the v. */
  applyV(c: Float64Array): Float64Array {
    const { cols } = this.#J
    const x = new Float64Array(cols)
    for (let j = 0; j < c.length; j++) addAt(x, 0, c[j], this.#V, j * cols, cols)
    return x
  }

  /** Takes the first `count` of Q out of x, scales what is left to length 1, writes it to Q at `to`; its length before. */
  #orthonormal(x: Float64Array, Q: Float64Array, count: number, to: number): number {
    const n = x.length
    const first = norm2(x)
    // The part along the last one is expected, and says nothing about how many digits are lost.
    if (count > 0) takeOut(Q, count - 1, 1, x)
    let norm = norm2(x)
    for (let pass = 0; pass < 2; pass++) {
      const before = norm
      takeOut(Q, 0, count, x)
      norm = norm2(x)
      if (norm > 0.7 * before) break
    }
    // What is left of rounding is no direction.
    const scale = Math.max(first, ...this.alphas, ...this.betas.slice(1))
    if (count >= n || !(norm > 10 * Number.EPSILON * scale)) return 0
    for (let i = 0; i < n; i++) Q[to + i] = x[i] / norm
    return norm
  }
}

/** x ← x - Q (Qᵀ x) for the rows from … from + count of Q; four at a time. */
function takeOut(Q: Float64Array, from: number, count: number, x: Float64Array): void {
  const n = x.length
  let j = from
  for (; j + 3 < from + count; j += 4) {
    const [a, b, c, d] = [j * n, (j + 1) * n, (j + 2) * n, (j + 3) * n]
    let [p, q, r, s] = [0, 0, 0, 0]
    for (let i = 0; i < n; i++) {
      const v = x[i]
      p += Q[a + i] * v
      q += Q[b + i] * v
      r += Q[c + i] * v
      s += Q[d + i] * v
    }
    for (let i = 0; i < n; i++) x[i] -= p * Q[a + i] + q * Q[b + i] + (r * Q[c + i] + s * Q[d + i])
  }
  for (; j < from + count; j++) addAt(x, 0, -dotAt(Q, j * n, x, 0, n), Q, j * n, n)
}

/** Steps after which nothing can be left: a tall J has one u more than v. */
export const mostSteps = ({ rows, cols }: Products): number => Math.min(rows, cols + 1)

function longer(a: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n)
  out.set(a)
  return out
}
