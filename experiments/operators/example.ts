import { cotangents, type Probe, probe, siteOf, tangents } from '../../core/check/probe.js'
import { type Example, localInverse, type Op, type Random, random, Tensor } from '../../core/index.js'
import { isRefusal } from '../../core/op.js'
import { runInverse } from '../../core/targets/answer.js'

/** An operator at work on numbers: what explain and the reference show. */
export interface WorkedExample {
  /** Shapes, and the note if it has one. */
  readonly label: string
  readonly attrs: string
  readonly x: readonly Tensor[]
  readonly y: Tensor
  /** The inputs that derivatives know (not masks and choices). */
  readonly moving: readonly number[]
  readonly dx: readonly Tensor[]
  readonly dy: Tensor
  readonly ct: Tensor
  readonly xBar: readonly Tensor[]
  readonly target?: WorkedTarget
}

export interface WorkedTarget {
  /** The input that is free. */
  readonly input: number
  readonly value: Tensor
  /** The kind of the rule, or the name of the rung that found it. */
  readonly by: string
  readonly answer: Tensor
  /** Largest |P(x̃) - ỹ|. */
  readonly missed: number
}

const MANY = 20

/** The first small example of an operator, run: derivatives along round numbers, and a target that is in reach. */
export function workedExample(op: Op): WorkedExample | undefined {
  const stream = random(0).split(op.name)
  const example = smallest(op.examples(stream.split('examples')))
  if (!example) return undefined
  const p = probe(op, example)
  const f = (xs: readonly Tensor[]) => [p.f(xs)]
  const moving = p.xs.map((_, i) => i).filter(i => !op.constant?.includes(i))
  const numbers = stream.split('explain')
  const dx = moving.map(i => tenths(p.xs[i], numbers))
  const [y] = f(p.xs)
  const ct = tenths(y, numbers)
  return {
    label: p.label,
    attrs: showAttrs(example.attrs),
    x: p.xs,
    y,
    moving,
    dx,
    dy: tangents(f, p.xs, moving, dx)[0],
    ct,
    xBar: cotangents(f, p.xs, moving, [ct]),
    target: workedTarget(op, p, moving, dx)
  }
}

function smallest(examples: readonly Example[]): Example | undefined {
  const size = ({ inputs }: Example) => inputs.reduce((sum, t) => sum + t.size, 0)
  const shown = examples.filter(e => e.inputs.every(t => t.size > 0) && e.smooth !== false && !e.extreme)
  return shown.find(e => size(e) <= MANY) ?? shown.sort((a, b) => size(a) - size(b))[0]
}

/** Random numbers -1, -0.9 … 1 in the shape of t. */
const tenths = (t: Tensor, r: Random): Tensor =>
  new Tensor(
    t.shape,
    r.uniform(t.shape, -1, 1, { dtype: t.dtype }).data.map(v => Math.round(10 * v) / 10)
  )

/** The target is what a neighbour of one input gives; the first input for which somebody finds an answer is shown. */
function workedTarget(op: Op, p: Probe, moving: readonly number[], dx: readonly Tensor[]): WorkedTarget | undefined {
  for (const [k, input] of moving.entries()) {
    const of = (t: Tensor) => p.f(p.xs.map((x, i) => (i === input ? t : x)))
    const x = p.xs[input]
    const value = of(
      new Tensor(
        x.shape,
        x.data.map((v, j) => v + 0.1 * Math.min(1, Math.abs(v) || 1) * dx[k].data[j])
      )
    )
    const answer = answerOf(op, p, input, value, of)
    if (!answer?.found.data.every(Number.isFinite)) continue
    const reached = of(answer.found)
    const missed = Array.from(reached.data, (v, j) => Math.abs(v - value.data[j])).reduce((a, b) => Math.max(a, b), 0)
    return { input, value, by: answer.by, answer: answer.found, missed }
  }
  return undefined
}

/** By the operator's own rule; where there is none, by the ladder if it comes to the target. */
function answerOf(op: Op, p: Probe, input: number, value: Tensor, f: (t: Tensor) => Tensor) {
  if (!op.inverse) {
    try {
      return { by: 'the ladder', found: localInverse(f)(value, p.xs[input]) }
    } catch {
      return undefined
    }
  }
  const active = p.xs.map((_, i) => i === input)
  const answer = runInverse(siteOf(p), { value, weight: null }, active)
  if (isRefusal(answer)) return undefined
  const claim = answer[input]
  if (!claim) return undefined
  const { weight } = claim
  const x = p.xs[input]
  const found = weight
    ? new Tensor(
        x.shape,
        x.data.map((v, j) => (weight.data[j] === 0 ? v : claim.value.data[j]))
      )
    : claim.value
  return { by: op.inverse.kind, found }
}

/** `stride 1, 1; exponent 3`. */
function showAttrs(attrs: unknown): string {
  if (typeof attrs !== 'object' || attrs === null) return ''
  const show = (v: unknown): string => {
    if (v instanceof Tensor) return String(v)
    if (typeof v === 'function') return v.name
    if (Array.isArray(v) || ArrayBuffer.isView(v)) return `[${Array.from(v as ArrayLike<unknown>, show).join(', ')}]`
    if (typeof v === 'object' && v !== null)
      return `{ ${Object.entries(v)
        .map(([k, w]) => `${k}: ${show(w)}`)
        .join(', ')} }`
    return String(v)
  }
  return Object.entries(attrs)
    .filter(([, v]) => v !== undefined)
    .map(([key, v]) => `${key} ${show(v)}`)
    .join(', ')
}
