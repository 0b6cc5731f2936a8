import { NonFiniteError, ShapeError } from '../core/errors.js'
import { sameShape, show } from '../core/shape.js'
import { allFinite, type Tensor } from '../core/tensor.js'

/** What a step was, as numbers. */
export interface StepReport {
  readonly status: 'ok' | 'truncated' | 'singular'
  /** ‖g‖ of what came in, ‖Δθ‖ of what went out. */
  readonly gradientNorm: number
  readonly stepNorm: number
}

export interface Step<S, R extends StepReport = StepReport> {
  /** θ - delta. */
  readonly theta: Tensor
  /** What is subtracted. */
  readonly delta: Tensor
  readonly state: S
  readonly report: R
}

/**
 * An update rule. `step` is pure: it changes neither θ nor the state it is given, and says what it did. `needs` names
 * what it is fed: a gradient, a gradient and a Hessian, or the sample-Jacobian with the loss gradient of the outputs.
 */
export interface Optimizer<Input, S, R extends StepReport = StepReport> {
  readonly name: string
  readonly needs: 'gradient' | 'hessian' | 'sampleJacobian'
  init(theta: Tensor): S
  step(theta: Tensor, input: Input, state: S): Step<S, R>
}

export const norm = (t: Tensor): number => {
  let s = 0
  for (const v of t.data) s += v * v
  return Math.sqrt(s)
}

/** Throws unless `g` is a finite tensor of the shape of θ. */
export function checkGradient(method: string, theta: Tensor, g: Tensor): void {
  if (!sameShape(theta.shape, g.shape) || theta.dtype !== g.dtype)
    throw new ShapeError(
      `a step of ${method}`,
      `a gradient ${g.dtype} ${show(g.shape)} for θ ${theta.dtype} ${show(theta.shape)}`,
      'The gradient has the shape and dtype of θ'
    )
  if (!allFinite(g.data))
    throw new NonFiniteError(
      `a step of ${method}`,
      'NaN or infinity in the gradient',
      'tape.checkFinite() names the operator that made the first one'
    )
}
