import { apply } from '../apply.js'
import type { Example, Op } from '../op.js'
import type { Random } from '../random.js'
import { sameShape, show } from '../shape.js'
import { allFinite } from '../tensor.js'
import { cotangentOf, cotangents, directionOf, probe, siteOf, tangents } from './probe.js'
import { type CheckOptions, type CheckRow, finish, guarded, judge } from './row.js'

/**
 * The shape that `outShape` promises, the dtype of the inputs, a finite value at a point of the domain, and inputs that
 * no rule has written to; and the range of the input that an operator says it hands on.
 */
export function shapeCheck(op: Op, example: Example, random: Random, options?: CheckOptions): CheckRow[] {
  const p = probe(op, example)
  const rows = guarded('shape', p.label, () => {
    const y = apply(op, p.xs, example.attrs)
    const said = op.outShape?.(
      p.xs.map(x => x.shape),
      example.attrs
    )
    const shapes = !said || sameShape(said, y.shape)
    const dtype = op.mixed || y.dtype === p.xs[0]?.dtype || p.xs.length === 0
    const active = p.subsets[p.subsets.length - 1] ?? []
    tangents(
      ins => [p.f(ins)],
      p.xs,
      active,
      active.map(i => directionOf(p.xs[i], random))
    )
    cotangents(ins => [p.f(ins)], p.xs, active, [cotangentOf(y, random)])
    for (const i of active)
      op.inverse?.apply(
        siteOf(p),
        { value: y, weight: null },
        p.xs.map((_, k) => k === i)
      )
    const kept = p.xs.every((x, i) => x.data.every((v, k) => Object.is(v, example.inputs[i].data[k])))
    const range = op.reads?.(siteOf(p))
    const read =
      !range ||
      (range.stop - range.start === y.size && y.data.every((v, k) => Object.is(v, p.xs[0].data[range.start + k])))
    const yes = (check: string, ok: boolean, note: string) => judge(check, p.label, ok ? 0 : 1, 0, ok ? '' : note)
    return [
      yes('shape', shapes, `outShape says ${said && show(said)}, forward gives ${show(y.shape)}`),
      yes('dtype', dtype, `${p.xs[0]?.dtype} in, ${y.dtype} out`),
      yes('finite', allFinite(y.data), 'NaN or infinity at an example'),
      ...(range ? [yes('reads', read, `entries ${range.start} to ${range.stop} of the input are not the output`)] : []),
      yes('inputs kept', kept, 'a rule wrote to its inputs')
    ]
  })
  return finish(p.name, rows, options)
}
