import { GradientError } from '../core/errors.js'
import type { Claim, Site } from '../core/op.js'
import { checkChoice, checkNumbers } from '../core/options.js'
import { scopedOnce } from '../core/scope.js'
import { mul } from '../core/structural/mul.js'
import { cotangentSweep } from '../core/sweeps/cotangent.js'
import { checkKnown, type Tape } from '../core/tape.js'
import { prepareRegion } from '../core/targets/goal.js'
import type { Policy } from '../core/targets/policy.js'
import { findRegion } from '../core/targets/region.js'
import { type Targets, targetSweep } from '../core/targets/targetSweep.js'
import { Tensor, zerosLike } from '../core/tensor.js'
import type { PerWrt } from '../core/verbs/trace.js'
import { checkLosses, type Loss, lossTargets, lossTerms } from './lossTargets.js'
import { checkProxy, type ProxyLoss, proxyCotangent } from './proxy.js'
import { statesRead, sweepThroughNetworks } from './throughNetworks.js'

export interface SipOptions<W extends Tensor | readonly Tensor[]> extends ProxyLoss {
  /** Where the physics begins: the network's outputs x. */
  boundary: readonly Tensor[]
  /** Parameters of the network. */
  wrt: W
  /** Step in y: Δy = η (y* - y) for the L2 loss. As large as the inverse is accurate, often 1. */
  eta?: number
  /** Factor on the cotangent x - x̃: 1 for the sum of the proxies ½|x - x̃|², 1/B for their mean. */
  scale?: number
  /** The physics' output, where the loss has no Newton step of its own. */
  y?: Tensor
  policy?: Partial<Policy>
  /**
   * Where a network reads a state that earlier outputs of networks have made: 'stop' (default), its cotangent ends there;
   * 'add', it becomes an increment of that state's target and goes on backwards in time.
   */
  throughNetwork?: 'add' | 'stop'
}

export interface SipResult<G> extends Targets {
  /** ∂/∂θ of the proxy loss, x̃ a constant: for any first-order optimiser. */
  readonly grad: G
}

/**
 * Scale-invariant physics training, backward (the book's "Scale Invariant Physics Training"; Holl, Koltun, Thuerey 2022):
 * a Newton step on the loss in y, the target sweep from y back to the boundary, where x̃ becomes the cotangent
 * scale · (x - x̃) of the proxy loss, and the cotangent sweep from there to the parameters. Each site is swept once, by one or by the other.
 *
 *     using tape = new Tape()
 *     const th = tape.watch(theta)
 *     const { x, L } = tape.record(() => { const x = net(th, yTarget); return { x, L: l2(P(x), yTarget) } })
 *     const { grad } = sipBackward(tape, L, { boundary: [x], wrt: th })
 *
 * `loss` is one loss tensor `[B]`, or several: their sum is what is minimised, and one that is itself a sum Σ_k c_k L_k is
 * taken apart (see lossTargets). A loss without a Newton step of its own comes as a pair [loss, y], or with `y`. The boundary
 * tensors may have any shapes, and each gradient has that of its parameter. Throws GradientError where the loss does not
 * depend on the boundary, RuleError where it has no Newton step and no `y` is named.
 *
 * Over time ("Iterations and time dependence"), u_t = f(s_t; θ) and s_{t+1} = P(s_t, u_t), all u_t are the boundary, and
 * there may be a loss at every step. The sweep then goes step by step back in time (sweepThroughNetworks): the smallest change
 * of s_t and u_t together that gives s̃_{t+1}, in their own units; at a state the increments that meet are added, s̃_t = s_t +
 * Σ Δs_t: from physics, from the loss terms, each in proportion to its factor, and from the network by `throughNetwork`:
 *
 *  - 'add': -(∂f/∂s_t)ᵀ (u_t - ũ_t), the step of gradient descent on the proxy loss. It has the units u²/s: unlike what
 *    comes from physics and loss it is not invariant to units, and wants u and s of a size near 1;
 *  - 'stop': nothing. That u_t has to change asks no other state of the earlier steps.
 *
 * With the ladder [adjoint({ step: 1 })] and `choose: false` the first is the gradient through time, the second the one with
 * all s_t that networks read held fixed. Where no network reads a state, both are the same ordinary sweep.
 *
 * The policy `whole: 'always'` with 'stop' makes a plan instead: one sequence of u_t for all terms of the loss, by least squares
 * with their factors as weights, the smallest change of all u_t together, which the network is to imitate. It costs a
 * solve of the size of the whole course.
 */
export function sipBackward<W extends Tensor | readonly Tensor[]>(
  tape: Tape,
  loss: Tensor | readonly Loss[],
  {
    boundary,
    wrt,
    eta = 1,
    scale = 1,
    proxy = 'l2',
    delta = 1,
    y,
    policy,
    throughNetwork = 'stop'
  }: SipOptions<W> = {} as SipOptions<W>
): SipResult<PerWrt<W extends readonly Tensor[] ? number[] : number>> {
  checkNumbers('sipBackward', 'finite', { eta, scale })
  checkProxy('sipBackward', { proxy, delta })
  const parameters: readonly Tensor[] = Array.isArray(wrt) ? wrt : [wrt as Tensor]
  for (const p of parameters) checkKnown(tape, p, 'sipBackward', 'a parameter')
  checkChoice('sipBackward', 'throughNetwork', throughNetwork, ['add', 'stop'])
  const losses = checkLosses('sipBackward', loss)
  const goals = lossTargets(tape, losses, { y, eta })
  let found!: Targets
  const { targets, grads } = scopedOnce(() => {
    const pass = { tape, goals, boundary, parameters, policy, proxy: { proxy, delta }, scale }
    const plan = throughNetwork === 'stop' && policy?.whole === 'always'
    const swept = (plan ? undefined : stepByStep(pass, throughNetwork)) ?? together(pass)
    found = swept.found
    for (const { loss: l } of lossTerms(tape, losses)) checkTargetFixed(tape, l, boundary)
    return { targets: found.targets, grads: swept.grads }
  })
  return { ...found, targets, grad: (wrt instanceof Tensor ? grads[0] : grads) as never }
}

interface Pass {
  tape: Tape
  goals: readonly (readonly [Tensor, Claim])[]
  boundary: readonly Tensor[]
  parameters: readonly Tensor[]
  policy?: Partial<Policy>
  proxy: ProxyLoss
  scale: number
}

/** The target sweep through all of the physics, then the cotangent sweep through all of the network. */
function together({ tape, goals, boundary, parameters, policy, proxy, scale }: Pass) {
  const found = targetSweep(tape, goals, boundary, policy)
  const seeds = boundary.map((x, i) => [x, proxyCotangent(x, found.targets[i], proxy, scale)] as const)
  const swept = new Set(found.region.sites)
  const only = (site: Site) => !swept.has(site)
  const cts = cotangentSweep(tape, seeds, { only })
  // A sweep keeps what arrives at tensors that no site made; one that a site made must stop it, on a sweep of its own.
  const made = new Set(tape.sites.map(s => s.out))
  const grads = parameters.map(
    p => (made.has(p) ? cotangentSweep(tape, seeds, { only, leaves: new Set([p]) }) : cts).get(p) ?? zerosLike(p)
  )
  return { found, grads }
}

/** Both sweeps in one walk back through time; undefined where no network reads a state. */
function stepByStep(
  { tape, goals, boundary, parameters, policy, proxy, scale }: Pass,
  through: 'add' | 'stop'
): ReturnType<typeof together> | undefined {
  const ys = goals.map(([y]) => y)
  const region = prepareRegion(tape, ys, boundary)
  const states = statesRead(tape, region)
  if (states.size === 0) return undefined
  const wanted = new Set(parameters)
  const { cotangents, ...found } = sweepThroughNetworks(tape, goals, region, states, { policy, proxy, wanted, through })
  const grads = parameters.map(p => {
    const ct = cotangents.get(p)
    return ct ? mul(ct, scale) : zerosLike(p)
  })
  return { found, grads }
}

/** A target that moves with x is none: the sweep would take it for a constant and reach something else. */
function checkTargetFixed(tape: Tape, loss: Tensor, boundary: readonly Tensor[]): void {
  const site = tape.sites.find(s => s.out === loss)
  if (!site?.op.newtonStep) return
  const [, target] = site.inputs
  if (tape.knows(target) && findRegion(tape, [target], boundary).active(target))
    throw new GradientError(
      'sipBackward',
      `the target of ${site.op.name} depends on the boundary`,
      'Take it as a constant by stopGradient(target), or compare the difference of both with zeros'
    )
}
