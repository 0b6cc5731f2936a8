import { type Met, meetClaims, noClaim, pickSamples } from '../claim.js'
import { GradientError, InverseError } from '../errors.js'
import type { Claim, Site } from '../op.js'
import { scopedOnce } from '../scope.js'
import { show } from '../shape.js'
import { type Tape, unseen } from '../tape.js'
import type { Tensor } from '../tensor.js'
import { walkBack } from '../walk.js'
import { BlockProblem } from './blockProblem.js'
import { type ClosedRegion, closedRegion, solvable } from './closedRegion.js'
import { EndToEnd } from './endToEnd.js'
import { checkGoal, type Goal, prepareRegion, reachableGoal } from './goal.js'
import { samplesApart } from './mismatch.js'
import { ownRule } from './ownRule.js'
import { type Decision, decide, type PlannedStep, plan } from './plan.js'
import { checkPolicy, defaultPolicy, type Policy } from './policy.js'
import type { Region } from './region.js'
import { makeReport, type RungReport, type TargetReport } from './report.js'
import { type Pairs, solveBlock } from './solveBlock.js'

export interface Targets {
  /** A claim for each boundary tensor, in order: x̃, with weight 0 where nothing was asked. */
  readonly targets: readonly Claim[]
  readonly plan: readonly PlannedStep[]
  readonly report: TargetReport
  /** For each of the report's rungs, the sites that it answered for: `tape.toDot({ targets })` paints them. */
  readonly covered: readonly (readonly Site[])[]
  readonly region: Region
}

/**
 * The target sweep, "inverse backward": which values of the boundary tensors, near the current ones, would have given
 * these goals? Claims travel backward; each site takes the first rung of the ladder that applies. What was solved
 * is a constant for every derivative: nothing here is recorded.
 *
 * Norms, steps, line searches, refusals and reports are per sample. Which sites form a block is not: it follows from the
 * tape, and from claims that disagree in any sample.
 */
export function targetSweep(
  tape: Tape,
  goals: readonly Goal[],
  boundary: readonly Tensor[],
  settings: Partial<Policy> = {}
): Targets {
  const policy: Policy = { ...defaultPolicy, ...settings }
  checkPolicy(policy)
  if (!Array.isArray(goals) || !goals.every(g => Array.isArray(g) && g.length === 2))
    throw new GradientError('target sweep', 'goals that are not pairs', 'Give pairs [tensor, target]')
  const region = prepareRegion(
    tape,
    goals.map(([y]) => y),
    boundary
  )
  const claims = goals.map(checkGoal)
  const run = () => new TargetSweep(region, new EndToEnd(region, claims), policy).run()
  let found!: Targets
  const targets = unseen(() => tape.pausedWhile(() => scopedOnce(() => (found = run()).targets)))
  return { ...found, targets }
}

class TargetSweep {
  readonly #rungs: { report: RungReport; exit: Tensor; sites: readonly Site[] }[] = []
  /** The claim with which each tensor was left: the goals of closed regions. */
  readonly #settled = new Map<Tensor, Claim>()
  /** Inside of a region that was solved as one: later claims are dropped. */
  readonly #closed = new Set<Tensor>()
  /** Inside of a block: what was asked of its exit went on to its entries without them. */
  readonly #passed = new Set<Tensor>()
  /** Entries of such regions: their claim stands, whatever else arrives. */
  readonly #final = new Map<Tensor, Claim>()
  readonly #goals: readonly (readonly [Tensor, Claim])[]
  readonly #decisions: ReadonlyMap<Site, Decision>
  readonly #plan: readonly PlannedStep[]

  constructor(
    readonly region: Region,
    /** The goals as they were asked; what is asked of lost samples is left out of the sweep, and shows in the report. */
    readonly end: EndToEnd,
    readonly policy: Policy
  ) {
    this.#goals = region.goals.map((y, i) => [y, reachableGoal(y, end.asked[i], end.senseless)] as const)
    this.#plan = plan(region, policy)
    this.#decisions = new Map(this.#plan.map(s => [s.site, s.decision] as const))
  }

  run(): Targets {
    const whole = this.policy.whole === 'always'
    const targets = whole ? this.#asOne('the policy asks for all of it as one') : this.#chain()
    let end = this.end.replay(targets)
    let best = targets
    const { before } = this.end
    if (this.policy.whole === 'missed' && end.mismatch.some((m, b) => m > 1e-9 * before[b])) {
      best = this.#whole(targets, end.mismatch)
      end = this.end.replay(best)
    }
    const { claims, mismatch, failed } = this.end.finish(best, end)
    const report = makeReport(
      this.#rungs.map(r => r.report),
      mismatch,
      before,
      failed
    )
    return { targets: claims, plan: this.#plan, report, covered: this.#rungs.map(r => r.sites), region: this.region }
  }

  /** One site after the other: the walk back. */
  #chain(): Claim[] {
    const { region } = this
    const edge = new Set(region.boundary)
    const left = walkBack<Met>(region.sites, {
      seed: () => this.#goals,
      leaf: t => edge.has(t),
      meet: (t, a, b) => this.#final.get(t) ?? meetClaims(t, a, b),
      back: (site, met) => this.#back(site, met)
    })
    // A boundary tensor is settled like any other; where its claims disagree, others may be settled with it.
    for (const b of region.boundary) {
      const met = left.get(b)
      if (met) this.#settle(b, met)
    }
    return region.boundary.map(b => this.#final.get(b) ?? this.#settled.get(b) ?? noClaim(b))
  }

  /** From the boundary to the goals as one block. */
  #asOne(reason: string): Claim[] {
    const { region, policy } = this
    const entries = region.boundary.filter(region.active)
    const scales = entries.map(e => policy.scales.get(e) ?? 1)
    const goals = this.#goals.map(([, c]) => c)
    const block = new BlockProblem(region.sites, entries, region.goals, goals, scales)
    const { pairs, report } = solveBlock(block, policy, reason)
    this.#report(region.goals[0], report, region.sites)
    const found = new Map(pairs)
    return region.boundary.map(b => found.get(b) ?? noClaim(b))
  }

  /** Everything as one block; each sample (or all together, where they are not apart) keeps what ends nearer. */
  #whole(chain: readonly Claim[], missed: readonly number[]): Claim[] {
    const { region } = this
    if (!solvable(region.sites, [])) return [...chain]
    const found = this.#asOne('the chain of blocks missed the goals: all of it as one')
    const large = found.map((c, i) => (region.active(region.boundary[i]) ? c : chain[i]))
    const now = this.end.replay(large).mismatch
    const worst = (m: readonly number[]) => Math.hypot(...m)
    const entries = region.boundary.filter(region.active)
    const apart = samplesApart(region.sites, entries, region.goals) === now.length
    const better = apart ? now.map((m, b) => m < missed[b] || Number.isNaN(missed[b])) : [worst(now) < worst(missed)]
    return chain.map((c, i) => pickSamples(better, large[i], c))
  }

  /** From the claim on a site's output to claims on inputs, or on the entries of a block. */
  #back(site: Site, met: Met): Pairs {
    if (this.#closed.has(site.out)) return []
    const { pairs, claim: c } = this.#settle(site.out, met)
    if (pairs) return pairs
    if (c!.weight?.data.every(w => w === 0)) return []
    const decision = this.#decisions.get(site) ?? decide(site, this.region, this.policy)
    if (decision.how === 'block') return this.#solve(decision.entries, [site.out], [c!], decision.reason)
    return this.#rule(site, c!, decision)
  }

  /** All claims on t have met. Where they disagree, the smallest closed region around t is solved as one. */
  #settle(t: Tensor, met: Met): { claim?: Claim; pairs?: Pairs } {
    const { region, policy } = this
    const stands = this.#final.get(t)
    if (!stands && met.conflict && policy.meet === 'error')
      throw new InverseError(
        'target sweep',
        `claims on a tensor of shape ${show(t.shape)} disagree`,
        "Use the policy meet: 'block' or 'mean'"
      )
    if (stands || !met.conflict || policy.meet === 'mean') {
      const c = stands ?? { value: met.value, weight: met.weight }
      this.#settled.set(t, c)
      return { claim: c }
    }
    const found = closedRegion(t, region, this.#settled, this.#passed)
    let pairs = this.#close(found)
    // What was asked of the exit may have been one choice of several, and out of reach from here: the goals decide.
    const { status, refused } = this.#rungs[this.#rungs.length - 1].report
    const missed = status!.includes('unreachable') || refused.length > 0
    if (missed && found.exits !== region.goals) {
      const whole = closedRegion(t, region, new Map(), this.#passed)
      if (whole.sites.length > found.sites.length && solvable(whole.sites, found.sites)) pairs = this.#close(whole)
    }
    if (!this.#final.has(t)) return { pairs }
    const c = this.#final.get(t)!
    this.#settled.set(t, c)
    return { claim: c }
  }

  /** Solves a closed region. What was found inside is dropped, and the entries' claims stand. */
  #close({ entries, exits, sites, reached }: ClosedRegion): Pairs {
    const goals = exits === this.region.goals ? this.#goals.map(([, c]) => c) : exits.map(e => this.#settled.get(e)!)
    for (const u of reached) if (!entries.includes(u)) this.#closed.add(u)
    for (const u of reached) this.#final.delete(u)
    const inside = new Set(sites.map(s => s.out))
    for (const r of this.#rungs) if (inside.has(r.exit)) r.report = { ...r.report, dropped: true }
    const pairs = this.#solve(entries, exits, goals, 'claims disagree: the closed region around them')
    for (const [e, c] of pairs) this.#final.set(e, c)
    return pairs
  }

  /** The operator's own rule; where it has no answer for any sample, a block of this one site. */
  #rule(site: Site, c: Claim, decision: Exclude<Decision, { how: 'block' }>): Pairs {
    const found = ownRule(site, c, decision, this.region, this.policy)
    if ('refused' in found) return this.#solve(found.entries, [site.out], [c], `rule of ${site.op.name}`, found.refused)
    this.#report(site.out, found.report, [site])
    return found.pairs
  }

  #solve(
    entries: readonly Tensor[],
    exits: readonly Tensor[],
    goals: readonly Claim[],
    reason: string,
    refused: RungReport['refused'] = []
  ): Pairs {
    const { sites, reached } = this.region.between(entries, exits)
    const used = entries.filter(e => reached.has(e))
    for (const u of reached) if (!entries.includes(u) && !exits.includes(u)) this.#passed.add(u)
    const scales = used.map(e => this.policy.scales.get(e) ?? 1)
    const { pairs, report } = solveBlock(
      new BlockProblem(sites, used, exits, goals, scales),
      this.policy,
      reason,
      refused
    )
    this.#report(exits[0], report, sites)
    return pairs
  }

  #report(exit: Tensor, report: RungReport, sites: readonly Site[]): void {
    this.#rungs.push({ report, exit, sites })
  }
}
