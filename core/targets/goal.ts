import { claim } from '../claim.js'
import { DTypeError, GradientError, NonFiniteError, OptionError } from '../errors.js'
import type { Claim } from '../op.js'
import { describe } from '../options.js'
import { show } from '../shape.js'
import { checkKnown, type Tape } from '../tape.js'
import { checkLike, mapData, Tensor } from '../tensor.js'
import { findRegion, type Region } from './region.js'

/** A tensor, and what it should have been: everywhere, or where a claim's weight says so. */
export type Goal = readonly [Tensor, Claim | Tensor]

/** The region of a sweep, after a check that it makes sense. */
export function prepareRegion(tape: Tape, ys: readonly Tensor[], boundary: readonly Tensor[]): Region {
  if (ys.length === 0) throw new GradientError('target sweep', 'no goal', 'Give at least one tensor and its goal')
  if (!Array.isArray(boundary))
    throw new DTypeError('target sweep', `${describe(boundary)} as the boundary`, 'Give a list of tensors, such as [x]')
  if (boundary.length === 0)
    throw new GradientError('target sweep', 'no boundary tensor', 'Name the tensors for which targets are asked')
  if (new Set(boundary).size < boundary.length)
    throw new GradientError('target sweep', 'a boundary tensor named twice', 'Name each once')
  for (const y of ys) checkKnown(tape, y, 'target sweep', 'a tensor with a goal')
  for (const b of boundary) checkKnown(tape, b, 'target sweep', 'a boundary tensor')
  const region = findRegion(tape, ys, boundary)
  for (const y of ys)
    if (!region.active(y))
      throw new GradientError(
        'target sweep',
        `a goal of shape ${show(y.shape)} does not depend on the boundary`,
        'Compute it from the boundary tensors inside record'
      )
  return region
}

/** The claim that a goal makes; throws for one that does not fit its tensor. */
export function checkGoal([y, goal]: Goal): Claim {
  const { value, weight } = goal instanceof Tensor || !goal ? claim(goal as Tensor) : goal
  checkLike(y, value, 'target sweep', 'a goal')
  if (weight) {
    checkLike(y, weight, 'target sweep', 'the weight of a goal')
    for (const w of weight.data)
      if (!(w >= 0 && w < Infinity))
        throw new OptionError('target sweep', `a weight of ${w}`, 'Weights are finite numbers, 0 or more')
  }
  return { value, weight }
}

/**
 * The samples of which NaN or infinity is asked: `samples` of them, or all as one (0). Throws where no other is left. An
 * entry whose output is not finite itself does not count: that sample is lost already, and the others go on.
 */
export function senselessSamples(ys: readonly Tensor[], asked: readonly Claim[], samples: number): boolean[] {
  const senseless = new Array<boolean>(samples || 1).fill(false)
  ys.forEach((y, k) => {
    const { value, weight } = asked[k]
    const n = y.size / senseless.length
    const [goal, now] = [value.data, y.data]
    for (let i = 0; i < goal.length; i++)
      if (!Number.isFinite(goal[i]) && Number.isFinite(now[i]) && (!weight || weight.data[i] > 0))
        senseless[Math.floor(i / n)] = true
  })
  if (senseless.every(Boolean))
    throw new NonFiniteError('target sweep', 'a goal with NaN or infinity', 'Use weight 0 where nothing is asked')
  return senseless
}

/**
 * What can be asked: no claim on samples of which something senseless is asked, nor on entries whose output is not finite.
 */
export function reachableGoal(y: Tensor, { value, weight }: Claim, senseless: readonly boolean[]): Claim {
  const n = y.size / senseless.length
  const [goal, now] = [value.data, y.data]
  const lost = (i: number) => senseless[Math.floor(i / n)] || !Number.isFinite(goal[i]) || !Number.isFinite(now[i])
  if (!weight && !value.data.some((_, i) => lost(i))) return { value, weight }
  const masked = mapData(y, (_, i) => (lost(i) ? 0 : weight ? weight.data[i] : 1))
  return { value: mapData(y, (v, i) => (masked.data[i] === 0 ? v : value.data[i])), weight: masked }
}
