import type { Example } from '../op.js'
import type { Random } from '../random.js'
import { absDot, cotangentTo } from './extremes.js'
import {
  cotangentOf,
  cotangents,
  directionOf,
  dot,
  flat,
  namesOf,
  norm,
  probe,
  type Subject,
  tangents
} from './probe.js'
import { type CheckOptions, type CheckRow, finish, guarded, judge } from './row.js'
import { TOLERANCE } from './tolerances.js'

/**
 * The dot test: ⟨J dx, ct⟩ = ⟨dx, Jᵀ ct⟩, the tangent rule against the adjoint rule, relative to ‖J dx‖‖ct‖. No
 * differences, so it holds to rounding, at kinks too. For each input alone, and for all together. At the ends of the range
 * every entry of dy counts alike.
 */
export function dotCheck(subject: Subject, example: Example, random: Random, options?: CheckOptions): CheckRow[] {
  const p = probe(subject, example)
  const rows = p.subsets.flatMap(active => {
    const check = `dot (${namesOf(active)})`
    return guarded(check, p.label, () => {
      const y = p.f(p.xs)
      const dxs = active.map(i => directionOf(p.xs[i], random))
      const [dy] = tangents(ins => [p.f(ins)], p.xs, active, dxs)
      const ct = p.extreme ? cotangentTo(dy, random) : cotangentOf(y, random)
      const cts = flat(cotangents(ins => [p.f(ins)], p.xs, active, [ct]))
      const difference = Math.abs(dot(dy.data, ct.data) - dot(flat(dxs), cts))
      const scale = p.extreme
        ? absDot(dy.data, ct.data) || absDot(flat(dxs), cts)
        : norm(dy.data) * norm(ct.data) || norm(flat(dxs)) * norm(cts)
      return [judge(check, p.label, difference === 0 ? 0 : difference / scale, TOLERANCE.dot)]
    })
  })
  return finish(p.name, rows, options)
}
