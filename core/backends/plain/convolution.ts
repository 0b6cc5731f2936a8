import {
  type ConvGeometry,
  type ConvPlan,
  type ConvProduct,
  convInputPlan,
  convPlan,
  range
} from '../convolutionPlan.js'
import { type Data, Scratch } from './data.js'
import { gatherProduct, KC, type Target } from './gatherProduct.js'
import { type Image, load, newImage } from './image.js'
import { pack4, ROWS } from './tile.js'

/**
 * The kernels of convolution: the products of a plan, one sample's image at a time. Three columns at a time are gathered
 * into a panel and meet all rows there, so memory stays at one sample's image. The weight adjoint is the same product
 * with offsets and bases exchanged.
 */

/** Most rows of the per-sample weight adjoint that are packed together: 1 MB. */
const ROW_GROUP = 256

const rowScratch = new Scratch()
const sumScratch = new Scratch()

/** y[B, O, ...] from x[B, C, ...size] and w[O, C/groups, ...kernel]. */
export function conv(x: Data, w: Data, y: Data, g: ConvGeometry): void {
  multiply(convPlan(g), x, w, y, g.batch)
}

/** dx[B, C, ...size], the adjoint with respect to x of ct[B, O, ...]. */
export function convInput(ct: Data, w: Data, dx: Data, g: ConvGeometry): void {
  multiply(convInputPlan(g), ct, w, dx, g.batch)
}

/** dw[O, C/groups, ...kernel] = Σ_b Σ_q ct[b, o, q] x[b, c, q stride + t dilation - padding]. */
export function convWeight(x: Data, ct: Data, dw: Data, g: ConvGeometry): void {
  const plan = convPlan(g)
  const image = newImage(plan.image)
  const total = sumScratch.take(dw.length)
  total.fill(0, 0, dw.length)
  for (let b = 0; b < g.batch; b++) {
    load(image, x, b)
    for (const p of plan.products)
      addOverPixels(ct, b * plan.results + p.at, 0, p.rows, p.rows, image, p.bases, p.offsets, total, p.weights[0] ?? 0)
  }
  for (let i = 0; i < dw.length; i++) dw[i] = total[i]
}

/**
 * dw[R, B, O, C/groups, ...kernel] from x[B, C, ...size] and ct[R, B, O, ...]: as `convWeight`, once for each of the R
 * cotangents and without the sum over samples. The R cotangents of a sample share its image and its gathered columns.
 */
export function convWeightPerSample(x: Data, ct: Data, dw: Data, g: ConvGeometry, cotangents: number): void {
  const plan = convPlan(g)
  const image = newImage(plan.image)
  const { rows, offsets } = plan.products[0]
  const own = rows * offsets.length
  const together = Math.max(1, Math.floor(ROW_GROUP / Math.max(1, rows)))
  const total = sumScratch.take(Math.min(together, cotangents) * own)
  for (let b = 0; b < g.batch; b++) {
    load(image, x, b)
    for (let r0 = 0; r0 < cotangents; r0 += together) {
      const count = Math.min(together, cotangents - r0)
      plan.products.forEach(({ bases, offsets, at }, i) => {
        total.fill(0, 0, count * own)
        const from = (r0 * g.batch + b) * plan.results + at
        addOverPixels(ct, from, g.batch * plan.results, rows, count * rows, image, bases, offsets, total, 0)
        for (let r = 0; r < count; r++) {
          const to = (((r0 + r) * g.batch + b) * g.groups + i) * own
          for (let k = 0; k < own; k++) dw[to + k] = total[r * own + k]
        }
      })
    }
  }
}

/** All products of each sample of x with the weights w, into y. */
function multiply(plan: ConvPlan, x: Data, w: Data, y: Data, batch: number): void {
  const image = newImage(plan.image)
  const packed = plan.products.map(p => packRows(w, p))
  for (let b = 0; b < batch; b++) {
    load(image, x, b)
    plan.products.forEach(({ rows, offsets, bases, at, rowStep, columns }, i) => {
      const to: Target = { y, at: b * plan.results + at, rowStep, columns }
      const k = offsets.length
      // At least one pass, so that an empty contraction writes its zeros.
      for (let from = 0; from === 0 || from < k; from += KC) {
        const kc = Math.min(KC, k - from)
        gatherProduct(packed[i], padRows(rows) * from, rows, image.data, offsets, from, kc, bases, to, from > 0)
      }
    })
  }
}

/** Rows in whole panels. */
function padRows(rows: number): number {
  return Math.ceil(rows / ROWS) * ROWS
}

/** Panels of a product's weights [rows, k], one part of the contraction after another. */
function packRows(w: Data, { rows, weights, weightStep }: ConvProduct): Float64Array {
  const k = weights.length
  const panels = new Float64Array(padRows(rows) * k)
  for (let from = 0; from < k; from += KC) {
    const kc = Math.min(KC, k - from)
    for (let row = 0; row < rows; row++) {
      const lane = row % ROWS
      const at = padRows(rows) * from + (row - lane) * kc + lane
      for (let t = 0; t < kc; t++) panels[at + t * ROWS] = w[row * weightStep + weights[from + t]]
    }
  }
  return panels
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
