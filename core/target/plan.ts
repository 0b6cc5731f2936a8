import { InverseError } from '../errors.js'
import type { Site } from '../op.js'
import type { Tensor } from '../tensor.js'
import { walkBack } from '../walk.js'
import type { Policy } from './policy.js'
import { BOUNDARY, type Region } from './region.js'

/** What the sweep will do with the claim on a site's output. */
export type Decision =
  | { readonly how: 'rule'; readonly rung: string; readonly reason: string }
  | { readonly how: 'choose'; readonly reason: string }
  | { readonly how: 'block'; readonly entries: readonly Tensor[]; readonly reason: string }

/** The entries of a block: the dominator alone, or the whole boundary. */
export const entriesOf = (d: Tensor | typeof BOUNDARY, region: Region): readonly Tensor[] =>
  d === BOUNDARY ? region.boundary : [d]

/**
 * Rule, choice or block, from the structure alone:
 *  a. one active input and no rule that applies: a block of this site;
 *  b. several active inputs, or one of them twice, that do not split: a block back to the immediate dominator, unless the
 *     inputs hang on disjoint boundary tensors and the operator can choose the smallest change;
 *  c. the pieces of a splitting site meet again inside blocks with the same entry: one block now, not one per piece.
 * (Claims that disagree, case d, show only when the values are there.)
 */
export function decide(site: Site, region: Region, policy: Policy): Decision {
  const inverse = site.op.inverse
  const active = site.inputs.filter(region.active)
  const distinct = [...new Set(active)]

  if (inverse?.splits && distinct.length > 1) {
    const d = region.idom(site.out)
    const entries = entriesOf(d, region)
    const meets = region
      .between(entries, [site.out])
      .sites.some(
        s =>
          s !== site &&
          !s.op.inverse?.splits &&
          region.idom(s.out) === d &&
          new Set(s.inputs.filter(region.active)).size > 1
      )
    if (meets) return { how: 'block', entries, reason: `the pieces of ${site.op.name} depend on each other` }
  }

  if (active.length === 1 || inverse?.splits) {
    if (inverse?.kind === 'structural') return { how: 'rule', rung: 'structural', reason: 'moves entries' }
    for (const rung of policy.ladder) {
      if (rung.solve)
        return {
          how: 'block',
          entries: distinct,
          reason: inverse
            ? `${rung.name} stands before ${inverse.kind} on the ladder, or ${inverse.kind} is not on it`
            : `${site.op.name} has no inverse rule`
        }
      if (rung.name === inverse?.kind) return { how: 'rule', rung: rung.name, reason: `rule of ${site.op.name}` }
    }
    throw new InverseError(
      `target sweep through ${site.op.name}`,
      inverse
        ? `its rule is ${inverse.kind}, which is not on the ladder`
        : 'it has no inverse rule and the ladder no solver',
      'Add a rung that solves blocks, such as newton() or adjoint()'
    )
  }

  const d = region.idom(site.out)
  if (d === BOUNDARY && policy.choose && inverse?.choose && distinct.length === active.length) {
    const origins = distinct.map(t => region.between(region.boundary, [t]).reached)
    const shared = region.boundary.some(b => origins.filter(o => o.has(b)).length > 1)
    if (!shared)
      return { how: 'choose', reason: `independent inputs of ${site.op.name}: the smallest change, in their own units` }
  }
  const many =
    distinct.length > 1
      ? `${distinct.length} active inputs of ${site.op.name} meet again`
      : `${site.op.name} uses one input twice`
  return {
    how: 'block',
    entries: entriesOf(d, region),
    reason: `${many} at ${d === BOUNDARY ? 'the boundary' : 'a dominator'}`
  }
}

export interface PlannedStep {
  readonly ops: string
  readonly sites: number
  readonly decision: Decision
}

/** The whole plan, before the sweep: a walk back with one bit. Refusals and claims that disagree can still change it. */
export function plan(region: Region, policy: Policy): PlannedStep[] {
  const steps: PlannedStep[] = []
  const edge = new Set(region.boundary)
  walkBack<true>(region.sites, {
    seed: () => region.goals.map(y => [y, true] as const),
    meet: () => true,
    leaf: t => edge.has(t),
    back(site) {
      const decision = decide(site, region, policy)
      if (decision.how === 'block') {
        const { sites, reached } = region.between(decision.entries, [site.out])
        steps.push({ ops: opNames(sites), sites: sites.length, decision })
        return decision.entries.filter(e => reached.has(e)).map(e => [e, true] as const)
      }
      steps.push({ ops: site.op.name, sites: 1, decision })
      return site.inputs.filter(region.active).map(t => [t, true] as const)
    }
  })
  return steps
}

export const showPlan = (steps: readonly PlannedStep[]): string =>
  steps
    .map(
      ({ ops, sites, decision: d }) =>
        `${d.how === 'rule' ? d.rung : d.how}  ${ops} (${sites} ${sites === 1 ? 'site' : 'sites'}): ${d.reason}`
    )
    .join('\n')

export const opNames = (sites: readonly Site[]): string =>
  sites.length <= 3 ? sites.map(s => s.op.name).join(', ') : `${sites[0].op.name} … ${sites[sites.length - 1].op.name}`
