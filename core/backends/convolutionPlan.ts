import { addresses, along, stridesOf } from './plain/addresses.js'
import { sizeOf } from './plain/data.js'

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
 * each of them a sum over the axes. Strides, dilations and further axes change the lists of addresses only, and cost
 * nothing extra. What follows from the geometry alone is made here; the kernels of each backend multiply.
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

/** How a sample with a border lies in memory: channels `plane` apart, neighbours along spatial axis d `strides[d]`. */
export interface ImageLayout {
  /** Entries of the whole image. */
  length: number
  plane: number
  strides: readonly number[]
  /** Where each row (along the last axis) of the sample starts in the image, and its length. */
  rows: Int32Array
  width: number
}

/**
 * One product: result [row, q] at y[at + row rowStep + columns[q]] is Σ_k w[weights[k] + row weightStep] times
 * image[offsets[k] + bases[q]], k over channels and taps.
 */
export interface ConvProduct {
  rows: number
  weights: Int32Array
  weightStep: number
  offsets: Int32Array
  bases: Int32Array
  at: number
  rowStep: number
  columns: Int32Array
}

/** A sample's image and the products that make its result, `results` entries long. */
export interface ConvPlan {
  image: ImageLayout
  products: readonly ConvProduct[]
  results: number
}

/** The image of a sample [channels, ...size], which lies `before` entries from the start along each axis of `padded`. */
function layout(
  channels: number,
  size: readonly number[],
  before: readonly number[],
  padded: readonly number[]
): ImageLayout {
  // An odd number of cache lines between planes: at a power of two, all channels of a pixel would share one cache set.
  const plane = 8 * (Math.ceil(sizeOf(padded) / 8) | 1)
  const strides = stridesOf(padded)
  const last = size.length - 1
  const lines = size.slice(0, last).map((n, d) => along(n, strides[d], before[d] * strides[d]))
  return {
    length: channels * plane,
    plane,
    strides,
    rows: addresses([along(channels, plane), ...lines, [before[last]]]),
    width: size[last]
  }
}

/** 0, 1, … */
export const range = (length: number): Int32Array => addresses([along(length, 1)])

/**
 * Plans by geometry, the last used last: a training step asks for the same few again and again. What is kept takes no
 * more than so many integers (16 MB); larger plans are made anew, which costs little beside their products.
 */
const KEPT_INTEGERS = 4e6
const kept = new Map<string, { plan: ConvPlan; integers: number }>()
let integersKept = 0

function remembered(kind: string, g: ConvGeometry, make: (g: ConvGeometry) => ConvPlan): ConvPlan {
  const { inChannels, outChannels, groups, size, kernel, stride, dilation, padding } = g
  const lists = [size, kernel, stride, dilation, padding]
  const key = `${kind} ${inChannels} ${outChannels} ${groups} ${lists.join(' ')}`
  const known = kept.get(key)
  if (known) {
    kept.delete(key)
    kept.set(key, known)
    return known.plan
  }
  const plan = make(g)
  const integers = plan.products.reduce(
    (sum, p) => sum + p.weights.length + p.offsets.length + p.bases.length + p.columns.length,
    plan.image.rows.length
  )
  if (integers > KEPT_INTEGERS / 4) return plan
  kept.set(key, { plan, integers })
  integersKept += integers
  for (const [oldest, entry] of kept) {
    if (integersKept <= KEPT_INTEGERS) break
    kept.delete(oldest)
    integersKept -= entry.integers
  }
  return plan
}

/** y from x: a product for each group. Kept and shared: not to be written to. */
export const convPlan = (g: ConvGeometry): ConvPlan => remembered('x', g, makeConvPlan)

function makeConvPlan(g: ConvGeometry): ConvPlan {
  const { inChannels, size, padding, groups, kernel, dilation, stride, outChannels } = g
  const image = layout(
    inChannels,
    size,
    padding,
    size.map((n, d) => n + 2 * padding[d])
  )
  const { plane, strides } = image
  // Where the window of each output pixel starts in a plane, and where each tap (c, t) lies from there.
  const bases = addresses(convOutputSize(g).map((n, d) => along(n, stride[d] * strides[d])))
  const taps = kernel.map((n, d) => along(n, dilation[d] * strides[d]))
  const columns = range(bases.length)
  const [rows, channels] = [outChannels / groups, inChannels / groups]
  const products = along(groups, 1).map((i): ConvProduct => {
    const offsets = addresses([along(channels, plane, i * channels * plane), ...taps])
    const k = offsets.length
    const weights = addresses([along(k, 1, i * rows * k)])
    return {
      rows,
      weights,
      weightStep: k,
      offsets,
      bases,
      at: i * rows * bases.length,
      rowStep: bases.length,
      columns
    }
  })
  return { image, products, results: outChannels * bases.length }
}

/**
 * dx from ct, the adjoint with respect to x:
 *
 *     dx[b, c, p] = Σ_{o, t} w[o, c, t] ct[b, o, (p + padding - t dilation) / stride]
 *
 * over the taps t for which the divisions leave no remainder. Which taps those are depends on the remainders of
 * p + padding only, so the pixels of each such phase are one product. Kept and shared, as above.
 */
export const convInputPlan = (g: ConvGeometry): ConvPlan => remembered('ct', g, makeConvInputPlan)

function makeConvInputPlan(g: ConvGeometry): ConvPlan {
  const { kernel, stride, dilation, padding, size } = g
  const out = convOutputSize(g)
  // How far before the first output the taps of the first pixel of dx reach.
  const before = kernel.map((k, d) =>
    Math.max(0, Math.floor(((k - 1) * dilation[d]) / stride[d]) - Math.floor(padding[d] / stride[d]))
  )
  // The output with the border that the phases reach into: before its first entry, and after its last.
  const padded = size.map((n, d) => before[d] + Math.max(out[d], Math.floor((n - 1 + padding[d]) / stride[d]) + 1))
  const image = layout(g.outChannels, out, before, padded)
  const steps = stridesOf(stride)
  const products = along(sizeOf(stride), 1).flatMap(phase =>
    phaseProducts(
      g,
      image,
      before,
      steps.map((step, d) => Math.floor(phase / step) % stride[d])
    )
  )
  return { image, products, results: g.inChannels * sizeOf(size) }
}

/** The pixels of dx with one remainder against the stride along each axis, and the taps that reach them: by groups. */
function phaseProducts(
  g: ConvGeometry,
  { plane, strides }: ImageLayout,
  before: readonly number[],
  remainders: readonly number[]
): ConvProduct[] {
  const [rows, channels] = [g.inChannels / g.groups, g.outChannels / g.groups]
  const [kernelStrides, sizeStrides] = [stridesOf(g.kernel), stridesOf(g.size)]
  const [window, pixels] = [sizeOf(g.kernel), sizeOf(g.size)]
  const taps = remainders.map((r, d) => along(g.kernel[d], 1).filter(t => (t * g.dilation[d]) % g.stride[d] === r))
  const places = remainders.map((r, d) => along(g.size[d], 1).filter(p => (p + g.padding[d]) % g.stride[d] === r))
  const shifts = taps.map((list, d) => list.map(t => (-(t * g.dilation[d] - remainders[d]) / g.stride[d]) * strides[d]))
  const bases = addresses(
    places.map((list, d) => list.map(p => ((p + g.padding[d] - remainders[d]) / g.stride[d] + before[d]) * strides[d]))
  )
  const columns = addresses(places.map((list, d) => list.map(p => p * sizeStrides[d])))
  const inKernel = taps.map((list, d) => list.map(t => t * kernelStrides[d]))
  return along(g.groups, 1).map(i => ({
    rows,
    weights: addresses([along(channels, rows * window, i * channels * rows * window), ...inKernel]),
    weightStep: window,
    offsets: addresses([along(channels, plane, i * channels * plane), ...shifts]),
    bases,
    at: i * rows * pixels,
    rowStep: pixels,
    columns
  }))
}
