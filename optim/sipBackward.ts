import { GradientError } from '../core/errors.js'
import type { Site } from '../core/op.js'
import { checkNumbers } from '../core/options.js'
import { scopedOnce } from '../core/scope.js'
import { cotangentSweep } from '../core/sweeps/cotangent.js'
import { checkKnown, type Tape } from '../core/tape.js'
import type { Policy } from '../core/targets/policy.js'
import { findRegion } from '../core/targets/region.js'
import { type Targets, targetSweep } from '../core/targets/targetSweep.js'
import { Tensor, zerosLike } from '../core/tensor.js'
import type { PerWrt } from '../core/verbs/trace.js'
import { lossTarget } from './lossTarget.js'
import { checkProxy, type ProxyLoss, proxyCotangent } from './proxy.js'

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
 * `loss` is one loss tensor `[B]`, or several terms; the boundary tensors may have any shapes, and each gradient that of its
 * parameter. Throws GradientError where the loss does not depend on the boundary, RuleError where it has no Newton step and
 * no `y` is named.
 *
 * The cotangents do not go on through physics behind the boundary:
 * where a network's input is itself a state, they stop there.
 */
export function sipBackward<W extends Tensor | readonly Tensor[]>(
  tape: Tape,
  loss: Tensor | readonly Tensor[],
  { boundary, wrt, eta = 1, scale = 1, proxy = 'l2', delta = 1, y, policy }: SipOptions<W> = {} as SipOptions<W>
): SipResult<PerWrt<W extends readonly Tensor[] ? number[] : number>> {
  checkNumbers('sipBackward', 'finite', { eta, scale })
  checkProxy('sipBackward', { proxy, delta })
  const parameters: readonly Tensor[] = Array.isArray(wrt) ? wrt : [wrt as Tensor]
  for (const p of parameters) checkKnown(tape, p, 'sipBackward', 'a parameter')
  const terms: readonly Tensor[] = loss instanceof Tensor ? [loss] : loss
  if (!Array.isArray(terms) || terms.length === 0)
    throw new GradientError('sipBackward', 'no loss', 'Give a loss [B], or several')
  const goals = terms.map(l => lossTarget(tape, l, { y, eta }))
  let found!: Targets
  const { targets, grads } = scopedOnce(() => {
    found = targetSweep(tape, goals, boundary, policy)
    for (const l of terms) checkTargetFixed(tape, l, boundary)
    const seeds = boundary.map((x, i) => [x, proxyCotangent(x, found.targets[i], { proxy, delta }, scale)] as const)
    const swept = new Set(found.region.sites)
    const only = (site: Site) => !swept.has(site)
    const cts = cotangentSweep(tape, seeds, { only })
    // A sweep keeps what arrives at tensors that no site made; one that a site made must stop it, on a sweep of its own.
    const made = new Set(tape.sites.map(s => s.out))
    const grads = parameters.map(
      p => (made.has(p) ? cotangentSweep(tape, seeds, { only, leaves: new Set([p]) }) : cts).get(p) ?? zerosLike(p)
    )
    return { targets: found.targets, grads }
  })
  return { ...found, targets, grad: (wrt instanceof Tensor ? grads[0] : grads) as never }
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
