import type { Example } from '../op.js'
import type { Random } from '../random.js'
import { runInverse } from '../targets/answer.js'
import { Tensor } from '../tensor.js'
import { cotangentOf, cotangents, directionOf, probe, type Subject, siteOf, tangents } from './probe.js'
import { type CheckOptions, type CheckRow, finish, guarded, judge, skipped } from './row.js'
import { TOLERANCE } from './tolerances.js'

const single = (t: Tensor): Tensor => new Tensor(t.shape, Float32Array.from(t.data))
const double = (t: Tensor): Tensor => new Tensor(t.shape, Float64Array.from(t.data))

/**
 * Forward, tangent and adjoint in f32 against f64 at the same (rounded) inputs; every result stays f32. A function must
 * make its constants in the dtype of its inputs.
 */
export function f32Check(subject: Subject, example: Example, random: Random, options?: CheckOptions): CheckRow[] {
  const rounded = example.inputs.map(single)
  const low = probe(subject, { ...example, inputs: rounded })
  const high = probe(subject, { ...example, inputs: rounded.map(double) })
  const { op } = low
  if (example.extreme) return [skipped('f32', low.label, 'extreme: beyond the range of f32')]
  if (op?.mixed) return [skipped('f32', low.label, 'of several dtypes by nature')]
  const rows = guarded('f32', low.label, () => {
    const active = low.subsets[low.subsets.length - 1] ?? []
    const y = low.f(low.xs)
    const dxs = active.map(i => single(directionOf(low.xs[i], random)))
    const ct = cotangentOf(y, random)
    const [dy] = tangents(ins => [low.f(ins)], low.xs, active, dxs)
    const cts = cotangents(ins => [low.f(ins)], low.xs, active, [ct])
    const [dyHigh] = tangents(ins => [high.f(ins)], high.xs, active, dxs.map(double))
    const ctsHigh = cotangents(ins => [high.f(ins)], high.xs, active, [double(ct)])
    const inverses = active.flatMap(i => {
      const mine = low.xs.map((_, k) => k === i)
      const answer =
        op?.inverse &&
        (op.inverse.inputs ?? [i]).includes(i) &&
        runInverse(siteOf(low), { value: y, weight: null }, mine)
      const claimed = answer && !('refuse' in answer) ? answer[i] : null
      return claimed ? [claimed.value, ...(claimed.weight ? [claimed.weight] : [])] : []
    })
    const other = [y, dy, ...cts, ...inverses].find(t => t.dtype !== 'f32')
    return [
      judge('f32 kept', low.label, other ? 1 : 0, 0, other ? 'a rule gave f64' : ''),
      judge('f32 forward', low.label, worst([y], [high.f(high.xs)]), TOLERANCE.f32),
      judge('f32 tangent', low.label, worst([dy], [dyHigh]), TOLERANCE.f32Derivative),
      judge('f32 adjoint', low.label, worst(cts, ctsHigh), TOLERANCE.f32Derivative)
    ]
  })
  return finish(low.name, rows, options)
}

/** Largest difference relative to the largest entry. */
function worst(low: readonly Tensor[], high: readonly Tensor[]): number {
  let error = 0
  let scale = 0
  low.forEach((t, k) => {
    for (let i = 0; i < t.size; i++) {
      const d = Math.abs(t.data[i] - high[k].data[i])
      error = d > error || Number.isNaN(d) ? d : error
      scale = Math.max(scale, Math.abs(high[k].data[i]))
    }
  })
  return error === 0 ? 0 : error / scale
}
