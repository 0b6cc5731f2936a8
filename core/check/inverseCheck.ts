import type { Example, Op } from '../op.js'
import type { Random } from '../random.js'
import { allFinite, mapData, Tensor } from '../tensor.js'
import { fixpointAtExtremes, roundTripAtExtremes } from './extremes.js'
import { approximateLaws, regularisedLaws, structuralLaws } from './inverseKinds.js'
import {
  fixpoint,
  type InverseProbe,
  inverseProbe,
  mismatchOf,
  Refused,
  reachable,
  roundTrip,
  ruleOf,
  slope,
  zerosOf
} from './inverseProbe.js'
import { flat, minus, namesOf, norm, probe, relative } from './probe.js'
import { type CheckOptions, type CheckRow, finish, guarded, judge, skipped } from './row.js'
import { TOLERANCE } from './tolerances.js'

/**
 * The laws of an inverse rule's kind, for one active input at a time, and of `choose` for all inputs together.
 *
 * - exact, local: round trip P(P⁻¹(ỹ; x)) = ỹ, fixpoint P⁻¹(P(x); x) = x, slope; out of reach, never further away than
 *   before. Where the operator says that a site is lawless, the least-squares answer instead of round trip and slope.
 * - structural: entries and weights are moved together, copies of one entry averaged.
 * - regularised: fixpoint, a mismatch that never grows, and nothing regularised where nothing needs to be.
 * - approximate: an error of the stated order.
 * - all, at the ends of the range: fixpoint and round trip, entry by entry.
 * - all: what has weight 0 does not count, and no claim asks for no change.
 */
export function inverseCheck(op: Op, example: Example, random: Random, options?: CheckOptions): CheckRow[] {
  const p = probe(op, example)
  const { inverse } = op
  if (!inverse) return finish(op.name, [skipped('inverse', p.label, `none: ${op.noInverse}`)], options)
  const singles = p.subsets.filter(s => s.length === 1)
  const rows = singles.flatMap(active =>
    lawful(`inverse (${namesOf(active)})`, p.label, () => {
      if (inverse.inputs?.includes(active[0]) === false)
        return [skipped(`inverse (${namesOf(active)})`, p.label, 'the ladder solves for this input')]
      const only = p.xs.map((_, i) => i === active[0])
      const q = inverseProbe(p, active, namesOf(active), ruleOf(op, only))
      const lawless = inverse.lawless?.(q.site)
      if (p.extreme) return atExtremes(q, random, lawless)
      return [...kinds[inverse.kind](q, random, lawless), ...unclaimed(q, random, lawless !== undefined)]
    })
  )
  if (inverse.choose) rows.push(...chooseLaws(op, example, random))
  return finish(op.name, rows, options)
}

/** A rule may refuse a site; that is an answer, and no error. */
const lawful = (check: string, label: string, run: () => CheckRow[]): CheckRow[] =>
  guarded(check, label, () => {
    try {
      return run()
    } catch (e) {
      if (e instanceof Refused) return [skipped(check, label, `refused: ${e.message}`)]
      throw e
    }
  })

type Laws = (q: InverseProbe, random: Random, lawless: string | undefined) => CheckRow[]

const inversionLaws: Laws = (q, random, lawless) =>
  lawless === undefined
    ? [fixpoint(q), roundTrip(q, random), slope(q, random), outOfReach(q, random)]
    : [fixpoint(q), { ...slope(q, random, true), note: lawless }, outOfReach(q, random)]

const kinds: Record<string, Laws> = {
  exact: inversionLaws,
  local: inversionLaws,
  structural: structuralLaws,
  regularised: regularisedLaws,
  approximate: approximateLaws
}

/** Fixpoint, and the round trip where the kind promises one; least squares would square what has no square. */
const atExtremes: Laws = (q, random, lawless) => {
  const { kind } = q.p.op!.inverse!
  if (kind === 'approximate') return [skipped('inverse at extremes', q.p.label, 'approximate: its order is not asked')]
  return lawless !== undefined || kind === 'regularised'
    ? [fixpointAtExtremes(q)]
    : [fixpointAtExtremes(q), roundTripAtExtremes(q, random)]
}

/** Targets far off: for each entry, from the current output y and a normal number u. */
const FAR: Record<string, (y: number, u: number) => number> = {
  far: (y, u) => y + 3 * (1 + Math.abs(y)) * u,
  opposite: y => -y,
  'at 0': () => 0,
  tiny: y => 1e-150 * y,
  thousands: (_, u) => 1e3 * u,
  huge: (y, u) => 1e100 * (Math.abs(y) + 1) * u
}

/**
 * Targets anywhere: the answer, where there is one, is never further away than the current output, and has an output.
 * Entries of x̃ that are NaN or infinite are none, and stay as they are.
 */
function outOfReach(q: InverseProbe, random: Random): CheckRow {
  // What rounding alone does to an output that is there already.
  const rounding = 1e-13 * (norm(q.y.data) + (q.s[0] ?? 0) * norm(flat(q.xs)))
  let growth = 0
  let note = ''
  for (const [name, f] of Object.entries(FAR)) {
    // A block's rule is a formula, which near a pole may round onto it; a sweep notices, and solves.
    if (name === 'huge' && !q.p.op!.outShape) continue
    const u = random.normal(q.y.shape).data
    const target = new Tensor(
      q.y.shape,
      q.y.data.map((v, i) => f(v, u[i]))
    )
    const got = farAnswer(q, target)?.data
    if (!got) continue
    const lost = got.some((v, i) => !Number.isFinite(v) && Number.isFinite(q.y.data[i]))
    const before = norm(minus(target.data, q.y.data))
    const after = lost ? Infinity : norm(minus(target.data, got))
    const more = after <= before + rounding ? 0 : after / before - 1
    if (more > growth || Number.isNaN(more)) [growth, note] = [more, name]
  }
  return judge(q.row('out of reach'), q.p.label, growth, TOLERANCE.mismatch, note)
}

/** The output for a target; undefined where the rule refuses it. */
function farAnswer(q: InverseProbe, target: Tensor): Tensor | undefined {
  try {
    const entry = (v: number, k: number, j: number) => (Number.isFinite(v) ? v : q.xs[k].data[j])
    return q.forward(q.solve(target).map((t, k) => mapData(t, (v, j) => entry(v, k, j))))
  } catch (e) {
    if (e instanceof Refused) return undefined
    throw e
  }
}

/** Weight 0 is no claim: its value does not count, and nothing claimed is nothing changed. */
function unclaimed(q: InverseProbe, random: Random, lawless: boolean): CheckRow[] {
  const noise = random.normal(q.y.shape, 0, 10)
  const nothing = q.solve(noise, zerosOf(q.y))
  const rows = [judge(q.row('no claim'), q.p.label, relative(flat(nothing), flat(q.xs)), TOLERANCE.moved)]
  // Where P reaches every output, half of the entries can be asked for while the others stay.
  if (lawless || q.p.op!.inverse!.kind === 'regularised' || q.p.op!.inverse!.kind === 'approximate') return rows
  if (q.m < 2 || q.rank < q.m) return rows
  const wish = reachable(q, random)
  const weight = zerosOf(q.y)
  const asked = zerosOf(q.y)
  const wanted = zerosOf(q.y)
  for (let i = 0; i < q.m; i++) {
    weight.data[i] = i % 2
    asked.data[i] = i % 2 ? wish.data[i] : noise.data[i]
    wanted.data[i] = i % 2 ? wish.data[i] : q.y.data[i]
  }
  const error = mismatchOf(q, q.solve(asked, weight), wanted)
  rows.push(judge(q.row('half a claim'), q.p.label, error, TOLERANCE.roundTrip))
  return rows
}

/** `choose`: the smallest change of all inputs together, to first order J⁺ d of the joint Jacobian. */
function chooseLaws(op: Op, example: Example, random: Random): CheckRow[] {
  const p = probe(op, example)
  const active = p.subsets[p.subsets.length - 1] ?? []
  return lawful('inverse choose', p.label, () => {
    const q = inverseProbe(p, active, 'choose', (site, c) => op.inverse!.choose!(site, c))
    if (p.extreme) return [fixpointAtExtremes(q), roundTripAtExtremes(q, random)]
    const nothing = q.solve(q.y, zerosOf(q.y))
    const still = norm(minus(flat(nothing), flat(q.xs)))
    return [
      fixpoint(q),
      roundTrip(q, random),
      slope(q, random),
      judge(q.row('no claim'), p.label, still, TOLERANCE.moved),
      ...(allFinite(q.J) ? [] : [judge(q.row('finite'), p.label, 1, 0, 'NaN in the Jacobian')])
    ]
  })
}
