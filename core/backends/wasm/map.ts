import type { Data } from '../plain/data.js'
import { Call, common, inCommon, kernelOf, nameFor, wasm } from './module.js'
import { ENTRY, parts } from './parts.js'
import { inTeam } from './pool.js'

/** The element-wise functions of assembly/elementwise.ts. */
export type MapName =
  | 'exp'
  | 'expm1'
  | 'tanh'
  | 'sigmoid'
  | 'silu'
  | 'log'
  | 'log1p'
  | 'softplus'
  | 'sin'
  | 'cos'
  | 'erf'
  | 'erfc'
  | 'gelu'

/** Bytes that are copied in, computed in place and copied out at a time: they stay in the processor's cache. */
const WINDOW = 1 << 16
/** Behind the window: whether an x was beyond a function's range. */
const FLAG = 16
/** Up to here a loop copies faster than `set`. */
const FEW = 32

/** The window, made anew when the memory has grown, which leaves views of length 0. Nothing in it outlives a call. */
let at = 0
let f64 = new Float64Array(0)
let f32 = new Float32Array(0)
let flag = new Float32Array(0)

function open(): void {
  at = new Call().reserve(WINDOW + FLAG)
  const { buffer } = wasm().memory!
  f64 = new Float64Array(buffer, at, WINDOW / 8)
  f32 = new Float32Array(buffer, at, WINDOW / 4)
  flag = new Float32Array(buffer, at + WINDOW, 1)
}

type Loop = (x: number, y: number, n: number, far: number) => number
/** For a single number, looking a kernel up by its name would take longer than running it. */
const loops64 = new Map<MapName, Loop>()
const loops32 = new Map<MapName, Loop>()

/** Σ x[start … start + n), bit for bit as the plain kernel: halves are summed apart until they fit the window. */
export function pairwiseSum(x: Data, start: number, n: number): number {
  const double = x instanceof Float64Array
  const name = double ? 'sum64' : 'sum32'
  if (inCommon(x)) return common()!.kernels[name](x.byteOffset + start * x.BYTES_PER_ELEMENT, n)
  if (n * x.BYTES_PER_ELEMENT > WINDOW) {
    const half = (n >> 1) & ~3
    return pairwiseSum(x, start, half) + pairwiseSum(x, start + half, n - half)
  }
  if (f64.length === 0) open()
  ;(double ? f64 : f32).set(x.subarray(start, start + n))
  return wasm().kernels![name](at, n)
}

/** y = f(x), entry by entry; for sine and cosine of large numbers, which their kernels leave to others, by Math. */
export function map(name: MapName, x: Data, y: Data): void {
  if (inCommon(x) && inCommon(y)) mapThere(name, x, y)
  else mapWindows(name, x, y)
}

/** What of it lies in the memory of the kernels already needs no window, and is shared by the threads. */
function mapThere(name: MapName, x: Data, y: Data): void {
  const unit = x.BYTES_PER_ELEMENT
  inTeam(x.length * ENTRY, [x, y], call => {
    const [X, Y] = [call.put(x), call.out(y)]
    const rooms = call.rooms(FLAG)
    const bytes = rooms.count * rooms.step
    call.zero(rooms.at, bytes)
    const piece = ([from, to]: [number, number]) => [X + from * unit, Y + from * unit, to - from]
    call.run(nameFor(name, x), parts(x.length).map(piece), rooms)
    call.done(y, Y)
    if (call.view(flag, rooms.at, bytes / 4).includes(1))
      takeExact(name === 'sin' ? Math.sin : Math.cos, x, y, 0, x.length)
  })
}

function mapWindows(name: MapName, x: Data, y: Data): void {
  const double = x instanceof Float64Array
  const loops = double ? loops64 : loops32
  let loop = loops.get(name)
  if (!loop) loops.set(name, (loop = kernelOf(name, x)))
  if (f64.length === 0) open()
  const part = double ? f64 : f32
  for (let from = 0; from < x.length; from += part.length) {
    const n = Math.min(part.length, x.length - from)
    if (n <= FEW) for (let i = 0; i < n; i++) part[i] = x[from + i]
    else part.set(n === x.length ? x : x.subarray(from, from + n))
    loop(at, at, n, at + WINDOW)
    if (n <= FEW) for (let i = 0; i < n; i++) y[from + i] = part[i]
    else y.set(part.subarray(0, n), from)
    if (flag[0] === 0) continue
    flag[0] = 0
    takeExact(name === 'sin' ? Math.sin : Math.cos, x, y, from, n)
  }
}

/** Beyond this the kernels of sine and cosine reduce their argument too coarsely: as in assembly/sine.ts. */
const FAR = 1e5

function takeExact(f: (x: number) => number, x: Data, y: Data, from: number, n: number): void {
  for (let i = from; i < from + n; i++) if (Math.abs(x[i]) > FAR) y[i] = f(x[i])
}
