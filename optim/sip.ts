import { OptionError } from '../core/errors.js'
import { checkChoice, checkNumbers, describe } from '../core/options.js'
import { keep, scoped } from '../core/scope.js'
import { cotangentSweep } from '../core/sweeps/cotangent.js'
import { Tape, unseen } from '../core/tape.js'
import type { Policy } from '../core/targets/policy.js'
import { findRegion } from '../core/targets/region.js'
import { replay } from '../core/targets/replay.js'
import type { TargetReport } from '../core/targets/report.js'
import { Tensor, zerosLike } from '../core/tensor.js'
import { checkEvaluation, type Evaluation, type Recorded } from './evaluation.js'
import { arrayLike, checkTheta, norm, type Optimizer, type StepReport } from './optimizer.js'
import { checkProxy, type ProxyLoss, proxyCotangent } from './proxy.js'
import { type SipResult, sipBackward } from './sipBackward.js'

export interface SipMethodOptions extends ProxyLoss {
  /** Step in y: Δy = η (y* - y) for the L2 loss. As large as the inverse is accurate, often 1. */
  eta?: number
  /** Factor on the proxy's cotangent. Default 1 where losses are summed, 1/B where they are averaged. */
  scale?: number
  /** Steps of the inner method towards one x̃. Default 1. */
  updatesPerSolve?: number
  policy?: Partial<Policy>
  /** Where a network reads a state that its earlier outputs have made: see sipBackward. Default 'stop'. */
  throughNetwork?: 'add' | 'stop'
}

export interface SipReport extends StepReport {
  /** How the physics was inverted, and how far P(x̃) is from what was asked. */
  readonly targets: TargetReport
}

/**
 * Scale-invariant physics training as a method: any method of the first order, fed with the gradient of the proxy loss in
 * x instead of that of L (the book's "Scale Invariant Physics Training"; see sipBackward for one pass by hand).
 *
 *     sip(adam({ lr: 1e-3 }), { eta: 1, policy: { ladder: [exact, newton()] } })
 *
 * To first order the network's output moves by η lr (∂x/∂θ)(∂x/∂θ)ᵀ (x̃ - x). With `updatesPerSolve` n the inner method takes n
 * steps towards the same x̃, the network alone run anew for each: "provably converges when enough network updates Δθ are
 * performed per solver evaluation", and cheap where the solver is dear. The model shows x: `{ loss, x }`; over time, all
 * outputs of the network as a list, and as the loss the sum of the terms of all steps.
 */
export function sip<S>(
  inner: Optimizer<Tensor, S>,
  {
    eta = 1,
    scale,
    updatesPerSolve = 1,
    policy,
    proxy = 'l2',
    delta = 1,
    throughNetwork = 'stop'
  }: SipMethodOptions = {}
): Optimizer<Evaluation, S, SipReport> {
  if (typeof inner?.step !== 'function' || inner.needs !== 'gradient')
    throw new OptionError(
      'sip',
      typeof inner?.step === 'function' ? `${inner.name}, which needs more than a gradient` : describe(inner),
      'Give a method of the first order, such as adam()'
    )
  const name = `sip with ${inner.name}`
  checkNumbers('sip', 'finite', { eta, ...(scale === undefined ? {} : { scale }) })
  checkNumbers('sip', 'count', { updatesPerSolve })
  checkProxy('sip', { proxy, delta })
  checkChoice('sip', 'throughNetwork', throughNetwork, ['add', 'stop'])
  return {
    name,
    needs: 'targets',
    init: theta => inner.init(theta),
    step(theta, e, old) {
      checkTheta(name, theta)
      checkEvaluation(name, e)
      const r = e.record()
      if (r.x.length === 0)
        throw new OptionError(
          `a step of ${name}`,
          'the model returned no x',
          'Return { loss, x }, x the output of the network'
        )
      const factor = scale ?? (e.options.reduce === 'sum' || r.loss.rank === 0 ? 1 : 1 / Math.max(1, r.loss.size))
      const found = unseen(() =>
        sipBackward(r.tape, r.loss, {
          boundary: r.x,
          wrt: r.theta,
          eta,
          scale: factor,
          proxy,
          delta,
          y: r.y,
          policy,
          throughNetwork
        })
      )
      const first = keep(found.grad)
      let now = inner.step(theta, first, old)
      const again = updatesPerSolve > 1 ? towards(r, found, { proxy, delta }, factor) : undefined
      for (let k = 1; k < updatesPerSolve; k++) now = inner.step(now.theta, again!(now.theta), now.state)
      const change = arrayLike(theta)
      for (let i = 0; i < change.length; i++) change[i] = theta.data[i] - now.theta.data[i]
      const whole = updatesPerSolve > 1 ? new Tensor(theta.shape, change) : now.delta
      return {
        theta: now.theta,
        delta: whole,
        state: now.state,
        report: {
          status: now.report.status,
          gradientNorm: norm(first),
          stepNorm: norm(whole),
          iterations: updatesPerSolve,
          targets: found.report
        }
      }
    }
  }
}

/** The gradient of the proxy loss at other θ, x̃ as it was found: the network is run again, the physics is not. */
function towards(r: Recorded, found: SipResult<Tensor>, proxy: ProxyLoss, scale: number): (theta: Tensor) => Tensor {
  const physics = new Set(found.region.sites)
  const sites = findRegion(r.tape, r.x, [r.theta]).sites.filter(s => !physics.has(s))
  return theta =>
    unseen(() =>
      scoped(() => {
        using tape = new Tape()
        tape.watch(theta)
        const x = tape.record(() => replay(sites, [r.theta], [theta], r.x))
        const seeds = x.flatMap((t, i) =>
          tape.knows(t) ? [[t, proxyCotangent(t, found.targets[i], proxy, scale)] as const] : []
        )
        return cotangentSweep(tape, seeds).get(theta) ?? zerosLike(theta)
      })
    )
}
