import { type Data, Scratch } from './data.js'
import { gatherProduct, KC, type Target } from './gatherProduct.js'
import { type Image, load, newImage } from './image.js'
import { pack4, ROWS } from './tile.js'

/**
 * Two-dimensional convolution (cross-correlation, as everywhere in machine learning), NCHW, weights OIHW, zero padding:
 *
 *     y[b, o, Y, X] = Σ_{c, i, j} w[o, c, i, j] x[b, c, Y sh + i - ph, X sw + j - pw]
 *
 * and its adjoints. All of them are the matrix product behind im2col, without the im2col matrix: a sample is copied
 * once into an image with its padding, and an element of the matrix, row t and column q, lies at
 *
 *     image[offsets[t] + bases[q]]        because an address is a sum of a part from (c, i, j) and a part from (Y, X).
 *
 * Three columns at a time are gathered into a panel and meet all rows there, so memory stays at one sample's image.
 * The weight adjoint is the same product with offsets and bases exchanged. Strides cost nothing extra.
 */
export interface Conv2dGeometry {
  batch: number
  inChannels: number
  height: number
  width: number
  outChannels: number
  kernelHeight: number
  kernelWidth: number
  strideH: number
  strideW: number
  padH: number
  padW: number
}

/** Height and width of the output: ⌊(size + 2 pad - kernel) / stride⌋ + 1. */
export function conv2dOutputSize(g: Conv2dGeometry): [height: number, width: number] {
  return [
    Math.floor((g.height + 2 * g.padH - g.kernelHeight) / g.strideH) + 1,
    Math.floor((g.width + 2 * g.padW - g.kernelWidth) / g.strideW) + 1
  ]
}

/** Most rows of the per-sample weight adjoint that are packed together: 1 MB. */
const ROW_GROUP = 256

const rowScratch = new Scratch()
const sumScratch = new Scratch()

/** y[B, O, H', W'] from x[B, C, H, W] and w[O, C, kh, kw]. */
export function conv2d(x: Data, w: Data, y: Data, g: Conv2dGeometry): void {
  const image = inputImage(g)
  const bases = outputBases(g, image)
  const offsets = tapOffsets(g, image)
  const k = offsets.length
  const weights = packRows(w, g.outChannels, k, range(k))
  const pixels = range(bases.length)
  for (let b = 0; b < g.batch; b++) {
    load(image, x, b)
    const out: Target = { y, at: b * g.outChannels * bases.length, rowStep: bases.length, columns: pixels }
    multiply(weights, g.outChannels, image, offsets, bases, out)
  }
}

/**
 * dx[B, C, H, W], the adjoint with respect to x of ct[B, O, H', W']:
 *
 *     dx[b, c, Y, X] = Σ_{o, i, j} w[o, c, i, j] ct[b, o, (Y + ph - i) / sh, (X + pw - j) / sw]
 *
 * over the taps for which the divisions leave no remainder. Which taps those are depends on (Y + ph) mod sh and
 * (X + pw) mod sw only, so the pixels of each such phase are one product.
 */
export function conv2dInput(ct: Data, w: Data, dx: Data, g: Conv2dGeometry): void {
  const image = outputImage(g)
  const phases: Phase[] = []
  for (let rh = 0; rh < g.strideH; rh++) {
    for (let rw = 0; rw < g.strideW; rw++) phases.push(inputPhase(w, g, image, rh, rw))
  }
  for (let b = 0; b < g.batch; b++) {
    load(image, ct, b)
    for (const { weights, offsets, bases, columns } of phases) {
      const rowStep = g.height * g.width
      const out: Target = { y: dx, at: b * g.inChannels * rowStep, rowStep, columns }
      multiply(weights, g.inChannels, image, offsets, bases, out)
    }
  }
}

/** dw[O, C, kh, kw] = Σ_b Σ_{Y, X} ct[b, o, Y, X] x[b, c, Y sh + i - ph, X sw + j - pw]. */
export function conv2dWeight(x: Data, ct: Data, dw: Data, g: Conv2dGeometry): void {
  const image = inputImage(g)
  const bases = outputBases(g, image)
  const offsets = tapOffsets(g, image)
  const total = sumScratch.take(dw.length)
  total.fill(0, 0, dw.length)
  for (let b = 0; b < g.batch; b++) {
    load(image, x, b)
    addOverPixels(ct, b * g.outChannels * bases.length, 0, g.outChannels, g.outChannels, image, bases, offsets, total)
  }
  for (let i = 0; i < dw.length; i++) dw[i] = total[i]
}

/**
 * dw[R, B, O, C, kh, kw] from x[B, C, H, W] and ct[R, B, O, H', W']: as `conv2dWeight`, once for each of the R cotangents
 * and without the sum over samples. The R cotangents of a sample share its image and its gathered columns.
 */
export function conv2dWeightPerSample(x: Data, ct: Data, dw: Data, g: Conv2dGeometry, rows: number): void {
  const image = inputImage(g)
  const bases = outputBases(g, image)
  const offsets = tapOffsets(g, image)
  const ctSample = g.outChannels * bases.length
  const dwSample = g.outChannels * offsets.length
  const group = Math.max(1, Math.floor(ROW_GROUP / g.outChannels))
  const total = sumScratch.take(Math.min(group, rows) * dwSample)
  for (let b = 0; b < g.batch; b++) {
    load(image, x, b)
    for (let r0 = 0; r0 < rows; r0 += group) {
      const count = Math.min(group, rows - r0)
      total.fill(0, 0, count * dwSample)
      const from = (r0 * g.batch + b) * ctSample
      addOverPixels(ct, from, g.batch * ctSample, g.outChannels, count * g.outChannels, image, bases, offsets, total)
      for (let r = 0; r < count; r++) {
        const at = ((r0 + r) * g.batch + b) * dwSample
        for (let i = 0; i < dwSample; i++) dw[at + i] = total[r * dwSample + i]
      }
    }
  }
}

function inputImage(g: Conv2dGeometry): Image {
  const { inChannels, height, width, padH, padW } = g
  return newImage(inChannels, height, width, padH, padW, height + 2 * padH, width + 2 * padW)
}

/** The border that `inputPhase` reaches into: taps before the first output row, and input rows after the last. */
function outputImage(g: Conv2dGeometry): Image {
  const [height, width] = conv2dOutputSize(g)
  const top = Math.max(0, Math.floor((g.kernelHeight - 1) / g.strideH) - Math.floor(g.padH / g.strideH))
  const left = Math.max(0, Math.floor((g.kernelWidth - 1) / g.strideW) - Math.floor(g.padW / g.strideW))
  const rows = Math.max(height, Math.floor((g.height - 1 + g.padH) / g.strideH) + 1)
  const cols = Math.max(width, Math.floor((g.width - 1 + g.padW) / g.strideW) + 1)
  return newImage(g.outChannels, height, width, top, left, top + rows, left + cols)
}

/** Where the window of each output pixel starts in a plane of the image. */
function outputBases(g: Conv2dGeometry, image: Image): Int32Array {
  const [height, width] = conv2dOutputSize(g)
  return Int32Array.from({ length: height * width }, (_, q) => {
    return Math.floor(q / width) * g.strideH * image.paddedWidth + (q % width) * g.strideW
  })
}

/** Where each tap (c, i, j) lies from the start of its window. */
function tapOffsets(g: Conv2dGeometry, image: Image): Int32Array {
  const offsets = new Int32Array(g.inChannels * g.kernelHeight * g.kernelWidth)
  let t = 0
  for (let c = 0; c < g.inChannels; c++) {
    for (let i = 0; i < g.kernelHeight; i++) {
      for (let j = 0; j < g.kernelWidth; j++) offsets[t++] = c * image.plane + i * image.paddedWidth + j
    }
  }
  return offsets
}

/** The pixels of dx with one remainder against the stride, and the taps that reach them. */
interface Phase {
  weights: Float64Array
  offsets: Int32Array
  bases: Int32Array
  columns: Int32Array
}

function inputPhase(w: Data, g: Conv2dGeometry, image: Image, rh: number, rw: number): Phase {
  const { kernelHeight, kernelWidth, strideH, strideW, inChannels } = g
  const window = kernelHeight * kernelWidth
  const offsets: number[] = []
  const taps: number[] = []
  for (let o = 0; o < g.outChannels; o++) {
    for (let i = rh; i < kernelHeight; i += strideH) {
      for (let j = rw; j < kernelWidth; j += strideW) {
        offsets.push(o * image.plane - ((i - rh) / strideH) * image.paddedWidth - (j - rw) / strideW)
        taps.push(o * inChannels * window + i * kernelWidth + j)
      }
    }
  }
  const bases: number[] = []
  const columns: number[] = []
  for (let i = 0; i < g.height; i++) {
    const row = (i + g.padH - rh) / strideH
    if (!Number.isInteger(row)) continue
    for (let j = 0; j < g.width; j++) {
      const col = (j + g.padW - rw) / strideW
      if (!Number.isInteger(col)) continue
      bases.push((row + image.top) * image.paddedWidth + col + image.left)
      columns.push(i * g.width + j)
    }
  }
  const weights = packRows(w, inChannels, window, Int32Array.from(taps))
  return {
    weights,
    offsets: Int32Array.from(offsets),
    bases: Int32Array.from(bases),
    columns: Int32Array.from(columns)
  }
}

function range(length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => i)
}

/** Rows in whole panels. */
function padRows(rows: number): number {
  return Math.ceil(rows / ROWS) * ROWS
}

/** Panels of the matrix [rows, taps] with elements w[row rowStep + taps[t]], one part of the contraction after another. */
function packRows(w: Data, rows: number, rowStep: number, taps: Int32Array): Float64Array {
  const k = taps.length
  const panels = new Float64Array(padRows(rows) * k)
  for (let from = 0; from < k; from += KC) {
    const kc = Math.min(KC, k - from)
    for (let row = 0; row < rows; row++) {
      const lane = row % ROWS
      const at = padRows(rows) * from + (row - lane) * kc + lane
      for (let t = 0; t < kc; t++) panels[at + t * ROWS] = w[row * rowStep + taps[from + t]]
    }
  }
  return panels
}

/** The whole product of panels from `packRows` with a gathered matrix. */
function multiply(
  panels: Float64Array,
  rows: number,
  image: Image,
  offsets: Int32Array,
  bases: Int32Array,
  to: Target
): void {
  const k = offsets.length
  // At least one pass, so that an empty contraction writes its zeros.
  for (let from = 0; from === 0 || from < k; from += KC) {
    const kc = Math.min(KC, k - from)
    gatherProduct(panels, padRows(rows) * from, rows, image.data, offsets, from, kc, bases, to, from > 0)
  }
}

/**
 * total[rows, taps] += Σ_q ct[row, q] image[bases[q] + offsets[tap]], the weight adjoint of the loaded sample. Rows come
 * in groups of `channels` (the output channels of one cotangent); groups start `groupStep` apart in ct, from `start`.
 */
function addOverPixels(
  ct: Data,
  start: number,
  groupStep: number,
  channels: number,
  rows: number,
  image: Image,
  bases: Int32Array,
  offsets: Int32Array,
  total: Float64Array
): void {
  const pixels = bases.length
  const last = rows - 1
  const to: Target = { y: total, at: 0, rowStep: offsets.length, columns: range(offsets.length) }
  const rowStart = (row: number) => start + Math.floor(row / channels) * groupStep + (row % channels) * pixels
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
