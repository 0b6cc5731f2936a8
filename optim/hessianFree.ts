import { checkNumbers } from '../core/options.js'
import { mapData } from '../core/tensor.js'
import { checkEvaluation, type Evaluation } from './evaluation.js'
import { checkGradient, checkState, moved, norm, type Optimizer } from './optimizer.js'
import { solveByProducts } from './truncatedNewton.js'
import { dot, like } from './vectors.js'

export interface HessianFreeState {
  readonly t: number
  readonly damping: number
}

export interface HessianFreeOptions {
  /** λ at the start, in units of the matrix. Default 1. */
  damping?: number
  /** Of conjugate gradients. Default 2P, at most 250. */
  maxIterations?: number
  /** Where they stop: ‖residual‖ against ‖g‖. Default 1e-2. */
  tolerance?: number
  /** Halvings of a step that does not lower the loss. Default 10. */
  halvings?: number
}

/**
 * Hessian-free optimisation (Martens 2010): (G + λI)Δ = g by conjugate gradients, G the generalised Gauss-Newton matrix by its
 * products JᵀHJv. G is never negative where the loss is convex in y, so that conjugate gradients do not break down at a
 * network's saddles, where H would be.
 *
 * λ as in Levenberg-Marquardt (section 4.1): with ρ = (what L fell by)/(gᵀΔ - ½ΔᵀGΔ) it shrinks to 2/3 above 3/4, and grows
 * by 3/2 below 1/4. A step that does not lower the loss is halved. The model shows y: `{ loss, y }`.
 */
export function hessianFree({
  damping = 1,
  maxIterations,
  tolerance = 1e-2,
  halvings = 10
}: HessianFreeOptions = {}): Optimizer<Evaluation, HessianFreeState> {
  const name = 'hessianFree'
  checkNumbers(name, 'positive', { damping })
  checkNumbers(name, 'fraction', { tolerance })
  checkNumbers(name, 'whole', { halvings })
  if (maxIterations !== undefined) checkNumbers(name, 'count', { maxIterations })
  return {
    name,
    needs: 'search',
    init: () => ({ t: 0, damping }),
    step(theta, e, state) {
      checkEvaluation(name, e)
      checkState(name, theta, state, [])
      const g = e.gradient
      checkGradient(name, theta, g)
      const lambda = state.damping
      const { x, status, iterations } = solveByProducts(name, theta, e, {
        matrix: 'gaussNewton',
        damping: lambda,
        maxIterations,
        rtol: tolerance
      })
      const curvature = dot(x, e.gaussNewtonProduct(like(theta, x.slice())).data)
      const promised = dot(g.data, x) - curvature / 2
      const gradientNorm = norm(g)
      for (let h = 0; h <= halvings; h++) {
        const end = moved(theta, x, 2 ** -h)
        using there = e.at(end.theta)
        const fall = e.loss - there.loss
        if (!(fall > 0)) continue
        const ratio = h === 0 ? fall / promised : 0
        const next = ratio > 0.75 ? (lambda * 2) / 3 : ratio < 0.25 ? lambda * 1.5 : lambda
        return {
          ...end,
          state: { t: state.t + 1, damping: next },
          report: { status, gradientNorm, stepNorm: norm(end.delta), iterations, length: 2 ** -h }
        }
      }
      return {
        theta,
        delta: mapData(theta, () => 0),
        state: { t: state.t + 1, damping: lambda * 1.5 },
        report: { status: 'no descent', gradientNorm, stepNorm: 0, iterations }
      }
    }
  }
}
