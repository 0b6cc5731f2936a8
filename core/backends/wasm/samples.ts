import { along } from '../plain/addresses.js'
import type { Data } from '../plain/data.js'
import type { Rooms, TeamCall } from './pool.js'

/** Bytes of samples and results that are in memory at once, about. */
const CHUNK = 1 << 23

/** Runs of samples that a chunk is cut into, at most. */
const RUNS = 32

/** Sums over samples, and the bytes that they take together, at most. */
const SUMS = 8
const SUMS_BYTES = 1 << 25

const SUM = new Float64Array(0)

/** How many samples of so many bytes are in memory at once: a multiple of `unit`. */
export const together = (bytes: number, batch: number, unit = 1): number =>
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
export function runsOfSamples(count: number): [number, number][] {
  const step = Math.ceil(count / RUNS)
  return along(Math.ceil(count / step), step).map(from => [from, Math.min(step, count - from)])
}

/** A kernel over runs of samples, with what it takes after the samples, and a room for each thread. */
export interface SampleKernel {
  readonly name: string
  readonly rest: readonly number[]
  readonly rooms: Rooms
}

/**
 * y, sample by sample, from x: arguments are the first sample of x and its bytes, the first of y and its bytes, how many.
 * Threads take runs of samples; the bits of a result do not depend on which.
 */
export function overSamples(
  call: TeamCall,
  x: Data,
  y: Data,
  batch: number,
  { name, rest, rooms }: SampleKernel
): void {
  const unit = y.BYTES_PER_ELEMENT
  const [sample, results] = [x.length / batch, y.length / batch]
  const n = call.has(x) && call.has(y) ? batch : together((sample + results) * unit, batch)
  const ins = staged(call, x, n * sample)
  const outs = staged(call, y, n * results)
  const [xStep, yStep] = [sample * unit, results * unit]
  for (let b = 0; b < batch; b += n) {
    const count = Math.min(n, batch - b)
    const X = ins.load(b * sample, count * sample)
    const Y = outs.at(b * results)
    const part = ([from, samples]: [number, number]) => {
      return [X + from * xStep, xStep, Y + from * yStep, yStep, samples, ...rest]
    }
    call.run(name, runsOfSamples(count).map(part), rooms)
    outs.store(b * results, count * results)
  }
}

/**
 * `own` numbers, each a sum over samples in f64, from x and ct: arguments are the first sample of x and its bytes, the first
 * of ct and its bytes, how many, and the sum. Sample b belongs to sum b mod S; a sum is one thread's, and the S sums, whose
 * number follows from the shape, are added up in the end.
 */
export function sumOfSamples(
  call: TeamCall,
  x: Data,
  ct: Data,
  batch: number,
  own: number,
  { name, rest, rooms }: SampleKernel
): Float64Array {
  const unit = x.BYTES_PER_ELEMENT
  const [sample, results] = [x.length / batch, ct.length / batch]
  const S = Math.min(batch, SUMS, Math.max(1, Math.floor(SUMS_BYTES / (8 * own))))
  const sums = call.reserve(S * own * 8)
  const n = call.has(x) && call.has(ct) ? batch : together((sample + results) * unit, batch, S)
  const [xs, cts] = [staged(call, x, n * sample), staged(call, ct, n * results)]
  const [xStep, ctStep] = [sample * unit, results * unit]
  call.zero(sums, S * own * 8)
  for (let b = 0; b < batch; b += n) {
    const count = Math.min(n, batch - b)
    const X = xs.load(b * sample, count * sample)
    const CT = cts.load(b * results, count * results)
    const parts = along(Math.min(S, count), 1).map(s => {
      const samples = Math.ceil((count - s) / S)
      return [X + s * xStep, S * xStep, CT + s * ctStep, S * ctStep, samples, sums + s * own * 8, ...rest]
    })
    call.run(name, parts, rooms)
  }
  const all = call.view(SUM, sums, S * own)
  const totals = new Float64Array(own)
  for (let s = 0; s < S; s++) for (let i = 0; i < own; i++) totals[i] += all[s * own + i]
  return totals
}
