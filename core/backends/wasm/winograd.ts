import { type ConvGeometry, convOutputSize } from '../convolutionPlan.js'
import type { Data } from '../plain/data.js'
import { inTeam, type TeamCall } from './pool.js'
import { overSamples, sumOfSamples } from './samples.js'

/**
 * Convolutions of 3 × 3 with stride 1, in f32, by Winograd's F(4×4, 3×3): a quarter of the multiplications. The formula, its
 * derivation and Bᵀ and Aᵀ are in assembly/winograd.ts; here is what acts on weights, once for all samples:
 *
 *     U = G g Gᵀ      and, for the adjoint in the weights, its adjoint dw = Gᵀ dU G.
 */
const [A, B] = [Math.SQRT1_2, Math.SQRT2]
const G = [
  [1, 0, 0],
  [-2 / 3, (-2 / 3) * A, -1 / 3],
  [-2 / 3, (2 / 3) * A, -1 / 3],
  [1 / 6, B / 6, 1 / 3],
  [1 / 6, -B / 6, 1 / 3],
  [0, 0, 1]
]

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

/** From where on it is faster than the product that convolution.ts makes. Measured by bench/crossover.ts. */
export const winogradFrom = { channels: 8, side: 12, products: 1 << 18 }

export const winogradPays = (x: Data, g: ConvGeometry): boolean =>
  winogradSuits(x, g) &&
  Math.min(g.inChannels, g.outChannels) >= winogradFrom.channels &&
  Math.min(...g.size) >= winogradFrom.side &&
  products(g) >= winogradFrom.products

const upTo = (multiple: number, n: number): number => multiple * Math.ceil(n / multiple)

/** Multiplications. */
function products(g: ConvGeometry): number {
  const [h, w] = convOutputSize(g)
  return g.batch * Math.ceil(h / 4) * Math.ceil(w / 4) * PLACES * g.inChannels * g.outChannels
}

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
  const panels = upTo(8, rows) / 8
  const U = new Float32Array(PLACES * panels * channels * 8)
  const half = new Float64Array(18)
  for (let row = 0; row < rows; row++)
    for (let c = 0; c < channels; c++) {
      const first = row * rowStep + c * channelStep
      const tap = (t: number): number => w[first + (turned ? TAPS - 1 - t : t)]
      for (let i = 0; i < 6; i++)
        for (let q = 0; q < 3; q++) half[3 * i + q] = G[i][0] * tap(q) + G[i][1] * tap(3 + q) + G[i][2] * tap(6 + q)
      for (let i = 0; i < 6; i++)
        for (let j = 0; j < 6; j++)
          U[(((6 * i + j) * panels + (row >> 3)) * channels + c) * 8 + (row & 7)] =
            half[3 * i] * G[j][0] + half[3 * i + 1] * G[j][1] + half[3 * i + 2] * G[j][2]
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
    const more = tilesBytes(channels) + tilesBytes(rows) + 4 * PLACES * rows * channels
    const { at, rooms } = place(call, plan, images, more)
    const kernel = { name: 'winogradAdjoint32', rest: [at], rooms }
    const dU = sumOfSamples(call, x, ct, g.batch, PLACES * rows * channels, kernel)
    for (let o = 0; o < g.outChannels; o++)
      for (let c = 0; c < g.inChannels; c++)
        putFilter(dU, o * channels + c, rows * channels, dw, TAPS * (o * g.inChannels + c))
  })
}

/** One filter's dw = Gᵀ dU G, to dw from `to`; its dU are at entries `from`, `from + step`, … */
function putFilter(dU: Float64Array, from: number, step: number, dw: Data, to: number): void {
  for (let p = 0; p < 3; p++)
    for (let q = 0; q < 3; q++) {
      let sum = 0
      for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) sum += G[i][p] * G[j][q] * dU[from + (6 * i + j) * step]
      dw[to + 3 * p + q] = sum
    }
}
