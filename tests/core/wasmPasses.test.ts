import t from 'tap'
import {
  batchNorm,
  batchNormAdjoint,
  binary,
  fft2,
  fftAlong,
  fftPairs,
  gatherPlanes,
  irfftPairs,
  maxPool,
  reduceMax,
  reduceMin,
  rfftPairs,
  scatterPlanes,
  sparseAlong,
  unary
} from '../../core/backends/kernels.js'
import type { RowKernel } from '../../core/backends/plain/broadcast.js'
import type { Data } from '../../core/backends/plain/data.js'
import { sizeOf } from '../../core/backends/plain/data.js'
import { poolOutputSize } from '../../core/backends/plain/pool.js'
import { indexMatrix, weightedMatrix } from '../../core/backends/plain/sparseAlong.js'
import type { BinaryName, UnaryName } from '../../core/backends/wasm/binary.js'
import { pieces } from '../../core/backends/wasm/parts.js'
import { sizes } from '../../core/backends/wasm/pool.js'
import { broadcastShapes, random, scoped, withBackend, withThreads } from '../../core/index.js'
import { alloc, memorySettings } from '../../core/memory.js'

/**
 * Kernels that make few passes over memory: WebAssembly gives the bits of the plain ones, on any number of threads,
 * wherever its operands lie.
 */
const CASES = 2000
const DTYPES = ['f64', 'f32'] as const
type DType = (typeof DTYPES)[number]

// Small sizes are shared by threads here.
sizes.pays = 4096
pieces.least = 64

const r = random(0)
const whole = (from: number, to: number): number => from + Math.floor(r.next() * (to - from + 1))
const pick = <T>(list: readonly T[]): T => list[whole(0, list.length - 1)]

/** Zeros: in the arena or elsewhere. */
function empty(n: number, dtype: DType): Data {
  memorySettings.large = r.next() < 0.5 ? 1 : 1 << 14
  return alloc(n, dtype)
}

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  1e-310,
  1e-45,
  1e308
]

/** Numbers of all sizes, some of them special, not at the start of their buffer. */
function numbers(n: number, dtype: DType): Data {
  const x = empty(n + 3, dtype).subarray(whole(0, 3))
  for (let i = 0; i < x.length; i++)
    x[i] = r.next() < 0.1 ? pick(SPECIAL) : (2 * r.next() - 1) * 10 ** (r.next() < 0.2 ? whole(-300, 300) : 0)
  return x.subarray(0, n)
}

/** n numbers between a and b. */
function between(a: number, b: number, n: number, dtype: DType): Data {
  const x = empty(n, dtype)
  for (let i = 0; i < n; i++) x[i] = a + (b - a) * r.next()
  return x
}

/** Where two results differ in a bit (all NaN are one), or in length: -1 for nowhere. */
const difference = (a: Data, b: Data): number =>
  a.length === b.length ? a.findIndex((v, i) => !Object.is(v, b[i])) : a.length

/** What f writes into n entries: plainly, and in WebAssembly on one thread and on two or three. Names what differs. */
function compare(n: number, dtype: DType, f: (y: Data) => void): string | undefined {
  const make = () => {
    // What stands behind y must stay as it is.
    const y = empty(n + 4, dtype).fill(7)
    f(y.subarray(0, n))
    return y
  }
  const want = withBackend('plain', make)
  for (const threads of [1, pick([2, 3])]) {
    const got = withThreads(threads, () => withBackend('wasm', make))
    const at = difference(got, want)
    if (at >= 0) return `${threads} threads, entry ${at} of ${n}: ${got[at]} instead of ${want[at]}`
  }
  return undefined
}

/** What f finds wrong in so many cases. Each has a scope, so that what it makes may lie in the arena. */
function failures(count: number, f: (i: number) => string | undefined): string[] {
  const found = Array.from({ length: count }, (_, i) => scoped(() => f(i)))
  return found.filter(w => w !== undefined)
}

/** A shape, and one that is stretched to it. */
function shapes(): [number[], number[]] {
  const most = whole(0, 5) === 0 ? 40 : 6
  const shape = Array.from({ length: whole(0, 4) }, () => (r.next() < 0.03 ? 0 : whole(1, most)))
  const cut = r.next() < 0.4 ? whole(0, shape.length) : 0
  return [shape, shape.slice(cut).map(d => (r.next() < 0.3 ? 1 : d))]
}

const ROWS: Record<Exclude<BinaryName, 'complexMul'>, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  keep: (a, b) => (a !== 0 ? b : 0),
  drop: (a, b) => (a !== 0 ? 0 : b),
  first: a => a
}

t.test('binary functions, broadcast', t => {
  for (const [name, of] of Object.entries(ROWS) as [keyof typeof ROWS, (a: number, b: number) => number][])
    for (const dtype of DTYPES) {
      const bad = failures(CASES / 16, () => {
        const [p, q] = shapes()
        const [s, u] = r.next() < 0.5 ? [p, q] : [q, p]
        const both = r.next() < 0.3
        const [aShape, bShape] = both ? [s.map(d => (r.next() < 0.3 ? 1 : d)), u] : [s, u]
        const shape = broadcastShapes(aShape, bShape, name)
        const [a, b] = [numbers(sizeOf(aShape), dtype), numbers(sizeOf(bShape), dtype)]
        const wrong = compare(sizeOf(shape), dtype, y =>
          binary(
            name,
            (a, ia, da, b, ib, db, y, iy, n) => {
              for (let j = 0; j < n; j++) y[iy + j] = of(a[ia + j * da], b[ib + j * db])
            },
            a,
            aShape,
            b,
            bShape,
            y,
            shape
          )
        )
        return wrong && `[${aShape}] and [${bShape}]: ${wrong}`
      })
      t.same(bad, [], `${name} ${dtype}`)
    }
  t.end()
})

const FUNCTIONS: Record<UnaryName, (x: number) => number> = {
  neg: x => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  square: x => x * x,
  reciprocal: x => 1 / x,
  relu: x => Math.max(x, 0)
}

t.test('functions of one entry', t => {
  for (const [name, of] of Object.entries(FUNCTIONS) as [UnaryName, (x: number) => number][])
    for (const dtype of DTYPES) {
      const bad = failures(CASES / 16, i => {
        const x = numbers(i % 50 === 0 ? whole(0, 40_000) : whole(0, 200), dtype)
        const loop = (x: Data, y: Data) => {
          for (let i = 0; i < x.length; i++) y[i] = of(x[i])
        }
        const wrong = compare(x.length, dtype, y => unary(name, loop, x, y))
        return wrong && `${x.length}: ${wrong}`
      })
      t.same(bad, [], `${name} ${dtype}`)
    }
  t.end()
})

t.test('batch normalisation and its adjoint', t => {
  for (const dtype of DTYPES) {
    const bad = failures(CASES, i => {
      const [B, C, n] = [whole(1, 5), whole(1, 30), whole(1, i % 20 === 0 ? 300 : 20)]
      const special = i % 10 === 0
      const usual = (n: number) => between(3, 5, n, dtype)
      const x = special ? numbers(B * C * n, dtype) : usual(B * C * n)
      const [w, b, ct] = [usual(C), usual(C), special ? numbers(x.length, dtype) : usual(x.length)]
      const wrong = compare(2 * x.length + 4 * C, dtype, y => {
        const [out, dx, rest] = [0, 1, 2].map(k => y.subarray(k * x.length, k < 2 ? (k + 1) * x.length : undefined))
        const statistics = batchNorm(x, w, b, out, B, n, 1e-5)
        if (!statistics) return void y.fill(1)
        batchNormAdjoint(x, w, ct, statistics, n, dx, rest.subarray(0, C), rest.subarray(C, 2 * C))
        rest.set([...statistics.mean, ...statistics.deviation], 2 * C)
      })
      return wrong && `[${B}, ${C}, ${n}]: ${wrong}`
    })
    t.same(bad, [], dtype)
  }
  t.end()
})

t.test('a sparse matrix along an axis', t => {
  for (const dtype of DTYPES) {
    const bad = failures(CASES, () => {
      const [outer, rows, columns] = [whole(1, 20), whole(0, 20), whole(1, 20)]
      const inner = pick([1, whole(1, 5), whole(0, 100)])
      const place = () => whole(0, columns - 1)
      const most = pick([1, 2, 6])
      const row = () => Array.from({ length: whole(0, most) }, () => [place(), 2 * r.next() - 1] as const)
      const matrix =
        r.next() < 0.3
          ? indexMatrix(
              Array.from({ length: rows }, () => (r.next() < 0.1 ? -1 : place())),
              columns
            )
          : weightedMatrix(Array.from({ length: rows }, row), columns)
      const x = numbers(outer * columns * inner, dtype)
      const wrong = compare(outer * rows * inner, dtype, y => sparseAlong(matrix, x, y, outer, inner))
      return wrong && `[${rows}, ${columns}] on [${outer}, ${columns}, ${inner}]: ${wrong}`
    })
    t.same(bad, [], dtype)
  }
  t.end()
})

t.test('Fourier transforms of powers of two', t => {
  for (const dtype of DTYPES) {
    const bad = failures(CASES / 4, i => {
      const n = 2 ** whole(1, i % 20 === 0 ? 11 : 6)
      const [outer, inner, inverse, m] = [whole(1, 6), pick([1, whole(1, 9)]), r.next() < 0.5, n / 2 + 1]
      const count = outer * inner
      const special = i % 10 === 0
      const usual = (n: number) => (special ? numbers(n, dtype) : between(-1, 1, n, dtype))
      const [x, half] = [usual(2 * count * n), usual(2 * count * m)]
      const wrong = [
        compare(x.length, dtype, y => fftPairs(x, y, outer, n, inner, inverse)),
        compare(x.length, dtype, y => {
          y.set(x)
          fftPairs(y, y, outer, n, inner, inverse)
        }),
        compare(half.length, dtype, y => rfftPairs(x.subarray(0, count * n), y, outer, n, inner)),
        compare(count * n, dtype, y => irfftPairs(half, y, outer, n, inner)),
        compare(x.length, dtype, y => {
          const re = Float64Array.from(x.subarray(0, count * n))
          const im = Float64Array.from(x.subarray(count * n))
          if (i % 2) fftAlong(re, im, outer, n, inner, inverse)
          else fft2(re, im, 1, n, count, inverse)
          y.set([...re, ...im])
        })
      ]
      const found = wrong.find(w => w !== undefined)
      return found && `[${outer}, ${n}, ${inner}] ${inverse}: ${found}`
    })
    t.same(bad, [], dtype)
  }
  t.end()
})

t.test('max pooling, and entries at the places of maxima', t => {
  for (const dtype of DTYPES) {
    const bad = failures(CASES, i => {
      const square = i % 2 === 0
      const axes = Array.from({ length: square ? 2 : whole(1, 3) }, () => {
        const window = square ? 2 : whole(1, 3)
        return { window, stride: square ? 2 : whole(1, 3), size: whole(window, square ? 24 : 9) }
      })
      if (square && i % 4 === 0) axes.unshift({ window: 1, stride: 1, size: whole(1, 3) })
      const g = { size: axes.map(a => a.size), window: axes.map(a => a.window), stride: axes.map(a => a.stride) }
      const [planes, large, small] = [whole(1, 20), sizeOf(g.size), sizeOf(poolOutputSize(g))]
      const x = i % 3 ? between(-1, 1, planes * large, dtype) : numbers(planes * large, dtype)
      // Ties.
      if (i % 5 === 0) for (let k = 0; k < x.length; k++) x[k] = Math.round(3 * x[k])
      const count = planes * small
      const index = new Int32Array(count)
      const twice = between(-1, 1, 2 * x.length, dtype)
      const wrong = [
        compare(2 * count, dtype, y => {
          maxPool(x, y.subarray(0, count), index, planes, g)
          y.set(index, count)
        }),
        compare(2 * count, dtype, y => gatherPlanes(twice, index, y, 2 * planes, large, small)),
        compare(x.length, dtype, y => scatterPlanes(x.subarray(0, count), index, y, planes, large, small))
      ]
      const found = wrong.find(w => w !== undefined)
      return found && `${planes} of [${g.size}], window [${g.window}], stride [${g.stride}]: ${found}`
    })
    t.same(bad, [], dtype)
  }
  t.end()
})

const complexRow: RowKernel = (a, ia, da, b, ib, db, y, iy, n) => {
  for (let j = 0; j < n; j++) {
    const [p, q, to] = [2 * (ia + j * da), 2 * (ib + j * db), 2 * (iy + j)]
    y[to] = a[p] * b[q] - a[p + 1] * b[q + 1]
    y[to + 1] = a[p] * b[q + 1] + a[p + 1] * b[q]
  }
}

t.test('products of complex numbers, broadcast', t => {
  for (const dtype of DTYPES) {
    const bad = failures(CASES / 2, () => {
      const [p, q] = shapes()
      const [aShape, bShape] = r.next() < 0.5 ? [p, q] : [q, p]
      const shape = broadcastShapes(aShape, bShape, 'complexMul')
      const [a, b] = [numbers(2 * sizeOf(aShape), dtype), numbers(2 * sizeOf(bShape), dtype)]
      const wrong = compare(2 * sizeOf(shape), dtype, y =>
        binary('complexMul', complexRow, a, aShape, b, bShape, y, shape)
      )
      return wrong && `[${aShape}] and [${bShape}]: ${wrong}`
    })
    t.same(bad, [], dtype)
  }
  t.end()
})

t.test('largest and smallest entries', t => {
  for (const dtype of DTYPES) {
    const bad = failures(CASES, () => {
      const shape = Array.from({ length: whole(1, 4) }, () => whole(1, pick([3, 9, 40])))
      const keep = shape.map(() => r.next() < 0.5)
      const x = pick([numbers, (n: number, d: DType) => between(-1, 1, n, d)])(sizeOf(shape), dtype)
      const reduce = pick([reduceMax, reduceMin])
      const wrong = compare(sizeOf(shape.filter((_, k) => keep[k])), dtype, y => reduce(x, y, shape, keep))
      return wrong && `[${shape}], kept [${keep}]: ${wrong}`
    })
    t.same(bad, [], dtype)
  }
  t.end()
})
