// What the tests of WebGL2 and of WebGPU share: random cases for the kernels, each with a bound on its rounding errors.
import { type Random, random, read, type Shape, Tensor, vjp, withBackend } from '../../core/index.js'
import {
  add,
  avgPool2d,
  concat,
  conv1d,
  conv2d,
  conv3d,
  cos,
  div,
  exp,
  expand,
  flip,
  gelu,
  l2,
  logSoftmax,
  logsumexp,
  matmul,
  max,
  maximum,
  maxPool2d,
  min,
  mul,
  norm,
  pad,
  permute,
  prod,
  reshape,
  sigmoid,
  sin,
  slice,
  softmax,
  softplus,
  sub,
  sum,
  tanh,
  upsampleBilinear2d,
  variance,
  where
} from '../../ops/index.js'

/** What one operation in f32 rounds. */
const EPS = 2 ** -24

type Fn = (...xs: Tensor[]) => Tensor

/** A function that the gpu computes, and how far from the same in f64 an entry may be. */
export interface Case {
  readonly name: string
  readonly xs: readonly Tensor[]
  readonly f: Fn
  /**
   * So many roundings of the largest entry; or, of a function whose entries are sums of products of its inputs, 'sum': as
   * many roundings as an entry has terms, and 8, of the sum of their absolute values.
   */
  readonly roundings: number | 'sum'
}

const map = (t: Tensor, f: (v: number) => number): Tensor => new Tensor(t.shape, Float64Array.from(t.data, f))
const largest = (data: ArrayLike<number>): number => Array.from(data).reduce((m, v) => Math.max(m, Math.abs(v)), 0)

/** How near the worst entry comes to its bound. Throws where one is beyond, and where the gpu did not compute it. */
async function compare({ name, xs, f, roundings }: Case): Promise<number> {
  const y = withBackend('gpu', () => f(...xs))
  // What an adjoint hands on is no computation, and what is made of numbers alone is none for a gpu.
  const isWork = () => xs.some(x => x.size > 1) && xs.every(x => x.data !== y.data)
  if (!y.entries && isWork()) throw new Error(`${name} was computed on the CPU`)
  const got = await read(y)
  const want = f(...xs.map(x => map(x, v => v))).data
  const of = (g: (v: number) => number) => f(...xs.map(x => map(x, g))).data
  const scale = roundings === 'sum' ? of(Math.abs) : undefined
  const count = roundings === 'sum' ? largest(of(() => 1)) + 8 : roundings
  const most = largest(want)
  if (got.length !== want.length) throw new Error(`${name}: ${got.length} entries instead of ${want.length}`)
  let worst = 0
  for (let i = 0; i < want.length; i++) {
    const bound = count * EPS * (scale ? scale[i] : most)
    const error = Math.abs(got[i] - want[i])
    if (!(error <= bound)) throw new Error(`${name}, entry ${i}: ${got[i]}, not ${want[i]} within ${bound}`)
    if (error > 0) worst = Math.max(worst, error / bound)
  }
  return worst
}

export async function compareAll(cases: readonly Case[]): Promise<string> {
  let worst = 0
  for (const one of cases) worst = Math.max(worst, await compare(one))
  return `${cases.length} cases, the worst entry at ${worst.toFixed(2)} of its bound`
}

const between = (r: Random, low: number, high: number): number => r.integers([], low, high + 1).item()
const shape = (r: Random, rank: number, longest: number): number[] =>
  Array.from({ length: rank }, () => between(r, 1, longest))
const normal = (r: Random, s: Shape): Tensor => r.normal(s, 0, 1, { dtype: 'f32' })
const chance = (r: Random, p: number): boolean => r.uniform([]).item() < p
/** The same axes, some with length 1, perhaps without the leading ones. */
const stretched = (r: Random, s: readonly number[]): number[] =>
  s.slice(chance(r, 0.3) ? between(r, 0, s.length) : 0).map(d => (chance(r, 0.3) ? 1 : d))
const repeat = <T>(count: number, make: (k: number) => readonly T[]): T[] =>
  Array.from({ length: count }, (_, k) => make(k)).flat()

/** A function that is linear in each of its inputs, and its adjoints. */
function linear(r: Random, name: string, f: Fn, ...xs: Tensor[]): Case[] {
  const y = f(...xs)
  const ct = normal(r, y.shape)
  const all = `${name} of ${xs.map(x => `[${x.shape}]`).join(' and ')}`
  return [
    { name: all, xs, f, roundings: 'sum' },
    ...xs.map(
      (_, i): Case => ({
        name: `${all}, adjoint ${i}`,
        xs: [ct, ...xs],
        f: (ct, ...xs) => vjp(f, { wrt: i })(...xs).pullback(ct),
        roundings: 'sum'
      })
    )
  ]
}

/** Any function, and its adjoint in the first input, to so many roundings. */
function smooth(r: Random, name: string, roundings: number, f: Fn, ...xs: Tensor[]): Case[] {
  const ct = normal(r, f(...xs).shape)
  const all = `${name} of ${xs.map(x => `[${x.shape}]`).join(' and ')}`
  return [
    { name: all, xs, f, roundings },
    { name: `${all}, adjoint`, xs: [ct, ...xs], f: (ct, ...xs) => vjp(f)(...xs).pullback(ct), roundings: 2 * roundings }
  ]
}

/** Products of matrices, also in batches that broadcast, transposed by their adjoints; and sums too long for one loop. */
export function products(seed: number, count: number): Case[] {
  const r = random(seed)
  return [
    ...repeat(count, k => {
      const [m, inner, n] = shape(r, 3, k % 3 === 0 ? 33 : 7)
      const leads = shape(r, k % 3, 3)
      return linear(
        r,
        'matmul',
        matmul,
        normal(r, [...stretched(r, leads), m, inner]),
        normal(r, [...stretched(r, leads), inner, n])
      )
    }),
    ...linear(r, 'matmul', matmul, normal(r, [2, 2500]), normal(r, [2500, 3]))
  ]
}

/** Convolutions over one to three axes with any stride, padding, dilation and groups, and both adjoints of each. */
export function convolutions(seed: number, count: number): Case[] {
  const r = random(seed)
  const operators = [conv1d, conv2d, conv3d]
  return [
    ...repeat(count, k => {
      const n = 1 + (k % 3)
      const groups = between(r, 1, 2)
      const [inner, outer] = shape(r, 2, 3)
      const axis = () => Array.from({ length: n }, () => between(r, 1, 2))
      const options = { stride: axis(), dilation: axis(), padding: axis().map(p => p - 1), groups }
      const kernel = shape(r, n, 3)
      const size = kernel.map((d, i) => (d - 1) * options.dilation[i] + 1 + between(r, 0, 4))
      const x = normal(r, [...shape(r, between(r, 0, 2), 2), groups * inner, ...size])
      const w = normal(r, [groups * outer, inner, ...kernel])
      return linear(r, `conv${n}d, ${JSON.stringify(options)},`, (x, w) => operators[n - 1](x, w, options), x, w)
    }),
    ...linear(r, 'conv2d', (x, w) => conv2d(x, w, { padding: 1 }), normal(r, [3, 2, 20, 21]), normal(r, [2, 2, 3, 3]))
  ]
}

/** Sums, what moves and copies entries, pooling by means, interpolation: shapes of any kind. */
export function movements(seed: number, count: number): Case[] {
  const r = random(seed)
  return [
    ...repeat(count, () => {
      const s = shape(r, between(r, 1, 4), 5)
      const x = normal(r, s)
      const axis = between(r, 0, s.length - 1)
      const axes = s.map((_, k) => k).filter(() => chance(r, 0.5))
      const start = between(r, 0, s[axis] - 1)
      const step = between(r, 1, 3)
      const order = Array.from(r.permutation(s.length))
      const wide = s.map(() => [between(r, 0, 2), between(r, 0, 2)] as const)
      const parts = Array.from({ length: between(r, 2, 9) }, () =>
        normal(
          r,
          s.map((d, k) => (k === axis ? between(r, 1, 3) : d))
        )
      )
      return [
        ...linear(r, `sum over ${axes}`, x => sum(x, axes), x),
        ...linear(r, 'permute', x => permute(x, order), x),
        ...linear(r, `slice ${start} by ${step}`, x => slice(x, axis, start, s[axis], step), x),
        ...linear(r, `backwards from ${start}`, x => slice(x, axis, start, undefined, -step), x),
        ...linear(r, `pad ${JSON.stringify(wide)}`, x => pad(x, wide), x),
        ...linear(r, 'reflect', x => pad(x, [1, 1], { axes: axis, mode: 'reflect' }), x),
        ...linear(r, `flip ${axis}`, x => flip(x, axis), x),
        ...linear(r, 'expand', x => expand(x, [2, ...s]), x),
        { name: `concat of ${parts.length}`, xs: parts, f: (...xs: Tensor[]) => concat(xs, axis), roundings: 0 }
      ]
    }),
    ...linear(r, 'sum', x => sum(x, 1), normal(r, [3, 3001])),
    ...linear(r, 'sum of all', x => sum(x), normal(r, [61, 67])),
    ...linear(r, 'avgPool2d', x => avgPool2d(x, [2, 3], [1, 2]), normal(r, [2, 5, 7])),
    ...linear(r, 'upsampleBilinear2d', x => upsampleBilinear2d(x, 2), normal(r, [2, 3, 5]))
  ]
}

/** Entry by entry with broadcasting, and functions of vectors. A function of a GPU is good to a few ulp of its argument. */
export function functions(seed: number, count: number): Case[] {
  const r = random(seed)
  return repeat(count, () => {
    const s = shape(r, between(r, 1, 3), 6)
    const [a, b] = [normal(r, s), normal(r, stretched(r, s))]
    const x = normal(r, s)
    const stride = between(r, 1, 3)
    const mask = new Tensor(
      s,
      Float32Array.from(x.data, v => (v > 0 ? 1 : 0))
    )
    const two = { add, sub, mul, maximum, 'a/(b² + 1)': (a: Tensor, b: Tensor) => div(a, add(mul(b, b), 1)) }
    const one = { tanh, exp, sigmoid, softplus, gelu, sin, cos }
    const vector = { max, min, norm, variance, logsumexp, prod, softmax, logSoftmax }
    return [
      ...Object.entries(two).flatMap(([name, f]) => smooth(r, name, 16, f, a, b)),
      ...Object.entries(one).flatMap(([name, f]) => smooth(r, name, 64, f, x)),
      ...Object.entries(vector).flatMap(([name, f]) => smooth(r, name, 128, x => f(x, -1), x)),
      ...smooth(r, 'where', 1, (a, b) => where(mask, a, mul(b, 2)), a, b),
      ...smooth(r, 'l2', 32, (x, y) => l2(x, y), x, normal(r, s)),
      ...smooth(r, 'maxPool2d', 8, x => maxPool2d(x, [2, 3], [stride, 2]), normal(r, [2, 5, 7])),
      ...smooth(r, 'reshape', 0, x => reshape(mul(x, 1), [-1]), x)
    ]
  })
}

/** Mean and largest errors of a step of training in f32 against f64. */
export const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  largest(Array.from(a, (v, i) => v - b[i])) / largest(b)
