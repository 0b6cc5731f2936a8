import type { Data } from '../plain/data.js'
import { nameFor } from './module.js'
import { inTeam, MOST_PARTS, sizes, type TeamCall } from './pool.js'

/** Rows of a block of op(B) that is packed at once, rows of a tile and its columns, as in assembly/gemm.ts. */
const KC = 256
const ROWS = 4
const WIDEST = 8

/** Rows of a symmetric product at a time. */
const STRIPE = 64

/** Bytes of operands and results of a batch that are in memory at once, about. */
const CHUNK = 1 << 24

/** From so many products on, each matrix of a batch is a product of its own, shared by all threads. */
const LARGE = 1 << 24

/** Steps from row to row and from column to column of op(X), X with `rows` rows and `columns` columns after it. */
const steps = (rows: number, columns: number, transposed: boolean): [number, number] =>
  transposed ? [1, rows] : [columns, 1]

/** Bytes of a thread's room: the tile of an edge, a panel of A, and panels of so many columns of B. */
const roomFor = (unit: number, columns: number): number => 128 + (ROWS + columns) * KC * unit

/** [from, to) in at most `most` ranges of a multiple of `unit`, and at least `least` long. */
function ranges(to: number, unit: number, most: number, least: number): [number, number][] {
  const step = unit * Math.ceil(Math.max(least, to / most, 1) / unit)
  return Array.from({ length: Math.ceil(to / step) }, (_, i) => [i * step, Math.min(to, (i + 1) * step)])
}

/**
 * C[m, n] = op(A) op(B), or C += op(A) op(B): the arguments of the plain kernel. f32 data is summed in f32, in parts of
 * 256 products. Of a Gram matrix, A Aᵀ or Aᵀ A, only one triangle is computed. Threads take blocks of rows, or of columns where there are few rows.
 */
export function matmul(
  a: Data,
  ao: number,
  b: Data,
  bo: number,
  c: Data,
  co: number,
  m: number,
  n: number,
  k: number,
  transA: boolean,
  transB: boolean,
  accumulate: boolean
): void {
  inTeam(m * n * k, [a, b, c], call => {
    const unit = c.BYTES_PER_ELEMENT
    const A = call.put(a, ao, m * k)
    const gram = a === b && ao === bo && m === n && transA !== transB && !accumulate
    const B = gram ? A : call.put(b, bo, k * n)
    // What is added to must not be changed by an attempt that fails.
    const C = accumulate ? call.reserve(m * n * unit) : call.out(c, co, m * n)
    const product = call.threads > 1 ? inParts : inOnePiece
    const begin = accumulate ? () => call.copy(c, co, m * n, C) : undefined
    product(call, c, { A, B, C, m, n, k, gram, a: steps(m, k, transA), b: steps(k, n, transB), begin })
    const view = call.view(c, C, m * n)
    if (gram) for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) view[i * n + j] = view[j * n + i]
    if (accumulate) c.subarray(co, co + m * n).set(view)
    else call.done(c, C, co, m * n)
  })
}

interface Product {
  readonly A: number
  readonly B: number
  readonly C: number
  readonly m: number
  readonly n: number
  readonly k: number
  /** Only the triangle from the diagonal on to the right. */
  readonly gram: boolean
  readonly a: readonly number[]
  readonly b: readonly number[]
  /** Puts into C what the product is added to, when all room is reserved; without it C begins with zeros. */
  readonly begin?: () => void
}

function inOnePiece(call: TeamCall, like: Data, { A, B, C, m, n, k, gram, a, b, begin }: Product): void {
  const [gemm, unit] = [call.kernel('gemm', like), like.BYTES_PER_ELEMENT]
  const work = call.reserve(roomFor(unit, n + WIDEST))
  if (begin) begin()
  else call.zero(C, m * n * unit)
  const stripe = gram ? STRIPE : m
  for (let i = 0; i < m; i += stripe) {
    const j = gram ? i : 0
    const [rows, first] = [Math.min(stripe, m - i), C + (i * n + j) * unit]
    gemm(A + i * a[0] * unit, ...a, B + j * b[1] * unit, ...b, first, n, rows, n - j, k, work)
  }
}

function inParts(call: TeamCall, like: Data, { A, B, C, m, n, k, gram, a, b, begin }: Product): void {
  const unit = like.BYTES_PER_ELEMENT
  const panels = call.reserve(k * (n + WIDEST) * unit)
  const rooms = call.rooms(roomFor(unit, 0))
  begin?.()
  const columns = ranges(n, WIDEST, MOST_PARTS, sizes.part / 8 / k)
  call.run(
    nameFor('packColumns', like),
    columns.map(([from, to]) => [B, ...b, n, k, from, to, panels]),
    rooms
  )
  const rows = ranges(m, ROWS, MOST_PARTS, sizes.part / n / k)
  const across = ranges(n, WIDEST, Math.floor(MOST_PARTS / rows.length), sizes.part / m / k)
  const parts = rows.flatMap(([i, end]) => {
    const least = gram ? i - (i % WIDEST) : 0
    return across
      .filter(([, to]) => to > least)
      .map(([from, to]) => {
        const [first, line] = [Math.max(from, least), C + i * n * unit]
        return [A + i * a[0] * unit, ...a, panels, line, n, end - i, n, k, first, to, begin ? 1 : 0]
      })
  })
  call.run(nameFor('gemmPacked', like), parts, rooms)
}

/**
 * C[p] = op(A[p]) op(B[p]), dense [m, n] one after the other, from matrices that start at the given entries: the arguments
 * of the plain kernel. One call for the whole batch: operands are copied once, whatever they share.
 */
export function batchedMatmul(
  a: Data,
  aos: Int32Array,
  b: Data,
  bos: Int32Array,
  c: Data,
  m: number,
  n: number,
  k: number,
  transA: boolean,
  transB: boolean
): void {
  if (m * n * k >= LARGE) {
    for (let p = 0; p < aos.length; p++) matmul(a, aos[p], b, bos[p], c, p * m * n, m, n, k, transA, transB, false)
    return
  }
  const unit = c.BYTES_PER_ELEMENT
  const together = Math.max(1, Math.floor(CHUNK / (unit * (m * k + k * n + m * n))))
  for (let p = 0; p < aos.length; p += together) {
    const [A, B] = [aos.subarray(p, p + together), bos.subarray(p, p + together)]
    const C = c.subarray(p * m * n, (p + A.length) * m * n)
    inTeam(A.length * m * n * k, [a, b, c], call => batch(call, a, A, b, B, C, m, n, k, transA, transB))
  }
}

function batch(
  call: TeamCall,
  a: Data,
  aos: Int32Array,
  b: Data,
  bos: Int32Array,
  c: Data,
  m: number,
  n: number,
  k: number,
  transA: boolean,
  transB: boolean
): void {
  const unit = c.BYTES_PER_ELEMENT
  const [A, fromA] = putRange(call, a, aos, m * k)
  const [B, fromB] = putRange(call, b, bos, k * n)
  const C = call.out(c)
  const pairs = new Uint32Array(2 * aos.length)
  for (let p = 0; p < aos.length; p++) {
    pairs[2 * p] = (aos[p] - fromA) * unit
    pairs[2 * p + 1] = (bos[p] - fromB) * unit
  }
  const at = call.putIntegers(pairs)
  const rooms = call.rooms(roomFor(unit, n + WIDEST))
  const [aSteps, bSteps] = [steps(m, k, transA), steps(k, n, transB)]
  call.run(
    nameFor('gemmBatch', c),
    ranges(aos.length, 1, MOST_PARTS, sizes.part / (m * n * k)).map(([p, end]) => {
      return [A, ...aSteps, B, ...bSteps, C + p * m * n * unit, m, n, k, at + 8 * p, end - p]
    }),
    rooms
  )
  call.done(c, C)
}

/** The address of the matrices of `size` entries that start at `offsets`, with what lies between them, and the first start. */
function putRange(call: TeamCall, x: Data, offsets: Int32Array, size: number): [number, number] {
  let [first, last] = [offsets[0], offsets[0]]
  for (const offset of offsets) {
    first = Math.min(first, offset)
    last = Math.max(last, offset)
  }
  return [call.put(x, first, last - first + size), first]
}
