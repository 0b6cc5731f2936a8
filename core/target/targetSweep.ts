import { GradientError, InverseError, NonFiniteError, RuleError, ShapeError } from '../errors.js'
import { type Claim, isRefusal, type Site } from '../op.js'
import { describe } from '../options.js'
import { sameShape, show } from '../shape.js'
import { checkKnown, type Tape, unseen } from '../tape.js'
import { allFinite, checkTensor, Tensor } from '../tensor.js'
import { checkLike } from '../view.js'
import { walkBack } from '../walk.js'
import { Block, replay } from './block.js'
import { claim, fillUnclaimed, type Met, meetClaims, noClaim } from './claim.js'
import { type Decision, decide, entriesOf, opNames, type PlannedStep, plan } from './plan.js'
import { checkPolicy, defaultPolicy, type Policy } from './policy.js'
import { findRegion, type Region, SINK } from './region.js'
import { makeReport, type RungReport, type TargetReport } from './report.js'
import { REFUSED, type SolveStatus } from './rung.js'

export type Goal = readonly [Tensor, Claim | Tensor]

export interface Targets {
  /** A claim for each boundary tensor, in order: x̃, with weight 0 where nothing was asked. */
  readonly targets: readonly Claim[]
  readonly plan: readonly PlannedStep[]
  readonly report: TargetReport
  readonly region: Region
}

/**
 * The target sweep, "inverse backward": which values of the boundary tensors, near the current ones, would have given
 * these goals? Claims travel backward; each site takes the first rung of the ladder that applies. What was solved
 * is a constant for every derivative: nothing here is recorded.
 */
export function targetSweep(
  tape: Tape,
  goals: readonly Goal[],
  boundary: readonly Tensor[],
  settings: Partial<Policy> = {}
): Targets {
  const policy: Policy = { ...defaultPolicy, ...settings }
  checkPolicy(policy)
  if (!Array.isArray(goals) || goals.length === 0 || !goals.every(g => Array.isArray(g) && g.length === 2))
    throw new GradientError('target sweep', 'no goals', 'Give pairs [tensor, target]')
  const claims = goals.map(([y, g]) => [y, checkGoal(tape, y, g)] as const)
  if (!Array.isArray(boundary) || boundary.length === 0)
    throw new GradientError('target sweep', 'no boundary tensor', 'Name the tensors for which targets are asked')
  for (const b of boundary) checkKnown(tape, b, 'target sweep', 'a boundary tensor')
  const region = findRegion(
    tape,
    claims.map(([y]) => y),
    boundary
  )
  for (const [y] of claims)
    if (!region.active(y))
      throw new GradientError(
        'target sweep',
        `a goal of shape ${show(y.shape)} does not depend on the boundary`,
        'Compute it from the boundary tensors inside record'
      )
  return unseen(() => tape.pausedWhile(() => new TargetSweep(region, claims, policy).run()))
}

function checkGoal(tape: Tape, y: Tensor, goal: Claim | Tensor): Claim {
  checkKnown(tape, y, 'target sweep', 'a tensor with a goal')
  const given = goal instanceof Tensor || !goal ? claim(goal as Tensor) : goal
  checkLike(y, given.value, 'target sweep', 'a goal')
  if (given.weight) {
    checkTensor(given.weight, 'target sweep', 'the weight of a goal')
    if (!sameShape(given.weight.shape, y.shape) || !given.weight.data.every(w => w >= 0 && Number.isFinite(w)))
      throw new ShapeError(
        'target sweep',
        `weights of shape ${show(given.weight.shape)} for an output of shape ${show(y.shape)}`,
        'A weight per entry, each a finite number, 0 or more'
      )
  }
  const c = fillUnclaimed(given, y)
  if (!allFinite(c.value.data))
    throw new NonFiniteError('target sweep', 'a goal with NaN or infinity', 'Use weight 0 where nothing is asked')
  return c
}

class TargetSweep {
  readonly #rungs: RungReport[] = []
  /** The claim with which each tensor was left: the goals of closed regions. */
  readonly #settled = new Map<Tensor, Claim>()
  /** Inside of a region that was solved as one: later claims are dropped. */
  readonly #closed = new Set<Tensor>()
  /** Entries of such regions: their claim stands, whatever else arrives. */
  readonly #final = new Map<Tensor, Claim>()

  constructor(
    readonly region: Region,
    readonly goals: readonly (readonly [Tensor, Claim])[],
    readonly policy: Policy
  ) {}

  run(): Targets {
    const { region, goals, policy } = this
    const edge = new Set(region.boundary)
    const left = walkBack<Met>(region.sites, {
      seed: () => goals,
      leaf: t => edge.has(t),
      meet: (t, a, b) => this.#final.get(t) ?? meetClaims(t, a, b),
      back: (site, met) => this.#back(site, met)
    })
    // A boundary tensor is settled like any other; one that feeds others may settle them too.
    for (const b of region.boundary) {
      const met = left.get(b)
      if (met) for (const [t, c] of this.#settle(b, met).pairs ?? []) this.#final.set(t, c)
    }
    const targets = region.boundary.map(b => this.#final.get(b) ?? this.#settled.get(b) ?? noClaim(b))
    const [mismatch, before] = this.#endToEnd(targets)
    return { targets, plan: plan(region, policy), report: makeReport(this.#rungs, mismatch, before), region }
  }

  /** From the claim on a site's output to claims on inputs, or on the entries of a block. */
  #back(site: Site, met: Met): readonly (readonly [Tensor, Claim])[] {
    if (this.#closed.has(site.out)) return []
    const { pairs, claim: c } = this.#settle(site.out, met)
    if (pairs) return pairs
    const decision = decide(site, this.region, this.policy)
    if (decision.how === 'block') return this.#solve(decision.entries, [site.out], [c!], decision.reason)
    return this.#rule(site, c!, decision)
  }

  /**
   * All claims on t have met. Where they disagree, the smallest closed region around t is solved as one: its exit is t's
   * post-dominator, its entry the dominator of that. Claims inside are dropped, and the entry's claim stands.
   * (From t's own dominator on would be wrong: the residual would hold entries that t cannot reach.)
   */
  #settle(t: Tensor, met: Met): { claim?: Claim; pairs?: readonly (readonly [Tensor, Claim])[] } {
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
    let d = region.postdom(t)
    while (d !== SINK && !this.#settled.has(d)) d = region.postdom(d)
    const exits = d === SINK ? region.goals : [d]
    const claims = d === SINK ? this.goals.map(g => g[1]) : [this.#settled.get(d)!]
    const top = commonEntry(exits, region)
    const entries = entriesOf(top, region)
    const pairs = this.#solve(entries, exits, claims, 'claims disagree: the closed region around them')
    for (const u of region.between(entries, exits).reached)
      if (!entries.includes(u) && !exits.includes(u)) this.#closed.add(u)
    for (const [e, c] of pairs) this.#final.set(e, c)
    if (!entries.includes(t)) return { pairs }
    const c = this.#final.get(t) ?? noClaim(t)
    this.#settled.set(t, c)
    return { claim: c }
  }

  /** The operator's own rule. Samples for which it has no answer are solved as a block of this one site. */
  #rule(site: Site, c: Claim, decision: Exclude<Decision, { how: 'block' }>): readonly (readonly [Tensor, Claim])[] {
    const active = site.inputs.map(this.region.active)
    const inverse = site.op.inverse!
    const answer = decision.how === 'choose' ? inverse.choose!(site, c) : inverse.apply(site, c, active)
    const name = decision.how === 'choose' ? 'smallest change' : decision.rung
    if (isRefusal(answer)) {
      const d = this.region.idom(site.out)
      const entries = decision.how === 'choose' ? entriesOf(d, this.region) : site.inputs.filter(this.region.active)
      return this.#solve([...new Set(entries)], [site.out], [c], `rule of ${site.op.name}`, [
        { rung: name, reason: answer.refuse }
      ])
    }
    if (!Array.isArray(answer) || answer.length !== site.inputs.length)
      throw new RuleError(
        `inverse rule of ${site.op.name}`,
        `${Array.isArray(answer) ? `${answer.length} claims` : describe(answer)} for ${site.inputs.length} inputs`,
        'Return one claim per input, null for those that are not active, or { refuse: reason }'
      )
    answer.forEach((a, i) => {
      if (a && !(a.value instanceof Tensor && a.value.dtype === site.inputs[i].dtype))
        throw new RuleError(
          `inverse rule of ${site.op.name}`,
          `${a.value instanceof Tensor ? a.value.dtype : describe(a.value)} as the claim on input ${i}, which is ${site.inputs[i].dtype}`,
          'A claim is { value, weight } with a tensor of the dtype of its input'
        )
      if (a && !sameShape(a.value.shape, site.inputs[i].shape))
        throw new RuleError(
          `inverse rule of ${site.op.name}`,
          `a claim of shape ${show(a.value.shape)} for input ${i} of shape ${show(site.inputs[i].shape)}`,
          'A claim has the shape of its input'
        )
    })
    const pairs = site.inputs.flatMap((t, i) => {
      const a = answer[i]
      return a && active[i] ? [[t, a] as const] : []
    })
    const bad = pairs.some(([, a]) => !allFinite(a.value.data))
    if (bad) return this.#mend(site, c, pairs, name)
    this.#rungs.push({
      rung: name,
      kind: decision.how === 'choose' ? 'choice' : 'rule',
      ops: site.op.name,
      sites: 1,
      reason: decision.reason,
      mismatch: this.#mismatch([site], pairs, [site.out], [c]),
      refused: []
    })
    return pairs
  }

  /** A rule that answered some samples only: the others are solved, sample by sample where the samples are apart. */
  #mend(
    site: Site,
    c: Claim,
    pairs: readonly (readonly [Tensor, Claim])[],
    rung: string
  ): readonly (readonly [Tensor, Claim])[] {
    const entries = [...new Set(site.inputs.filter(this.region.active))]
    const refused = [{ rung, reason: 'the target is outside the range of the rule' }]
    const solved = this.#solve(entries, [site.out], [c], `rule of ${site.op.name}`, refused)
    const block = new Block([site], entries, [site.out], [c])
    if (!block.perSample || pairs.length !== solved.length) return solved
    return pairs.map(([t, a], k) => {
      const w = t.size / block.batch
      const value = new Tensor(t.shape, a.value.data.slice())
      for (let b = 0; b < block.batch; b++)
        if (!allFinite(a.value.data.subarray(b * w, (b + 1) * w)))
          value.data.set(solved[k][1].value.data.subarray(b * w, (b + 1) * w), b * w)
      return [t, claim(value, a.weight)] as const
    })
  }

  /** The solver rungs of the ladder, in order, for a block; each sample takes the first that does not refuse it. */
  #solve(
    entries: readonly Tensor[],
    exits: readonly Tensor[],
    goals: readonly Claim[],
    reason: string,
    refusedBefore: readonly { rung: string; reason: string }[] = []
  ): readonly (readonly [Tensor, Claim])[] {
    const { sites, reached } = this.region.between(entries, exits)
    const used = entries.filter(e => reached.has(e))
    const scales = used.map(e => this.policy.scales.get(e) ?? 1)
    const block = new Block(sites, used, exits, goals, scales)
    const solvers = this.policy.ladder.filter(r => r.solve)
    if (solvers.length === 0)
      throw new InverseError(
        `target sweep through ${opNames(sites)}`,
        `${reason}${refusedBefore.map(r => `; ${r.rung} refused: ${r.reason}`).join('')}, and the ladder has no solver`,
        'Add a rung that solves blocks, such as newton() or adjoint()'
      )
    const x = block.start()
    const taken = new Array<string | undefined>(block.batch).fill(undefined)
    const mismatch = new Array<number>(block.batch).fill(Number.NaN)
    const status = new Array<SolveStatus>(block.batch).fill('no descent')
    const refused = [...refusedBefore]
    let iterations = 0
    for (const solver of solvers) {
      const open = taken.map(t => !t)
      if (!open.some(Boolean)) break
      const solution = solver.solve!(block)
      iterations += solution.iterations
      const reasons = new Set<string>()
      open.forEach((o, b) => {
        if (!o) return
        mismatch[b] = solution.mismatch[b]
        status[b] = solution.status[b]
        if (REFUSED.has(status[b])) {
          reasons.add(status[b])
          return
        }
        taken[b] = solver.name
        x.set(solution.x.subarray(b * block.P, (b + 1) * block.P), b * block.P)
      })
      for (const r of reasons) refused.push({ rung: solver.name, reason: r })
    }
    const stay = block.at(block.start())
    taken.forEach((t, b) => {
      if (!t) mismatch[b] = stay.mismatch[b]
    })
    this.#rungs.push({
      rung: [...new Set(taken.map(t => t ?? 'none'))].join(' and '),
      kind: 'block',
      ops: opNames(sites),
      sites: sites.length,
      reason: scalesMatter(used, scales) ? `${reason}; smallest change over tensors of one unit` : reason,
      mismatch,
      iterations,
      status,
      refused
    })
    // A block claims only what it can move; the rest keeps its value without a claim.
    const movable = block.movable(stay)
    const tensors = block.tensors(x)
    let at = 0
    return used.map((e, k) => {
      const w = e.size / block.batch
      const weight = new Tensor(e.shape, new Float64Array(e.size))
      for (let b = 0; b < block.batch; b++)
        for (let j = 0; j < w; j++) weight.data[b * w + j] = movable[b * block.P + at + j] ? 1 : 0
      at += w
      return [e, claim(tensors[k], weight.data.every(v => v === 1) ? null : weight)] as const
    })
  }

  /** ‖y - ỹ‖ per sample for new values of some tensors, by running the sites again. */
  #mismatch(
    sites: readonly Site[],
    pairs: readonly (readonly [Tensor, Claim])[],
    exits: readonly Tensor[],
    goals: readonly Claim[]
  ): number[] {
    const ys = replay(
      sites,
      pairs.map(p => p[0]),
      pairs.map(p => p[1].value),
      exits
    )
    return perSampleNorms(ys, goals)
  }

  #endToEnd(targets: readonly Claim[]): [number[], number[]] {
    const { region, goals } = this
    const pairs = region.boundary.map((b, i) => [b, targets[i]] as const)
    const ys = goals.map(g => g[0])
    const claims = goals.map(g => g[1])
    return [this.#mismatch(region.sites, pairs, ys, claims), perSampleNorms(ys, claims)]
  }
}

/** The nearest tensor (or the boundary) through which every path to all of these runs. */
function commonEntry(exits: readonly Tensor[], region: Region): ReturnType<Region['idom']> {
  if (exits.length === 1) return region.idom(exits[0])
  const chains = exits.map(e => {
    const chain: ReturnType<Region['idom']>[] = []
    for (let d: ReturnType<Region['idom']> | undefined = region.idom(e); d !== undefined; )
      chain.push(d), (d = typeof d === 'symbol' ? undefined : region.idom(d))
    return chain
  })
  return chains[0].find(d => chains.every(c => c.includes(d)))!
}

const scalesMatter = (entries: readonly Tensor[], scales: readonly number[]): boolean =>
  entries.length > 1 && scales.every(s => s === 1)

/** √Σ w (y - ỹ)² over all outputs, per entry of axis 0 where all of them share it. */
function perSampleNorms(ys: readonly Tensor[], goals: readonly Claim[]): number[] {
  const B = ys.every(y => y.rank > 0 && y.shape[0] === ys[0].shape[0] && y.shape[0] > 0) ? ys[0].shape[0] : 1
  const sums = new Array<number>(B).fill(0)
  ys.forEach((y, k) => {
    const { value, weight } = goals[k]
    const w = y.size / B
    for (let i = 0; i < y.size; i++) {
      const q = weight ? weight.data[i] : 1
      if (q !== 0) sums[Math.floor(i / w)] += q * (y.data[i] - value.data[i]) ** 2
    }
  })
  return sums.map(Math.sqrt)
}
