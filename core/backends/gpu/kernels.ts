import type { Shape } from '../../shape.js'
import { size } from '../../shape.js'
import type { Tensor } from '../../tensor.js'
import type { Sparse } from '../plain/sparseAlong.js'
import { address, coordinates, divide, kernel, literal, loops, merged, stepsOf } from './code.js'
import { constant, isNumber, launch, onDevice, shaped } from './launch.js'

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

/** A part of an axis: entries start, start + step, …, `count` of them; `axis` counted from the start. */
export interface Part {
  readonly axis: number
  readonly start: number
  readonly step: number
  readonly count: number
}

/** The part of x. */
export function take(x: Tensor, { axis, start, step }: Part, shape: Shape): Tensor {
  const steps = stepsOf(x.shape)
  const offset = start * steps[axis]
  return pointwise(shape, [{ t: x, steps: steps.map((s, k) => (k === axis ? s * step : s)), offset }], ['x'], 'x')
}

/** x as that part of the result, `value` elsewhere. */
export function put(x: Tensor, { axis, start, step, count }: Part, value: number, shape: Shape): Tensor {
  const [outer, length, inner] = threeAxes(shape, axis)
  const at = coordinates('i', [outer, length, inner], 'c')
  const steps = [count * inner, inner, 1]
  const distance = step > 0 ? address([at.names[1]], [1], -start) : address([at.names[1]], [-1], start)
  const every = Math.abs(step)
  const found = `if (p < ${count}) { y = xs[${address([at.names[0], 'p', at.names[2]], steps)}]; }`
  const body = `${at.code}
  let y = ${literal(value)};
  const d = ${distance};
  if (d >= 0) {
    ${every === 1 ? `const p = d; ${found}` : `${divide('d', every, 'p', 'r')} if (r === 0) { ${found} }`}
  }
  return y;`
  return launch(kernel(['xs'], body), shape, [x])
}

/** A shape with the axes before one, and those behind it, together. */
const threeAxes = (shape: Shape, axis: number): [number, number, number] => [
  size(shape.slice(0, axis)),
  shape[axis],
  size(shape.slice(axis + 1))
]

/** Tensors that one kernel may read: WebGPU grants eight buffers, of which one is the result. */
const MOST = 7

/** The tensors one after the other along an axis, counted from the start. */
export function concat(all: readonly Tensor[], axis: number, shape: Shape): Tensor {
  const xs = all.filter(x => x.size > 0)
  if (xs.length > MOST) {
    const lengthOf = (part: readonly Tensor[]) => part.reduce((n, x) => n + x.shape[axis], 0)
    const joined = (part: readonly Tensor[]) =>
      concat(
        part,
        axis,
        shape.map((d, k) => (k === axis ? lengthOf(part) : d))
      )
    const each = Math.ceil(xs.length / MOST)
    const parts = Array.from({ length: Math.ceil(xs.length / each) }, (_, k) => xs.slice(k * each, (k + 1) * each))
    return joined(parts.map(part => (part.length === 1 ? part[0] : joined(part))))
  }
  const [outer, length, inner] = threeAxes(shape, axis)
  const at = coordinates('i', [outer, length, inner], 'c')
  let from = 0
  const branches = xs.map((x, k) => {
    const n = x.shape[axis]
    const read = `x${k}s[${address(at.names, [n * inner, inner, 1], -from * inner)}]`
    from += n
    return k === xs.length - 1 ? `return ${read};` : `if (${at.names[1]} < ${from}) { return ${read}; }`
  })
  const names = xs.map((_, k) => `x${k}s`)
  return launch(kernel(names, `${at.code}\n  ${branches.join('\n  ')}`), shape, xs)
}

/** y = M x along an axis, counted from the start. M goes to the device once, whatever the number of its uses. */
export function sparse(m: Sparse, x: Tensor, axis: number, shape: Shape): Tensor {
  const [outer, rows, inner] = threeAxes(shape, axis)
  const at = coordinates('i', [outer, rows, inner], 'c')
  const [o, row, r] = at.names
  const entries = m.column.length
  let longest = 0
  for (let k = 0; k < rows; k++) longest = Math.max(longest, m.start[k + 1] - m.start[k])
  // start, columns and weights, in this order.
  const packed = new Float32Array(rows + 1 + entries * (m.weight ? 2 : 1))
  packed.set(m.start)
  packed.set(m.column, rows + 1)
  if (m.weight) packed.set(m.weight, rows + 1 + entries)
  const read = `xs[${address([o, 'column', r], [m.columns * inner, inner, 1])}]`
  const body = `${at.code}
  const first = ms[${address([row], [1])}];
  const last = ms[${address([row], [1], 1)}];
  let sum = 0;
  for (let l = 0; l < ${longest}; l++) {
    const k = first + l;
    if (k < last) {
      const column = ms[k + ${rows + 1}];
      sum += ${m.weight ? `ms[k + ${rows + 1 + entries}] * ${read}` : read};
    }
  }
  return sum;`
  return launch(kernel(['ms', 'xs'], body), shape, [constant(packed), x])
}

/** a b of complex numbers, pairs along the last axis; the other axes broadcast. A transform of Fourier stays on the CPU: GPU.js
 * would launch a kernel for each of its passes, which pays for sizes only that are beyond what is done here. */
export function complexProduct(a: Tensor, b: Tensor, shape: Shape): Tensor {
  const steps = [a, b].map(t => stepsOf(t.shape, shape.length).slice(0, -1))
  const over = merged(shape.slice(0, -1), steps)
  const at = coordinates('i', [...over.shape, 2], 'c')
  const numbers = at.names.slice(0, -1)
  const part = (name: string, k: number) => [0, 1].map(i => `${name}s[${address(numbers, over.steps[k], i)}]`)
  const [[re, im], [u, v]] = [part('a', 0), part('b', 1)]
  const body = `${at.code}
  let y = ${re} * ${u} - ${im} * ${v};
  if (${at.names[at.names.length - 1]} > 0) { y = ${re} * ${v} + ${im} * ${u}; }
  return y;`
  return launch(kernel(['as', 'bs'], body), shape, [a, b])
}
