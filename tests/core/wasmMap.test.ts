import t from 'tap'
import { eachRow, map } from '../../core/backends/kernels.js'
import type { Data } from '../../core/backends/plain/data.js'
import type { MapName } from '../../core/backends/wasm/map.js'
import { Tensor, withBackend } from '../../core/index.js'
import { random } from '../../core/random.js'
import {
  at,
  cos,
  erf,
  erfc,
  exp,
  expm1,
  gelu,
  log,
  log1p,
  logSoftmax,
  logsumexp,
  matmul,
  reshape,
  sigmoid,
  silu,
  sin,
  softmax,
  softplus,
  sum,
  tanh
} from '../../ops/index.js'
import { exact, fixed, toNumber } from './fixedPoint.js'

/**
 * The element-wise functions in WebAssembly: their worst error in units of the last place of the exact value, on each of
 * the ranges, as their files in core/backends/wasm/assembly/ state it. Where f32 is computed in f64 and rounded, that is
 * half a unit but for near ties.
 */
const FUNCTIONS: Record<MapName, { ranges: [number, number][]; f64: number; f32: number }> = {
  exp: {
    ranges: [
      [-1, 1],
      [-40, 40]
    ],
    f64: 1,
    f32: 1.1
  },
  expm1: {
    ranges: [
      [-1e-3, 1e-3],
      [-1, 1],
      [-20, 40]
    ],
    f64: 2,
    f32: 2
  },
  tanh: {
    ranges: [
      [-1e-3, 1e-3],
      [-1, 1],
      [-12, 12]
    ],
    f64: 2.5,
    f32: 2.5
  },
  sigmoid: {
    ranges: [
      [-2, 2],
      [-40, 40]
    ],
    f64: 2,
    f32: 2.5
  },
  silu: {
    ranges: [
      [-2, 2],
      [-40, 40]
    ],
    f64: 2.5,
    f32: 0.501
  },
  log: {
    ranges: [
      [0.9, 1.1],
      [0.5, 2],
      [1e-9, 1e-3],
      [1, 1e9]
    ],
    f64: 1,
    f32: 0.501
  },
  log1p: {
    ranges: [
      [-1e-3, 1e-3],
      [-0.9, 2],
      [1, 1e9]
    ],
    f64: 1,
    f32: 0.501
  },
  softplus: {
    ranges: [
      [-2, 2],
      [-40, 40]
    ],
    f64: 2,
    f32: 0.501
  },
  sin: {
    ranges: [
      [-1, 1],
      [-10, 10],
      [-1e5, 1e5],
      [1e5, 1e6]
    ],
    f64: 1,
    f32: 0.501
  },
  cos: {
    ranges: [
      [-1, 1],
      [-10, 10],
      [-1e5, 1e5],
      [1e5, 1e6]
    ],
    f64: 1,
    f32: 0.501
  },
  erf: {
    ranges: [
      [-1e-3, 1e-3],
      [-1.5, 1.5],
      [-6, 6]
    ],
    f64: 1,
    f32: 0.501
  },
  erfc: {
    ranges: [
      [-1.5, 1.5],
      [-4, 8]
    ],
    f64: 4,
    f32: 0.501
  },
  gelu: {
    ranges: [
      [-1, 1],
      [-3, 3]
    ],
    // The rounding of x/√2 grows by x².
    f64: 14,
    f32: 0.501
  }
}
const NAMES = Object.keys(FUNCTIONS) as MapName[]
const OPERATORS = { exp, expm1, tanh, sigmoid, silu, log, log1p, softplus, sin, cos, erf, erfc, gelu }
const DTYPES = ['f64', 'f32'] as const
const SAMPLES = 300

const arrayOf = (dtype: 'f64' | 'f32', values: ArrayLike<number>): Data =>
  dtype === 'f64' ? Float64Array.from(values) : Float32Array.from(values)
const empty = (dtype: 'f64' | 'f32', n: number): Data => arrayOf(dtype, new Float64Array(n))

function mapped(name: MapName, x: Data): Data {
  const y = x.slice()
  if (!map(name, x, y)) throw new Error('WebAssembly does not run here')
  return y
}
const plain = (name: MapName, x: Data): Data =>
  withBackend('plain', () => OPERATORS[name](new Tensor([x.length], x)).data)

/** The distance of two neighbours near |y|. */
function spacing(y: number, dtype: 'f64' | 'f32'): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(y))), dtype === 'f64' ? -1022 : -126)
  return 2 ** (exponent - (dtype === 'f64' ? 52 : 23))
}

const r = random(0)

for (const name of NAMES)
  for (const dtype of DTYPES) {
    const { ranges, [dtype]: most } = FUNCTIONS[name]
    let [worst, where] = [0, 0]
    for (const [from, to] of ranges) {
      const x = arrayOf(dtype, r.uniform([SAMPLES], from, to).data)
      const y = mapped(name, x)
      for (let i = 0; i < SAMPLES; i++) {
        const want = exact[name](fixed(x[i]))
        const error = toNumber(fixed(y[i]) - want) / spacing(toNumber(want), dtype)
        if (!(Math.abs(error) <= worst)) [worst, where] = [Math.abs(error), x[i]]
      }
    }
    t.ok(worst <= most, `${name} ${dtype}: ${worst.toFixed(3)} units of the last place, at ${where}`)
  }

t.test('ends of the range: as Math has them', t => {
  const ends = [0, -0, Infinity, -Infinity, NaN, 1, -1, 5e-324, -5e-324, 1e-310, -1e-310, 1e-45, 1e-40, -1e-40, 1e-300]
  const large = [1e300, -1e300, 709.7, 709.8, 710, -708.5, -745, -745.2, -746, 88.7, 88.8, -87.4, -103.9, -104.1, 1e30]
  for (const name of NAMES)
    for (const dtype of DTYPES) {
      const bad: { x: number; got: number; want: number }[] = []
      const x = arrayOf(dtype, [...ends, ...large])
      const [got, want] = [mapped(name, x), plain(name, x)]
      const smallest = dtype === 'f64' ? 5e-324 : 2 ** -149
      for (let i = 0; i < x.length; i++) {
        // Finite numbers to the last bits; zeros with their sign.
        const near = Math.abs(got[i] - want[i]) <= Math.max(smallest, 3 * spacing(want[i], dtype))
        if (!(Object.is(got[i], want[i]) || (near && want[i] !== 0))) bad.push({ x: x[i], got: got[i], want: want[i] })
      }
      t.same(bad, [], `${name} ${dtype}, ${x.length} numbers`)
    }
  t.end()
})

t.test('an entry has the same result in an array of any length, at any place', t => {
  for (const name of NAMES)
    for (const dtype of DTYPES) {
      const x = arrayOf(dtype, r.uniform([40_010], 0.01, 3).data)
      if (name === 'sin' || name === 'cos') x[7] = x[39_999] = 1e6
      const all = mapped(name, x)
      let same = true
      for (let n = 0; n <= 70; n++) {
        // An input and a result that start anywhere, and stand between entries that must stay as they are.
        const from = n === 70 ? 39_935 : (n * 7) % 64
        const y = arrayOf(dtype, new Float64Array(n + 3).fill(7))
        map(name, x.subarray(from, from + n), y.subarray(1, n + 1))
        same &&= y[0] === 7 && y[n + 1] === 7 && y[n + 2] === 7
        for (let i = 0; i < n; i++) same &&= y[i + 1] === all[from + i]
      }
      t.ok(same, `${name} ${dtype}`)
    }
  t.end()
})

t.test('long arrays go through in parts, and memory that grew is found again', t => {
  const x = arrayOf('f32', r.uniform([100_003], -3, 3).data)
  const before = mapped('tanh', x)
  const n = 400
  const a = r.normal([n, n])
  withBackend('wasm', () => matmul(a, a))
  const after = mapped('tanh', x)
  t.ok(after.every((v, i) => v === before[i]))
  t.ok(before.every((v, i) => Math.abs(v - Math.tanh(x[i])) < 2e-7))
  t.same(mapped('exp', empty('f64', 0)).length, 0)
  t.end()
})

t.test('operators use them, and withBackend leaves them', t => {
  const x = new Tensor([100], r.uniform([100], -2, 2).data)
  t.same(tanh(x).data, mapped('tanh', x.data))
  t.notSame(plain('tanh', x.data), mapped('tanh', x.data), 'in the last bits')
  t.same(
    plain('tanh', x.data),
    x.data.map(v => Math.tanh(v))
  )
  t.equal(
    withBackend('plain', () => map('exp', x.data, x.data.slice())),
    false
  )
  t.end()
})

t.test('softmax, logSoftmax and logsumexp of rows: like the plain ones', t => {
  const of = { softmax, logSoftmax, logsumexp }
  for (const dtype of DTYPES) {
    const worst = { softmax: 0, logSoftmax: 0, logsumexp: 0 }
    for (let k = 0; k < 400; k++) {
      const n = k < 40 ? k + 1 : 1 + Math.floor(r.next() * (k % 20 === 0 ? 20_000 : 50))
      const rows = 1 + Math.floor(r.next() * 5)
      const wide = [1, 10, 100][k % 3]
      const x = new Tensor([rows, n], arrayOf(dtype, r.uniform([rows * n], -wide, wide).data))
      // Rows with ties for the largest entry, or nearly nothing beside it.
      if (k % 5 === 0) x.data.fill(wide, 0, n >> 1)
      if (k % 5 === 1) x.data[0] = 60
      for (const [name, f] of Object.entries(of) as [keyof typeof of, typeof logsumexp][]) {
        const got = withBackend('wasm', () => f(x, -1))
        const want = withBackend('plain', () => f(x, -1))
        for (let i = 0; i < want.size; i++) {
          const scale = Math.max(Math.abs(want.data[i]), name === 'softmax' ? 2 ** -126 : 2 ** -1000)
          worst[name] = Math.max(worst[name], Math.abs(got.data[i] - want.data[i]) / scale)
        }
      }
    }
    // In f64 the rounding of a sum of n and of the exponential; in f32 one rounding of each, but for softmax two ulp.
    for (const [name, e] of Object.entries(worst))
      t.ok(e <= (dtype === 'f64' ? 2e-14 : name === 'softmax' ? 2 ** -22 : 2 ** -23), `${name} ${dtype}: ${e}`)
  }
  t.end()
})

t.test('rows with infinite entries, rows by themselves, axes that make no rows', t => {
  const inf = Number.POSITIVE_INFINITY
  for (const dtype of DTYPES)
    for (const row of [
      [inf, 1, 2],
      [-inf, -inf, -inf],
      [1, -inf, 2],
      [NaN, 0, inf],
      [-inf, -inf, 3],
      [1e30, -1e30, 1],
      [-0, 0, 0]
    ]) {
      const x = new Tensor([1, 3], arrayOf(dtype, row))
      for (const f of [softmax, logSoftmax, logsumexp]) {
        const got = withBackend('wasm', () => f(x, -1))
        const want = withBackend('plain', () => f(x, -1))
        t.ok(
          got.data.every(
            (v, i) => Object.is(v, want.data[i]) || Math.abs(v - want.data[i]) <= 1e-7 * Math.abs(want.data[i])
          ),
          `${f.name} ${dtype} of ${row}: ${got.data}, ${want.data}`
        )
      }
    }
  const x = r.normal([5, 7])
  for (let k = 0; k < 5; k++) t.same(softmax(at(x, k, 0)).data, at(softmax(x), k, 0).data, 'a row alone')
  t.same(softmax(x, [0, 1]).data, softmax(reshape(x, [35])).data, 'two last axes are one')
  t.equal(eachRow('softmax', x.data, x.data.slice(), x.shape, [-2]), false)
  t.equal(
    withBackend('plain', () => eachRow('softmax', x.data, x.data.slice(), x.shape, [-1])),
    false
  )
  t.end()
})

t.test('sums: the plain ones, bit for bit', t => {
  for (const dtype of DTYPES)
    for (const shape of [[1], [255], [257], [1001], [40_003], [3, 300], [300, 3], [2, 500, 3], [5, 2, 700], [0, 300]])
      for (let k = 0; k < shape.length; k++) {
        const x = new Tensor(shape, arrayOf(dtype, r.normal(shape).data))
        const [got, want] = (['wasm', 'plain'] as const).map(b => withBackend(b, () => sum(x, k).data))
        t.same([...got], [...want], `${dtype} [${shape}] over axis ${k}`)
        t.equal(
          sum(x).item(),
          withBackend('plain', () => sum(x).item())
        )
      }
  t.end()
})
