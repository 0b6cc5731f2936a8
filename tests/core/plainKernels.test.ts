import t from 'tap'
import { binaryBroadcast, broadcastCopy, type RowKernel } from '../../core/backends/plain/broadcast.js'
import { cumulate } from '../../core/backends/plain/cumulate.js'
import { type Data, sizeOf } from '../../core/backends/plain/data.js'
import { mapFibres, reduceFibres } from '../../core/backends/plain/fibres.js'
import { matmul } from '../../core/backends/plain/matmul.js'
import { permuteCopy, sliceCopy, slicePut } from '../../core/backends/plain/permute.js'
import { reduceMax, reduceMin, reduceSum } from '../../core/backends/plain/reduce.js'

// --- helpers: a seeded generator, arrays, comparison, index arithmetic ---

let state = 1
function uniform(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const int = (low: number, high: number) => low + Math.floor(uniform() * (high - low + 1))
const chance = () => uniform() < 0.5

type Make = (n: number) => Data
const zeros: Record<string, Make> = { f64: n => new Float64Array(n), f32: n => new Float32Array(n) }
const tolerance: Record<string, number> = { f64: 1e-12, f32: 1e-5 }
const random = (make: Make, n: number) => make(n).map(() => 2 * uniform() - 1) as Data

/** Largest difference relative to the largest reference value; NaN must meet NaN. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity
  let most = 0
  let scale = 1e-300
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue
    if (!Number.isFinite(actual[i] - expected[i])) return Infinity
    most = Math.max(most, Math.abs(actual[i] - expected[i]))
  }
  for (let i = 0; i < expected.length; i++)
    if (Number.isFinite(expected[i])) scale = Math.max(scale, Math.abs(expected[i]))
  return most / scale
}

function* indices(shape: readonly number[]): Generator<number[]> {
  const n = sizeOf(shape)
  for (let flat = 0; flat < n; flat++) {
    const index: number[] = []
    for (let d = shape.length - 1, rest = flat; d >= 0; d--) {
      index[d] = rest % shape[d]
      rest = Math.floor(rest / shape[d])
    }
    yield index
  }
}
/** The flat position of an index; size-1 axes repeat and missing leading axes are ignored, as in broadcasting. */
function flat(shape: readonly number[], index: readonly number[]): number {
  const lead = index.length - shape.length
  return shape.reduce((at, size, d) => at * size + (size === 1 ? 0 : index[d + lead]), 0)
}

// --- matmul ---

function naiveMatmul(
  a: Data,
  ao: number,
  b: Data,
  bo: number,
  [m, n, k]: number[],
  transA: boolean,
  transB: boolean
): Float64Array {
  const c = new Float64Array(m * n)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      for (let p = 0; p < k; p++)
        c[i * n + j] += a[ao + (transA ? p * m + i : i * k + p)] * b[bo + (transB ? j * k + p : p * n + j)]
    }
  }
  return c
}

/** The result differs from the naive one by rounding only, and nothing outside C is touched. */
function matmulError(make: Make, sizes: number[], transA: boolean, transB: boolean, accumulate: boolean): number {
  const [m, n, k] = sizes
  const [ao, bo, co] = [int(0, 5), int(0, 5), int(0, 5)]
  const a = random(make, ao + m * k + 2)
  const b = random(make, bo + k * n + 2)
  const c = random(make, co + m * n + 2)
  const expected = Float64Array.from(c)
  const product = naiveMatmul(a, ao, b, bo, sizes, transA, transB)
  for (let i = 0; i < m * n; i++) expected[co + i] = product[i] + (accumulate ? c[co + i] : 0)
  matmul(a, ao, b, bo, c, co, m, n, k, transA, transB, accumulate)
  return difference(c, expected)
}

for (const dtype of ['f64', 'f32']) {
  t.test(`matmul ${dtype}: random shapes, transpositions, offsets, accumulation`, t => {
    let most = 0
    for (let trial = 0; trial < 400; trial++) {
      const sizes = [int(0, 45), int(0, 45), int(0, 45)]
      for (let flags = 0; flags < 8; flags++) {
        most = Math.max(most, matmulError(zeros[dtype], sizes, (flags & 1) > 0, (flags & 2) > 0, (flags & 4) > 0))
      }
    }
    t.ok(most < tolerance[dtype], `error ${most}`)
    t.end()
  })

  t.test(`matmul ${dtype}: sizes around the block boundaries`, t => {
    let most = 0
    const shapes = [
      [127, 30, 255],
      [128, 30, 256],
      [129, 31, 257],
      [131, 386, 40],
      [20, 383, 258],
      [24, 385, 513],
      [260, 24, 24],
      [1, 300, 70],
      [300, 1, 70],
      [7, 400, 300],
      [1, 1, 1000],
      [1, 90, 67],
      [90, 1, 66],
      [5000, 1, 1],
      [4, 130, 131],
      [131, 3, 130]
    ]
    for (const sizes of shapes) {
      for (let flags = 0; flags < 8; flags++) {
        most = Math.max(most, matmulError(zeros[dtype], sizes, (flags & 1) > 0, (flags & 2) > 0, (flags & 4) > 0))
      }
    }
    t.ok(most < tolerance[dtype], `error ${most}`)
    t.end()
  })
}

t.test('matmul: an empty contraction gives zeros, or leaves C with accumulate', t => {
  const c = Float64Array.of(1, 2, 3, 4)
  const none = new Float64Array(0)
  matmul(none, 0, none, 0, c, 0, 2, 2, 0, false, false, true)
  t.same([...c], [1, 2, 3, 4])
  matmul(none, 0, none, 0, c, 0, 2, 2, 0, false, false, false)
  t.same([...c], [0, 0, 0, 0])
  t.end()
})

t.test('matmul: the same bits on every call', t => {
  const a = random(zeros.f32, 150 * 300)
  const b = random(zeros.f32, 300 * 70)
  const first = new Float32Array(150 * 70)
  const second = new Float32Array(150 * 70)
  matmul(a, 0, b, 0, first, 0, 150, 70, 300, false, false, false)
  matmulError(zeros.f64, [200, 100, 300], true, true, false)
  matmul(a, 0, b, 0, second, 0, 150, 70, 300, false, false, false)
  t.same(first, second)
  t.end()
})

// --- reductions ---

t.test('reduceSum, reduceMax, reduceMin and fibres: random shapes and axes', t => {
  const failures: string[] = []
  let most = 0
  for (let trial = 0; trial < 600; trial++) {
    const dtype = chance() ? 'f64' : 'f32'
    const shape = Array.from({ length: int(0, 5) }, () => int(trial % 10 === 0 ? 0 : 1, 6))
    const keep = shape.map(chance)
    const kept = shape.map((size, d) => (keep[d] ? size : 1))
    const x = random(zeros[dtype], sizeOf(shape))
    if (x.length > 3 && trial % 7 === 0) x[int(0, x.length - 1)] = NaN
    const sum = new Float64Array(sizeOf(kept))
    const max = new Float64Array(sum.length).fill(-Infinity)
    const min = new Float64Array(sum.length).fill(Infinity)
    const last = new Float64Array(sum.length).fill(-1)
    let i = 0
    for (const index of indices(shape)) {
      const o = flat(kept, index)
      sum[o] += x[i]
      max[o] = Math.max(max[o], x[i])
      min[o] = Math.min(min[o], x[i])
      last[o] = x[i++]
    }
    const y = random(zeros[dtype], sum.length)
    reduceMax(x, y, shape, keep)
    if (y.some((v, o) => !Object.is(v, max[o]))) failures.push(`max over ${shape}, keep ${keep}`)
    reduceMin(x, y, shape, keep)
    if (y.some((v, o) => !Object.is(v, min[o]))) failures.push(`min over ${shape}, keep ${keep}`)
    reduceFibres(x, y, shape, keep, v => (v.length > 0 ? v[v.length - 1] : -1))
    if (y.some((v, o) => !Object.is(v, last[o]))) failures.push(`last of a fibre of ${shape}, keep ${keep}`)
    const same = random(zeros[dtype], x.length)
    mapFibres(x, same, shape, keep, (v, _, place) => {
      if (v.some((u, j) => !Object.is(u, x[place(j)]))) failures.push(`place in ${shape}, keep ${keep}`)
    })
    if (same.some((v, j) => !Object.is(v, x[j]))) failures.push(`fibres of ${shape}, keep ${keep}`)
    reduceSum(x, y, shape, keep)
    most = Math.max(most, difference(y, sum) / tolerance[dtype])
  }
  t.ok(most < 1, `error ${most} of the tolerance`)
  t.same(failures, [])
  t.end()
})

t.test('reduceSum: long runs stay accurate along every axis', t => {
  const n = 400_000
  for (const [shape, keep] of [
    [[n], [false]],
    [
      [n, 2],
      [false, true]
    ],
    [
      [2, n],
      [true, false]
    ],
    [
      [2, n, 3],
      [true, false, true]
    ],
    [
      [1000, 2, 400],
      [false, true, false]
    ]
  ] as [number[], boolean[]][]) {
    for (const dtype of ['f64', 'f32']) {
      const value = zeros[dtype](1).fill(0.1)[0]
      const x = zeros[dtype](sizeOf(shape)).fill(value)
      const y = zeros[dtype](sizeOf(shape.filter((_, d) => keep[d])))
      reduceSum(x, y, shape, keep)
      const expected = value * (x.length / y.length)
      const most = Math.max(...y.map(v => Math.abs(v - expected) / expected))
      t.ok(most < (dtype === 'f64' ? 1e-14 : 6e-8), `${dtype} [${shape}] error ${most}`)
    }
  }
  t.end()
})

t.test('cumulate: against sums one by one', t => {
  const x = random(zeros.f64, 2 * 4 * 3)
  for (const reverse of [false, true])
    for (const exclusive of [false, true]) {
      const y = zeros.f64(x.length)
      cumulate(x, y, 2, 4, 3, reverse, exclusive)
      let most = 0
      for (const [o, i, j] of indices([2, 4, 3])) {
        let sum = 0
        for (let k = 0; k < 4; k++)
          if ((reverse ? k > i : k < i) || (k === i && !exclusive)) sum += x[(o * 4 + k) * 3 + j]
        most = Math.max(most, Math.abs(y[(o * 4 + i) * 3 + j] - sum))
      }
      t.ok(most < 1e-14, `reverse ${reverse}, exclusive ${exclusive}: ${most}`)
    }
  t.end()
})

// --- broadcasting ---

const subtract: RowKernel = (a, ia, da, b, ib, db, y, iy, n) => {
  for (let i = 0; i < n; i++) y[iy + i] = a[ia + i * da] - b[ib + i * db]
}

/** A shape that broadcasts to `shape`: some axes 1, leading ones dropped. */
function narrower(shape: readonly number[]): number[] {
  const first = chance() ? 0 : int(0, shape.length)
  const ones = chance()
  return shape.map(size => (ones && chance() ? 1 : size)).slice(first)
}

t.test('binaryBroadcast and broadcastCopy: random shapes', t => {
  const failures: string[] = []
  for (let trial = 0; trial < 2000; trial++) {
    const most = Array.from({ length: int(0, 4) }, () => int(trial % 20 === 0 ? 0 : 1, trial % 5 === 0 ? 80 : 5))
    if (sizeOf(most) > 20_000) continue
    const [aShape, bShape] = [narrower(most), narrower(most)]
    const rank = Math.max(aShape.length, bShape.length)
    const yShape = Array.from({ length: rank }, (_, d) => {
      const a = aShape[d - rank + aShape.length] ?? 1
      const b = bShape[d - rank + bShape.length] ?? 1
      return a === 1 ? b : a
    })
    const make = chance() ? zeros.f64 : zeros.f32
    const [a, b, y] = [random(make, sizeOf(aShape)), random(make, sizeOf(bShape)), make(sizeOf(yShape))]
    const expected = make(y.length)
    const copied = make(y.length)
    let o = 0
    for (const index of indices(yShape)) {
      copied[o] = a[flat(aShape, index)]
      expected[o++] = a[flat(aShape, index)] - b[flat(bShape, index)]
    }
    binaryBroadcast(subtract, a, aShape, b, bShape, y, yShape)
    if (difference(y, expected) > 0) failures.push(`[${aShape}] - [${bShape}]`)
    broadcastCopy(a, aShape, y, yShape)
    if (difference(y, copied) > 0) failures.push(`copy [${aShape}] to [${yShape}]`)
  }
  t.same(failures, [])
  t.end()
})

t.test('binaryBroadcast: one row call where strides allow', t => {
  let calls = 0
  const count: RowKernel = () => {
    calls++
  }
  const callsFor = (aShape: number[], bShape: number[], yShape: number[]) => {
    calls = 0
    const data = (shape: number[]) => new Float64Array(sizeOf(shape))
    binaryBroadcast(count, data(aShape), aShape, data(bShape), bShape, data(yShape), yShape)
    return calls
  }
  t.equal(callsFor([3, 4, 5], [3, 4, 5], [3, 4, 5]), 1)
  t.equal(callsFor([3, 4, 5], [], [3, 4, 5]), 1)
  t.equal(callsFor([1, 1], [3, 4, 5], [3, 4, 5]), 1)
  t.equal(callsFor([], [], []), 1)
  t.equal(callsFor([0, 4], [4], [0, 4]), 0)
  t.equal(callsFor([2, 3, 4, 5], [3, 1, 1], [2, 3, 4, 5]), 6)
  t.equal(callsFor([8, 4], [4], [8, 4]), 8)
  t.end()
})

// --- permutation and slices ---

t.test('permuteCopy: random shapes and orders', t => {
  const failures: string[] = []
  for (let trial = 0; trial < 800; trial++) {
    const shape = Array.from({ length: int(0, 5) }, () => int(trial % 20 === 0 ? 0 : 1, trial % 5 === 0 ? 70 : 6))
    if (sizeOf(shape) > 100_000) continue
    const axes = shape.map((_, d) => d)
    for (let d = axes.length - 1; d > 0; d--) {
      const other = int(0, d)
      ;[axes[d], axes[other]] = [axes[other], axes[d]]
    }
    const make = chance() ? zeros.f64 : zeros.f32
    const x = random(make, sizeOf(shape))
    const y = make(x.length)
    permuteCopy(x, shape, axes, y)
    let o = 0
    for (const index of indices(axes.map(d => shape[d]))) {
      const source: number[] = []
      for (let d = 0; d < axes.length; d++) source[axes[d]] = index[d]
      if (y[o++] !== x[flat(shape, source)]) {
        failures.push(`[${shape}] by [${axes}]`)
        break
      }
    }
  }
  t.same(failures, [])
  t.end()
})

t.test('sliceCopy and slicePut: random slices', t => {
  const failures: string[] = []
  for (let trial = 0; trial < 800; trial++) {
    const shape = Array.from({ length: int(0, 4) }, () => int(1, trial % 5 === 0 ? 90 : 6))
    if (sizeOf(shape) > 100_000) continue
    const whole = chance()
    const starts = shape.map(size => (whole && chance() ? 0 : int(0, size - 1)))
    const steps = shape.map(() => (whole ? 1 : int(1, 3)))
    const most = shape.map((size, d) => Math.floor((size - 1 - starts[d]) / steps[d]) + 1)
    const sizes = most.map(size => (whole && chance() ? size : int(trial % 20 === 0 ? 0 : 1, size)))
    const make = chance() ? zeros.f64 : zeros.f32
    const x = random(make, sizeOf(shape))
    const y = make(sizeOf(sizes))
    sliceCopy(x, shape, starts, steps, sizes, y)
    const put = make(x.length)
    const expected = make(x.length)
    slicePut(y, shape, starts, steps, sizes, put)
    let o = 0
    for (const index of indices(sizes)) {
      const at = flat(
        shape,
        index.map((i, d) => starts[d] + steps[d] * i)
      )
      if (y[o] !== x[at]) failures.push(`slice ${starts} ${steps} ${sizes} of [${shape}]`)
      expected[at] = y[o++]
    }
    if (difference(put, expected) > 0) failures.push(`put ${starts} ${steps} ${sizes} into [${shape}]`)
  }
  t.same(failures, [])
  t.end()
})
