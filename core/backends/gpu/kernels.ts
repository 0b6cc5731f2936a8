import type { Shape } from '../../shape.js'
import { size } from '../../shape.js'
import type { Tensor } from '../../tensor.js'
import { address, coordinates, kernel, loops, merged, stepsOf } from './code.js'
import { isNumber, launch, onDevice, shaped } from './launch.js'

/**
 * The kernels: text made from shapes, one for each shape, compiled once (gpujs.ts). Entries are numbered row-major, in
 * and out; a kernel takes its coordinates from its number apart and puts addresses together.
 */

/** An operand and its steps over the axes of the result, 0 along axes over which it is repeated. */
export interface Operand {
  readonly t: Tensor
  readonly steps: readonly number[]
  readonly offset?: number
}

/** An operand stretched to a shape by NumPy's rule. */
export const stretched = (t: Tensor, shape: Shape): Operand => ({ t, steps: stepsOf(t.shape, shape.length) })

/** What a kernel calls its arguments: an array `as` for the operand `a`, a number by its own name. */
const parameter = (name: string, t: Tensor): string => (isNumber(t) ? name : `${name}s`)

/**
 * y = f(a, b, …) entry by entry, each read where its steps lead. `value`: an expression of `names`, or statements that
 * return.
 */
export function pointwise(shape: Shape, operands: readonly Operand[], names: readonly string[], value: string): Tensor {
  const over = merged(
    shape,
    operands.map(o => o.steps)
  )
  const at = coordinates('i', over.shape, 'c')
  const reads = operands.map(({ t, offset }, k) =>
    isNumber(t) ? '' : `const ${names[k]} = ${names[k]}s[${address(at.names, over.steps[k], offset)}];`
  )
  const body = [at.code, ...reads, value.includes('return') ? value : `return ${value};`]
  return launch(
    kernel(
      operands.map((o, k) => parameter(names[k], o.t)),
      body.filter(Boolean).join('\n  ')
    ),
    shape,
    operands.map(o => o.t),
    'numbers'
  )
}

/** y = f(x) entry by entry: `value` of `x`. */
export const gpuMap = (x: Tensor, value: string): Tensor => pointwise(x.shape, [stretched(x, x.shape)], ['x'], value)

/**
 * Numbers that belong to entries but are constants for every derivative (which input won, where a slope is 0), on the device
 * where the backend is asked; undefined where the CPU is to compute them.
 */
export const gpuConstant = (x: Tensor, value: string): Tensor | undefined =>
  onDevice([x], x.shape, () => gpuMap(x, value))

/** The same of two tensors `a` and `b` that broadcast to a shape, that of `a` by default. */
export const gpuMap2 = (a: Tensor, b: Tensor, value: string, shape: Shape = a.shape): Tensor | undefined =>
  onDevice([a, b], shape, () => pointwise(shape, [stretched(a, shape), stretched(b, shape)], ['a', 'b'], value))

/** From so many terms on, a sum is made of partial sums: more entries to work on at once, and smaller rounding errors. */
const LONG = 1024

/** A loop of each entry over terms. */
export interface Fold {
  readonly shape: Shape
  readonly args: readonly Tensor[]
  readonly parameters: readonly string[]
  /** Statements before the loops; coordinates of the result by name. */
  before?(at: readonly string[]): string
  readonly lengths: readonly number[]
  /** What `sum` starts with, given the names of the loops' counters at their start. */
  start(at: readonly string[], counters: readonly string[]): string
  /** Statements that change `sum`. */
  step(at: readonly string[], counters: readonly string[]): string
  /** Puts partial results together, along axis 0; a sum where nothing is said. */
  join?(parts: Tensor): Tensor
}

/** y = Σ terms, each entry in a loop of its own; long ones in parts. */
export function fold(f: Fold): Tensor {
  const lengths = f.lengths.length > 0 ? f.lengths : [1]
  const terms = size(lengths)
  const counters = lengths.map((_, k) => `l${k}`)
  const longest = lengths.indexOf(Math.max(...lengths))
  const n = lengths[longest]
  // About as many parts as terms in each, but no more than that the longest loop gives.
  const part = terms <= LONG ? n : Math.ceil(n / Math.min(n, Math.ceil(Math.sqrt(terms))))
  const parts = n === 0 ? 1 : Math.ceil(n / part)
  const shape = parts > 1 ? [parts, ...f.shape] : f.shape
  const at = coordinates('i', shape, 'c')
  const own = parts > 1 ? at.names.slice(1) : at.names
  const from = parts > 1 ? `${at.names[0]} * ${part}` : '0'
  const inner =
    parts > 1
      ? `const l${longest} = ${from} + h;\nif (l${longest} < ${n}) {\n${f.step(own, counters)}\n}`
      : f.step(own, counters)
  const body = [
    at.code,
    f.before?.(own) ?? '',
    `let sum = ${f.start(
      own,
      counters.map((_, k) => (k === longest ? from : '0'))
    )};`,
    loops(
      counters.map((name, k) => (parts > 1 && k === longest ? 'h' : name)),
      lengths.map((d, k) => (k === longest ? part : d)),
      inner
    ),
    'return sum;'
  ]
  const y = launch(kernel(f.parameters, body.filter(Boolean).join('\n  ')), shape, f.args)
  if (parts === 1) return y
  return f.join
    ? f.join(y)
    : reduceSum(
        y,
        y.shape.map((_, k) => k > 0),
        f.shape
      )
}

/** Steps of the kept and of the reduced axes of x, each merged. */
function axesOf(x: Tensor, keep: readonly boolean[]) {
  const steps = stepsOf(x.shape)
  const part = (kept: boolean) => {
    const axes = x.shape.map((_, k) => k).filter(k => keep[k] === kept)
    const all = merged(
      axes.map(k => x.shape[k]),
      [axes.map(k => steps[k])]
    )
    return { shape: all.shape, steps: all.steps[0] }
  }
  return { kept: part(true), reduced: part(false) }
}

/** A fold of the entries of x over the axes that are not kept. `term`: of one entry v. */
function reduce(
  x: Tensor,
  keep: readonly boolean[],
  shape: Shape,
  start: (first: string) => string,
  step: (v: string) => string,
  join: (parts: Tensor, keep: readonly boolean[], shape: Shape) => Tensor
): Tensor {
  const { kept, reduced } = axesOf(x, keep)
  const read = (at: readonly string[], counters: readonly string[]) =>
    `xs[${address([...at, ...counters.slice(0, reduced.steps.length)], [...kept.steps, ...reduced.steps])}]`
  const y = fold({
    shape: kept.shape,
    args: [x],
    parameters: ['xs'],
    lengths: reduced.shape,
    start: (at, counters) => start(read(at, counters)),
    step: (at, counters) => step(read(at, counters)),
    join: parts =>
      join(
        parts,
        parts.shape.map((_, k) => k > 0),
        kept.shape
      )
  })
  return shaped(y, shape)
}

export const reduceSum = (x: Tensor, keep: readonly boolean[], shape: Shape): Tensor =>
  reduce(
    x,
    keep,
    shape,
    () => '0',
    v => `sum += ${v};`,
    reduceSum
  )

export const reduceMax = (x: Tensor, keep: readonly boolean[], shape: Shape): Tensor =>
  reduce(
    x,
    keep,
    shape,
    v => v,
    v => `sum = Math.max(sum, ${v});`,
    reduceMax
  )

export const reduceMin = (x: Tensor, keep: readonly boolean[], shape: Shape): Tensor =>
  reduce(
    x,
    keep,
    shape,
    v => v,
    v => `sum = Math.min(sum, ${v});`,
    reduceMin
  )

export const reduceProd = (x: Tensor, keep: readonly boolean[], shape: Shape): Tensor =>
  reduce(
    x,
    keep,
    shape,
    () => '1',
    v => `sum = sum * ${v};`,
    reduceProd
  )

/** C = op(A) op(B) over the last two axes; leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor, ta: boolean, tb: boolean, shape: Shape): Tensor {
  const rank = shape.length
  const [m, n] = shape.slice(-2)
  const [rows, q] = a.shape.slice(-2)
  const k = ta ? rows : q
  const front = merged(shape.slice(0, -2), [stepsOf(a.shape, rank).slice(0, -2), stepsOf(b.shape, rank).slice(0, -2)])
  const columns = b.shape[b.rank - 1]
  const steps = {
    a: [...front.steps[0], ta ? 1 : q, 0, ta ? q : 1],
    b: [...front.steps[1], 0, tb ? columns : 1, tb ? 1 : columns]
  }
  const y = fold({
    shape: [...front.shape, m, n],
    args: [a, b],
    parameters: ['as', 'bs'],
    lengths: [k],
    start: () => '0',
    step: (at, counters) => {
      const names = [...at, ...counters]
      return `sum += as[${address(names, steps.a)}] * bs[${address(names, steps.b)}];`
    }
  })
  return shaped(y, shape)
}
