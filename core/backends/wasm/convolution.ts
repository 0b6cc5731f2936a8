import { type ConvGeometry, type ConvPlan, type ConvProduct, convInputPlan, convPlan } from '../convolutionPlan.js'
import { along } from '../plain/addresses.js'
import type { Data } from '../plain/data.js'
import { nameFor } from './module.js'
import { inTeam, type TeamCall } from './pool.js'

/** Bytes behind an image that vectors may read beyond its last entry. */
const SLACK = 64

/** Bytes of samples and results that are in memory at once, about. */
const CHUNK = 1 << 23

/** Runs of samples that a chunk is cut into, and sums over samples, at most. */
const RUNS = 32
const SUMS = 8

const SUM = new Float64Array(0)

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

/** How many samples of so many bytes are in memory at once: a multiple of `unit`. */
const together = (bytes: number, batch: number, unit = 1): number =>
  unit * Math.max(1, Math.min(Math.ceil(batch / unit), Math.floor(CHUNK / (unit * bytes))))

/** Entries of x that a kernel works on, a chunk at a time: in x itself if it is in the memory of the call, or in a copy. */
function staged(call: TeamCall, x: Data, largest: number) {
  const unit = x.BYTES_PER_ELEMENT
  const here = call.has(x)
  const room = here ? 0 : call.reserve(largest * unit)
  const at = (from: number): number => (here ? x.byteOffset + from * unit : room)
  return {
    at,
    load(from: number, n: number): number {
      if (!here) call.copy(x, from, n, room)
      return at(from)
    },
    store(from: number, n: number): void {
      if (!here) x.set(call.view(x, room, n), from)
    }
  }
}

/** [0, count) in runs: first sample and how many. */
function runsOfSamples(count: number): [number, number][] {
  const step = Math.ceil(count / RUNS)
  return along(Math.ceil(count / step), step).map(from => [from, Math.min(step, count - from)])
}

/** Threads take runs of samples; the bits of a result do not depend on which. */
function multiply(plan: ConvPlan, x: Data, w: Data, y: Data, batch: number): void {
  inTeam(batch * productsOf(plan), [x, y], call => {
    const unit = y.BYTES_PER_ELEMENT
    const sample = sampleOf(plan)
    const W = call.put(w)
    const most = Math.max(...plan.products.map(p => p.offsets.length))
    const panels = plan.products.map(p => {
      const at = call.reserve(Math.ceil(p.rows / 4) * 4 * p.offsets.length * unit)
      call.kernel('packRows', x)(W, p.weightStep, call.putIntegers(p.weights), p.rows, p.offsets.length, at)
      return at
    })
    const { at, rooms } = place(call, plan, x, panels, 128 + 32 * most)
    const n = call.has(x) && call.has(y) ? batch : together((sample + plan.results) * unit, batch)
    const ins = staged(call, x, n * sample)
    const outs = staged(call, y, n * plan.results)
    for (let b = 0; b < batch; b += n) {
      const count = Math.min(n, batch - b)
      const X = ins.load(b * sample, count * sample)
      const Y = outs.at(b * plan.results)
      const part = ([from, count]: [number, number]) => {
        const [xStep, yStep] = [sample * unit, plan.results * unit]
        return [X + from * xStep, xStep, Y + from * yStep, yStep, count, at]
      }
      call.run(nameFor('samplesProduct', x), runsOfSamples(count).map(part), rooms)
      outs.store(b * plan.results, count * plan.results)
    }
  })
}

/** y[B, O, ...] from x[B, C, ...size] and w[O, C/groups, ...kernel]. */
export const conv = (x: Data, w: Data, y: Data, g: ConvGeometry): void => multiply(convPlan(g), x, w, y, g.batch)

/** dx[B, C, ...size], the adjoint with respect to x of ct[B, O, ...]. */
export const convInput = (ct: Data, w: Data, dx: Data, g: ConvGeometry): void =>
  multiply(convInputPlan(g), ct, w, dx, g.batch)

/**
 * dw[O, C/groups, ...kernel], the adjoint with respect to w; summed over samples in f64. Sample b belongs to sum b mod S;
 * a sum is one thread's, and the S sums, whose number follows from the shape, are added up in the end.
 */
export function convWeight(x: Data, ct: Data, dw: Data, g: ConvGeometry): void {
  const { batch } = g
  const plan = convPlan(g)
  const own = dw.length
  inTeam(batch * productsOf(plan), [x, ct], call => {
    const unit = x.BYTES_PER_ELEMENT
    const [sample, results] = [sampleOf(plan), plan.results]
    const { at, rooms } = place(call, plan, x, [], 0)
    const S = Math.min(batch, SUMS, Math.max(1, Math.floor(CHUNK / (8 * own))))
    const sums = call.reserve(S * own * 8)
    const n = call.has(x) && call.has(ct) ? batch : together((sample + results) * unit, batch, S)
    const [xs, cts] = [staged(call, x, n * sample), staged(call, ct, n * results)]
    call.zero(sums, S * own * 8)
    for (let b = 0; b < batch; b += n) {
      const count = Math.min(n, batch - b)
      const X = xs.load(b * sample, count * sample)
      const CT = cts.load(b * results, count * results)
      const parts = along(Math.min(S, count), 1).map(s => {
        const [xStep, ctStep] = [sample * unit, results * unit]
        const samples = Math.ceil((count - s) / S)
        return [X + s * xStep, S * xStep, CT + s * ctStep, S * ctStep, samples, sums + s * own * 8, at]
      })
      call.run(nameFor('samplesAdjoint', x), parts, rooms)
    }
    const all = call.view(SUM, sums, S * own)
    for (let i = 0; i < own; i++) {
      let total = all[i]
      for (let s = 1; s < S; s++) total += all[s * own + i]
      dw[i] = total
    }
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
