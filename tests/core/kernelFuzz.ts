import { type ConvGeometry, convOutputSize } from '../../core/backends/convolutionPlan.js'
import * as plainConvolution from '../../core/backends/plain/convolution.js'
import { type Data, sizeOf } from '../../core/backends/plain/data.js'
import { matmul as plainMatmul } from '../../core/backends/plain/matmul.js'
import * as wasmConvolution from '../../core/backends/wasm/convolution.js'
import { matmul as wasmMatmul } from '../../core/backends/wasm/matmul.js'
import * as winograd from '../../core/backends/wasm/winograd.js'
import { random } from '../../core/index.js'

/**
 * The WebAssembly kernels against the plain ones, on random shapes: the largest differences, relative to a result's largest
 * entry. Both sum products of numbers up to 1; the plain kernels sum f32 data in f64, these in f32, so f32 differs by the
 * rounding of a sum: √k ε, ε = 6e-8, k up to a thousand. Winograd's sums are as accurate: they have a ninth of the terms, which
 * makes up for the transforms.
 */
export const TOLERANCE = { f64: 1e-13, f32: 1e-5 }

type DType = keyof typeof TOLERANCE

const r = random(0)
const whole = (from: number, to: number): number => from + Math.floor(r.next() * (to - from + 1))
export const numbers = (n: number, dtype: DType): Data => {
  const v = r.uniform([n], -1, 1).data
  return dtype === 'f64' ? v.slice() : Float32Array.from(v)
}

/** Largest difference relative to the largest entry; NaN counts as infinite. */
function error(got: Data, want: Data): number {
  let [difference, scale] = [0, 0]
  for (let i = 0; i < want.length; i++) {
    const d = Math.abs(got[i] - want[i])
    difference = d <= difference ? difference : Number.isNaN(d) ? Number.POSITIVE_INFINITY : d
    scale = Math.max(scale, Math.abs(want[i]))
  }
  return difference === 0 ? 0 : difference / scale
}

/** Products of matrices, with offsets, transposed, accumulated. */
export function matmulError(dtype: DType, cases: number): number {
  let worst = 0
  for (let i = 0; i < cases; i++) {
    const [m, n] = [whole(1, 40), whole(1, 40)]
    const k = whole(1, i % 10 === 0 ? 700 : 40)
    const [a, b] = [numbers(m * k + 3, dtype), numbers(k * n + 2, dtype)]
    const want = numbers(m * n + 5, dtype)
    const got = want.slice()
    const how = [m, n, k, r.next() < 0.5, r.next() < 0.5, r.next() < 0.5] as const
    plainMatmul(a, 3, b, 2, want, 4, ...how)
    wasmMatmul(a, 3, b, 2, got, 4, ...how)
    worst = Math.max(worst, error(got, want))
  }
  return worst
}

/** Convolutions and their adjoints, of all geometries. */
export function convolutionErrors(dtype: DType, cases: number): Record<string, number> {
  const worst = { conv: 0, convInput: 0, convWeight: 0, convWeightPerSample: 0 }
  for (let i = 0; i < cases; i++) {
    const g = geometry()
    const [out, count] = [sizeOf(convOutputSize(g)), sizeOf(g.size)]
    const [nx, ny] = [g.batch * g.inChannels * count, g.batch * g.outChannels * out]
    const nw = (g.outChannels * g.inChannels * sizeOf(g.kernel)) / g.groups
    const [x, w, ct] = [numbers(nx, dtype), numbers(nw, dtype), numbers(2 * ny, dtype)]
    const empty = (n: number): Data => (dtype === 'f64' ? new Float64Array(n) : new Float32Array(n))
    const compare = (name: keyof typeof worst, n: number, run: (k: typeof plainConvolution, y: Data) => void) => {
      const [want, got] = [empty(n), empty(n)]
      run(plainConvolution, want)
      run(wasmConvolution, got)
      worst[name] = Math.max(worst[name], error(got, want))
    }
    compare('conv', ny, (k, y) => k.conv(x, w, y, g))
    compare('convInput', nx, (k, y) => k.convInput(ct.subarray(0, ny), w, y, g))
    compare('convWeight', nw, (k, y) => k.convWeight(x, ct.subarray(0, ny), y, g))
    compare('convWeightPerSample', 2 * g.batch * nw, (k, y) => k.convWeightPerSample(x, ct, y, g, 2))
  }
  return worst
}

/** One to three axes, with strides, dilations, padding and groups; small, and never without an output. */
function geometry(): ConvGeometry {
  const axes = Array.from({ length: whole(1, 3) }, () => {
    const [kernel, stride, dilation, padding] = [whole(1, 4), whole(1, 3), whole(1, 2), whole(0, 2)]
    const least = Math.max(1, dilation * (kernel - 1) + 1 - 2 * padding)
    return { kernel, stride, dilation, padding, least }
  })
  const groups = whole(1, 3)
  const room = axes.length === 3 ? 3 : 11
  return {
    batch: whole(1, 3),
    inChannels: groups * whole(1, 3),
    outChannels: groups * whole(1, 5),
    groups,
    size: axes.map(a => a.least + whole(0, room)),
    kernel: axes.map(a => a.kernel),
    stride: axes.map(a => a.stride),
    dilation: axes.map(a => a.dilation),
    padding: axes.map(a => a.padding)
  }
}

/** A convolution of 3 × 3 that Winograd's form computes: tiles that are cut off, channels that fill no vector, one or many. */
function filter(): ConvGeometry {
  const padding = [whole(0, 2), whole(0, 2)]
  return {
    batch: whole(1, 3),
    inChannels: whole(1, r.next() < 0.1 ? 40 : 6),
    outChannels: whole(1, r.next() < 0.1 ? 40 : 10),
    groups: 1,
    size: padding.map(p => Math.max(1, 3 - 2 * p) + whole(0, 14)),
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding
  }
}

/** Results of the plain convolutions and of Winograd's. */
function convolveBoth(g: ConvGeometry, x: Data, w: Data, ct: Data) {
  const both = (n: number, run: (kernels: typeof winograd | typeof plainConvolution, y: Data) => void) => {
    const results = [new Float32Array(n).fill(7), new Float32Array(n).fill(9)] as const
    run(plainConvolution, results[0])
    run(winograd, results[1])
    return results
  }
  return {
    conv: both(ct.length, (k, y) => k.conv(x, w, y, g)),
    convInput: both(x.length, (k, y) => k.convInput(ct, w, y, g)),
    convWeight: both(w.length, (k, y) => k.convWeight(x, ct, y, g))
  }
}

/**
 * Winograd's convolutions and their adjoints, and how many entries are off by more than what was derived: of `spikes` further
 * cases too, in which one entry is a million times as large as the others.
 */
export function winogradErrors(cases: number, spikes: number) {
  const worst = { conv: 0, convInput: 0, convWeight: 0 }
  let outside = 0
  for (let i = 0; i < cases + spikes; i++) {
    const g = filter()
    const [plane, out] = [sizeOf(g.size), sizeOf(convOutputSize(g))]
    const [nx, ny] = [g.batch * g.inChannels * plane, g.batch * g.outChannels * out]
    const [x, w, ct] = [nx, 9 * g.inChannels * g.outChannels, ny].map(n => numbers(n, 'f32'))
    const spiked = i >= cases
    if (spiked) for (const v of [x, w, ct]) v[whole(0, v.length - 1)] *= 1e6
    const results = convolveBoth(g, x, w, ct)
    if (!spiked)
      for (const name of ['conv', 'convInput', 'convWeight'] as const) {
        const [want, got] = results[name]
        worst[name] = Math.max(worst[name], error(got, want))
      }
    outside += beyondBound(g, x, w, results.conv)
  }
  return { worst, outside }
}

/**
 * How many entries of y are off by more than rounding can explain: with V = Bᵀ d B, U = G g Gᵀ, all roundings one after the
 * other are C + 20 (4 for each Bᵀ, 1 for U, C for the sum of products, 5 for each Aᵀ, 1 for the plain result), and what they
 * multiply is at most |Aᵀ| (|U| ⊙ |V|) |A| ≤ κ max|d| Σ|g| with κ = 13.74², from the rows' sums of |Bᵀ| and |Aᵀ| and |G|'s largest entries.
 */
function beyondBound(
  { outChannels, inChannels }: ConvGeometry,
  x: Data,
  w: Data,
  [want, got]: readonly Data[]
): number {
  const size = (v: Data): number[] => Array.from(v, Math.abs)
  const sums = Array.from({ length: outChannels }, (_, o) =>
    size(w.subarray(o * 9 * inChannels, (o + 1) * 9 * inChannels)).reduce((sum, v) => sum + v)
  )
  const bound = (inChannels + 20) * 2 ** -24 * 13.74 ** 2 * Math.max(...size(x)) * Math.max(...sums)
  return want.filter((v, i) => !(Math.abs(got[i] - v) <= bound)).length
}
