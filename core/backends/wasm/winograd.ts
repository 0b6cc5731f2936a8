import { type ConvGeometry, convOutputSize } from '../convolutionPlan.js'
import type { Data } from '../plain/data.js'
import { inTeam, type TeamCall } from './pool.js'
import { overSamples, sumOfSamples } from './samples.js'

/**
 * Convolutions of 3 × 3 with stride 1, in f32, by Winograd's F(4×4, 3×3): a quarter of the multiplications. The formula, its
 * derivation and Bᵀ and Aᵀ are in assembly/winograd.ts; here is what acts on weights, once for all samples:
 *
 *     U = G g Gᵀ      and, for the adjoint in the weights, its adjoint dw = Gᵀ dU G,
 *
 * G with rows (1, 0, 0), -⅔ (1, ±a, ½), ⅙ (1, ±b, 2), (0, 0, 1).
 *
 * Rounding: relative to a result's largest entry, up to 2e-6 on random shapes (tests/core/kernelFuzz.ts, which derives a bound);
 * 36 products of matrices, with C terms each, round less than one with 9 C, and the transforms more. An error is relative
 * to the largest entries of its tile, of 6 × 6; an infinity, or NaN, makes all 4 × 4 results of its tiles NaN.
 */
const [a, b] = [Math.SQRT1_2, Math.SQRT2]

/** y = G g: six numbers, yStep apart, from three, gStep apart. */
function applyG(g: Data, at: number, gStep: number, y: Float64Array, to: number, yStep: number): void {
  const [g0, g1, g2] = [g[at], g[at + gStep], g[at + 2 * gStep]]
  const [low, high] = [(-2 / 3) * (g0 + g2 / 2), (g0 + 2 * g2) / 6]
  const [oddLow, oddHigh] = [(-2 / 3) * a * g1, (b / 6) * g1]
  y[to] = g0
  y[to + yStep] = low + oddLow
  y[to + 2 * yStep] = low - oddLow
  y[to + 3 * yStep] = high + oddHigh
  y[to + 4 * yStep] = high - oddHigh
  y[to + 5 * yStep] = g2
}

/** y = Gᵀ u: three numbers from six. */
function applyGt(u: Float64Array, at: number, uStep: number, y: Float64Array, to: number, yStep: number): void {
  const [u1, u2, u3, u4] = [u[at + uStep], u[at + 2 * uStep], u[at + 3 * uStep], u[at + 4 * uStep]]
  const [low, high] = [(-2 / 3) * (u1 + u2), (u3 + u4) / 6]
  y[to] = u[at] + low + high
  y[to + yStep] = (-2 / 3) * a * (u1 - u2) + (b / 6) * (u3 - u4)
  y[to + 2 * yStep] = low / 2 + 2 * high + u[at + 5 * uStep]
}

/** Places of a transformed tile, and taps of a filter. */
const PLACES = 36
const TAPS = 9

/** Tiles that go through the kernels together, as in assembly/winogradSamples.ts. */
const TILES = 16

/** Is the convolution of the kind that F(4×4, 3×3) computes? */
export const winogradSuits = (x: Data, { groups, size, kernel, stride, dilation, padding }: ConvGeometry): boolean =>
  x instanceof Float32Array &&
  size.length === 2 &&
  groups === 1 &&
  kernel.every(k => k === 3) &&
  [...stride, ...dilation].every(s => s === 1) &&
  padding.every(p => p <= 2)

/**
 * Where it is faster than the product that convolution.ts makes, measured by bench/crossover.ts: from so many channels on (x and
 * y each), from so many tiles on in all samples, which pay for the transform of the weights, and where tiles that reach over
 * the edge leave so much of the fourfold saving. The adjoint in the weights sums 36 numbers for each filter, for which there is
 * room up to so many filters. Tests change it.
 */
export const winogradFrom = { channels: 4, tiles: 64, saving: 1.5, filters: 1 << 15 }

/** Does it pay for y from x and for x from y; `inWeights`: for the adjoint in the weights? */
export function winogradPays(x: Data, g: ConvGeometry, inWeights = false): boolean {
  if (!winogradSuits(x, g)) return false
  const [h, w] = convOutputSize(g)
  const tiles = tilesOf([h, w])
  return (
    Math.min(g.inChannels, g.outChannels) >= winogradFrom.channels &&
    g.batch * tiles >= winogradFrom.tiles &&
    TAPS * h * w >= winogradFrom.saving * PLACES * tiles &&
    (!inWeights || g.inChannels * g.outChannels <= winogradFrom.filters)
  )
}

const upTo = (multiple: number, n: number): number => multiple * Math.ceil(n / multiple)

/** Tiles of 4 × 4 that cover a plane. */
const tilesOf = ([h, w]: readonly number[]): number => Math.ceil(h / 4) * Math.ceil(w / 4)

/** Multiplications. */
const products = (g: ConvGeometry): number =>
  g.batch * tilesOf(convOutputSize(g)) * PLACES * g.inChannels * g.outChannels

/** What the kernels call a plan: `channels` of `size` with a border `before` them make `rows` channels of `out`. */
interface Plan {
  readonly channels: number
  readonly rows: number
  readonly size: readonly number[]
  readonly before: readonly number[]
  readonly out: readonly number[]
}

const planOf = (g: ConvGeometry): Plan => ({
  channels: g.inChannels,
  rows: g.outChannels,
  size: g.size,
  before: g.padding,
  out: convOutputSize(g)
})

/** The adjoint in x is a convolution of the cotangent with the filters turned by 180°. */
const inputPlanOf = (g: ConvGeometry): Plan => ({
  channels: g.outChannels,
  rows: g.inChannels,
  size: convOutputSize(g),
  before: g.padding.map(p => 2 - p),
  out: g.size
})

/** Bytes of an image of whole tiles, with so many entries around them, in vectors of four channels. */
const imageBytes = (channels: number, [h, w]: readonly number[], around: number): number =>
  4 * upTo(4, channels) * (upTo(4, h) + around) * (upTo(4, w) + around)

/** Bytes of the tiles that are worked on together, at all places, and of one tile's scratch. */
const tilesBytes = (channels: number): number => PLACES * (4 * TILES * channels + 64)
const SCRATCH = 16 * PLACES

/** The plan in memory, and a room for each thread, whose first `images` bytes are zero. */
function place(call: TeamCall, plan: Plan, images: number, more: number) {
  const { channels, rows, size, before, out } = plan
  const at = call.putIntegers([channels, rows, ...size, ...before, ...out])
  const rooms = call.rooms(images + SCRATCH + more)
  for (let i = 0; i < rooms.count; i++) call.zero(rooms.at + i * rooms.step, images)
  return { at, rooms }
}

/**
 * U = G g Gᵀ for the kernels: for each place and eight rows a panel [channels, 8]. The filter from `channel` to `row` begins
 * at w[row rowStep + channel channelStep], and is turned by 180° where `turned`.
 */
function transformed(w: Data, { channels, rows }: Plan, rowStep: number, channelStep: number, turned: boolean) {
  const panel = channels * 8
  const step = (upTo(8, rows) / 8) * panel
  const U = new Float32Array(PLACES * step)
  const [half, whole] = [new Float64Array(18), new Float64Array(PLACES)]
  for (let row = 0; row < rows; row++)
    for (let c = 0; c < channels; c++) {
      const first = row * rowStep + c * channelStep
      // Turned by 180°: read backwards.
      for (let j = 0; j < 3; j++)
        if (turned) applyG(w, first + TAPS - 1 - j, -3, half, j, 3)
        else applyG(w, first + j, 3, half, j, 3)
      for (let i = 0; i < 6; i++) applyG(half, 3 * i, 1, whole, 6 * i, 1)
      const to = (row >> 3) * panel + 8 * c + (row & 7)
      for (let s = 0; s < PLACES; s++) U[to + s * step] = whole[s]
    }
  return U
}

function multiply(x: Data, U: Float32Array, y: Data, g: ConvGeometry, plan: Plan): void {
  inTeam(products(g), [x, y], call => {
    const u = call.put(U)
    const { channels, rows, out } = plan
    const more = tilesBytes(upTo(4, channels)) + tilesBytes(upTo(8, rows))
    const { at, rooms } = place(call, plan, imageBytes(channels, out, 2), more)
    overSamples(call, x, y, g.batch, { name: 'winogradProduct32', rest: [u, at], rooms })
  })
}

/** See convolution.ts; for what `winogradSuits` only. */
export function conv(x: Data, w: Data, y: Data, g: ConvGeometry): void {
  const plan = planOf(g)
  multiply(x, transformed(w, plan, TAPS * g.inChannels, TAPS, false), y, g, plan)
}

export function convInput(ct: Data, w: Data, dx: Data, g: ConvGeometry): void {
  const plan = inputPlanOf(g)
  multiply(ct, transformed(w, plan, TAPS, TAPS * g.inChannels, true), dx, g, plan)
}

export function convWeight(x: Data, ct: Data, dw: Data, g: ConvGeometry): void {
  const plan = planOf(g)
  const [rows, channels] = [upTo(4, g.outChannels), upTo(8, g.inChannels)]
  inTeam(products(g), [x, ct], call => {
    const images = imageBytes(g.inChannels, plan.out, 2) + imageBytes(g.outChannels, plan.out, 0)
    const step = rows * channels
    const more = tilesBytes(channels) + tilesBytes(rows) + 4 * PLACES * step
    const { at, rooms } = place(call, plan, images, more)
    const kernel = { name: 'winogradAdjoint32', rest: [at], rooms }
    const dU = sumOfSamples(call, x, ct, g.batch, PLACES * step, kernel)
    const [half, filter] = [new Float64Array(18), new Float64Array(TAPS)]
    for (let o = 0; o < g.outChannels; o++)
      for (let c = 0; c < g.inChannels; c++) {
        for (let j = 0; j < 6; j++) applyGt(dU, o * channels + c + j * step, 6 * step, half, j, 6)
        for (let i = 0; i < 3; i++) applyGt(half, 6 * i, 1, filter, 3 * i, 1)
        dw.set(filter, TAPS * (o * g.inChannels + c))
      }
  })
}
