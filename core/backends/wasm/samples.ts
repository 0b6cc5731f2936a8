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

/** Bytes of a sample. */
const stepOf = (x: Data, batch: number): number => (x.length / batch) * x.BYTES_PER_ELEMENT

/**
 * Runs a kernel on one chunk of samples after the other, a multiple of `unit` each but for the last: it gets the addresses of
 * the chunk's first samples of x, which it reads, and of y, which it reads or writes, and how many they are.
 */
function inChunks(
  call: TeamCall,
  x: Data,
  y: Data,
  how: 'reads' | 'writes',
  batch: number,
  unit: number,
  run: (X: number, Y: number, count: number) => void
): void {
  const [sample, results] = [x.length / batch, y.length / batch]
  const n = call.has(x) && call.has(y) ? batch : together(stepOf(x, batch) + stepOf(y, batch), batch, unit)
  const [xs, ys] = [staged(call, x, n * sample), staged(call, y, n * results)]
  for (let b = 0; b < batch; b += n) {
    const count = Math.min(n, batch - b)
    const X = xs.load(b * sample, count * sample)
    const Y = how === 'reads' ? ys.load(b * results, count * results) : ys.at(b * results)
    run(X, Y, count)
    if (how === 'writes') ys.store(b * results, count * results)
  }
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
  const [xStep, yStep] = [stepOf(x, batch), stepOf(y, batch)]
  inChunks(call, x, y, 'writes', batch, 1, (X, Y, count) => {
    const part = ([from, samples]: [number, number]) => {
      return [X + from * xStep, xStep, Y + from * yStep, yStep, samples, ...rest]
    }
    call.run(name, runsOfSamples(count).map(part), rooms)
  })
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
  const S = Math.min(batch, SUMS, Math.max(1, Math.floor(SUMS_BYTES / (8 * own))))
  const sums = call.reserve(S * own * 8)
  const [xStep, ctStep] = [stepOf(x, batch), stepOf(ct, batch)]
  call.zero(sums, S * own * 8)
  inChunks(call, x, ct, 'reads', batch, S, (X, CT, count) => {
    const parts = along(Math.min(S, count), 1).map(s => {
      const samples = Math.ceil((count - s) / S)
      return [X + s * xStep, S * xStep, CT + s * ctStep, S * ctStep, samples, sums + s * own * 8, ...rest]
    })
    call.run(name, parts, rooms)
  })
  const all = call.view(SUM, sums, S * own)
  const totals = new Float64Array(own)
  for (let s = 0; s < S; s++) for (let i = 0; i < own; i++) totals[i] += all[s * own + i]
  return totals
}
