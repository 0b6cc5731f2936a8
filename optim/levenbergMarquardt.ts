import { svd } from '../core/linalg/svd.js'
import { checkNumbers } from '../core/options.js'
import { mapData, type Tensor } from '../core/tensor.js'
import { checkEvaluation, type Evaluation } from './evaluation.js'
import { scaledLeastSquaresForm } from './leastSquaresForm.js'
import { checkState, checkTheta, moved, norm, type Optimizer } from './optimizer.js'
import { dot, vector } from './vectors.js'

export interface LevenbergMarquardtState {
  /** λ, and the factor by which it grows at the next refusal. */
  readonly damping: number
  readonly growth: number
  /** D: the largest norm so far of each column of A. */
  readonly scale: Tensor | null
}

export interface LevenbergMarquardtOptions {
  /** λ at the start, relative to 1: the columns of A D⁻¹ have length 1 or less. Default 1e-3. */
  damping?: number
  /** Trials of one step. Default 12. */
  maxTrials?: number
}

/**
 * Levenberg-Marquardt: Gauss-Newton with a leash. With the quadratic model of leastSquaresForm, A Δ ≈ r,
 *
 *     Δ = argmin |A Δ - r|² + λ |D Δ|² = D⁻¹ V diag(s/(s² + λ)) Uᵀ r,   A D⁻¹ = U diag(s) Vᵀ
 *
 * λ = 0 is Gauss-Newton; a large one the gradient, cut short. D, the largest column norms so far, gives every parameter its unit
 * (Moré 1978): the step does not depend on how θ and y are measured. One SVD serves every trial of λ; the normal
 * equations (AᵀA + λD²)Δ = Aᵀr, from which it is usually written, would square the condition.
 *
 * After a trial, ρ = (what L fell by)/(what the model promised): above 1e-4 it is a step and λ falls by
 * max(1/3, 1 - (2ρ - 1)³), otherwise λ grows by 2, 4, 8, … (Nielsen 1999) and the next one is tried.
 * Levenberg 1944, Marquardt 1963; Nocedal & Wright 2006, section 10.3. The model shows y: `{ loss, y }`.
 */
export function levenbergMarquardt({
  damping = 1e-3,
  maxTrials = 12
}: LevenbergMarquardtOptions = {}): Optimizer<Evaluation, LevenbergMarquardtState> {
  const name = 'levenbergMarquardt'
  checkNumbers(name, 'positive', { damping })
  checkNumbers(name, 'count', { maxTrials })
  return {
    name,
    needs: 'search',
    init: () => ({ damping, growth: 2, scale: null }),
    step(theta, e, state) {
      checkTheta(name, theta)
      checkEvaluation(name, e)
      checkState(name, theta, state, [])
      const { A, r, m, P, D } = scaledLeastSquaresForm(e, state.scale)
      const { U, s, V } = svd(A, m, P)
      const k = s.length
      const c = Float64Array.from({ length: k }, (_, q) => {
        let sum = 0
        for (let i = 0; i < m; i++) sum += U[i * k + q] * r[i]
        return sum
      })
      const gradientNorm = norm(e.gradient)
      let [lambda, growth] = [state.damping, state.growth]
      for (let trial = 1; trial <= maxTrials; trial++) {
        const w = c.map((v, q) => (s[q] === 0 ? 0 : (v * s[q]) / (s[q] * s[q] + lambda)))
        const direction = Float64Array.from({ length: P }, (_, j) => dot(V.subarray(j * k, (j + 1) * k), w) / D[j])
        // rᵀAΔ - ½|AΔ|² in the basis of U.
        let promised = 0
        for (let q = 0; q < k; q++) promised += s[q] * w[q] * (c[q] - (s[q] * w[q]) / 2)
        const end = moved(theta, direction, 1)
        using there = e.at(end.theta)
        const fall = e.loss - there.loss
        const ratio = fall / promised
        if (ratio > 1e-4 && Number.isFinite(there.loss)) {
          const next = lambda * Math.max(1 / 3, 1 - (2 * ratio - 1) ** 3)
          return {
            ...end,
            // Not to 0, from which it could not grow again.
            state: { damping: Math.max(next, 1e-15), growth: 2, scale: vector(D) },
            report: { status: 'ok', gradientNorm, stepNorm: norm(end.delta), iterations: trial }
          }
        }
        lambda *= growth
        growth *= 2
      }
      return {
        theta,
        delta: mapData(theta, () => 0),
        state: { damping: lambda, growth: 2, scale: vector(D) },
        report: { status: 'no descent', gradientNorm, stepNorm: 0, iterations: maxTrials }
      }
    }
  }
}
