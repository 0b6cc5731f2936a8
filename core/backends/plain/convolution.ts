import { addresses, along, stridesOf } from './addresses.js'
import { type Data, Scratch, sizeOf } from './data.js'
import { gatherProduct, KC, type Target } from './gatherProduct.js'
import { type Image, load, newImage } from './image.js'
import { pack4, ROWS } from './tile.js'

/**
 * Convolution (cross-correlation, as everywhere in machine learning) over any number of spatial axes, x [B, C, ...size],
 * w [O, C/groups, ...kernel], zero padding; with q, t and the numbers beside them one per axis:
 *
 *     y[b, o, q] = Σ_{c, t} w[o, c, t] x[b, c, q stride + t dilation - padding],   c in the group of o
 *
 * and its adjoints. All of them are the matrix product behind im2col, without the im2col matrix: a sample is copied
 * once into an image with its padding, and an element of the matrix, row (c, t) and column q, lies at
 *
 *     image[offsets[c, t] + bases[q]]     because an address is a sum of a part from (c, t) and a part from q,
 *
 * each of them a sum over the axes. Three columns at a time are gathered into a panel and meet all rows there, so memory
 * stays at one sample's image. The weight adjoint is the same product with offsets and bases exchanged. Strides,
 * dilations and further axes change the lists of addresses only, and cost nothing extra.
 */
export interface ConvGeometry {
  batch: number
  inChannels: number
  outChannels: number
  /** Channels fall into so many groups; those of an output see the inputs of their group only. */
  groups: number
  /** One number per spatial axis, here and below. */
  size: readonly number[]
  kernel: readonly number[]
  stride: readonly number[]
  dilation: readonly number[]
  padding: readonly number[]
}

/** The spatial axes of the output: ⌊(size + 2 padding - dilation (kernel - 1) - 1) / stride⌋ + 1. */
export const convOutputSize = ({ size, kernel, stride, dilation, padding }: ConvGeometry): number[] =>
  size.map((n, d) => Math.floor((n + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1)

/** Most rows of the per-sample weight adjoint that are packed together: 1 MB. */
const ROW_GROUP = 256

const rowScratch = new Scratch()
const sumScratch = new Scratch()

/** y[B, O, ...] from x[B, C, ...size] and w[O, C/groups, ...kernel]. */
export function conv(x: Data, w: Data, y: Data, g: ConvGeometry): void {
  const image = inputImage(g)
  const bases = outputBases(g, image)
  const columns = range(bases.length)
  const rows = g.outChannels / g.groups
  const products = groupOffsets(g, image).map((offsets, i): Product => {
    const taps = range(offsets.length)
    const panels = packRows(w, i * rows * taps.length, rows, taps.length, taps)
    return { panels, rows, offsets, bases, at: i * rows * bases.length, rowStep: bases.length, columns }
  })
  multiplySamples(products, image, x, y, g.batch, g.outChannels * bases.length)
}

/**
 * dx[B, C, ...size], the adjoint with respect to x of ct[B, O, ...]:
 *
 *     dx[b, c, p] = Σ_{o, t} w[o, c, t] ct[b, o, (p + padding - t dilation) / stride]
 *
 * over the taps t for which the divisions leave no remainder. Which taps those are depends on the remainders of
 * p + padding only, so the pixels of each such phase are one product.
 */
export function convInput(ct: Data, w: Data, dx: Data, g: ConvGeometry): void {
  const image = outputImage(g)
  const steps = stridesOf(g.stride)
  const products = along(sizeOf(g.stride), 1).map(phase =>
    phaseProducts(
      w,
      g,
      image,
      steps.map((step, d) => Math.floor(phase / step) % g.stride[d])
    )
  )
  multiplySamples(products.flat(), image, ct, dx, g.batch, g.inChannels * sizeOf(g.size))
}

/** dw[O, C/groups, ...kernel] = Σ_b Σ_q ct[b, o, q] x[b, c, q stride + t dilation - padding]. */
export function convWeight(x: Data, ct: Data, dw: Data, g: ConvGeometry): void {
  const image = inputImage(g)
  const bases = outputBases(g, image)
  const offsets = groupOffsets(g, image)
  const rows = g.outChannels / g.groups
  const total = sumScratch.take(dw.length)
  total.fill(0, 0, dw.length)
  for (let b = 0; b < g.batch; b++) {
    load(image, x, b)
    offsets.forEach((taps, i) => {
      const from = (b * g.outChannels + i * rows) * bases.length
      addOverPixels(ct, from, 0, rows, rows, image, bases, taps, total, i * rows * taps.length)
    })
  }
  for (let i = 0; i < dw.length; i++) dw[i] = total[i]
}

/**
 * dw[R, B, O, C/groups, ...kernel] from x[B, C, ...size] and ct[R, B, O, ...]: as `convWeight`, once for each of the R
 * cotangents and without the sum over samples. The R cotangents of a sample share its image and its gathered columns.
 */
export function convWeightPerSample(x: Data, ct: Data, dw: Data, g: ConvGeometry, cotangents: number): void {
  const image = inputImage(g)
  const bases = outputBases(g, image)
  const offsets = groupOffsets(g, image)
  const rows = g.outChannels / g.groups
  const ctSample = g.outChannels * bases.length
  const own = (rows * g.inChannels * sizeOf(g.kernel)) / g.groups
  const together = Math.max(1, Math.floor(ROW_GROUP / Math.max(1, rows)))
  const total = sumScratch.take(Math.min(together, cotangents) * own)
  for (let b = 0; b < g.batch; b++) {
    load(image, x, b)
    for (let r0 = 0; r0 < cotangents; r0 += together) {
      const count = Math.min(together, cotangents - r0)
      offsets.forEach((taps, i) => {
        total.fill(0, 0, count * own)
        const from = (r0 * g.batch + b) * ctSample + i * rows * bases.length
        addOverPixels(ct, from, g.batch * ctSample, rows, count * rows, image, bases, taps, total, 0)
        for (let r = 0; r < count; r++) {
          const at = (((r0 + r) * g.batch + b) * g.groups + i) * own
          for (let k = 0; k < own; k++) dw[at + k] = total[r * own + k]
        }
      })
    }
  }
}

function inputImage({ inChannels, size, padding }: ConvGeometry): Image {
  return newImage(
    inChannels,
    size,
    padding,
    size.map((n, d) => n + 2 * padding[d])
  )
}

/** How far before the first output the taps of the first pixel of dx reach. */
const reach = ({ kernel, stride, dilation, padding }: ConvGeometry): number[] =>
  kernel.map((k, d) =>
    Math.max(0, Math.floor(((k - 1) * dilation[d]) / stride[d]) - Math.floor(padding[d] / stride[d]))
  )

/** The output with the border that `phaseProducts` reaches into: before its first entry, and after its last. */
function outputImage(g: ConvGeometry): Image {
  const out = convOutputSize(g)
  const before = reach(g)
  const padded = g.size.map(
    (n, d) => before[d] + Math.max(out[d], Math.floor((n - 1 + g.padding[d]) / g.stride[d]) + 1)
  )
  return newImage(g.outChannels, out, before, padded)
}

/** Where the window of each output pixel starts in a plane of the image. */
const outputBases = (g: ConvGeometry, { strides }: Image): Int32Array =>
  addresses(convOutputSize(g).map((n, d) => along(n, g.stride[d] * strides[d])))

/** Where each tap (c, t) lies from the start of its window: a list for each group. */
function groupOffsets(g: ConvGeometry, { plane, strides }: Image): Int32Array[] {
  const channels = g.inChannels / g.groups
  const taps = g.kernel.map((n, d) => along(n, g.dilation[d] * strides[d]))
  return along(g.groups, channels * plane).map(first => addresses([along(channels, plane, first), ...taps]))
}

/** The pixels of dx with one remainder against the stride along each axis, and the taps that reach them: by groups. */
function phaseProducts(w: Data, g: ConvGeometry, { plane, strides }: Image, remainders: readonly number[]): Product[] {
  const [rows, channels] = [g.inChannels / g.groups, g.outChannels / g.groups]
  const [kernelStrides, sizeStrides] = [stridesOf(g.kernel), stridesOf(g.size)]
  const [window, pixels] = [sizeOf(g.kernel), sizeOf(g.size)]
  const taps = remainders.map((r, d) => along(g.kernel[d], 1).filter(t => (t * g.dilation[d]) % g.stride[d] === r))
  const places = remainders.map((r, d) => along(g.size[d], 1).filter(p => (p + g.padding[d]) % g.stride[d] === r))
  const before = reach(g)
  const shifts = taps.map((list, d) => list.map(t => (-(t * g.dilation[d] - remainders[d]) / g.stride[d]) * strides[d]))
  const bases = addresses(
    places.map((list, d) => list.map(p => ((p + g.padding[d] - remainders[d]) / g.stride[d] + before[d]) * strides[d]))
  )
  const columns = addresses(places.map((list, d) => list.map(p => p * sizeStrides[d])))
  const inKernel = taps.map((list, d) => list.map(t => t * kernelStrides[d]))
  return along(g.groups, 1).map(i => {
    const offsets = addresses([along(channels, plane, i * channels * plane), ...shifts])
    const weights = addresses([along(channels, rows * window, i * channels * rows * window), ...inKernel])
    const panels = packRows(w, 0, rows, window, weights)
    return { panels, rows, offsets, bases, at: i * rows * pixels, rowStep: pixels, columns }
  })
}

function range(length: number): Int32Array {
  return addresses([along(length, 1)])
}

/** Rows in whole panels. */
function padRows(rows: number): number {
  return Math.ceil(rows / ROWS) * ROWS
}

/** Panels of the matrix [rows, taps] with elements w[start + row rowStep + taps[t]], one part of the contraction after another. */
function packRows(w: Data, start: number, rows: number, rowStep: number, taps: Int32Array): Float64Array {
  const k = taps.length
  const panels = new Float64Array(padRows(rows) * k)
  for (let from = 0; from < k; from += KC) {
    const kc = Math.min(KC, k - from)
    for (let row = 0; row < rows; row++) {
      const lane = row % ROWS
      const at = padRows(rows) * from + (row - lane) * kc + lane
      for (let t = 0; t < kc; t++) panels[at + t * ROWS] = w[start + row * rowStep + taps[from + t]]
    }
  }
  return panels
}

/** Panels from `packRows`, and where the matrix that they meet lies in the image and the result in a sample's output. */
interface Product {
  panels: Float64Array
  rows: number
  offsets: Int32Array
  bases: Int32Array
  at: number
  rowStep: number
  columns: Int32Array
}

/** All products of each sample of x, into y, where samples are `ySample` apart. */
function multiplySamples(
  products: readonly Product[],
  image: Image,
  x: Data,
  y: Data,
  batch: number,
  ySample: number
): void {
  for (let b = 0; b < batch; b++) {
    load(image, x, b)
    for (const { panels, rows, offsets, bases, at, rowStep, columns } of products) {
      const to: Target = { y, at: b * ySample + at, rowStep, columns }
      const k = offsets.length
      // At least one pass, so that an empty contraction writes its zeros.
      for (let from = 0; from === 0 || from < k; from += KC) {
        const kc = Math.min(KC, k - from)
        gatherProduct(panels, padRows(rows) * from, rows, image.data, offsets, from, kc, bases, to, from > 0)
      }
    }
  }
}

/**
 * total[rows, taps] += Σ_q ct[row, q] image[bases[q] + offsets[tap]], the weight adjoint of the loaded sample. Rows come
 * in runs of `channels` (the output channels of one cotangent); runs start `runStep` apart in ct, from `start`.
 */
function addOverPixels(
  ct: Data,
  start: number,
  runStep: number,
  channels: number,
  rows: number,
  image: Image,
  bases: Int32Array,
  offsets: Int32Array,
  total: Float64Array,
  totalAt: number
): void {
  const pixels = bases.length
  const last = rows - 1
  const to: Target = { y: total, at: totalAt, rowStep: offsets.length, columns: range(offsets.length) }
  const rowStart = (row: number) => start + Math.floor(row / channels) * runStep + (row % channels) * pixels
  const panels = rowScratch.take(padRows(rows) * KC)
  for (let from = 0; from < pixels; from += KC) {
    const kc = Math.min(KC, pixels - from)
    for (let row = 0; row < rows; row += ROWS) {
      const s0 = rowStart(row) + from
      const s1 = rowStart(Math.min(row + 1, last)) + from
      const s2 = rowStart(Math.min(row + 2, last)) + from
      const s3 = rowStart(Math.min(row + 3, last)) + from
      pack4(ct, s0, s1, s2, s3, 1, kc, panels, row * kc)
    }
    gatherProduct(panels, 0, rows, image.data, bases, from, kc, offsets, to, true)
  }
}
