import { ShapeError } from '../core/errors.js'
import { LayeredMatrix } from '../core/linalg/layeredMatrix.js'
import { checkNumbers } from '../core/options.js'
import { show } from '../core/shape.js'
import { checkTensor, mapData, Tensor } from '../core/tensor.js'
import { checkTheta, norm, type Optimizer, type StepReport } from './optimizer.js'
import {
  checkPartialInverse,
  type Jacobian,
  partialInverse,
  type RouteOptions,
  type SpectrumReport
} from './partialInverse.js'

export interface JacobianInput {
  /** Of the outputs with respect to θ: of sampleJacobian `[B, K, P]`, of layeredJacobian, or of jacobianOperator. */
  J: Jacobian
  /** dL/dy, `[B, K]`. */
  lossGradient: Tensor
}

export interface HigOptions extends RouteOptions {
  /** Step in θ. Default 1. */
  lr?: number
}

export type HigReport = StepReport & SpectrumReport

/**
 * Half-inverse gradients: Δθ = -lr J^(-1/2) dL/dy with the Jacobian of all samples of the batch, stacked (the book, eq. 27;
 * Schnell, Holl, Thuerey 2022; there η). Singular values at or below the truncation are dropped, never clamped: their singular
 * vectors are the unreliable ones, and clamping would divide by a small number along them.
 *
 *     const jacobian = layeredJacobian((th, x0) => simulate(x0, net(th, x0)), { wrt: 0 })
 *     const { value: y, J } = jacobian(theta, x0)
 *     const step = hig().step(theta, { J, lossGradient: mul(2 / B, sub(y, x0)) }, null)
 *
 * How it is computed, `route` of partialInverse, is chosen by size and accuracy, and reported.
 */
export function hig({ lr = 1, ...options }: HigOptions = {}): Optimizer<JacobianInput, null, HigReport> {
  checkNumbers('hig', 'notNegative', { lr })
  checkPartialInverse('hig', options)
  return {
    name: 'hig',
    needs: 'sampleJacobian',
    init: () => null,
    step(theta, input) {
      checkTheta('hig', theta)
      const { J, lossGradient } = input ?? {}
      checkColumns(theta, J)
      const { delta: direction, report } = partialInverse(J, lossGradient, options)
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

/** Throws unless J has a column for each parameter. */
function checkColumns(theta: Tensor, J: Jacobian): void {
  const asked = 'a step of hig'
  const advice = 'The last axis of J is the number of parameters; its dtype that of θ'
  const mismatch = (found: string) =>
    new ShapeError(asked, `${found} for θ ${theta.dtype} ${show(theta.shape)}`, advice)
  if (J instanceof LayeredMatrix) {
    if (J.cols !== theta.size) throw mismatch(`J in layers, ${J.cols} columns,`)
  } else if (!(J instanceof Tensor) && J && 'applyT' in J) {
    if (J.input.size !== theta.size) throw mismatch(`a Jacobian with respect to ${show(J.input.shape)}`)
  } else {
    checkTensor(J, asked, 'J')
    if (J.shape[J.rank - 1] !== theta.size || J.dtype !== theta.dtype) throw mismatch(`J ${J.dtype} ${show(J.shape)}`)
  }
}

/**
 * Gauss-Newton on the stacked Jacobian: Δθ = -lr J⁺ dL/dy (the book, eq. 26), the truncated pseudo-inverse instead of
 * (JᵀJ)⁻¹Jᵀ, whose condition is the square.
 */
export function gaussNewton(options: Omit<HigOptions, 'kappa'> = {}): Optimizer<JacobianInput, null, HigReport> {
  return { ...hig({ ...options, kappa: -1 }), name: 'gaussNewton' }
}
