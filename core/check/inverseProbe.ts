import { lstsq } from '../linalg/lstsq.js'
import { svd } from '../linalg/svd.js'
import type { Claim, Op, Refusal, Site } from '../op.js'
import type { Random } from '../random.js'
import { runInverse } from '../targets/answer.js'
import { allFinite, Tensor } from '../tensor.js'
import { denseJacobian, directionOf, dot, exponent, flat, minus, moved, norm, type Probe, siteOf } from './probe.js'
import { type CheckRow, judge, skipped } from './row.js'
import { TOLERANCE } from './tolerances.js'

/** What an inverse rule refuses at a point that the checks ask for. */
export class Refused extends Error {}

/** An inverse rule at one example, for some active inputs: as a function of the claim, with P beside it. */
export interface InverseProbe {
  readonly p: Probe
  readonly site: Site
  readonly active: readonly number[]
  /** The active inputs, and the output. */
  readonly xs: readonly Tensor[]
  readonly y: Tensor
  /** Name of a row: `inverse round trip (x0)`. */
  row(law: string): string
  /** P at other values of the active inputs. */
  forward(xs: readonly Tensor[]): Tensor
  /** The claims of the rule as they are. */
  claims(c: Claim): Claim[]
  /** The inputs it asks for: the claimed values, the current ones where there is no claim. */
  solve(value: Tensor, weight?: Tensor | null): Tensor[]
  readonly J: Float64Array
  readonly m: number
  readonly n: number
  /** Singular values of J, descending; and how many are not zero. */
  readonly s: Float64Array
  readonly rank: number
  /** J⁺ d */
  pseudo(d: Float64Array): Float64Array
  /** How far rounding of y moves x: ‖x‖ + ‖y‖/σ_min. */
  readonly sensitivity: number
}

type Rule = (site: Site, c: Claim) => readonly (Claim | null)[] | Refusal

export function inverseProbe(p: Probe, active: readonly number[], name: string, rule: Rule): InverseProbe {
  const site = siteOf(p)
  const xs = active.map(i => p.xs[i])
  const { J, m, n } = denseJacobian(p, active)
  const usable = m * n > 0 && !p.extreme && allFinite(J)
  const s = usable ? svd(J, m, n).s : new Float64Array(0)
  const rank = s.filter(v => v > 1e-10 * s[0]).length
  const claims = (c: Claim): Claim[] => {
    const answer = rule(site, c)
    if ('refuse' in answer) throw new Refused(answer.refuse)
    return active.map(i => answer[i] ?? { value: p.xs[i], weight: zerosOf(p.xs[i]) })
  }
  return {
    p,
    site,
    active,
    xs,
    y: site.out,
    row: law => `inverse ${law} (${name})`,
    forward: values => {
      const ins = [...p.xs]
      active.forEach((i, k) => {
        ins[i] = values[k]
      })
      return p.f(ins)
    },
    claims,
    solve: (value, weight = null) =>
      claims({ value, weight }).map(
        (c, k) =>
          new Tensor(
            xs[k].shape,
            xs[k].data.map((v, j) => (c.weight && c.weight.data[j] === 0 ? v : c.value.data[j]))
          )
      ),
    J,
    m,
    n,
    s,
    rank,
    pseudo: d => (rank === 0 ? new Float64Array(n) : lstsq(J, m, n, d, { rcond: 1e-10 }).x),
    sensitivity: norm(flat(xs)) + (rank > 0 ? norm(site.out.data) / s[rank - 1] : 0)
  }
}

export const zerosOf = (t: Tensor): Tensor => new Tensor(t.shape, new Float64Array(t.size))

/** An output that some input near the current one gives. */
export function reachable(q: InverseProbe, random: Random, size = 0.3): Tensor {
  const directions = q.active.map(i => directionOf(q.p.xs[i], random))
  for (let t = size; ; t /= 3) {
    const y = q.p.f(moved(q.p.xs, q.active, directions, t))
    if (allFinite(y.data) || t < 1e-3) return y
  }
}

/** ‖P(x̃) - ỹ‖ relative to what was asked, ‖ỹ - y‖. */
export function mismatchOf(q: InverseProbe, values: readonly Tensor[], target: Tensor): number {
  const error = norm(minus(q.forward(values).data, target.data))
  const asked = Math.max(norm(minus(target.data, q.y.data)), 1e-3 * norm(target.data))
  return error === 0 ? 0 : error / asked
}

/** The fixpoint law: P⁻¹(P(x); x) = x. */
export function fixpoint(q: InverseProbe): CheckRow {
  const error = norm(minus(flat(q.solve(q.y)), flat(q.xs)))
  return judge(q.row('fixpoint'), q.p.label, error === 0 ? 0 : error / q.sensitivity, TOLERANCE.fixpoint)
}

/** The round trip: P(P⁻¹(ỹ; x)) = ỹ for a ỹ in reach. */
export function roundTrip(q: InverseProbe, random: Random): CheckRow {
  const target = reachable(q, random)
  return judge(q.row('round trip'), q.p.label, mismatchOf(q, q.solve(target), target), TOLERANCE.roundTrip)
}

const STEPS = [0.05, 0.025, 0.0125, 0.00625, 0.003125]

/**
 * The slope: the error of P⁻¹(y + εd; x) - x against ε J⁺ d falls like ε². d = J u lies in the range of J; where the law
 * is only least squares, d is any direction, and J⁺ d says which of all changes is asked for.
 */
export function slope(q: InverseProbe, random: Random, anywhere = false): CheckRow {
  const name = q.row(anywhere ? 'least squares' : 'slope')
  if (!q.p.smooth) return skipped(name, q.p.label, 'not smooth')
  if (q.m * q.n === 0) return skipped(name, q.p.label, 'empty')
  const d = product(q, flat(q.xs.map(x => directionOf(x, random))))
  if (anywhere) {
    const unit = norm(d) / Math.sqrt(q.m)
    const free = random.normal([q.m]).data
    for (let i = 0; i < q.m; i++) d[i] += unit * free[i]
  }
  const first = q.pseudo(d)
  const start = flat(q.xs)
  const errors = STEPS.map(e => {
    const target = new Tensor(
      q.y.shape,
      q.y.data.map((v, i) => v + e * d[i])
    )
    const change = minus(flat(q.solve(target)), start)
    return norm(change.map((c, j) => c - e * first[j]))
  })
  if (errors.some(Number.isNaN)) return judge(name, q.p.label, Number.NaN, TOLERANCE.slope, 'NaN near y')
  // Where the rule is linear the error is rounding from the first step on, and has no exponent.
  const rounding = 1e-11 * q.sensitivity
  const used = STEPS.map((_, k) => k)
    .filter(k => errors[k] > rounding)
    .slice(-3)
  if (used.length < 2) return judge(name, q.p.label, 0, TOLERANCE.slope, 'to rounding')
  const fitted = exponent(
    used.map(k => STEPS[k]),
    used.map(k => errors[k])
  )
  return judge(name, q.p.label, Math.max(0, 2 - fitted), TOLERANCE.slope)
}

/** J u */
export function product({ J, m, n }: InverseProbe, u: Float64Array): Float64Array {
  return Float64Array.from({ length: m }, (_, i) => dot(J.subarray(i * n, (i + 1) * n), u))
}

export const ruleOf =
  (op: Op, active: readonly boolean[]): Rule =>
  (site, c) =>
    runInverse({ ...site, op }, c, active)
