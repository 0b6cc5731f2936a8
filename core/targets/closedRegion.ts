import type { Site } from '../op.js'
import type { Tensor } from '../tensor.js'
import { entriesOf, type Region, SINK } from './region.js'

export interface ClosedRegion {
  readonly entries: readonly Tensor[]
  /** One tensor, or all that have goals. */
  readonly exits: readonly Tensor[]
  readonly sites: readonly Site[]
  /** Every tensor inside, entries and exits included. */
  readonly reached: ReadonlySet<Tensor>
}

/**
 * The smallest piece of tape around t that can be solved by itself: every path from t, and from anything else inside,
 * leaves through the exit, which has a claim (`settled`), and every path into it comes through the entry. The exit is the
 * nearest post-dominator of t for which that holds, the entry the nearest dominator of both.
 *
 * From t itself to its post-dominator would be wrong: the residual would hold entries that t cannot reach. And where a
 * tensor inside is used outside too, the claim from there would be lost: then the region grows. So it does beyond a tensor
 * that a block has handed over (`passed`): what was asked of the block's exit was never asked of that tensor.
 */
export function closedRegion(
  t: Tensor,
  region: Region,
  settled: ReadonlyMap<Tensor, unknown>,
  passed: ReadonlySet<Tensor>
): ClosedRegion {
  const goals = new Set(region.goals)
  for (let d = region.postdom(t); ; d = region.postdom(d)) {
    if (d !== SINK && (!settled.has(d) || passed.has(d))) continue
    const exits = d === SINK ? region.goals : [d]
    const entries = entriesOf(region.common([t, ...exits.map(region.idom)]), region)
    const { sites, reached } = region.between(entries, exits)
    const inside = new Set(sites)
    const leaks = (u: Tensor): boolean =>
      !exits.includes(u) && (goals.has(u) || region.users(u).some(s => !inside.has(s)))
    if (d === SINK || ![...reached].some(leaks))
      return { entries: entries.filter(e => reached.has(e)), exits, sites, reached }
  }
}

/** No site beyond those already inside whose rule is stable instead of exact: a solver would undo what it holds back. */
export const solvable = (sites: readonly Site[], inside: readonly Site[]): boolean => {
  const known = new Set(inside)
  const soft = ['regularised', 'approximate']
  return sites.every(s => known.has(s) || !soft.includes(s.op.inverse?.kind ?? ''))
}
