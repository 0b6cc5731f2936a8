import type { Shape } from '../../shape.js'
import { size } from '../../shape.js'
import type { Tensor } from '../../tensor.js'
import type { Sparse } from '../plain/sparseAlong.js'
import { address, coordinates, divide, kernel, literal, merged, stepsOf } from './code.js'
import { pointwise } from './kernels.js'
import { constant, launch } from './launch.js'

// Kernels that move entries, or sum few of them, along an axis; and the product of complex numbers.

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
