import { apply } from '../apply.js'
import type { Example, Op, Site } from '../op.js'
import type { Random } from '../random.js'
import { show } from '../shape.js'
import { identity } from '../structural/identity.js'
import { cotangentSweep } from '../sweeps/cotangent.js'
import { tangentSweep } from '../sweeps/tangent.js'
import { Tape, unseen } from '../tape.js'
import { Tensor, zerosLike } from '../tensor.js'

/** What is checked: an operator (a block is one) or a function of tensors. */
export type Subject = Op | ((...xs: Tensor[]) => Tensor)
export type Many = (xs: readonly Tensor[]) => Tensor[]

/** A subject at one example, ready to be run with other inputs. */
export interface Probe {
  readonly name: string
  readonly op?: Op
  readonly attrs: unknown
  readonly f: (xs: readonly Tensor[]) => Tensor
  readonly xs: readonly Tensor[]
  /** For the table: note or shapes of the example. */
  readonly label: string
  readonly smooth: boolean
  readonly extreme: boolean
  /** Which inputs move: each alone, then all together. Inputs that are constants by nature (a mask) never do. */
  readonly subsets: readonly (readonly number[])[]
}

/** Prepares a subject at an example. */
export function probe(subject: Subject, example: Example): Probe {
  const op = typeof subject === 'function' ? undefined : subject
  const f =
    typeof subject === 'function'
      ? (xs: readonly Tensor[]) => subject(...xs)
      : (xs: readonly Tensor[]) => apply(subject, xs, example.attrs)
  // Copies: an example may hold one tensor twice, and what a rule writes must not spoil the other checks.
  const xs = example.inputs.map(copyOf)
  const shapes = xs.map(x => show(x.shape)).join(' ')
  const moving = xs.map((_, i) => i).filter(i => !op?.constant?.includes(i))
  const subsets = moving.map(i => [i])
  if (moving.length > 1) subsets.push(moving)
  return {
    name: op?.name ?? ((subject as { name: string }).name || 'function'),
    op,
    attrs: example.attrs,
    f,
    xs,
    label: example.note ? `${shapes} ${example.note}` : shapes,
    smooth: example.smooth !== false,
    extreme: example.extreme === true,
    subsets
  }
}

const copyOf = (t: Tensor): Tensor => new Tensor(t.shape, t.data.slice())
/** x0 x2, for the table. */
export const namesOf = (active: readonly number[]): string => active.map(i => `x${i}`).join(' ')

/** Runs f on a fresh tape that watches the active inputs. */
function run(f: Many, xs: readonly Tensor[], active: readonly number[]) {
  const tape = new Tape()
  const ins = xs.map((x, i) => (active.includes(i) ? identity(x) : x))
  const watched = active.map(i => ins[i])
  tape.watch(watched)
  return { tape, watched, ys: tape.record(() => f(ins)) }
}

/** J dx for every result of f, by the tangent rules. */
export function tangents(f: Many, xs: readonly Tensor[], active: readonly number[], dxs: readonly Tensor[]): Tensor[] {
  const { tape, watched, ys } = run(f, xs, active)
  const seeds = watched.map((x, k) => [x, dxs[k]] as const)
  return tangentSweep(tape, seeds, ys).map((dy, k) => dy ?? zerosLike(ys[k]))
}

/** Jᵀ ct for every active input, by the adjoint rules. */
export function cotangents(
  f: Many,
  xs: readonly Tensor[],
  active: readonly number[],
  cts: readonly Tensor[]
): Tensor[] {
  const { tape, watched, ys } = run(f, xs, active)
  const seeds = ys.flatMap((y, k) => (tape.knows(y) ? [[y, cts[k]] as const] : []))
  const at = cotangentSweep(tape, seeds)
  return watched.map(x => at.get(x) ?? zerosLike(x))
}

/** The site that an application of the operator leaves on a tape. */
export function siteOf({ op, xs, attrs }: Probe): Site {
  return unseen(() => {
    const tape = new Tape()
    tape.watch(xs)
    tape.record(() => apply(op!, xs, attrs))
    return tape.sites[tape.sites.length - 1]
  })
}

/** ∂y/∂(active inputs), `[y.size, Σ x.size]` row-major, column by column with the tangent rule. */
export function denseJacobian(p: Probe, active: readonly number[]): { J: Float64Array; m: number; n: number } {
  const f: Many = ins => [p.f(ins)]
  const { tape, watched, ys } = run(f, p.xs, active)
  const n = watched.reduce((sum, x) => sum + x.size, 0)
  const m = ys[0].size
  const J = new Float64Array(m * n)
  let column = 0
  for (const x of watched)
    for (let j = 0; j < x.size; j++, column++) {
      const e = zerosLike(x)
      e.data[j] = 1
      const dy = tangentSweep(tape, [[x, e]], ys)[0]
      if (dy) for (let i = 0; i < m; i++) J[i * n + column] = dy.data[i]
    }
  return { J, m, n }
}

/**
 * A random direction in the units of x: entry by entry up to |x| (a tenth of it where x is large, 1 where x is 0), so
 * that small steps keep to the domain and are small for exponentials too.
 */
export function directionOf(x: Tensor, random: Random): Tensor {
  const u = random.uniform(x.shape, -1, 1)
  const d = zerosLike(x)
  for (let i = 0; i < d.size; i++) {
    const size = Math.abs(x.data[i])
    d.data[i] = u.data[i] * (Math.min(size, 0.9 + 0.1 * size) || 1)
  }
  return d
}

/** A random cotangent of the dtype of y. */
export function cotangentOf(y: Tensor, random: Random): Tensor {
  return random.normal(y.shape, 0, 1, { dtype: y.dtype })
}

/** x with the active inputs moved by t times their directions. */
export const moved = (
  xs: readonly Tensor[],
  active: readonly number[],
  dxs: readonly Tensor[],
  t: number
): Tensor[] => {
  const out = [...xs]
  active.forEach((i, k) => {
    out[i] = new Tensor(
      xs[i].shape,
      xs[i].data.map((v, j) => v + t * dxs[k].data[j])
    )
  })
  return out
}

export type Numbers = ArrayLike<number>
/** √Σ v², in units of the largest entry, so that no square leaves the range. */
export function norm(v: Numbers): number {
  let largest = 0
  for (let i = 0; i < v.length; i++) {
    if (Number.isNaN(v[i])) return v[i]
    largest = Math.max(largest, Math.abs(v[i]))
  }
  if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) return largest
  let sum = 0
  for (let i = 0; i < v.length; i++) sum += (v[i] / largest) ** 2
  return largest * Math.sqrt(sum)
}
export const dot = (a: Numbers, b: Numbers): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
export const minus = (a: Numbers, b: Numbers): Float64Array => Float64Array.from(a, (v, i) => v - b[i])

/** All entries of several tensors, one after the other. */
export function flat(ts: readonly Tensor[]): Float64Array {
  const all = new Float64Array(ts.reduce((n, t) => n + t.size, 0))
  let at = 0
  for (const t of ts) {
    all.set(t.data, at)
    at += t.size
  }
  return all
}

/** ‖a - b‖ relative to the larger of them and `floor`; 0 where both are exactly 0. */
export function relative(a: Numbers, b: Numbers, floor = 0): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  const error = norm(minus(a, b))
  return error === 0 ? 0 : error / Math.max(norm(a), norm(b), floor)
}

/** The slope of a straight line through (log h, log v): v ~ h^slope. */
export function exponent(h: readonly number[], v: readonly number[]): number {
  const X = h.map(Math.log)
  const Y = v.map(Math.log)
  const mx = X.reduce((a, b) => a + b, 0) / X.length
  const my = Y.reduce((a, b) => a + b, 0) / Y.length
  let top = 0
  let bottom = 0
  X.forEach((a, i) => {
    top += (a - mx) * (Y[i] - my)
    bottom += (a - mx) ** 2
  })
  return top / bottom
}
