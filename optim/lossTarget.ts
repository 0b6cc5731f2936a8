import { claim } from '../core/claim.js'
import { GradientError, RuleError } from '../core/errors.js'
import type { Claim, Site } from '../core/op.js'
import { checkNumbers } from '../core/options.js'
import { sum } from '../core/structural/sum.js'
import { checkKnown, type Tape, unseen } from '../core/tape.js'
import { findRegion } from '../core/targets/region.js'
import { replay } from '../core/targets/replay.js'
import { saddleFreeStep } from '../core/targets/saddleFree.js'
import { allFinite, mapData, Tensor } from '../core/tensor.js'
import { grad } from '../core/verbs/grad.js'
import { hessian } from '../core/verbs/jacobian.js'
import { sampleJacobian } from '../core/verbs/sampleJacobian.js'

/**
 * The Newton step of a loss in y: the target ỹ = y + η Δy, where the physics' output y feeds the loss L.
 *
 * A loss operator that knows its step (l2: Δy = y* - y) gives it. Any other is differentiated: Δy = -|H|⁻¹ g per sample,
 * H = ∂²L_b/∂y_b², with the absolute values of its eigenvalues, so that the step goes downhill where L is not convex;
 * eigenvalues at or below `truncation` times the largest are left out. A sample whose loss is not finite has no claim.
 */
export function lossTarget(
  tape: Tape,
  loss: Tensor,
  { y, eta = 1, truncation = 1e-10 }: { y?: Tensor; eta?: number; truncation?: number } = {}
): readonly [Tensor, Claim] {
  checkNumbers('a Newton step of the loss', 'finite', { eta })
  checkNumbers('a Newton step of the loss', 'notNegative', { truncation })
  checkKnown(tape, loss, 'a Newton step of the loss', 'the loss')
  const site = tape.sites.find(s => s.out === loss)
  if (site?.op.newtonStep && !tape.knows(site.inputs[0]))
    throw new GradientError(
      'a Newton step of the loss',
      `the tape does not know the first argument of ${site.op.name}, which takes the step`,
      `Give the output of the physics first, then its target: ${site.op.name}(y, target)`
    )
  if (site?.op.newtonStep && (!y || y === site.inputs[0])) return [site.inputs[0], site.op.newtonStep(site, eta)]
  if (!y)
    throw new RuleError(
      'a Newton step of the loss',
      `${site ? `${site.op.name}, which made it,` : 'the tensor'} has no newtonStep`,
      'Use l2 or l1, or name the output of the physics by `y`: then |H| is found by differentiation'
    )
  checkKnown(tape, y, 'a Newton step of the loss', 'y')
  const region = findRegion(tape, [loss], [y])
  if (!region.active(loss))
    throw new GradientError(
      'a Newton step of the loss',
      'the loss does not depend on y',
      'Name the tensor that the loss is made of'
    )
  return [y, unseen(() => tape.pausedWhile(() => newtonByHessian(region.sites, loss, y, eta, truncation)))]
}

function newtonByHessian(sites: readonly Site[], loss: Tensor, y: Tensor, eta: number, truncation: number): Claim {
  // A scalar loss of a single state is a batch of one.
  const single = loss.rank === 0 || y.rank === 0 || y.shape[0] !== loss.shape[0]
  const B = single ? 1 : y.shape[0]
  const n = y.size / Math.max(1, B)
  const f = (u: Tensor): Tensor => {
    const [l] = replay(sites, [y], [u], [loss])
    return sum(l)
  }
  const g = grad(f)(y)
  const H = single ? undefined : sampleJacobian(grad(f))(y).J.data
  const whole = single ? hessian(f)(y).data : undefined
  const step = new Float64Array(y.size)
  const weight = y.data.map(() => 1)
  for (let b = 0; b < B; b++) {
    const Hb = Float64Array.from(whole ?? H!.subarray(b * n * n, (b + 1) * n * n))
    const gb = g.data.subarray(b * n, (b + 1) * n)
    if (!Hb.every(Number.isFinite) || !allFinite(gb)) {
      weight.fill(0, b * n, (b + 1) * n)
      continue
    }
    step.set(saddleFreeStep(Hb, gb, n, { truncation }).step, b * n)
  }
  const value = mapData(y, (v, i) => v + eta * step[i])
  return claim(value, weight.every(w => w === 1) ? null : new Tensor(y.shape, weight))
}
