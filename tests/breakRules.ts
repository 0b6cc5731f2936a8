import { checkOp } from '../core/check/index.js'
import type { Claim, Op, Refusal, Site } from '../core/op.js'
import { random } from '../core/random.js'
import { mul } from '../core/structural/mul.js'
import { runInverse } from '../core/targets/answer.js'
import { Tensor } from '../core/tensor.js'
import { checkedOps } from './checkedOps.js'

/**
 * Breaks every rule of every operator, one at a time, and asks the checks: flips its sign, zeroes it, scales it by 1.01.
 * An inverse rule is broken in its change x̃ - x. What an operator says about the sample axis (carry) and about ranges
 * (reads) is misstated. Each must be caught; what changes nothing (a derivative that is zero anyway) is said to be no
 * change, and a rule that is never called (rows of an operator that mixes samples) to be unused.
 *
 *     node dist/tests/breakRules.js [seed]     the table; exit status 1 names what was not caught
 */
const breakages = { flipped: -1, zeroed: 0, 'times 1.01': 1.01 } as const

export interface Outcome {
  op: string
  rule: string
  breakage: string
  /** The first check that failed, 'no change', 'unused', or 'NOT CAUGHT'. */
  caught: string
  example: string
}

/** Told of every result of the broken rule: does multiplying it by anything change it? */
type Seen = (changes: boolean) => void

/** A rule, and the operator with this rule broken. */
interface Break {
  rule: string
  breakage: string
  op(seen: Seen): Op
}

/** A rule whose results are multiplied by a factor. */
interface Scaling {
  rule: string
  op(factor: number, seen: Seen): Op
}

const scaled = (t: Tensor, factor: number, seen: Seen): Tensor => {
  seen(t.data.some(v => v !== 0))
  return mul(t, factor)
}

/** x̃ becomes x + factor (x̃ - x) where there is a claim. */
function scaledClaim(c: Claim, x: Tensor, factor: number, seen: Seen): Claim {
  const value = new Tensor(
    c.value.shape,
    c.value.data.map((v, i) => {
      if (c.weight && c.weight.data[i] === 0) return v
      seen(v !== x.data[i])
      return x.data[i] + factor * (v - x.data[i])
    })
  )
  return { value, weight: c.weight }
}

type Answer = readonly (Claim | null)[] | Refusal

const scaledAnswer = (answer: Answer, site: Site, only: number, factor: number, seen: Seen): Answer =>
  'refuse' in answer
    ? answer
    : answer.map((c, i) => (c && (only < 0 || i === only) ? scaledClaim(c, site.inputs[i], factor, seen) : c))

/** Every rule of an operator, those with a result per input once for each of them. */
function scalingsOf(op: Op, inputs: number): Scaling[] {
  const each = Array.from({ length: inputs }, (_, i) => i)
  const list: Scaling[] = [
    {
      rule: 'jvp',
      op: (factor, seen) => ({
        ...op,
        jvp: (dxs, v) => {
          const dy = op.jvp(dxs, v)
          return dy && scaled(dy, factor, seen)
        }
      })
    }
  ]
  for (const rule of ['vjp', 'sampleVjp'] as const)
    if (op[rule])
      for (const i of each)
        list.push({
          rule: `${rule}[${i}]`,
          op: (factor, seen) => ({
            ...op,
            [rule]: (ct: Tensor, v: Parameters<Op['vjp']>[1]) =>
              op[rule]!(ct, v).map((c, k) => (c && k === i ? scaled(c, factor, seen) : c))
          })
        })
  if (op.sampleFactors)
    list.push({
      rule: 'sampleFactors',
      op: (factor, seen) => ({
        ...op,
        sampleFactors: (ct, v) => {
          const factors = op.sampleFactors!(ct, v)
          return factors && { ...factors, right: scaled(factors.right, factor, seen) }
        }
      })
    })
  const { inverse, newtonStep } = op
  if (inverse)
    for (const i of each)
      list.push({
        rule: `inverse.apply[${i}]`,
        op: (factor, seen) => ({
          ...op,
          inverse: {
            ...inverse,
            apply: (site, c, active) => scaledAnswer(runInverse({ ...site, op }, c, active), site, i, factor, seen)
          }
        })
      })
  if (inverse?.choose)
    list.push({
      rule: 'inverse.choose',
      op: (factor, seen) => ({
        ...op,
        inverse: {
          ...inverse,
          choose: (site, c) => scaledAnswer(inverse.choose!(site, c), site, -1, factor, seen)
        }
      })
    })
  if (newtonStep)
    list.push({
      rule: 'newtonStep',
      op: (factor, seen) => ({
        ...op,
        newtonStep: (site, eta) => scaledClaim(newtonStep(site, eta), site.inputs[0], factor, seen)
      })
    })
  return list
}

/**
 * What is said about the sample axis, and about a range that is handed on: all inputs carry it, none, the next range;
 * and an inverse that never answers.
 */
function misstatementsOf(op: Op): Break[] {
  const carries = (breakage: string, to: boolean): Break => ({
    rule: 'carry',
    breakage,
    op: seen => ({
      ...op,
      carry: site => {
        const said = op.carry(site)
        seen(!said || said.some(c => c !== to))
        return site.inputs.map(() => to)
      }
    })
  })
  const shifted: Break = {
    rule: 'reads',
    breakage: 'shifted',
    op: seen => ({
      ...op,
      reads: site => {
        const r = op.reads!(site)
        seen(r !== undefined)
        return r && { start: r.start + 1, stop: r.stop + 1 }
      }
    })
  }
  const { inverse } = op
  const refusing: Break = {
    rule: 'inverse.apply',
    breakage: 'refuses',
    op: seen => ({
      ...op,
      inverse: {
        ...inverse!,
        apply: (site, c, active) => {
          seen(!('refuse' in inverse!.apply(site, c, active)))
          return { refuse: 'broken' }
        }
      }
    })
  }
  return [
    carries('all carried', true),
    carries('none carried', false),
    ...(op.reads ? [shifted] : []),
    ...(inverse ? [refusing] : [])
  ]
}

function breaksOf(op: Op): Break[] {
  const inputs = Math.max(0, ...op.examples(random(0)).map(e => e.inputs.length))
  const scalings = scalingsOf(op, inputs).flatMap(({ rule, op: broken }) =>
    Object.entries(breakages).map(([breakage, factor]) => ({
      rule,
      breakage,
      op: (seen: Seen) => broken(factor, seen)
    }))
  )
  return [...scalings, ...misstatementsOf(op)]
}

/** The check that looks at a rule, by the beginning of its name. */
const madeFor = [
  ['sampleVjp', 'sampleJacobian'],
  ['sampleFactors', 'sampleJacobian'],
  ['carry', 'sampleJacobian'],
  ['reads', 'sampleJacobian'],
  ['inverse', 'inverse'],
  ['newtonStep', 'newtonStep']
] as const

/** All breakages of some operators, at the examples that a seed gives. */
export function breakRules(ops: readonly Op[] = checkedOps, seed = 0): Outcome[] {
  return ops.flatMap(op =>
    breaksOf(op).map(({ rule, breakage, op: broken }) => {
      let [used, changed] = [false, false]
      const seen = (changes: boolean) => {
        used = true
        changed ||= changes
      }
      const changedOp = broken(seen)
      // The check that is made for the rule first; all of them where it saw nothing.
      const firstBad = (only?: string[]) =>
        checkOp(changedOp, { first: true, random: random(seed), only }).rows.find(r => !r.passed)
      const likely = madeFor.find(([of]) => rule.startsWith(of))
      const bad = (likely && firstBad([likely[1]])) ?? firstBad()
      const caught = bad ? bad.check : changed ? 'NOT CAUGHT' : used ? 'no change' : 'unused'
      return { op: op.name, rule, breakage, caught, example: bad?.example ?? '' }
    })
  )
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const outcomes = breakRules(checkedOps, Number(process.argv[2] ?? 0))
  console.table(outcomes)
  const missed = outcomes.filter(o => o.caught === 'NOT CAUGHT')
  const same = outcomes.filter(o => o.caught === 'no change' || o.caught === 'unused')
  console.log(
    `${checkedOps.length} operators, ${outcomes.length} breakages: ${outcomes.length - missed.length - same.length} caught, ${same.length} without effect, ${missed.length} not caught`
  )
  for (const o of missed) console.error(`NOT CAUGHT: ${o.op}, rule ${o.rule}, ${o.breakage}`)
  process.exitCode = missed.length > 0 ? 1 : 0
}
