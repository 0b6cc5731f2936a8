import { matmul } from '../backends/kernels.js'
import { ShapeError } from '../errors.js'
import { addAt, dotAt } from './products.js'

/**
 * Columns start … start + p q of the rows (b, k) of a Jacobian, as a product:
 *
 *   J[(b, k), start + i q + j] = left[b, i] · right[(b, k), j]      (start + j p + i where `transposed`)
 *
 * which is what the weight of a layer has, left its inputs and right the cotangents of its outputs. Rows that are no
 * product have p = 1 and left = 1.
 */
export interface LayerBlock {
  start: number
  p: number
  q: number
  /** [B, p]; null for ones, with p = 1. */
  left: Float64Array | null
  /** [B K, q]. The same array in two blocks (the weight and the bias of a layer) is gone through once. */
  right: Float64Array
  transposed: boolean
}

/** Rows of J Jᵀ at a time. */
const STRIPE = 256

/**
 * The Jacobian of a network over B samples with K outputs each, J [B K, P], kept layer by layer as two factors: of a
 * dense layer p + K q numbers per sample instead of K p q. Columns in no block are zero.
 *
 * Products with vectors and the Gram matrix are made from the factors, J itself only on request.
 */
export class LayeredMatrix {
  readonly rows: number
  constructor(
    readonly samples: number,
    readonly outputs: number,
    readonly cols: number,
    readonly blocks: readonly LayerBlock[]
  ) {
    this.rows = samples * outputs
  }

  /** Bytes of all factors. */
  get bytes(): number {
    const arrays = new Set(this.blocks.flatMap(({ left, right }) => (left ? [left, right] : [right])))
    return [...arrays].reduce((n, a) => n + a.byteLength, 0)
  }

  /** J v: [P] → [B K]. */
  apply(v: Float64Array): Float64Array {
    check('J v', v, this.cols)
    const { samples, outputs, rows } = this
    const y = new Float64Array(rows)
    for (const { start, p, q, left, right, transposed } of this.blocks) {
      const z = new Float64Array(samples * q)
      if (left) matmul(left, 0, v, start, z, 0, samples, q, p, false, transposed, false)
      else for (let b = 0; b < samples; b++) z.set(v.subarray(start, start + q), b * q)
      for (let r = 0; r < rows; r++) y[r] += dotAt(right, r * q, z, Math.floor(r / outputs) * q, q)
    }
    return y
  }

  /** Jᵀ u: [B K] → [P]. */
  applyT(u: Float64Array): Float64Array {
    check('Jᵀ u', u, this.rows)
    const { samples, outputs, cols } = this
    const x = new Float64Array(cols)
    for (const { start, p, q, left, right, transposed } of this.blocks) {
      const z = new Float64Array(samples * q)
      for (let b = 0; b < samples; b++) addRows(z, b * q, u, right, b * outputs, outputs, q)
      if (!left) for (let b = 0; b < samples; b++) for (let j = 0; j < q; j++) x[start + j] += z[b * q + j]
      else if (transposed) matmul(z, 0, left, 0, x, start, q, p, samples, true, false, true)
      else matmul(left, 0, z, 0, x, start, p, q, samples, true, false, true)
    }
    return x
  }

  /**
   * J Jᵀ [B K, B K], the sum over the layers of (left leftᵀ)[b, b'] · (right rightᵀ)[(b, k), (b', k')]: of a dense layer
   * (B K)² q flops, where J itself would need (B K)² p q.
   */
  gram(): Float64Array {
    const { samples, outputs, rows } = this
    const G = new Float64Array(rows * rows)
    for (const right of new Set(this.blocks.map(block => block.right))) {
      const blocks = this.blocks.filter(block => block.right === right)
      const weights = new Float64Array(samples * samples)
      for (const { left, p } of blocks) {
        if (left) matmul(left, 0, left, 0, weights, 0, samples, samples, p, false, true, true)
        else for (let i = 0; i < weights.length; i++) weights[i] += 1
      }
      const { q } = blocks[0]
      for (let from = 0; from < rows; from += STRIPE) {
        // The triangle from the diagonal on.
        const [height, width] = [Math.min(STRIPE, rows - from), rows - from]
        const part = new Float64Array(height * width)
        matmul(right, from * q, right, from * q, part, 0, height, width, q, false, true, false)
        for (let r = 0; r < height; r++) {
          const weight = Math.floor((from + r) / outputs)
          const to = (from + r) * rows + from
          for (let c = r; c < width; c++)
            G[to + c] += weights[weight * samples + (((from + c) / outputs) | 0)] * part[r * width + c]
        }
      }
    }
    for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) G[i * rows + j] = G[j * rows + i]
    return G
  }

  /** J, multiplied out. */
  matrix(): Float64Array {
    const { outputs, rows, cols } = this
    const J = new Float64Array(rows * cols)
    for (const { start, p, q, left, right, transposed } of this.blocks)
      for (let r = 0; r < rows; r++) {
        const [to, sample] = [r * cols + start, ((r / outputs) | 0) * p]
        for (let i = 0; i < p; i++) {
          const f = left ? left[sample + i] : 1
          for (let j = 0; j < q; j++) J[to + (transposed ? j * p + i : i * q + j)] += f * right[r * q + j]
        }
      }
    return J
  }
}

/** z[at…] ← z + Σ_r u_r right_r over `count` rows of q entries, four to a pass. */
function addRows(
  z: Float64Array,
  at: number,
  u: Float64Array,
  right: Float64Array,
  from: number,
  count: number,
  q: number
): void {
  let r = from
  for (; r + 3 < from + count; r += 4) {
    const [a, b, c, d] = [r * q, (r + 1) * q, (r + 2) * q, (r + 3) * q]
    const [s, t, v, w] = [u[r], u[r + 1], u[r + 2], u[r + 3]]
    for (let j = 0; j < q; j++) z[at + j] += s * right[a + j] + t * right[b + j] + (v * right[c + j] + w * right[d + j])
  }
  for (; r < from + count; r++) addAt(z, at, u[r], right, r * q, q)
}

function check(what: string, v: Float64Array, n: number): void {
  if (v.length !== n) throw new ShapeError(what, `${v.length} entries`, `It needs ${n}`)
}
