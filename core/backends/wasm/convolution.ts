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

/** Pixels of a product that lie s apart in the image and d apart in the result, as assembly/ wants them. */
interface Runs {
  /** Five integers each: first base, s, first column, d, how many. */
  readonly list: Int32Array
  readonly count: number
}

/** Plans are kept by geometry, so what follows from their products is kept with them. */
const known = new WeakMap<ConvProduct, Runs>()

function runsOf(product: ConvProduct): Runs {
  let runs = known.get(product)
  if (!runs) known.set(product, (runs = findRuns(product)))
  return runs
}

function findRuns({ bases, columns }: ConvProduct): Runs {
  const list: number[] = []
  for (let q = 0; q < bases.length; ) {
    const [s, d] = q + 1 < bases.length ? [bases[q + 1] - bases[q], columns[q + 1] - columns[q]] : [1, 1]
    let n = 1
    while (q + n < bases.length && bases[q + n] - bases[q + n - 1] === s && columns[q + n] - columns[q + n - 1] === d)
      n++
    list.push(bases[q], s, columns[q], d, n)
    q += n
  }
  return { list: Int32Array.from(list), count: list.length / 5 }
}

const inBytes = (entries: Int32Array, unit: number): Int32Array => entries.map(n => n * unit)

/** What lies in memory for a call: the plan, a room with an image for each thread, and a chunk of samples with results. */
function place(call: TeamCall, plan: ConvPlan, like: Data, panels: readonly number[], behindImage: number) {
  const unit = like.BYTES_PER_ELEMENT
  const { length, rows, width } = plan.image
  const image = length * unit + SLACK
  const starts = call.putIntegers(inBytes(rows, unit))
  const products = plan.products.flatMap((p, i) => {
    const { list, count } = runsOf(p)
    const [offsets, runs] = [call.putIntegers(inBytes(p.offsets, unit)), call.putIntegers(list)]
    return [panels[i] ?? 0, p.rows, p.offsets.length, offsets, runs, count, p.at * unit, p.rowStep]
  })
  const at = call.putIntegers([image, width * unit, starts, rows.length, plan.products.length, ...products])
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
    const W = call.put(w)
    const most = Math.max(...plan.products.map(p => p.offsets.length))
    const panels = plan.products.map(p => {
      const at = call.reserve(Math.ceil(p.rows / 4) * 4 * p.offsets.length * y.BYTES_PER_ELEMENT)
      call.kernel('packRows', x)(W, p.weightStep, call.putIntegers(p.weights), p.rows, p.offsets.length, at)
      return at
    })
    const { at, rooms } = place(call, plan, x, panels, 128 + 32 * most)
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
    const { at, rooms } = place(call, plan, x, [], 0)
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
    const { at, rooms } = place(call, plan, x, [], own * 8)
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
