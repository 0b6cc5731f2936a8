import { eigh } from '../core/linalg/eigh.js'
import { samplesApart } from '../core/targets/mismatch.js'
import { findRegion } from '../core/targets/region.js'
import { Tensor } from '../core/tensor.js'
import type { Evaluation } from './evaluation.js'

/** ∂²L/∂y_b² for every sample, `[B, K, K]`; one "sample" where the loss mixes them. */
export interface LossCurvature {
  readonly B: number
  readonly K: number
  readonly H: Float64Array
}

/** Column k of all samples by one product: what the loss does to a sample stays with it. */
export function lossCurvature(e: Evaluation): LossCurvature {
  const { tape, y, loss } = e.record()
  const out = e.y
  const apart = y && loss.rank > 0 ? samplesApart(findRegion(tape, [loss], [y]).sites, [y], [loss]) : 0
  const B = apart || 1
  const K = out.size / B
  const H = new Float64Array(B * K * K)
  for (let k = 0; k < K; k++) {
    const unit = new Float64Array(out.size)
    for (let b = 0; b < B; b++) unit[b * K + k] = 1
    const u = new Tensor(out.shape, out.dtype === 'f64' ? unit : Float32Array.from(unit))
    const { data } = e.lossCurvature(u)
    for (let b = 0; b < B; b++) for (let i = 0; i < K; i++) H[(b * K + i) * K + k] = data[b * K + i]
  }
  return { B, K, H }
}

/** R_b with R_bᵀ R_b = H_b, `[K, K]`, negative curvature as none; and whether H_b is diagonal, so that R_b is. */
export function curvatureRoot({ K, H }: LossCurvature, b: number): { R: Float64Array; values: Float64Array } {
  const own = H.slice(b * K * K, (b + 1) * K * K)
  const R = new Float64Array(K * K)
  if (own.every((v, i) => v === 0 || i % (K + 1) === 0)) {
    const values = Float64Array.from({ length: K }, (_, k) => Math.max(0, own[k * K + k]))
    for (let k = 0; k < K; k++) R[k * K + k] = Math.sqrt(values[k])
    return { R, values }
  }
  const { values, vectors } = eigh(own, K)
  const kept = values.map(v => Math.max(0, v))
  for (let k = 0; k < K; k++) for (let i = 0; i < K; i++) R[k * K + i] = Math.sqrt(kept[k]) * vectors[i * K + k]
  return { R, values: kept }
}

/**
 * The quadratic model of a loss of outputs as a least-squares problem, so that it is solved from A and never from AᵀA, whose
 * condition is the square:
 *
 *     L(θ - Δ) ≈ L - gᵀΔ + ½ Δᵀ Jᵀ H J Δ = L - rᵀAΔ + ½ |AΔ|²,   A = R J, r = R⁻ᵀ ∂L/∂y, H = RᵀR
 *
 * per sample. For the L2 loss R = 1 (1/√B for its mean) and r are the residuals. Where the loss has no curvature (L1) a row of A is 0.
 */
export function leastSquaresForm(e: Evaluation): { A: Float64Array; r: Float64Array; m: number } {
  const curvature = lossCurvature(e)
  const { B, K } = curvature
  const { J, lossGradient } = e
  const P = e.theta.size
  const m = B * K
  const A = new Float64Array(m * P)
  const r = new Float64Array(m)
  for (let b = 0; b < B; b++) {
    const { R, values } = curvatureRoot(curvature, b)
    const largest = values.reduce((a, v) => Math.max(a, v), 0)
    for (let k = 0; k < K; k++) {
      if (!(values[k] > 1e-14 * largest)) continue
      const row = (b * K + k) * P
      for (let i = 0; i < K; i++) {
        const c = R[k * K + i]
        if (c === 0) continue
        // R is √λ Xᵀ, hence R⁻ᵀ = Xᵀ/√λ = R/λ.
        r[b * K + k] += (c / values[k]) * lossGradient.data[b * K + i]
        const from = (b * K + i) * P
        for (let j = 0; j < P; j++) A[row + j] += c * J.data[from + j]
      }
    }
  }
  return { A, r, m }
}

/**
 * The same with every parameter in the unit that the outputs see: A's columns divided by D, their norms, or by those `before`
 * where these were larger; 1 for a column of zeros. Its solution divided by D is that of the above.
 */
export function scaledLeastSquaresForm(
  e: Evaluation,
  before: Tensor | null
): { A: Float64Array; r: Float64Array; m: number; P: number; D: Float64Array } {
  const { A, r, m } = leastSquaresForm(e)
  const P = e.theta.size
  const squares = new Float64Array(P)
  for (let i = 0; i < m; i++) for (let j = 0; j < P; j++) squares[j] += A[i * P + j] ** 2
  const D = squares.map((s, j) => Math.max(Math.sqrt(s), before ? before.data[j] : 0) || 1)
  for (let i = 0; i < A.length; i++) A[i] /= D[i % P]
  return { A, r, m, P, D }
}
