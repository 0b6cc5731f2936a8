import { DTypeError, GradientError, OptionError, ShapeError } from '../core/errors.js'
import { checkChoice, describe } from '../core/options.js'
import { within } from '../core/region.js'
import { scoped } from '../core/scope.js'
import { show } from '../core/shape.js'
import { mul } from '../core/structural/mul.js'
import { sum } from '../core/structural/sum.js'
import { cotangentSweep } from '../core/sweeps/cotangent.js'
import { tangentSweep } from '../core/sweeps/tangent.js'
import { Tape, unseen } from '../core/tape.js'
import { findRegion } from '../core/targets/region.js'
import { replay } from '../core/targets/replay.js'
import { checkLike, checkTensor, onesLike, Tensor, zerosLike } from '../core/tensor.js'
import { grad } from '../core/verbs/grad.js'
import { hessian } from '../core/verbs/jacobian.js'
import { type JacobianOperator, jacobianOperator } from '../core/verbs/jacobianOperator.js'
import { layeredJacobian } from '../core/verbs/layeredJacobian.js'
import { sampleJacobian } from '../core/verbs/sampleJacobian.js'
import type { Jacobian } from './partialInverse.js'

/** What a forward pass shows of its way from θ to the loss. */
export interface Forward {
  /** `[B]`, a loss for each sample, or a scalar. */
  loss: Tensor
  /** What the loss is a function of, the physics' output, `[B, ...]`: for Jacobians, Gauss-Newton and losses without a Newton step of their own. */
  y?: Tensor
  /** Where the physics begins, the network's output or outputs: for SIP. */
  x?: Tensor | readonly Tensor[]
}

/** A model and its loss: θ to a loss, or to a loss and what lies on the way to it. */
export type Model = (theta: Tensor) => Tensor | Forward

export interface EvaluateOptions {
  /** How the losses of the samples become one number. Default their mean. */
  reduce?: 'mean' | 'sum'
  /** How `jacobian` keeps ∂y/∂θ: in layers (default), as a whole, or as products alone, which take no memory. */
  jacobian?: 'layered' | 'whole' | 'products'
}

/** A forward pass on a tape. */
export interface Recorded {
  readonly tape: Tape
  /** θ as the tape knows it. */
  readonly theta: Tensor
  /** As the model returned it. */
  readonly loss: Tensor
  /** One number: the sum or the mean of it. */
  readonly total: Tensor
  readonly y?: Tensor
  readonly x: readonly Tensor[]
}

/**
 * A loss at one θ, as methods see it: everything that one of them may need, each found when somebody asks for it and then
 * kept. The forward pass is recorded once.
 *
 *     using e = evaluate(theta => ({ loss: l2(P(net(theta, a)), goal) }), theta)
 *     adam().step(theta, e.gradient, state)
 *     newtonMethod().step(theta, e, null)                 // takes gradient and hessian from it
 */
export class Evaluation {
  #recorded: Recorded | undefined
  #loss: number | undefined
  #gradient: Tensor | undefined
  #hessian: Tensor | undefined
  #gradientMap: JacobianOperator | undefined
  #jacobian: { y: Tensor; J: Tensor } | undefined
  #lossCurvature: JacobianOperator | undefined
  #outputsMap: JacobianOperator | undefined

  constructor(
    readonly model: Model,
    readonly theta: Tensor,
    readonly options: EvaluateOptions = {}
  ) {
    if (typeof model !== 'function')
      throw new GradientError('evaluate', `${describe(model)} as the model`, 'Give a function of θ that returns a loss')
    checkTensor(theta, 'evaluate', 'θ')
    checkChoice('evaluate', 'reduce', options.reduce ?? 'mean', ['mean', 'sum'])
    checkChoice('evaluate', 'jacobian', options.jacobian ?? 'layered', ['layered', 'whole', 'products'])
  }

  /** The same loss at another θ: for searches. */
  at(theta: Tensor): Evaluation {
    return new Evaluation(this.model, theta, this.options)
  }

  /** L(θ), one number. */
  get loss(): number {
    this.#loss ??= this.#recorded ? this.#recorded.total.item() : unseen(() => this.total(this.theta).item())
    return this.#loss
  }

  /** The forward pass on its tape, which lives until this evaluation is disposed. */
  record(): Recorded {
    if (this.#recorded) return this.#recorded
    const tape = new Tape()
    const { theta } = this
    tape.watch(theta)
    const { loss, y, x, total } = lasting(() =>
      tape.record(() => {
        const f = this.#forward(theta)
        return { ...f, total: this.#reduce(f.loss) }
      })
    )
    this.#recorded = { tape, theta, loss, total, y, x: x instanceof Tensor ? [x] : (x ?? []) }
    this.#loss = total.item()
    return this.#recorded
  }

  /** L as a function of θ, made of operators, so that it can be differentiated. */
  total(theta: Tensor): Tensor {
    return this.#reduce(this.#forward(theta).loss)
  }

  /** y as a function of θ. */
  outputs(theta: Tensor): Tensor {
    return this.#forward(theta).y ?? missing('y')
  }

  /** ∂L/∂θ, by a cotangent sweep. */
  get gradient(): Tensor {
    if (this.#gradient) return this.#gradient
    const { tape, theta, total } = this.record()
    this.#gradient = alone(() => {
      const found = tape.knows(total) ? cotangentSweep(tape, [[total, onesLike(total)]]).get(theta) : undefined
      return found ?? zerosLike(theta)
    })
    return this.#gradient
  }

  /** ∂²L/∂θ², `[P, P]`, by rows of the gradient. */
  get hessian(): Tensor {
    this.#hessian ??= alone(() => hessian(th => this.total(th))(this.theta))
    return this.#hessian
  }

  /** ∂²L/∂θ² v, by a tangent sweep over the gradient; the gradient is recorded once (Pearlmutter 1994). */
  hessianProduct = (v: Tensor): Tensor => {
    this.#gradientMap ??= lasting(() => jacobianOperator(grad(th => this.total(th)))(this.theta))
    return alone(() => this.#gradientMap!.apply(v))
  }

  /**
   * Jᵀ (∂²L/∂y²) J v, the generalised Gauss-Newton matrix (Schraudolph 2002): the Hessian without the curvature of y itself,
   * and never negative where the loss is convex in y. A tangent sweep to y, a product with the loss's Hessian, a
   * cotangent sweep back.
   */
  gaussNewtonProduct = (v: Tensor): Tensor => {
    const { tape, theta, y = missing('y') } = this.record()
    checkLike(theta, v, 'a Gauss-Newton product', 'its direction')
    return alone(() => {
      const [Jv] = tangentSweep(tape, [[theta, v]], [y])
      if (!Jv) return zerosLike(theta)
      return cotangentSweep(tape, [[y, this.lossCurvature(Jv)]]).get(theta) ?? zerosLike(theta)
    })
  }

  /** ∂²L/∂y² u, u of the shape of y. */
  lossCurvature = (u: Tensor): Tensor => {
    this.#lossCurvature ??= lasting(() => {
      const { y = missing('y') } = this.record()
      return jacobianOperator(grad(z => this.lossOf(z)))(y)
    })
    return alone(() => this.#lossCurvature!.apply(u))
  }

  /** L as a function of y, the rest as it is. */
  lossOf(z: Tensor): Tensor {
    const { tape, y = missing('y'), total } = this.record()
    return replay(findRegion(tape, [total], [y]).sites, [y], [z], [total])[0]
  }

  /** y at θ, `[B, ...]`. */
  get y(): Tensor {
    return this.#jacobian?.y ?? this.record().y ?? missing('y')
  }

  /** ∂y_b/∂θ for every sample, `[B, K, P]`, by the sample-Jacobian sweep. */
  get J(): Tensor {
    this.#jacobian ??= lasting(() => {
      const { value, J } = sampleJacobian(th => this.outputs(th))(this.theta)
      const [B, K] = J.shape
      return { y: value, J: new Tensor([B, K, this.theta.size], J.data) }
    })
    return this.#jacobian.J
  }

  /** The same for methods that take it in any form (HIG, Gauss-Newton): as `options.jacobian` says. */
  get jacobian(): Jacobian {
    const { jacobian = 'layered' } = this.options
    const outputs = (th: Tensor) => this.outputs(th)
    if (jacobian === 'whole') return this.J
    if (jacobian === 'layered') return lasting(() => layeredJacobian(outputs)(this.theta).J)
    return (this.#outputsMap ??= lasting(() => jacobianOperator(outputs)(this.theta)))
  }

  /** ∂L/∂y, `[B, K]`. */
  get lossGradient(): Tensor {
    const { tape, total, y = missing('y') } = this.record()
    return alone(() => {
      const g = cotangentSweep(tape, [[total, onesLike(total)]], { leaves: new Set([y]) }).get(y) ?? zerosLike(y)
      return new Tensor([y.shape[0], y.size / y.shape[0]], g.data)
    })
  }

  /** Names the operator that made the first NaN or infinity. */
  blame(): string {
    return this.record().tape.firstNonFinite()?.message ?? 'a gradient: every site of the forward pass is finite'
  }

  dispose(): void {
    this.#recorded?.tape.dispose()
    for (const map of [this.#gradientMap, this.#lossCurvature, this.#outputsMap]) map?.dispose()
    this.#recorded = undefined
    this.#gradientMap = undefined
    this.#lossCurvature = undefined
    this.#outputsMap = undefined
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #forward(theta: Tensor): Forward {
    const given = this.model(theta)
    const found = given instanceof Tensor ? { loss: given } : given
    if (!(found?.loss instanceof Tensor))
      throw new DTypeError(
        'evaluate',
        `the model returned ${describe(given)}`,
        'Return a loss, a tensor [B] or a scalar, or { loss, y, x } with what lies on the way to it'
      )
    if (found.loss.rank > 1)
      throw new ShapeError(
        'evaluate',
        `a loss of shape ${show(found.loss.shape)}`,
        'Return one number per sample, [B], as l2 and l1 do, or a scalar'
      )
    return found
  }

  #reduce(loss: Tensor): Tensor {
    if (loss.rank === 0) return loss
    const all = sum(loss)
    return this.options.reduce === 'sum' ? all : mul(all, 1 / Math.max(1, loss.size))
  }
}

/** The loss of a model at θ: see Evaluation. */
export const evaluate = (model: Model, theta: Tensor, options?: EvaluateOptions): Evaluation =>
  new Evaluation(model, theta, options)

/** Throws OptionError unless a method that looks at the model itself was given an evaluation. */
export function checkEvaluation(method: string, e: unknown): asserts e is Evaluation {
  if (!(e instanceof Evaluation))
    throw new OptionError(
      `a step of ${method}`,
      `${e instanceof Tensor ? 'a tensor' : describe(e)} as its input`,
      'Give evaluate(model, theta): it looks at more than one number or matrix'
    )
}

/** Seen by no tape, and owned by no scope: what stays with an evaluation. */
const lasting = <R>(f: () => R): R => within(undefined, () => unseen(f))

/** Seen by no tape, everything but the result freed; the result outlives whoever asked for it first. */
const alone = <R>(f: () => R): R => lasting(() => scoped(f))

/** A copy with an array of its own. */
export const kept = (t: Tensor): Tensor => new Tensor(t.shape, t.data.slice())

function missing(name: 'y'): never {
  throw new OptionError(
    'evaluate',
    `the model returned no ${name}, which this method needs`,
    `Return { loss, ${name} } from the model, ${name} the output of the physics that the loss is made of`
  )
}
