import { cg } from '../core/linalg/cg.js'
import { checkChoice, checkNumbers } from '../core/options.js'
import type { Tensor } from '../core/tensor.js'
import { checkGradient, checkInput, checkProduct, moved, norm, type Optimizer, type StepStatus } from './optimizer.js'
import { checkRate, type Rate, rateAt } from './schedules.js'
import { like } from './vectors.js'

export interface ProductInput {
  gradient: Tensor
  hessianProduct?: (v: Tensor) => Tensor
  gaussNewtonProduct?: (v: Tensor) => Tensor
}

export interface TruncatedNewtonOptions {
  lr?: Rate
  /** H itself, or the generalised Gauss-Newton matrix Jᵀ(∂²L/∂y²)J, which is never negative for a convex loss. */
  matrix?: 'hessian' | 'gaussNewton'
  /** λ: solves (H + λI)Δ = -g. Default 0. */
  damping?: number
  /** Of conjugate gradients. Default 2P, at most 250. */
  maxIterations?: number
  /** The residual's fall at which they stop, at most: it falls with the gradient. Default 0.5. */
  forcing?: number
}

export interface TruncatedNewtonState {
  readonly t: number
  /** ‖g‖ at the first step: what later ones are small against. */
  readonly first: number
}

/**
 * Truncated Newton: HΔ = -g by conjugate gradients on products H v, stopped early (Nocedal & Wright 2006, algorithm 7.1). No
 * matrix is ever made: a product is a tangent sweep over the gradient (Pearlmutter 1994), a few times a gradient's cost.
 *
 * Conjugate gradients minimise gᵀΔ + ½ΔᵀHΔ over a growing space that begins with g: stopped after one iteration they give
 * the gradient with the best length, at the end Newton's step. They stop where ‖g + HΔ‖ ≤ η ‖g‖, η = min(forcing,
 * √(‖g‖/‖g_first‖)): far away a rough step does, near the end they get exact, and the convergence stays superlinear.
 * Where a direction of negative curvature appears they stop with what they have, or with g at the very first.
 */
export function truncatedNewton({
  lr = 1,
  matrix = 'hessian',
  damping = 0,
  maxIterations,
  forcing = 0.5
}: TruncatedNewtonOptions = {}): Optimizer<ProductInput, TruncatedNewtonState> {
  const name = 'truncatedNewton'
  checkRate(name, lr)
  checkChoice(name, 'matrix', matrix, ['hessian', 'gaussNewton'])
  checkNumbers(name, 'notNegative', { damping, forcing })
  if (maxIterations !== undefined) checkNumbers(name, 'count', { maxIterations })
  return {
    name,
    needs: 'products',
    init: () => ({ t: 0, first: 0 }),
    step(theta, input, state) {
      checkInput(name, input, 'the gradient and the product of a matrix and a vector')
      const g = input.gradient
      checkGradient(name, theta, g)
      const gradientNorm = norm(g)
      const first = state?.t > 0 ? state.first : gradientNorm
      const eta = Math.min(forcing, Math.sqrt(gradientNorm / first) || 0)
      const found = solveByProducts(name, theta, input, { matrix, damping, maxIterations, rtol: eta })
      const end = moved(theta, found.x, rateAt(name, lr, state?.t ?? 0))
      return {
        ...end,
        state: { t: (state?.t ?? 0) + 1, first },
        report: { status: found.status, gradientNorm, stepNorm: norm(end.delta), iterations: found.iterations }
      }
    }
  }
}

/** (H + λI)⁻¹ g, as far as conjugate gradients get; g itself where they cannot begin. */
export function solveByProducts(
  name: string,
  theta: Tensor,
  input: ProductInput,
  {
    matrix,
    damping,
    maxIterations,
    rtol
  }: { matrix: 'hessian' | 'gaussNewton'; damping: number; maxIterations?: number; rtol: number }
): { x: Float64Array; status: StepStatus; iterations: number } {
  const product = matrix === 'hessian' ? input.hessianProduct : input.gaussNewtonProduct
  checkProduct(name, product, matrix === 'hessian' ? 'hessianProduct' : 'gaussNewtonProduct')
  const b = Float64Array.from(input.gradient.data)
  const { x, status, iterationsPerSystem } = cg({
    batch: 1,
    n: theta.size,
    b,
    rtol,
    maxIterations: maxIterations ?? Math.min(2 * theta.size, 250),
    apply: v => {
      const Hv = Float64Array.from(product!(like(theta, v.slice())).data)
      if (damping !== 0) for (let i = 0; i < v.length; i++) Hv[i] += damping * v[i]
      return Hv
    }
  })
  const outcome: Record<string, StepStatus> = {
    converged: 'ok',
    maxIterations: 'max iterations',
    indefinite: 'negative curvature',
    nonFinite: 'singular'
  }
  const nothing = x.every(v => v === 0)
  return { x: nothing ? b : x, status: outcome[status[0]], iterations: iterationsPerSystem[0] }
}
