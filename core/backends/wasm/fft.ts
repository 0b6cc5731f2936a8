import type { Data } from '../plain/data.js'
import { halfLength } from '../plain/fftPairs.js'
import { nameFor } from './module.js'
import { inTeam, MOST_PARTS, type TeamCall } from './pool.js'

/** Whether the kernel has transforms of that length: a thread's room holds them twice. */
export const transforms = (n: number): boolean => n >= 2 && n <= 1 << 15 && (n & (n - 1)) === 0

/** What fft.js knows of a length: digits in reversed order, as places of complex numbers, and the roots of one. */
interface Tables {
  readonly width: number
  readonly digits: Int32Array
  readonly roots: Float64Array
}

const known = new Map<number, Tables>()

function tablesOf(n: number): Tables {
  let tables = known.get(n)
  if (!tables) known.set(n, (tables = makeTables(n)))
  return tables
}

function makeTables(n: number): Tables {
  const power = Math.log2(n)
  const width = power % 2 === 0 ? power - 1 : power
  const digits = Int32Array.from({ length: power % 2 === 0 ? n / 4 : n / 2 }, (_, j) => {
    let reversed = 0
    for (let shift = 0; shift + 2 <= width; shift += 2) reversed |= ((j >>> shift) & 3) << (width - shift - 2)
    return reversed / 2
  })
  const roots = new Float64Array(2 * n)
  for (let i = 0; i < 2 * n; i += 2) {
    roots[i] = Math.cos((Math.PI * i) / n)
    roots[i + 1] = -Math.sin((Math.PI * i) / n)
  }
  return { width, digits, roots }
}

/** Addresses of real and imaginary parts (0: none), and bytes from number to number, vector to vector, outer to outer. */
type Side = readonly [re: number, im: number, step: number, vector: number, outer: number]

/** Vectors along the middle axis of [outer, n, inner], `between` bytes apart along inner. */
const along = (re: number, im: number, between: number, n: number, inner: number): Side => [
  re,
  im,
  between * inner,
  between,
  between * inner * n
]

const HALF = { none: 0, x: 1, y: 2 }

interface Transform {
  readonly outer: number
  readonly n: number
  readonly inner: number
  readonly inverse: boolean
  readonly half?: keyof typeof HALF
}

/** Multiplications of all vectors, about. */
const productsOf = ({ outer, n, inner }: Transform): number => 2 * outer * inner * n * Math.log2(n)

function run(call: TeamCall, like: Data, t: Transform, x: Side, y: Side): void {
  const { width, digits, roots } = tablesOf(t.n)
  const [D, R] = [call.putIntegers(digits), call.put(roots)]
  const plan = call.putIntegers([t.n, t.inner, t.inverse ? 1 : 0, HALF[t.half ?? 'none'], width, D, R, ...x, ...y])
  const count = t.outer * t.inner
  const pairs = Math.ceil(count / 2)
  const step = Math.ceil(pairs / MOST_PARTS)
  const parts = Array.from({ length: Math.ceil(pairs / step) }, (_, i) => {
    return [plan, count, i * step, Math.min(pairs, (i + 1) * step)]
  })
  call.run(nameFor('fft', like), parts, call.rooms(64 * t.n))
}

/** Copies in and out, wherever they lie: a second attempt must find what the first one found. */
function inPlace(
  products: number,
  re: Float64Array,
  im: Float64Array,
  f: (call: TeamCall, RE: number, IM: number) => void
): void {
  inTeam(products, [re, im], call => {
    const [RE, IM] = [call.reserve(re.byteLength), call.reserve(im.byteLength)]
    call.copy(re, 0, re.length, RE)
    call.copy(im, 0, im.length, IM)
    f(call, RE, IM)
    re.set(call.view(re, RE, re.length))
    im.set(call.view(im, IM, im.length))
  })
}

/** See the plain kernels of these names, with which they agree bit for bit; n is a power of two. */
export function fftAlong(
  re: Float64Array,
  im: Float64Array,
  outer: number,
  n: number,
  inner: number,
  inverse: boolean
): void {
  const t = { outer, n, inner, inverse }
  inPlace(productsOf(t), re, im, (call, RE, IM) => {
    const side = along(RE, IM, 8, n, inner)
    run(call, re, t, side, side)
  })
}

/** Bytes of planes that are copied in at a time. */
const CHUNK = 1 << 21

export function fft2(
  re: Float64Array,
  im: Float64Array,
  planes: number,
  height: number,
  width: number,
  inverse: boolean
): void {
  const plane = height * width
  const step = Math.max(1, Math.floor(CHUNK / (16 * plane)))
  for (let p = 0; p < planes; p += step) {
    const [from, to] = [p * plane, Math.min(planes, p + step) * plane]
    planesOf(re.subarray(from, to), im.subarray(from, to), height, width, inverse)
  }
}

function planesOf(re: Float64Array, im: Float64Array, height: number, width: number, inverse: boolean): void {
  const planes = re.length / (height * width)
  const rows = { outer: planes * height, n: width, inner: 1, inverse }
  const columns = { outer: planes, n: height, inner: width, inverse }
  inPlace(productsOf(rows) + productsOf(columns), re, im, (call, RE, IM) => {
    for (const t of [rows, columns]) {
      const side = along(RE, IM, 8, t.n, t.inner)
      run(call, re, t, side, side)
    }
  })
}

/** Two sides, of which one may be real, the other then half as long. */
function between(x: Data, y: Data, t: Transform): void {
  const unit = x.BYTES_PER_ELEMENT
  inTeam(productsOf(t), [x, y], call => {
    const [X, Y] = [call.put(x), x === y ? call.reserve(y.byteLength) : call.out(y)]
    const side = (at: number, role: 'x' | 'y'): Side =>
      t.half === undefined || t.half === role
        ? along(at, at + unit, 2 * unit, t.half ? halfLength(t.n) : t.n, t.inner)
        : along(at, 0, unit, t.n, t.inner)
    run(call, x, t, side(X, 'x'), side(Y, 'y'))
    if (x === y) y.set(call.view(y, Y, y.length))
    else call.done(y, Y)
  })
}

export const fftPairs = (x: Data, y: Data, outer: number, n: number, inner: number, inverse: boolean): void =>
  between(x, y, { outer, n, inner, inverse })
export const rfftPairs = (x: Data, y: Data, outer: number, n: number, inner: number): void =>
  between(x, y, { outer, n, inner, inverse: false, half: 'y' })
export const irfftPairs = (x: Data, y: Data, outer: number, n: number, inner: number): void =>
  between(x, y, { outer, n, inner, inverse: true, half: 'x' })
