import { NonFiniteError, OptionError } from '../core/errors.js'
import { describe } from '../core/options.js'
import { checkLike, checkTensor, type Data, Tensor } from '../core/tensor.js'

/** How a step went. None of these is an error: what happens next is for the caller to say. */
export type StepStatus =
  | 'ok'
  /** Singular values were left out; or the gradient, or an eigenvalue, was held to its limit. */
  | 'truncated'
  /** The matrix has no inverse: no step along the directions in which it is flat. */
  | 'singular'
  /** Curvature was negative along the way: the step goes downhill all the same. */
  | 'negative curvature'
  /** An inner iteration stopped at its limit; the step is what it had by then. */
  | 'max iterations'
  /** Nothing lower was found: θ stays. */
  | 'no descent'

/** What a step was, as numbers. */
export interface StepReport {
  readonly status: StepStatus
  /** ‖g‖ of what came in, ‖Δθ‖ of what went out. */
  readonly gradientNorm: number
  readonly stepNorm: number
  /** Of an inner iteration (conjugate gradients, a search). */
  readonly iterations?: number
  /** The step length that a search found, in units of the method's own. */
  readonly length?: number
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
 * What a method is fed; `evaluate` makes each from a loss.
 *
 *   gradient        the tensor ∂L/∂θ
 *   hessian         { gradient, hessian }
 *   products        { gradient, hessianProduct } or { gradient, gaussNewtonProduct }: matrices by their products
 *   sampleJacobian  { J, lossGradient }: ∂y/∂θ sample by sample, and ∂L/∂y
 *   targets         the whole evaluation: forward pass, tape and loss, for SIP and K-FAC
 *   search          the whole evaluation, and others at trial points
 */
export type Need = 'gradient' | 'hessian' | 'products' | 'sampleJacobian' | 'targets' | 'search'

export interface StepOptions<S> {
  /**
   * A former result that nobody reads any more: its arrays are written over, and the step allocates nothing that grows
   * with θ. Methods without large state ignore it.
   *
   *     let s = method.step(theta, g0, method.init(theta))
   *     s = method.step(s.theta, g1, s.state, { donate: s })
   */
  readonly donate?: Step<S>
}

/**
 * An update rule. `step` is pure: it changes neither θ nor the state it is given (but what is donated), and says what it
 * did. `needs` names what it is fed.
 *
 * A method is a direction and a length of its own, mostly `lr`; `withSearch` puts a line search in the place of the length.
 */
export interface Optimizer<Input, S, R extends StepReport = StepReport> {
  readonly name: string
  readonly needs: Need
  init(theta: Tensor): S
  step(theta: Tensor, input: Input, state: S, options?: StepOptions<S>): Step<S, R>
}

/** ‖t‖₂ over all entries; squares that leave the range of numbers do no harm. */
export const norm = (t: Tensor): number => normOf(t.data)

export function normOf(a: Data): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * a[i]
  if (sum > 1e-250 && sum < 1e300) return Math.sqrt(sum)
  let max = 0
  for (let i = 0; i < a.length; i++) max = Math.max(max, Math.abs(a[i]))
  if (max === 0 || !(max < Number.POSITIVE_INFINITY)) return max
  let scaled = 0
  for (let i = 0; i < a.length; i++) scaled += (a[i] / max) ** 2
  return max * Math.sqrt(scaled)
}

/** An array of n zeros like t's: never in the memory of a tape that records, for a step's results outlive it. */
export const arrayLike = (t: Tensor, n = t.size): Data =>
  t.dtype === 'f64' ? new Float64Array(n) : new Float32Array(n)

/** θ - lr · direction, and what was subtracted. */
export function moved(theta: Tensor, direction: ArrayLike<number>, lr: number): { theta: Tensor; delta: Tensor } {
  const [from, to, delta] = [theta.data, arrayLike(theta), arrayLike(theta)]
  for (let i = 0; i < to.length; i++) {
    delta[i] = lr * direction[i]
    to[i] = from[i] - delta[i]
  }
  return { theta: new Tensor(theta.shape, to), delta: new Tensor(theta.shape, delta) }
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
  // 0 times NaN or infinity is NaN.
  const { data } = t
  let zero = 0
  for (let i = 0; i < data.length; i++) zero += 0 * data[i]
  if (zero !== 0)
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

/** Throws unless a method that wants a matrix, a product or an evaluation was given an object. */
export function checkInput(method: string, input: unknown, what: string): void {
  if (typeof input !== 'object' || input === null || input instanceof Tensor)
    throw new OptionError(
      `a step of ${method}`,
      `${input instanceof Tensor ? 'a tensor' : describe(input)} as its input`,
      `Give ${what}; evaluate(loss, theta) makes it`
    )
}

/** Throws unless `f` is a function of that name in a method's input. */
export function checkProduct(method: string, f: unknown, name: string): void {
  if (typeof f !== 'function')
    throw new OptionError(
      `a step of ${method}`,
      `${describe(f)} as ${name}`,
      `Give ${name}: v => a tensor like θ; evaluate(loss, theta) has it`
    )
}
