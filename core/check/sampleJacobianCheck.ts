import { PhysgradError, RuleError } from '../errors.js'
import type { Example } from '../op.js'
import type { Random } from '../random.js'
import { sameShape, size } from '../shape.js'
import { Tensor } from '../tensor.js'
import { layeredJacobian } from '../verbs/layeredJacobian.js'
import { sampleJacobian } from '../verbs/sampleJacobian.js'
import { denseJacobian, namesOf, type Probe, probe, relative, type Subject, siteOf } from './probe.js'
import { type CheckOptions, type CheckRow, finish, guarded, judge, skipped } from './row.js'
import { TOLERANCE } from './tolerances.js'

const NAME = 'sample-Jacobian'

/**
 * Native rows dy_b/dx against a loop over single samples.
 *
 * Several perturbed copies of the example's inputs are stacked along a new axis 0, for each subset of the inputs (the
 * others are shared by the samples, as parameters are), where the operator accepts an axis in front and treats the
 * samples apart; and the example itself, its axis 0 read as the sample axis. Where the operator says that it mixes
 * samples, the sweep must stop and name it, and with mixing: 'embed' give the full Jacobian.
 */
export function sampleJacobianCheck(
  subject: Subject,
  example: Example,
  random: Random,
  options?: CheckOptions
): CheckRow[] {
  const p = probe(subject, example)
  const rows = guarded(NAME, p.label, () => [
    ...asItIs(p),
    ...subsetsOf(p.xs.length).flatMap(batched =>
      guarded(`${NAME} (batched ${namesOf(batched)})`, p.label, () => stacked(p, batched, random))
    )
  ])
  return finish(p.name, rows, options)
}

/** All non-empty subsets of up to three inputs; of more, each alone and all together. */
function subsetsOf(n: number): number[][] {
  if (n > 3) return [...Array.from({ length: n }, (_, i) => [i]), Array.from({ length: n }, (_, i) => i)]
  return Array.from({ length: 2 ** n - 1 }, (_, k) => [0, 1, 2].filter(i => (k + 1) & (1 << i)))
}

/** The example's own axis 0 as the sample axis, against its dense Jacobian. */
function asItIs(p: Probe): CheckRow[] {
  const y = p.f(p.xs)
  if (y.rank === 0 || y.size === 0) return [skipped(NAME, p.label, 'no samples')]
  return p.subsets.flatMap(active => {
    const check = `${NAME} (${namesOf(active)})`
    return guarded(check, p.label, () => {
      if (!p.op && denseJacobian(p, active).J.every(v => v === 0)) return [skipped(check, p.label, 'no dependence')]
      const mixing = mixes(p, active)
      const J = sampleJacobian((...ins) => p.f(ins), { wrt: active, mixing: mixing ? 'embed' : 'error' })(...p.xs).J
      const stops = mixing && stopsAndNames(p, active)
      return [
        ...(mixing ? [judge(`${check} stops`, p.label, stops ? 0 : 1, 0, stops || 'no RuleError naming it')] : []),
        judge(check, p.label, Math.max(...active.map((i, k) => difference(p, i, J[k]))), TOLERANCE.sampleJacobian),
        ...(active.length === 1 ? factored(p, active[0]) : [])
      ]
    })
  })
}

/** Does the operator say that it mixes the samples of this example? For a function: does the sweep stop? */
function mixes(p: Probe, active: readonly number[]): boolean {
  return p.op ? p.op.carry(siteOf(p)) === undefined : stopsAndNames(p, active) !== ''
}

function stopsAndNames(p: Probe, active: readonly number[]): string {
  try {
    sampleJacobian((...ins) => p.f(ins), { wrt: active })(...p.xs)
  } catch (e) {
    if (e instanceof RuleError && (!p.op || e.message.includes(p.op.name))) return 'mixes samples'
  }
  return ''
}

/** Rows `[B, K, ...]` of input i against the dense Jacobian: the blocks of each sample alone, zero outside them. */
function difference(p: Probe, i: number, J: Tensor): number {
  const y = p.f(p.xs)
  const B = y.shape[0]
  const { J: dense, m, n } = denseJacobian(p, [i])
  const full = new Float64Array(m * n)
  const width = J.size / m
  const K = m / B
  for (let r = 0; r < m; r++) {
    const from = width === n ? 0 : Math.floor(r / K) * width
    for (let j = 0; j < width; j++) full[r * n + from + j] = J.data[r * width + j]
  }
  return relative(full, dense)
}

/** The rows of a parameter as factors are its rows. */
function factored(p: Probe, i: number): CheckRow[] {
  const shared = p.op?.sampleFactors && p.op.carry(siteOf(p))?.[i] === false
  if (!shared) return []
  const layers = layeredJacobian((...ins) => p.f(ins), { wrt: i })(...p.xs).J.matrix()
  const error = relative(layers, denseJacobian(p, [i]).J)
  return [judge(`${NAME} in factors (${namesOf([i])})`, p.label, error, TOLERANCE.sampleJacobian)]
}

/** Perturbed copies along a new axis 0 of the batched inputs, and the same samples one by one. */
function stacked(p: Probe, batched: readonly number[], random: Random): CheckRow[] {
  const check = `${NAME} (batched ${namesOf(batched)})`
  const moving = p.subsets[p.subsets.length - 1] ?? []
  const BATCH = batchFor(p.xs)
  const another = (x: Tensor, i: number, b: number) =>
    p.op?.constant?.includes(i) ? choice(x, b, random) : nearby(x, random)
  const samples = Array.from({ length: BATCH }, (_, b) =>
    p.xs.map((x, i) => (batched.includes(i) ? another(x, i, b) : x))
  )
  const inputs = p.xs.map((x, i) => (batched.includes(i) ? stack(samples.map(s => s[i])) : x))
  const singles = samples.map(s => p.f(s))
  let y: Tensor
  try {
    y = p.f(inputs)
  } catch (e) {
    // An operator may have no use for an axis in front, and says so; any other error is a rule's.
    if (e instanceof PhysgradError) return []
    throw e
  }
  const apart =
    sameShape(y.shape, [BATCH, ...singles[0].shape]) && !(relative(y.data, stack(singles).data) > TOLERANCE.dot)
  const site = p.op && siteOf({ ...p, xs: inputs })
  const carry = p.op?.carry(site!)
  if (!apart || y.size === 0 || (p.op && !carry)) return []
  const J = sampleJacobian((...ins) => p.f(ins), { wrt: moving })(...inputs).J
  const K = size(singles[0].shape)
  const errors = moving.map((i, k) => {
    const loop = samples.map(s => denseJacobian({ ...p, xs: s }, [i]).J)
    const width = p.xs[i].size
    const rows = Float64Array.from(loop.flatMap(row => Array.from(row)))
    // An input that does not matter leaves zeros of a shared input's shape.
    if ([...rows, ...J[k].data].every(v => v === 0)) return 0
    if (J[k].size !== BATCH * K * width) return Number.POSITIVE_INFINITY
    return relative(J[k].data, rows)
  })
  return [judge(check, p.label, Math.max(0, ...errors), TOLERANCE.sampleJacobian)]
}

/** A number of samples that is no other axis' length, so that no axis is taken for another. */
function batchFor(xs: readonly Tensor[]): number {
  const taken = new Set(xs.flatMap(x => x.shape))
  let B = 2
  while (taken.has(B)) B++
  return B
}

/** Shrunk by up to a tenth, entry by entry: signs, zeros and most domains survive. */
const nearby = (x: Tensor, random: Random): Tensor =>
  new Tensor(
    x.shape,
    x.data.map(v => v * (1 - 0.1 * random.next()))
  )

/** A constant of whole numbers is a choice (indices, a mask): its entries change places, since others may be none. */
const choice = (x: Tensor, b: number, random: Random): Tensor =>
  x.data.every(Number.isInteger)
    ? new Tensor(
        x.shape,
        x.data.map((_, i) => x.data[(i + b) % x.size])
      )
    : nearby(x, random)

function stack(ts: readonly Tensor[]): Tensor {
  const data =
    ts[0].dtype === 'f64' ? new Float64Array(ts.length * ts[0].size) : new Float32Array(ts.length * ts[0].size)
  ts.forEach((t, k) => {
    data.set(t.data, k * t.size)
  })
  return new Tensor([ts.length, ...ts[0].shape], data)
}
