import { claim } from '../core/claim.js'
import { GradientError } from '../core/errors.js'
import type { Claim, Site } from '../core/op.js'
import { addOp } from '../core/structural/add.js'
import { mulOp } from '../core/structural/mul.js'
import type { Tape } from '../core/tape.js'
import { mapData, onesLike, Tensor } from '../core/tensor.js'
import { divOp } from '../ops/elementwise/div.js'
import { lossTarget } from './lossTarget.js'

/** A loss, or a loss and the output of the physics that it is a function of, for one without a Newton step of its own. */
export type Loss = Tensor | readonly [loss: Tensor, y: Tensor]

interface Term {
  readonly loss: Tensor
  readonly factor: number
  readonly y?: Tensor
}

/**
 * The Newton steps of a loss of several terms: a goal for the y of each, as lossTarget finds it.
 *
 * The terms come as a list, or as one loss that is their sum, Σ_k c_k L_k, which is taken apart where every L_k knows its
 * step (l2, l1) and every c_k is a positive number.
 *
 * The step of one term does not depend on its factor; how the terms share what they disagree on does. So each goal has the
 * weight c_k / max c: a factor common to all terms changes nothing, as for any Newton step.
 */
export function lossTargets(
  tape: Tape,
  losses: readonly Loss[],
  { y, eta = 1 }: { y?: Tensor; eta?: number } = {}
): (readonly [Tensor, Claim])[] {
  const terms = lossTerms(tape, losses)
  const most = Math.max(...terms.map(t => t.factor))
  return terms.map(t => {
    // The one `y` of the call is that of the one loss; of several terms, each has its own.
    const [at, step] = lossTarget(tape, t.loss, { y: t.y ?? (terms.length === 1 ? y : undefined), eta })
    return [at, weighted(step, t.factor / most)] as const
  })
}

/** All losses, sums among them taken apart. */
export const lossTerms = (tape: Tape, losses: readonly Loss[]): Term[] =>
  losses.flatMap(l => (l instanceof Tensor ? parts(tape, l) : [{ loss: l[0], factor: 1, y: l[1] }]))

/** The terms of a sum and their factors; the loss itself where it is none, or where a part has no Newton step of its own. */
function parts(tape: Tape, loss: Tensor): Term[] {
  const makers = new Map(tape.sites.map(s => [s.out, s] as const))
  const terms: Term[] = []
  const open: Term[] = [{ loss, factor: 1 }]
  while (open.length > 0) {
    const { loss: l, factor } = open.pop()!
    const site = makers.get(l)
    if (site?.op.newtonStep) terms.push({ loss: l, factor })
    else {
      const inside = site && summands(site, t => tape.knows(t))
      if (!inside?.every(s => s.factor > 0 && s.loss.rank === loss.rank)) return [{ loss, factor: 1 }]
      for (const s of inside) open.push({ loss: s.loss, factor: factor * s.factor })
    }
  }
  return terms.reverse()
}

/** a + b, c a and a / c by their parts that depend on θ; undefined for any other operator. */
function summands({ op, inputs: [a, b] }: Site, known: (t: Tensor) => boolean): Term[] | undefined {
  if (op === addOp) return [a, b].filter(known).map(loss => ({ loss, factor: 1 }))
  if (op === mulOp && known(a) !== known(b)) {
    const [loss, c] = known(a) ? [a, b] : [b, a]
    return [{ loss, factor: constantOf(c) }]
  }
  if (op === divOp && !known(b)) return [{ loss: a, factor: 1 / constantOf(b) }]
  return undefined
}

/** The number that a constant is, the same for every sample; NaN where it is not. */
const constantOf = (c: Tensor): number => (c.data.every(v => v === c.data[0]) ? c.data[0] : Number.NaN)

const weighted = ({ value, weight }: Claim, w: number): Claim =>
  w === 1
    ? { value, weight }
    : claim(
        value,
        mapData(weight ?? onesLike(value), v => w * v)
      )

/** Throws unless it is a loss, or a list of losses and pairs. */
export function checkLosses(asked: string, loss: Tensor | readonly Loss[]): readonly Loss[] {
  const losses: readonly Loss[] = loss instanceof Tensor ? [loss] : loss
  const fits = (l: Loss) =>
    l instanceof Tensor || (Array.isArray(l) && l.length === 2 && l.every(t => t instanceof Tensor))
  if (!Array.isArray(losses) || losses.length === 0 || !losses.every(fits))
    throw new GradientError(asked, 'no loss', 'Give a loss [B], or a list of losses and pairs [loss, y]')
  return losses
}
