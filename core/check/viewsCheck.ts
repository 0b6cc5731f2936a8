import { PhysgradError } from '../errors.js'
import type { Data } from '../memory.js'
import type { Claim, Example, Op, Refusal } from '../op.js'
import type { Random } from '../random.js'
import { sameShape } from '../shape.js'
import { runInverse } from '../targets/answer.js'
import { mapData, Tensor } from '../tensor.js'
import { cotangentOf, cotangents, directionOf, namesOf, type Probe, probe, siteOf, tangents } from './probe.js'
import { type CheckOptions, type CheckRow, finish, guarded, judge } from './row.js'

/** Entries before and after a window; odd, so that nothing is aligned by chance. */
const MARGIN = 3

/**
 * Tensors need not own their storage. At inputs, tangents, cotangents and claims that are windows of larger buffers,
 * with NaN on both sides, every rule gives the same bits as at tensors of their own, and writes to nothing. One tensor
 * in two places is two inputs: its cotangents add.
 */
export function viewsCheck(op: Op, example: Example, random: Random, options?: CheckOptions): CheckRow[] {
  const p = probe(op, example)
  const rows = guarded('views', p.label, () => {
    const windows: Window[] = []
    const asWindow = (t: Tensor): Tensor => {
      const w = windowOf(t)
      windows.push(w)
      return w.tensor
    }
    const y = p.f(p.xs)
    const active = p.subsets[p.subsets.length - 1] ?? []
    const dxs = active.map(i => directionOf(p.xs[i], random))
    const ct = cotangentOf(y, random)
    const noise = random.normal(y.shape, 0, 1, { dtype: y.dtype })
    const target = mapData(y, (v, i) => v * (1 + 0.01 * noise.data[i]))
    const weight = mapData(y, (_, i) => i % 2)
    const run = (as: (t: Tensor) => Tensor): Tensor[] => {
      const xs = p.xs.map(as)
      return [
        p.f(xs),
        ...tangents(ins => [p.f(ins)], xs, active, dxs.map(as)),
        ...cotangents(ins => [p.f(ins)], xs, active, [as(ct)]),
        ...[null, weight].flatMap(w => claimsOf({ ...p, xs }, active, { value: as(target), weight: w && as(w) }))
      ]
    }
    const different = firstDifference(
      run(t => t),
      run(asWindow)
    )
    const touched = windows.some(w => !w.untouched())
    return [
      judge('views', p.label, different ? 1 : 0, 0, different ? 'a window of a larger buffer gives other bits' : ''),
      judge('views untouched', p.label, touched ? 1 : 0, 0, touched ? 'a rule wrote to its inputs or beside them' : ''),
      ...twice(p, random)
    ]
  })
  return finish(op.name, rows, options)
}

/** The claims of the inverse rule for each input alone; of a refusal nothing. */
function claimsOf(p: Probe, active: readonly number[], claim: Claim): Tensor[] {
  if (!p.op!.inverse) return []
  const site = siteOf(p)
  const answers: (readonly (Claim | null)[] | Refusal)[] = active.map(i =>
    runInverse(
      site,
      claim,
      p.xs.map((_, k) => k === i)
    )
  )
  return answers.flatMap(answer =>
    'refuse' in answer ? [] : answer.flatMap(c => (c ? [c.value, ...(c.weight ? [c.weight] : [])] : []))
  )
}

/** One tensor as two inputs of equal shape: f(x, x) has the value of f(x, copy of x), and x the sum of both cotangents. */
function twice(p: Probe, random: Random): CheckRow[] {
  const moving = p.subsets[p.subsets.length - 1] ?? []
  for (const i of moving)
    for (const k of moving) {
      if (k <= i || !sameShape(p.xs[i].shape, p.xs[k].shape) || p.xs[i].dtype !== p.xs[k].dtype) continue
      const check = `views (${namesOf([i, k])} one tensor)`
      const other = new Tensor(p.xs[i].shape, p.xs[i].data.slice())
      const put = (a: Tensor, b: Tensor) => p.xs.map((x, j) => (j === i ? a : j === k ? b : x))
      try {
        const y = p.f(put(p.xs[i], other))
        const ct = cotangentOf(y, random)
        const f = (a: Tensor, b: Tensor) => [p.f(put(a, b))]
        const [one] = cotangents(([x]) => f(x, x), [p.xs[i]], [0], [ct])
        const [p0, p1] = cotangents(([a, b]) => f(a, b), [p.xs[i], other], [0, 1], [ct])
        const sum = mapData(p0, (v, j) => v + p1.data[j])
        const different = firstDifference([y, sum], [p.f(put(p.xs[i], p.xs[i])), one])
        return [judge(check, p.label, different ? 1 : 0, 0, different ? 'the cotangents do not add' : '')]
      } catch (e) {
        // The operator may not be defined there, and says so; any other error is a rule's.
        if (!(e instanceof PhysgradError)) throw e
      }
    }
  return []
}

interface Window {
  readonly tensor: Tensor
  /** The entries are the same as before, and there is still NaN on both sides. */
  untouched(): boolean
}

function windowOf(t: Tensor): Window {
  const length = t.size + 2 * MARGIN
  const whole: Data = t.dtype === 'f64' ? new Float64Array(length) : new Float32Array(length)
  whole.fill(Number.NaN)
  const data = whole.subarray(MARGIN, MARGIN + t.size)
  data.set(t.data)
  const before = whole.slice()
  return { tensor: new Tensor(t.shape, data), untouched: () => sameBits(whole, before) }
}

const sameBits = (a: Data, b: Data): boolean => a.length === b.length && a.every((v, i) => Object.is(v, b[i]))

const firstDifference = (a: readonly Tensor[], b: readonly Tensor[]): boolean =>
  a.length !== b.length || a.some((t, i) => !sameShape(t.shape, b[i].shape) || !sameBits(t.data, b[i].data))
