import { NonFiniteError, OptionError } from '../core/errors.js'
import { describe } from '../core/options.js'
import { allFinite, checkLike, checkTensor, type Tensor } from '../core/tensor.js'

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

/** ‖t‖₂ over all entries. */
export const norm = (t: Tensor): number => {
  let s = 0
  for (const v of t.data) s += v * v
  return Math.sqrt(s)
}

/** Throws unless θ and `g` are finite tensors of one shape and dtype. */
export function checkGradient(method: string, theta: Tensor, g: Tensor): void {
  checkTheta(method, theta)
  checkLike(theta, g, `a step of ${method}`, 'a gradient')
  checkFinite(method, g, 'the gradient')
}

/** Throws unless θ is a finite tensor. */
export function checkTheta(method: string, theta: Tensor): void {
  checkTensor(theta, `a step of ${method}`, 'θ')
  checkFinite(method, theta, 'θ')
}

/** Throws NonFiniteError for NaN or an infinity. */
export function checkFinite(method: string, t: Tensor, what: string): void {
  if (!allFinite(t.data))
    throw new NonFiniteError(
      `a step of ${method}`,
      `NaN or infinity in ${what}`,
      'tape.checkFinite() names the operator that made the first one'
    )
}

/** Throws unless the state is an object, as `init` and every step give it, with tensors like θ under these names. */
export function checkState(method: string, theta: Tensor, state: unknown, names: readonly string[]): void {
  const asked = `a step of ${method}`
  if (typeof state !== 'object' || state === null)
    throw new OptionError(
      asked,
      `${describe(state)} as its state`,
      'Give init(theta) first, then the state that the last step returned'
    )
  for (const name of names) {
    const t = (state as Record<string, Tensor | null>)[name]
    if (t !== null) checkLike(theta, t, asked, `the state '${name}'`)
  }
}
