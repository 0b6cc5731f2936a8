import { type ConvGeometry, type ConvPlan, type ConvProduct, convInputPlan, convPlan } from '../convolutionPlan.js'
import { along } from '../plain/addresses.js'
import type { Data } from '../plain/data.js'
import { nameFor } from './module.js'
import { inTeam, type TeamCall } from './pool.js'
import { overSamples, runsOfSamples, sumOfSamples, together } from './samples.js'
import * as winograd from './winograd.js'
import { winogradPays } from './winograd.js'

/** Bytes behind an image that vectors may read beyond its last entry. */
const SLACK = 64

/** The lists of a plan in one piece, so that a call copies them at once; and where each begins, in bytes. */
interface Lists {
  readonly integers: Int32Array
  readonly starts: number
  /** One for each product; `count` runs of pixels. */
  readonly products: readonly { weights: number; offsets: number; runs: number; count: number }[]
}

/** Plans are kept by geometry, and with them their lists, by bytes of an entry: to make them is a sixth of a small convolution. */
const known = { 4: new WeakMap<ConvPlan, Lists>(), 8: new WeakMap<ConvPlan, Lists>() }

function listsOf(plan: ConvPlan, like: Data): Lists {
  const kept = known[like.BYTES_PER_ELEMENT as 4 | 8]
  let lists = kept.get(plan)
  if (!lists) kept.set(plan, (lists = makeLists(plan, like.BYTES_PER_ELEMENT)))
  return lists
}

function makeLists({ image, products }: ConvPlan, unit: number): Lists {
  const parts: Int32Array[] = []
  let length = 0
  const put = (part: Int32Array): number => {
    parts.push(part)
    length += part.length
    return 4 * (length - part.length)
  }
  const inBytes = (entries: Int32Array): Int32Array => entries.map(n => n * unit)
  const starts = put(inBytes(image.rows))
  const each = products.map(p => {
    const runs = findRuns(p)
    return { weights: put(p.weights), offsets: put(inBytes(p.offsets)), runs: put(runs), count: runs.length / 5 }
  })
  const integers = new Int32Array(length)
  let at = 0
  for (const part of parts) {
    integers.set(part, at)
    at += part.length
  }
  return { integers, starts, products: each }
}

/**
 * Pixels of a product that lie s apart in the image and d apart in the result, as assembly/ wants them, five integers for
 * each run: first base, s, first column, d, how many.
 */
function findRuns({ bases, columns }: ConvProduct): Int32Array {
  const list: number[] = []
  for (let q = 0; q < bases.length; ) {
    const [s, d] = q + 1 < bases.length ? [bases[q + 1] - bases[q], columns[q + 1] - columns[q]] : [1, 1]
    let n = 1
    while (q + n < bases.length && bases[q + n] - bases[q + n - 1] === s && columns[q + n] - columns[q + n - 1] === d)
      n++
    list.push(bases[q], s, columns[q], d, n)
    q += n
  }
  return Int32Array.from(list)
}

/**
 * What lies in memory for a call: the plan, with panels of the weights where there are any, and a room with an image for each
 * thread; a chunk of samples with results comes behind that.
 */
function place(call: TeamCall, plan: ConvPlan, like: Data, behindImage: number, w?: Data) {
  const unit = like.BYTES_PER_ELEMENT
  const { length, rows, width } = plan.image
  const image = length * unit + SLACK
  const lists = listsOf(plan, like)
  const base = call.putIntegers(lists.integers)
  const W = w && call.put(w)
  const products = plan.products.flatMap((p, i) => {
    const { weights, offsets, runs, count } = lists.products[i]
    const k = p.offsets.length
    const panels = W === undefined ? 0 : call.reserve(Math.ceil(p.rows / 4) * 4 * k * unit)
    if (W !== undefined) call.kernel('packRows', like)(W, p.weightStep, base + weights, p.rows, k, panels)
    return [panels, p.rows, k, base + offsets, base + runs, count, p.at * unit, p.rowStep]
  })
  const header = [image, width * unit, base + lists.starts, rows.length, plan.products.length]
  const at = call.putIntegers([...header, ...products])
  const rooms = call.rooms(image + behindImage)
  for (let i = 0; i < rooms.count; i++) call.zero(rooms.at + i * rooms.step, image)
  return { at, rooms }
}

/** Products of one sample. */
const productsOf = (plan: ConvPlan): number =>
  plan.products.reduce((sum, p) => sum + p.rows * p.offsets.length * p.bases.length, 0)

const sampleOf = ({ image }: ConvPlan): number => image.rows.length * image.width

function multiply(plan: ConvPlan, x: Data, w: Data, y: Data, batch: number): void {
  inTeam(batch * productsOf(plan), [x, y], call => {
    const most = Math.max(...plan.products.map(p => p.offsets.length))
    const { at, rooms } = place(call, plan, x, 128 + 32 * most, w)
    overSamples(call, x, y, batch, { name: nameFor('samplesProduct', x), rest: [at], rooms })
  })
}

/** y[B, O, ...] from x[B, C, ...size] and w[O, C/groups, ...kernel]. */
export function conv(x: Data, w: Data, y: Data, g: ConvGeometry): void {
  if (winogradPays(x, g)) winograd.conv(x, w, y, g)
  else multiply(convPlan(g), x, w, y, g.batch)
}

/** dx[B, C, ...size], the adjoint with respect to x of ct[B, O, ...]. */
export function convInput(ct: Data, w: Data, dx: Data, g: ConvGeometry): void {
  if (winogradPays(ct, g)) winograd.convInput(ct, w, dx, g)
  else multiply(convInputPlan(g), ct, w, dx, g.batch)
}

/** dw[O, C/groups, ...kernel], the adjoint with respect to w; summed over samples in f64. */
export function convWeight(x: Data, ct: Data, dw: Data, g: ConvGeometry): void {
  if (winogradPays(x, g, true)) winograd.convWeight(x, ct, dw, g)
  else adjoint(convPlan(g), x, ct, dw, g.batch)
}

function adjoint(plan: ConvPlan, x: Data, ct: Data, dw: Data, batch: number): void {
  inTeam(batch * productsOf(plan), [x, ct], call => {
    const { at, rooms } = place(call, plan, x, 0)
    const kernel = { name: nameFor('samplesAdjoint', x), rest: [at], rooms }
    dw.set(sumOfSamples(call, x, ct, batch, dw.length, kernel))
  })
}

/** dw[R, B, O, C/groups, ...kernel] from x[B, C, ...size] and ct[R, B, O, ...]: for each cotangent and each sample. */
export function convWeightPerSample(x: Data, ct: Data, dw: Data, g: ConvGeometry, cotangents: number): void {
  const { batch } = g
  const plan = convPlan(g)
  const own = dw.length / (cotangents * batch)
  inTeam(cotangents * batch * productsOf(plan), [], call => {
    const unit = x.BYTES_PER_ELEMENT
    const [sample, results] = [sampleOf(plan), plan.results]
    const { at, rooms } = place(call, plan, x, own * 8)
    const n = together((sample + cotangents * (results + own)) * unit, batch)
    const X = call.reserve(n * sample * unit)
    const CT = call.reserve(n * cotangents * results * unit)
    const DW = call.reserve(n * cotangents * own * unit)
    for (let b = 0; b < batch; b += n) {
      const count = Math.min(n, batch - b)
      // Where the samples of cotangent r are, in units of one sample: in all of them, and in the chunk.
      const each = along(cotangents, 1).map(r => [r * batch + b, r * count])
      call.copy(x, b * sample, count * sample, X)
      for (const [from, to] of each) call.copy(ct, from * results, count * results, CT + to * results * unit)
      const part = ([from, samples]: [number, number]) => {
        const [xStep, ctStep, step] = [sample * unit, results * unit, own * unit]
        const [x0, ct0, out] = [X + from * xStep, CT + from * ctStep, DW + from * step]
        return [x0, xStep, ct0, ctStep, count * ctStep, samples, cotangents, out, count * step, own, at]
      }
      call.run(nameFor('sampleAdjoints', x), runsOfSamples(count).map(part), rooms)
      for (const [to, from] of each) dw.set(call.view(dw, DW + from * own * unit, count * own), to * own)
    }
  })
}
