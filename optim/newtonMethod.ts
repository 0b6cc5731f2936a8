import { ShapeError } from '../core/errors.js'
import { lstsq } from '../core/linalg/lstsq.js'
import { checkNumbers } from '../core/options.js'
import { show } from '../core/shape.js'
import { type SaddleFreeOptions, saddleFreeStep } from '../core/targets/saddleFree.js'
import { checkTensor, type Tensor } from '../core/tensor.js'
import { checkFinite, checkGradient, moved, norm, type Optimizer } from './optimizer.js'
import { checkRate, type Rate, rateAt } from './schedules.js'

export interface HessianInput {
  gradient: Tensor
  /** `[P, P]` */
  hessian: Tensor
}

export interface NewtonMethodOptions {
  /** Step in θ: Δθ = -lr H⁻¹ g. Default 1. */
  lr?: Rate
  /** Singular values of H at or below rcond times the largest count as zero: no step along them. */
  rcond?: number
}

/**
 * Newton's method: Δθ = -lr H⁻¹ g (the book's "Scale-Invariance and Inversion", eq. 21; there η). The quadratic
 * L(θ) + gᵀΔ + ½ΔᵀHΔ has its only stationary point where g + HΔ = 0: its minimum where H is positive, and a saddle or
 * maximum where it is not. By least squares where H is singular, so that flat directions get no step instead of an
 * infinite one. Right in units; but the Hessian of a composition mixes the functions before and after.
 */
export function newtonMethod({ lr = 1, rcond = 1e-12 }: NewtonMethodOptions = {}): Optimizer<HessianInput, number> {
  checkRate('newton', lr)
  checkNumbers('newton', 'notNegative', { rcond })
  return {
    name: 'newton',
    needs: 'hessian',
    init: () => 0,
    step(theta, input, k) {
      const { gradient, H } = checked('newton', theta, input)
      const n = theta.size
      const { x, rank } = lstsq(H, n, n, Float64Array.from(gradient.data), { rcond })
      const end = moved(theta, x, rateAt('newton', lr, k ?? 0))
      return {
        ...end,
        state: (k ?? 0) + 1,
        report: { status: rank < n ? 'singular' : 'ok', gradientNorm: norm(gradient), stepNorm: norm(end.delta) }
      }
    }
  }
}

export interface SaddleFreeNewtonOptions extends SaddleFreeOptions {
  /** Default 1. */
  lr?: Rate
}

/**
 * Saddle-free Newton: Δθ = -lr |H|⁻¹ g (Dauphin et al. 2014, algorithm 1, with all eigenvectors). |H| has H's eigenvectors
 * and the absolute values of its eigenvalues: the step that minimises gᵀΔ where ½Δᵀ|H|Δ, a bound of how far the linear
 * model can be wrong, is held. Along positive curvature it is Newton's; along negative curvature it walks down as far
 * as Newton's would walk up. `maxLossChange`: the SIP authors' cap along flat and negative directions; see saddleFreeStep.
 */
export function saddleFreeNewton({
  lr = 1,
  truncation,
  maxLossChange,
  damping = 0
}: SaddleFreeNewtonOptions = {}): Optimizer<HessianInput, number> {
  checkRate('saddleFreeNewton', lr)
  if (truncation !== undefined) checkNumbers('saddleFreeNewton', 'notNegative', { truncation })
  if (maxLossChange !== undefined) checkNumbers('saddleFreeNewton', 'positive', { maxLossChange })
  checkNumbers('saddleFreeNewton', 'notNegative', { damping })
  return {
    name: 'saddleFreeNewton',
    needs: 'hessian',
    init: () => 0,
    step(theta, input, k) {
      const { gradient, H } = checked('saddleFreeNewton', theta, input)
      const found = saddleFreeStep(H, gradient.data, theta.size, { truncation, maxLossChange, damping })
      const end = moved(
        theta,
        found.step.map(v => -v),
        rateAt('saddleFreeNewton', lr, k ?? 0)
      )
      const status = found.capped > 0 ? 'truncated' : found.dropped > 0 ? 'singular' : 'ok'
      return {
        ...end,
        state: (k ?? 0) + 1,
        report: {
          status: found.negative ? 'negative curvature' : status,
          gradientNorm: norm(gradient),
          stepNorm: norm(end.delta)
        }
      }
    }
  }
}

function checked(method: string, theta: Tensor, input: HessianInput): { gradient: Tensor; H: Float64Array } {
  const { gradient, hessian } = input ?? {}
  checkGradient(method, theta, gradient)
  checkTensor(hessian, `a step of ${method}`, 'the Hessian')
  const n = theta.size
  if (hessian.size !== n * n)
    throw new ShapeError(
      `a step of ${method}`,
      `a Hessian of shape ${show(hessian.shape)} for ${n} parameters`,
      'Give hessian(f)(theta)'
    )
  checkFinite(method, hessian, 'the Hessian')
  return { gradient, H: Float64Array.from(hessian.data) }
}
