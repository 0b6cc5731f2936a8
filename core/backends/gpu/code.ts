/** Pieces of kernels in GPU.js's language, as text: whole numbers, coordinates, addresses. */

/**
 * All numbers of a kernel are f32, which tells whole numbers apart up to 2²⁴: larger tensors stay on the CPU.
 */
export const LARGEST = 2 ** 24

/** A number as text; GPU.js takes what has no point for a whole number, and converts. */
export const literal = (v: number): string => (v < 0 || Object.is(v, -0) ? `(${v})` : `${v}`)

const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n))

/**
 * Statements that make `q` = ⌊n / d⌋ and `r` = n mod d for whole numbers. GPUs divide to a few ulp only, so 6 / 3 may
 * come out below 2: the quotient is right to ±1, and the remainder shows by how much.
 */
export function divide(n: string, d: number, q: string, r: string): string {
  const first = `let ${q} = Math.floor(${n} / ${d}); let ${r} = ${n} - ${q} * ${d};`
  if (isPowerOfTwo(d)) return first
  return `${first}
  if (${r} < 0) { ${q} = ${q} - 1; ${r} = ${r} + ${d}; }
  if (${r} >= ${d}) { ${q} = ${q} + 1; ${r} = ${r} - ${d}; }`
}

/** Statements that split the whole number `n` into coordinates, and their names; axes of length 1 have coordinate 0. */
export function coordinates(n: string, shape: readonly number[], prefix: string): { code: string; names: string[] } {
  const names: string[] = shape.map(d => (d === 1 ? '0' : ''))
  const axes = shape.map((_, k) => k).filter(k => shape[k] !== 1)
  const lines: string[] = []
  let rest = n
  for (let i = axes.length - 1; i > 0; i--) {
    const k = axes[i]
    names[k] = `${prefix}${k}`
    const quotient = `${prefix}q${k}`
    lines.push(divide(rest, shape[k], quotient, names[k]))
    rest = quotient
  }
  if (axes.length > 0) names[axes[0]] = rest
  return { code: lines.join('\n  '), names }
}

/** Σ name · step + offset as text: positive terms first, the offset last, since GPU.js gets a leading minus wrong. */
export function address(names: readonly string[], steps: readonly number[], offset = 0): string {
  const terms = names.flatMap((name, k) => (steps[k] === 0 || name === '0' ? [] : [{ name, step: steps[k] }]))
  terms.sort((a, b) => Math.sign(b.step) - Math.sign(a.step))
  let text = ''
  for (const { name, step } of terms) {
    const size = Math.abs(step)
    const term = size === 1 ? name : `${name} * ${size}`
    text = step < 0 ? `${text || '0'} - ${term}` : text ? `${text} + ${term}` : term
  }
  if (offset === 0) return text || '0'
  return text ? `${text} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}` : `${offset}`
}

/** Loops around a body. */
export const loops = (names: readonly string[], lengths: readonly number[], body: string): string =>
  names.reduceRight(
    (inner, name, k) => `for (let ${name} = 0; ${name} < ${lengths[k]}; ${name}++) {\n${inner}\n}`,
    body
  )

/** A kernel of these arguments; `i` is the number of the entry. */
export const kernel = (args: readonly string[], body: string): string =>
  `function (${args.join(', ')}) {\n  const i = this.thread.x;\n  ${body}\n}`

/** Row-major steps; 0 along axes of length 1, which so are stretched. */
export function stepsOf(shape: readonly number[], rank = shape.length): number[] {
  const out = new Array<number>(rank).fill(0)
  let step = 1
  for (let d = 1; d <= shape.length; d++) {
    const n = shape[shape.length - d]
    if (n !== 1) out[rank - d] = step
    step *= n
  }
  return out
}

/** A shape and steps of several operands over it, without axes of length 1, and with neighbours merged that run on. */
export function merged(
  shape: readonly number[],
  steps: readonly (readonly number[])[]
): { shape: number[]; steps: number[][] } {
  const lengths: number[] = []
  const out: number[][] = steps.map(() => [])
  for (let k = shape.length - 1; k >= 0; k--) {
    if (shape[k] === 1) continue
    const fits = lengths.length > 0 && steps.every((s, o) => s[k] === out[o][0] * lengths[0])
    if (fits) lengths[0] *= shape[k]
    else {
      lengths.unshift(shape[k])
      for (let o = 0; o < steps.length; o++) out[o].unshift(steps[o][k])
    }
  }
  return { shape: lengths, steps: out }
}
