import { claim, fillUnclaimed, muteSamples, pickSamples } from '../claim.js'
import type { Claim, Site } from '../op.js'
import { observeRule, recorder } from '../profile.js'
import { allFinite, mapData, type Tensor } from '../tensor.js'
import type { Answer } from './answer.js'
import { BlockProblem } from './blockProblem.js'
import { samplesApart } from './mismatch.js'
import type { Decision } from './plan.js'
import type { Policy } from './policy.js'
import { activeInputs, entriesOf, type Region } from './region.js'
import type { RungReport } from './report.js'
import { askRule, siteEnd } from './siteRule.js'
import { type Pairs, refineAnswer, solveBlock } from './solveBlock.js'

/** Claims on the inputs of a site, and how they were found. */
interface Found {
  readonly pairs: Pairs
  readonly report: RungReport
}

/** The rule answers for no sample: why, and the tensors from which the site is to be solved instead. */
interface Nothing {
  readonly entries: readonly Tensor[]
  readonly refused: RungReport['refused']
}

/**
 * What the operator's own rule (or `choose`) finds at a site. The samples for which it has no answer are solved as a block
 * of this one site; an approximate answer is refined where the policy says so.
 */
export function ownRule(
  site: Site,
  c: Claim,
  decision: Exclude<Decision, { how: 'block' }>,
  region: Region,
  policy: Policy
): Found | Nothing {
  const active = site.inputs.map(region.active)
  const choice = decision.how === 'choose'
  const name = choice ? 'smallest change' : decision.rung
  const ask = () => askRule(site, c, choice, region.active)
  const { answer: given, lost, reason: why } = recorder ? observeRule(site.op.name, 'inverse', ask) : ask()
  if (!given) {
    const entries = choice ? entriesOf(region.idom(site.out), region) : activeInputs(site, region)
    return { entries, refused: [{ rung: name, reason: why! }] }
  }
  const carry = c.weight ? site.op.carry(site) : undefined
  const answer = site.inputs.map((t, i) => {
    const a = given[i]
    if (!a || !active[i]) return null
    return fillUnclaimed(muteSamples(a, t, c, carry?.[i] ?? false), t)
  })
  const rule = { site, c, answer, name, region, policy }
  if (lost.some(Boolean) || answer.some(a => a && !allFinite(a.value.data))) return mend(rule, lost, why)
  const end = siteEnd(site, c, answer, region.active)
  if (end.lost.some(Boolean)) return mend(rule, end.lost, end.reason)
  const pairs = pairsOf(site, answer)
  if (name === 'approximate' && policy.refine && policy.ladder.some(r => r.solve))
    return refineAnswer(site, c, pairs, policy)
  const report: RungReport = {
    rung: name,
    kind: choice ? 'choice' : 'rule',
    ops: site.op.name,
    sites: 1,
    reason: decision.reason,
    mismatch: end.mismatch,
    refused: []
  }
  return { pairs, report }
}

/** A rule's answer at a site. */
interface Answered {
  readonly site: Site
  readonly c: Claim
  readonly answer: Answer
  /** Of the rung. */
  readonly name: string
  readonly region: Region
  readonly policy: Policy
}

/** A rule that answered some samples only: the others are solved, where the samples are apart. */
function mend(rule: Answered, lost: readonly boolean[], reason?: string): Found | Nothing {
  const { site, c, answer, name, region, policy } = rule
  const entries = activeInputs(site, region)
  const B = samplesApart([site], entries, [site.out]) || 1
  const part = (t: Tensor, b: number) => t.data.subarray((b * t.size) / B, ((b + 1) * t.size) / B)
  const bad = Array.from({ length: B }, (_, b) => lost[b] || answer.some(a => a && !allFinite(part(a.value, b))))
  const why = reason ?? 'no finite answer: the target is outside the range of the rule'
  const count = bad.filter(Boolean).length
  const refused = [{ rung: name, reason: count < B ? `${why}, in ${count} of ${B} samples` : why }]
  if (count === B || pairsOf(site, answer).length !== entries.length) return { entries, refused }

  // Nothing is asked of the samples that have their answer.
  const n = site.out.size / B
  const weight = mapData(site.out, (_, i) => (bad[Math.floor(i / n)] ? (c.weight ? c.weight.data[i] : 1) : 0))
  const block = new BlockProblem([site], entries, [site.out], [claim(c.value, weight)])
  const solved = solveBlock(block, policy, `rule of ${site.op.name}`, refused)
  const merged = answer.map((a, i) => {
    const other = solved.pairs.find(([t]) => t === site.inputs[i])
    return a && other ? pickSamples(bad, other[1], a) : a
  })
  // The rule's answers for the other samples have not been tried yet.
  const end = siteEnd(site, c, merged, region.active)
  const more = end.lost.map((l, b) => l && !bad[b])
  if (more.some(Boolean)) {
    const all = bad.map((l, b) => l || more[b])
    return mend(rule, all, reason ?? end.reason)
  }
  const rungs = new Set([name, ...solved.taken.filter((_, b) => bad[b])])
  const report = { ...solved.report, rung: [...rungs].join(' and '), mismatch: end.mismatch }
  return { pairs: pairsOf(site, merged), report }
}

const pairsOf = (site: Site, answer: Answer): Pairs =>
  site.inputs.flatMap((t, i) => (answer[i] ? [[t, answer[i]] as const] : []))
