import { InverseError } from '../errors.js'
import type { Site } from '../op.js'
import type { Tape } from '../tape.js'
import type { Tensor } from '../tensor.js'
import { walkBack } from '../walk.js'
import { prepareRegion } from './goal.js'
import { defaultPolicy, type Policy } from './policy.js'
import { activeInputs, BOUNDARY, entriesOf, type Region } from './region.js'

/** What the sweep will do with the claim on a site's output. */
export type Decision =
  | { readonly how: 'rule'; readonly rung: string; readonly reason: string }
  | { readonly how: 'choose'; readonly reason: string }
  | { readonly how: 'block'; readonly entries: readonly Tensor[]; readonly reason: string }

/**
 * Rule, choice or block, from the structure alone:
 *  a. one active input and no rule that applies: a block of this site;
 *  b. several active inputs, or one of them twice, that do not split: a block back to the immediate dominator, unless the
 *     inputs hang on disjoint boundary tensors and the operator can choose the smallest change;
 *  c. the pieces of a splitting site meet again inside blocks with the same entry: one block now, not one per piece.
 * (Claims that disagree, case d, show only when the values are there.)
 */
export function decide(site: Site, region: Region, policy: Policy): Decision {
  const inverse = ruleFor(site, region)
  const uses = site.inputs.filter(region.active).length
  const distinct = activeInputs(site, region)

  if (inverse?.splits && distinct.length > 1 && piecesMeet(site, region)) {
    const entries = entriesOf(region.idom(site.out), region)
    return { how: 'block', entries, reason: `the pieces of ${site.op.name} depend on each other` }
  }

  if (uses === 1 || inverse?.splits) {
    if (inverse?.kind === 'structural') return { how: 'rule', rung: 'structural', reason: 'moves entries' }
    const ladder = policy.ladder
    const own = ladder.findIndex(r => !r.solve && r.name === inverse?.kind)
    const solver = ladder.findIndex(r => r.solve)
    if (inverse && own >= 0 && (solver < 0 || own < solver))
      return { how: 'rule', rung: inverse.kind, reason: `rule of ${site.op.name}` }
    if (solver < 0)
      throw new InverseError(
        `target sweep through ${site.op.name}`,
        inverse
          ? `its rule is ${inverse.kind}, which is not on the ladder`
          : 'it has no inverse rule and the ladder no solver',
        'Add a rung that solves blocks, such as newton() or adjoint()'
      )
    const reason = !inverse
      ? `${site.op.name} has no inverse rule${site.op.inverse ? ' for this input' : ''}`
      : own < 0
        ? `the rule of ${site.op.name} is ${inverse.kind}, which is not on the ladder`
        : `${ladder[solver].name} stands before ${inverse.kind} on the ladder`
    return { how: 'block', entries: distinct, reason }
  }

  const d = region.idom(site.out)
  // Inputs on disjoint boundary tensors: then nothing but the boundary as a whole dominates the site.
  if (policy.choose && inverse?.choose && distinct.length === uses && region.disjoint(distinct))
    return { how: 'choose', reason: `independent inputs of ${site.op.name}: the smallest change, in their own units` }
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

/** The operator's inverse rule, where it answers for the active inputs. */
function ruleFor({ op: { inverse }, inputs }: Site, region: Region): Site['op']['inverse'] {
  const answers = inverse?.inputs
  return answers && inputs.some((t, i) => region.active(t) && !answers.includes(i)) ? undefined : inverse
}

/** Case c: would a piece be solved by a block that ends where the whole of the site's block would end? */
function piecesMeet(site: Site, region: Region): boolean {
  if (region.disjoint(activeInputs(site, region))) return false
  const d = region.idom(site.out)
  return region
    .between(entriesOf(d, region), [site.out])
    .sites.some(
      s => s !== site && !s.op.inverse?.splits && region.idom(s.out) === d && activeInputs(s, region).length > 1
    )
}

export interface PlannedStep {
  /** The site at whose output it starts. */
  readonly site: Site
  readonly ops: string
  /** Number of sites it covers. */
  readonly sites: number
  readonly decision: Decision
}

/**
 * The plan of a target sweep for goals on `ys`, before any goal is known and without running it; `showPlan` prints it.
 *
 *     console.log(showPlan(planTargets(tape, [y], [x])))
 */
export const planTargets = (
  tape: Tape,
  ys: readonly Tensor[],
  boundary: readonly Tensor[],
  settings: Partial<Policy> = {}
): PlannedStep[] => plan(prepareRegion(tape, ys, boundary), { ...defaultPolicy, ...settings })

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
        steps.push({ site, ops: opNames(sites), sites: sites.length, decision })
        return decision.entries.filter(e => reached.has(e)).map(e => [e, true] as const)
      }
      steps.push({ site, ops: site.op.name, sites: 1, decision })
      return site.inputs.filter(region.active).map(t => [t, true] as const)
    }
  })
  return steps
}

/** The plan as text, a line for each step: rung, operators, and why. */
export const showPlan = (steps: readonly PlannedStep[]): string =>
  steps
    .map(
      ({ ops, sites, decision: d }) =>
        `${d.how === 'rule' ? d.rung : d.how}  ${ops} (${sites} ${sites === 1 ? 'site' : 'sites'}): ${d.reason}`
    )
    .join('\n')

/** The operators of a piece of tape: all of a short one, the ends of a long one. */
export const opNames = (sites: readonly Site[]): string =>
  sites.length <= 3 ? sites.map(s => s.op.name).join(', ') : `${sites[0].op.name} … ${sites[sites.length - 1].op.name}`
