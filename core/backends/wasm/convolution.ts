import { type ConvGeometry, type ConvPlan, convInputPlan, convPlan } from '../convolutionPlan.js'
import type { Data } from '../plain/data.js'
import { Call, kernelOf, wasm } from './module.js'

/** Bytes behind an image that vectors may read beyond its last entry. */
const SLACK = 64

/** Pixels of a product that lie s apart in the image and d apart in the result, as assembly/ wants them. */
interface Runs {
  /** Five integers each: first base, s, first column, d, how many. */
  readonly list: Int32Array
  readonly count: number
}

function runsOf(bases: Int32Array, columns: Int32Array): Runs {
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

/** A plan in memory: the addresses of its lists, and an image of zeros. */
function place(call: Call, plan: ConvPlan, like: Data) {
  const unit = like.BYTES_PER_ELEMENT
  const { length, rows, width } = plan.image
  const image = call.reserve(length * unit + SLACK)
  const starts = call.putIntegers(inBytes(rows, unit))
  const sample = call.reserve(rows.length * width * unit)
  const products = plan.products.map(p => {
    const runs = runsOf(p.bases, p.columns)
    return {
      ...p,
      k: p.offsets.length,
      offsetsAt: call.putIntegers(inBytes(p.offsets, unit)),
      runsAt: call.putIntegers(runs.list),
      runCount: runs.count
    }
  })
  /** Copies a sample into the image; the border keeps its zeros. */
  const load = (x: Data, b: number) => {
    const n = rows.length * width
    call.view(like, sample, n).set(x.subarray(b * n, (b + 1) * n))
    wasm().kernels!.loadImage(sample, width * unit, starts, rows.length, image)
  }
  return { image, products, load, clear: () => call.view(like, image, length).fill(0) }
}

function multiply(plan: ConvPlan, x: Data, w: Data, y: Data, batch: number): void {
  const call = new Call()
  const unit = y.BYTES_PER_ELEMENT
  const { image, products, load, clear } = place(call, plan, x)
  const W = call.put(w)
  const most = Math.max(...products.map(p => p.k))
  const work = call.reserve(128 + 32 * most)
  const result = call.reserve(plan.results * unit)
  const panels = products.map(p => call.reserve(Math.ceil(p.rows / 4) * 4 * p.k * unit))
  const weights = products.map(p => call.putIntegers(p.weights))
  const [pack, product] = [kernelOf('packRows', x), kernelOf('tapProduct', x)]
  for (const [i, p] of products.entries()) pack(W, p.weightStep, weights[i], p.rows, p.k, panels[i])
  clear()
  const out = call.view(y, result, plan.results)
  for (let b = 0; b < batch; b++) {
    load(x, b)
    for (const [i, p] of products.entries())
      product(panels[i], p.rows, p.k, image, p.offsetsAt, p.runsAt, p.runCount, result + p.at * unit, p.rowStep, work)
    y.set(out, b * plan.results)
  }
}

/** y[B, O, ...] from x[B, C, ...size] and w[O, C/groups, ...kernel]. */
export const conv = (x: Data, w: Data, y: Data, g: ConvGeometry): void => multiply(convPlan(g), x, w, y, g.batch)

/** dx[B, C, ...size], the adjoint with respect to x of ct[B, O, ...]. */
export const convInput = (ct: Data, w: Data, dx: Data, g: ConvGeometry): void =>
  multiply(convInputPlan(g), ct, w, dx, g.batch)

/** dw[O, C/groups, ...kernel], the adjoint with respect to w; summed over samples in f64. */
export function convWeight(x: Data, ct: Data, dw: Data, g: ConvGeometry): void {
  const plan = convPlan(g)
  eachSample(plan, x, ct, g.batch, dw.length, (b, add, total) => {
    add(b)
    if (b === g.batch - 1) dw.set(total())
  })
}

/** dw[R, B, O, C/groups, ...kernel] from x[B, C, ...size] and ct[R, B, O, ...]: for each cotangent and each sample. */
export function convWeightPerSample(x: Data, ct: Data, dw: Data, g: ConvGeometry, cotangents: number): void {
  const own = dw.length / (cotangents * g.batch)
  eachSample(convPlan(g), x, ct, g.batch, own, (b, add, total) => {
    for (let r = 0; r < cotangents; r++) {
      total().fill(0)
      add(r * g.batch + b)
      dw.set(total(), (r * g.batch + b) * own)
    }
  })
}

/**
 * With each sample's image loaded: `add(i)` adds the products of cotangent i with it to a total of `own` numbers, zero at
 * first; `total` is a view of them.
 */
function eachSample(
  plan: ConvPlan,
  x: Data,
  ct: Data,
  batch: number,
  own: number,
  visit: (b: number, add: (i: number) => void, total: () => Float64Array) => void
): void {
  const call = new Call()
  const unit = x.BYTES_PER_ELEMENT
  const { image, products, load, clear } = place(call, plan, x)
  const sum = call.reserve(own * 8)
  const cotangent = call.reserve(plan.results * unit)
  clear()
  const total = () => new Float64Array(wasm().memory!.buffer, sum, own)
  total().fill(0)
  const adjoint = kernelOf('tapAdjoint', x)
  const add = (i: number) => {
    call.view(x, cotangent, plan.results).set(ct.subarray(i * plan.results, (i + 1) * plan.results))
    for (const [group, p] of products.entries())
      adjoint(
        cotangent + p.at * unit,
        p.rowStep,
        p.rows,
        image,
        p.offsetsAt,
        p.k,
        p.runsAt,
        p.runCount,
        sum + group * p.rows * p.k * 8
      )
  }
  for (let b = 0; b < batch; b++) {
    load(x, b)
    visit(b, add, total)
  }
}
