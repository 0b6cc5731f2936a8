import t from 'tap'
import { withBackend } from '../../core/backends/choice.js'
import { linalgKernels, matmul } from '../../core/backends/kernels.js'
import { random } from '../../core/index.js'
import { lstsq, partialInverseApply, partialInverseMatrix, qrOfTranspose, svd } from '../../core/linalg/index.js'
import { norm2, transpose } from '../../core/linalg/scaling.js'
import { multiply } from './multiply.js'

/**
 * QR and SVD in WebAssembly: against the Jacobi rotations of the plain ones, against spectra that are known exactly, and
 * for what makes a factorisation. 1e-13 of the largest entry is some 450 units of 2⁻⁵².
 */
const ROUNDING = 1e-13
const CASES = 2000

const r = random(0)
const whole = (from: number, to: number): number => from + Math.floor(r.next() * (to - from + 1))
const noise = (n: number): Float64Array => Float64Array.from(r.uniform([n], -1, 1).data)
const wasm = <T>(f: () => T): T => withBackend('wasm', f)
const plain = <T>(f: () => T): T => withBackend('plain', f)

/** Largest entry of a - b over that of b, or over the largest norm of a row of b; a NaN counts as infinite. */
function relative(a: Float64Array, b: Float64Array, row = 1): number {
  let [difference, scale] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs(a[i] - b[i])
    difference = d <= difference ? difference : Number.isNaN(d) ? Number.POSITIVE_INFINITY : d
    if (i % row === 0) scale = Math.max(scale, norm2(b, i, i + row))
  }
  return difference === 0 ? 0 : difference / scale
}

const eye = (n: number): Float64Array => Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
/** How far the columns of Q [m, k] are from orthonormal. */
const crooked = (Q: Float64Array, m: number, k: number): number =>
  relative(multiply(transpose(Q, m, k), Q, k, m, k), eye(k))

/** Kinds of matrices that go wrong in different ways. */
const kinds: [name: string, make: (m: number, n: number) => Float64Array][] = [
  ['noise', (m, n) => noise(m * n)],
  ['low rank', (m, n) => multiply(noise(m * 2), noise(2 * n), m, 2, n)],
  ['small integers, many ties', (m, n) => noise(m * n).map(Math.round)],
  ['rows of any size', (m, n) => noise(m * n).map((v, i) => v * 10 ** (((Math.floor(i / n) * 7) % 40) - 20))],
  ['columns falling', (m, n) => noise(m * n).map((v, i) => v * 10 ** -(i % n))],
  ['columns growing', (m, n) => noise(m * n).map((v, i) => v * 10 ** ((i % n) - n))],
  ['huge', (m, n) => noise(m * n).map(v => v * 1e150)],
  ['tiny', (m, n) => noise(m * n).map(v => v * 1e-150)],
  ['huge next to tiny', (m, n) => noise(m * n).map((v, i) => v * (i % 3 === 0 ? 1e150 : 1e-150))],
  ['zero', (m, n) => new Float64Array(m * n)],
  ['mostly zero', (m, n) => noise(m * n).map(v => (v > 0.7 ? v : 0))],
  ['diagonal', (m, n) => noise(m * n).map((v, i) => (i % (n + 1) === 0 ? v : 0))],
  ['equal entries', (m, n) => new Float64Array(m * n).fill(0.3)]
]

t.test(`${CASES} random shapes and kinds: s as by Jacobi rotations, a factorisation in any case`, async t => {
  const worst = kinds.map(() => 0)
  for (let i = 0; i < CASES; i++) {
    const kind = i % kinds.length
    const [m, n] = i % 50 === 0 ? [whole(30, 70), whole(30, 90)] : [whole(1, 24), whole(1, 24)]
    const A = kinds[kind][1](m, n)
    const k = Math.min(m, n)
    const { U, s, V } = wasm(() => svd(A, m, n))
    const us = U.map((v, j) => v * s[j % k])
    if (!s.every((v, j) => v >= 0 && (j === 0 || v <= s[j - 1]))) t.fail(`${kinds[kind][0]} [${m}, ${n}]: order`)
    worst[kind] = Math.max(
      worst[kind],
      relative(multiply(us, transpose(V, n, k), m, k, n), A),
      relative(s, plain(() => svd(A, m, n)).s),
      crooked(U, m, k),
      crooked(V, n, k)
    )
  }
  kinds.forEach(([name], i) => {
    t.ok(worst[i] < ROUNDING, `${name}: ${worst[i]}`)
  })
})

t.test(`${CASES} random shapes and kinds: QR`, async t => {
  const worst = kinds.map(() => 0)
  for (let i = 0; i < CASES; i++) {
    const rows = i % 20 === 0 ? whole(25, 100) : whole(1, 25)
    const cols = rows + whole(0, i % 20 === 0 ? 90 : 30)
    const kind = i % kinds.length
    const [name, make] = kinds[kind]
    const J = make(rows, cols)
    const { R, applyQ, applyQt, applyQRows } = wasm(() => qrOfTranspose(J, rows, cols))
    const z = noise(rows)
    const twice = Float64Array.from([...z, ...z])
    worst[kind] = Math.max(
      worst[kind],
      relative(applyQRows(transpose(R, rows, rows), rows), J, cols),
      relative(applyQt(applyQ(z)), z),
      relative(applyQRows(twice, 2).subarray(cols), applyQ(z))
    )
    for (let k = 1; k < rows; k++)
      if (R.subarray(k * rows, k * rows + k).some(v => v !== 0)) t.fail(`${name} [${rows}, ${cols}]: R below`)
  }
  kinds.forEach(([name], i) => {
    t.ok(worst[i] < ROUNDING, `${name}: ${worst[i]}`)
  })
})

/** H₁ diag(s) H₂ with a few reflections on either side, which change no singular value but by rounding. */
function withSpectrum(m: number, n: number, s: (k: number) => number): Float64Array {
  const A = new Float64Array(m * n)
  for (let k = 0; k < Math.min(m, n); k++) A[k * n + k] = s(k)
  for (let pass = 0; pass < 3; pass++) {
    const [u, v] = [noise(m), noise(n)]
    const [uu, vv] = [multiply(u, u, 1, m, 1)[0], multiply(v, v, 1, n, 1)[0]]
    const left = multiply(u, A, 1, m, n)
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) A[i * n + j] -= (2 / uu) * u[i] * left[j]
    const right = multiply(A, v, m, n, 1)
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) A[i * n + j] -= (2 / vv) * right[i] * v[j]
  }
  return A
}

t.test('singular values to the backward-stable limit', async t => {
  for (const [m, n] of [
    [37, 64],
    [128, 1444],
    [300, 200]
  ]) {
    const k = Math.min(m, n)
    const spectra: [string, (i: number) => number][] = [
      ['1 ... 1e-12', i => 10 ** ((-12 * i) / (k - 1))],
      ['clusters', i => [1, 1 - 1e-9, 1e-3, 1e-8][Math.floor((4 * i) / k)]],
      ['half of them zero', i => (i < k / 2 ? 1 - i / k : 0)],
      ['all alike', () => 3]
    ]
    for (const [name, exact] of spectra) {
      const A = withSpectrum(m, n, exact)
      const { s } = wasm(() => svd(A, m, n))
      const worst = s.reduce((e, v, i) => Math.max(e, Math.abs(v - exact(i))), 0)
      // The bound of LAPACK's Users' Guide with p(m, n) = max(m, n); A itself is rounded as well.
      t.ok(worst < Math.max(m, n) * Number.EPSILON * s[0], `[${m}, ${n}] ${name}: ${worst}`)
    }
  }
})

t.test('spectra known in closed form and from tables', async t => {
  const n = 100
  // Sums 1 ... k: the inverse of a difference, s_k = 1 / (2 sin((2k - 1) π / (4n + 2))).
  const sums = Float64Array.from({ length: n * n }, (_, i) => (i % n <= i / n ? 1 : 0))
  const exact = Float64Array.from({ length: n }, (_, k) => 0.5 / Math.sin(((2 * k + 1) * Math.PI) / (4 * n + 2)))
  t.ok(relative(wasm(() => svd(sums, n, n)).s, exact) < 10 * Number.EPSILON, 'sums')
  // The Hilbert matrix of order 10: largest and smallest from Fettis & Caslin 1967.
  const hilbert = Float64Array.from({ length: 100 }, (_, i) => 1 / (1 + (i % 10) + Math.floor(i / 10)))
  const { s } = wasm(() => svd(hilbert, 10, 10))
  t.ok(Math.abs(s[0] - 1.7519196702651776) < 4 * Number.EPSILON)
  t.ok(Math.abs(s[9] - 1.0931538193796e-13) < 2 * Number.EPSILON, `the smallest: ${s[9]}`)
})

t.test('an update is that of the plain factorisation', async t => {
  for (const [m, n] of [
    [40, 160],
    [128, 300],
    [90, 37]
  ]) {
    const J = withSpectrum(m, n, k => 1 / (1 + k))
    const [g, b] = [noise(m), noise(m)]
    for (const kappa of [-1, -0.5, 1]) {
      const update = () => partialInverseApply(J, m, n, g, { kappa }).delta
      t.ok(relative(wasm(update), plain(update)) < 1e-12, `[${m}, ${n}], κ = ${kappa}`)
    }
    const whole = () => partialInverseMatrix(J, m, n).matrix
    t.ok(relative(wasm(whole), plain(whole)) < 1e-12, 'the whole matrix')
    const solved = () => lstsq(J, m, n, b).x
    t.ok(relative(wasm(solved), plain(solved)) < 1e-12, 'least squares')
  }
})

t.test('large factors go there by themselves, the same bits each time; small ones stay', async t => {
  const J = noise(60 * 90)
  const factor = () => svd(J, 60, 90)
  const own = factor()
  t.same(own, wasm(factor))
  t.same(own, factor(), 'again')
  t.ok(relative(own.s, plain(factor).s) < ROUNDING)
  for (const kernel of ['qr', 'svd', 'eigh'] as const) t.equal(linalgKernels(kernel, 8), undefined)
  t.equal(
    wasm(() => linalgKernels('qr', 0)),
    undefined,
    'nothing to do'
  )
  t.throws(() => wasm(() => svd(Float64Array.of(1, Number.NaN), 1, 2)), /entry 1 is NaN/)
})

t.test('a Gram matrix is the full product, bit by bit, and symmetric', async t => {
  for (const [n, k] of [
    [1, 1],
    [5, 3],
    [64, 7],
    [65, 300],
    [150, 20]
  ]) {
    for (const a of [noise(n * k), Float32Array.from(noise(n * k))]) {
      for (const transA of [false, true]) {
        const product = (b: typeof a) => {
          const c = a instanceof Float64Array ? new Float64Array(n * n) : new Float32Array(n * n)
          wasm(() => matmul(a, 0, b, 0, c, 0, n, n, k, transA, !transA, false))
          return c
        }
        t.same(product(a), product(a.slice()), `${n} × ${k}, ${transA ? 'AᵀA' : 'AAᵀ'}`)
      }
    }
  }
})
