import { ShapeError } from '../core/errors.js'
import { checkNumbers } from '../core/options.js'
import { show } from '../core/shape.js'
import { checkTensor, mapData, type Tensor } from '../core/tensor.js'
import { checkTheta, norm, type Optimizer, type StepReport } from './optimizer.js'
import {
  checkPartialInverse,
  type PartialInverseOptions,
  partialInverse,
  type SpectrumReport
} from './partialInverse.js'

export interface JacobianInput {
  /** `[B, K, P]`: sampleJacobian of the outputs with respect to θ. */
  J: Tensor
  /** dL/dy, `[B, K]`. */
  lossGradient: Tensor
}

export interface HigOptions extends PartialInverseOptions {
  /** Step in θ. Default 1. */
  lr?: number
}

export type HigReport = StepReport & SpectrumReport

/**
 * Half-inverse gradients: Δθ = -lr J^(-1/2) dL/dy with the Jacobian of all samples of the batch, stacked (the book, eq. 27;
 * Schnell, Holl, Thuerey 2022; there η). Singular values at or below the truncation are dropped, never clamped: their singular
 * vectors are the unreliable ones, and clamping would divide by a small number along them.
 */
export function hig({
  lr = 1,
  kappa = -1 / 2,
  truncation = 1e-10,
  relative = true
}: HigOptions = {}): Optimizer<JacobianInput, null, HigReport> {
  checkNumbers('hig', 'notNegative', { lr })
  checkPartialInverse('hig', { kappa, truncation })
  return {
    name: 'hig',
    needs: 'sampleJacobian',
    init: () => null,
    step(theta, input) {
      checkTheta('hig', theta)
      const { J, lossGradient } = input ?? {}
      checkTensor(J, 'a step of hig', 'J')
      if (J.shape[J.rank - 1] !== theta.size || J.dtype !== theta.dtype)
        throw new ShapeError(
          'a step of hig',
          `J ${J.dtype} ${show(J.shape)} for θ ${theta.dtype} ${show(theta.shape)}`,
          'The last axis of J is the number of parameters; its dtype that of θ'
        )
      const { delta: direction, report } = partialInverse(J, lossGradient, { kappa, truncation, relative })
      const delta = mapData(theta, (_, i) => lr * direction.data[i])
      return {
        theta: mapData(theta, (v, i) => v - delta.data[i]),
        delta,
        state: null,
        report: {
          ...report,
          status: report.kept < report.singularValues.length ? 'truncated' : 'ok',
          gradientNorm: norm(lossGradient),
          stepNorm: norm(delta)
        }
      }
    }
  }
}

/**
 * Gauss-Newton on the stacked Jacobian: Δθ = -lr J⁺ dL/dy (the book, eq. 26), the truncated pseudo-inverse instead of
 * (JᵀJ)⁻¹Jᵀ, whose condition is the square.
 */
export function gaussNewton(options: Omit<HigOptions, 'kappa'> = {}): Optimizer<JacobianInput, null, HigReport> {
  return { ...hig({ ...options, kappa: -1 }), name: 'gaussNewton' }
}
