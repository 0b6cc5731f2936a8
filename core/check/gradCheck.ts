import type { Example } from '../op.js'
import type { Random } from '../random.js'
import type { Tensor } from '../tensor.js'
import { worstEntry } from './extremes.js'
import { derivativeAtZero } from './finiteDifference.js'
import {
  cotangentOf,
  cotangents,
  directionOf,
  dot,
  flat,
  type Many,
  moved,
  namesOf,
  norm,
  type Probe,
  probe,
  relative,
  type Subject,
  tangents
} from './probe.js'
import { type CheckOptions, type CheckRow, finish, guarded, judge, skipped } from './row.js'
import { TOLERANCE } from './tolerances.js'

/** Differences cannot see a derivative that is smaller than this part of the function value. */
const VISIBLE = 1e-3

/** First and second order. */
export function gradCheck(subject: Subject, example: Example, random: Random, options?: CheckOptions): CheckRow[] {
  return [...firstOrderCheck(subject, example, random, options), ...secondOrderCheck(subject, example, random, options)]
}

/** J dx by the tangent rule against finite differences along dx, for each input alone and all together; entry by entry at the ends of the range. */
export function firstOrderCheck(
  subject: Subject,
  example: Example,
  random: Random,
  options?: CheckOptions
): CheckRow[] {
  const p = probe(subject, example)
  if (!p.smooth) return [skipped('finite differences', p.label, 'not smooth')]
  const rows = p.subsets.flatMap(active => {
    const check = `finite differences (${namesOf(active)})`
    return guarded(check, p.label, () => {
      const dxs = active.map(i => directionOf(p.xs[i], random))
      const [dy] = tangents(ins => [p.f(ins)], p.xs, active, dxs)
      const y = p.f(p.xs).data
      const differences = derivativeAtZero(t => p.f(moved(p.xs, active, dxs, t)).data)
      const error = p.extreme
        ? worstEntry(dy.data, differences, i => VISIBLE * Math.abs(y[i]))
        : relative(dy.data, differences, VISIBLE * norm(y))
      return [judge(check, p.label, error, TOLERANCE.finiteDifference)]
    })
  })
  return finish(p.name, rows, options)
}

function against(
  check: string,
  p: Probe,
  active: readonly number[],
  dxs: readonly Tensor[],
  g: Many,
  rule: ArrayLike<number>,
  floor: number,
  tolerance: number
): CheckRow {
  const differences = derivativeAtZero(t => flat(g(moved(p.xs, active, dxs, t))))
  return judge(check, p.label, relative(rule, differences, floor), tolerance)
}

/**
 * Second derivatives, all inputs active: tangent of tangent and tangent of adjoint against finite differences of the
 * first; adjoint of adjoint against tangent of adjoint, which it equals because second derivatives are symmetric. The
 * adjoint is linear in ct, so its own adjoint with respect to ct is J again.
 */
export function secondOrderCheck(
  subject: Subject,
  example: Example,
  random: Random,
  options?: CheckOptions
): CheckRow[] {
  const p = probe(subject, example)
  if (!p.smooth || p.extreme) return [skipped('second order', p.label, p.extreme ? 'extreme' : 'not smooth')]
  const active = p.subsets[p.subsets.length - 1] ?? []
  const rows = guarded('second order', p.label, () => {
    const directions = () => active.map(i => directionOf(p.xs[i], random))
    const [u, v] = [directions(), directions()]
    const ct = cotangentOf(p.f(p.xs), random)
    const adjoint: Many = ins => cotangents(q => [p.f(q)], ins, active, [ct])
    const tangent: Many = ins => tangents(q => [p.f(q)], ins, active, u)
    const first = flat(adjoint(p.xs))
    const dy = tangent(p.xs)[0].data
    const Hv = flat(tangents(adjoint, p.xs, active, v))
    const Hu = flat(tangents(adjoint, p.xs, active, u))
    const duv = flat(tangents(tangent, p.xs, active, v))

    const withCt: Many = ins => cotangents(q => [p.f(q)], ins.slice(0, -1), active, [ins[ins.length - 1]])
    const xsCt = [...p.xs, ct]
    const back = cotangents(withCt, xsCt, [...active, p.xs.length], u)
    const HuBack = flat(back.slice(0, -1))
    const uu = flat(u)
    const scale = Math.max(norm(Hu) * norm(flat(v)), norm(Hv) * norm(uu)) || 1
    const tolerance = TOLERANCE.finiteDifference
    const floor = VISIBLE * norm(first)
    return [
      against('jvp of jvp', p, active, v, tangent, duv, VISIBLE * norm(dy), tolerance),
      against('jvp of vjp', p, active, v, adjoint, Hv, floor, tolerance),
      judge('vjp of vjp', p.label, relative(HuBack, Hu, 1e-4 * norm(first)), TOLERANCE.secondOrder),
      judge('vjp of vjp in ct', p.label, relative(back[back.length - 1].data, dy), TOLERANCE.secondOrder),
      judge('symmetry', p.label, Math.abs(dot(flat(v), Hu) - dot(uu, Hv)) / scale, TOLERANCE.secondOrder)
    ]
  })
  return finish(p.name, rows, options)
}
