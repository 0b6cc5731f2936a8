import { EigenvalueDecomposition, Matrix, QrDecomposition } from 'ml-matrix'
import t from 'tap'
import { NonFiniteError } from '../../core/errors.js'
import {
  cg,
  cholesky,
  denseProducts,
  eigh,
  factorSymmetric,
  GolubKahan,
  LayeredMatrix,
  lanczos,
  lsmr,
  lstsq,
  partialInverseApply,
  partialInverseByGram,
  partialInverseByKrylov,
  qr,
  svd
} from '../../core/linalg/index.js'
import { norm2, transpose } from '../../core/linalg/scaling.js'
import { random } from '../../core/random.js'
import { golden } from '../golden.js'
import { multiply } from './multiply.js'
import { onBoth } from './onBoth.js'

/** Some 450 units of 2⁻⁵² of the norm involved. */
const ROUNDING = 1e-13

const r = random(3)
const noise = (n: number): Float64Array => Float64Array.from(r.normal([n]).data)

/** ‖a - b‖ / ‖b‖, at any scale. */
function relative(a: Float64Array, b: ArrayLike<number>): number {
  const scale = norm2(Float64Array.from(b)) || 1
  return norm2(a.map((v, i) => v / scale - b[i] / scale))
}
const eye = (n: number): Float64Array => Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
/** X diag(values) Xᵀ, the rows of Xt being the eigenvectors. */
const assemble = (Xt: Float64Array, values: ArrayLike<number>, n: number): Float64Array =>
  multiply(
    transpose(Xt, n, n),
    Xt.map((v, i) => v * values[Math.floor(i / n)]),
    n,
    n,
    n
  )
/** n orthonormal rows of length n. */
const orthonormal = (n: number): Float64Array => qr(noise(n * n), n, n).Q
function withSpectrum(m: number, n: number, s: (k: number) => number): Float64Array {
  const Vt = orthonormal(n).slice(0, Math.min(m, n) * n)
  return multiply(
    orthonormal(m),
    Float64Array.from({ length: m * n }, (_, i) => (Math.floor(i / n) < n ? s(Math.floor(i / n)) * Vt[i] : 0)),
    m,
    m,
    n
  )
}

onBoth('recorded values of LAPACK: QR, SVD, least squares', t => {
  for (const { name, m, n, A: entries, s, absR, b, rank, x } of golden('lapack').matrices) {
    const A = Float64Array.from(entries as number[])
    t.ok(relative(svd(A, m, n).s, s) < ROUNDING, `${name}: s`)
    const { Q, R } = qr(A, m, n)
    const k = Math.min(m, n)
    t.ok(relative(multiply(Q, R, m, k, n), A) < ROUNDING, `${name}: A = Q R`)
    t.ok(relative(multiply(transpose(Q, m, k), Q, k, m, k), eye(k)) < ROUNDING, `${name}: QᵀQ = I`)
    for (let i = 1; i < k; i++) if (R.subarray(i * n, i * n + i).some(v => v !== 0)) t.fail(`${name}: R below`)
    // R is unique up to signs where A has full rank.
    if (rank === k) t.ok(relative(R.map(Math.abs), absR) < 1e-9 * (name === 'graded' ? 1e3 : 1), `${name}: R`)
    const got = lstsq(A, m, n, Float64Array.from(b as number[]), { rcond: 1e-10 })
    t.equal(got.rank, rank, `${name}: rank`)
    t.ok(relative(got.x, x) < 20 * ROUNDING * (rank > 0 ? s[0] / s[rank - 1] : 1), `${name}: x`)
  }
  t.throws(() => qr(Float64Array.of(Number.NaN), 1, 1), NonFiniteError)
})

onBoth('recorded values of LAPACK: eigenvalues, Cholesky', t => {
  for (const { name, n, S: entries, w, L } of golden('lapack').symmetric) {
    const S = Float64Array.from(entries as number[])
    t.ok(relative(eigh(S, n).values, w) < ROUNDING, `${name}: eigenvalues`)
    const factor = cholesky(S, n)
    if (L) t.ok(relative(factor!, L) < 1e-8, `${name}: L`)
    else t.equal(factor, null, `${name}: not positive definite`)
  }
})

/** Symmetric matrices, entries up to about 1. */
const symmetric: [name: string, n: number, values: (k: number) => number][] = [
  ['a number', 1, () => -0.5],
  ['two', 2, k => 1 - k],
  ['noise', 33, k => Math.sin(7 * k)],
  ['graded', 40, k => 10 ** (-k / 2)],
  ['clusters', 48, k => [1, 1 - 1e-11, 0.5, -0.5][k % 4]],
  ['rank 3', 35, k => (k < 3 ? 1 / (1 + k) : 0)],
  ['all alike', 34, () => 0.25],
  ['zero', 36, () => 0],
  ['large', 130, k => 1 / (1 + k)]
]

onBoth('factorSymmetric: A = X Λ Xᵀ, one vector or all of them', t => {
  for (const [name, n, exact] of symmetric) {
    const values = Float64Array.from({ length: n }, (_, k) => exact(k))
    const A = name === 'all alike' ? eye(n).map(v => v / 4) : assemble(orthonormal(n), values, n)
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) A[i * n + j] = A[j * n + i]
    const lower = A.map((v, i) => (i % n < Math.floor(i / n) ? Number.NaN : v))
    const f = factorSymmetric(lower, n)
    t.ok(f.converged, name)
    t.ok(relative(f.values, values.sort().reverse()) < ROUNDING, `${name}: values`)
    const rows = f.rows()
    t.ok(relative(assemble(rows, f.values, n), A) < 3 * ROUNDING, `${name}: A`)
    t.ok(relative(multiply(rows, transpose(rows, n, n), n, n, n), eye(n)) < ROUNDING, `${name}: orthonormal`)
    const g = noise(n)
    t.ok(relative(f.applyXt(g), multiply(rows, g, n, n, 1)) < ROUNDING, `${name}: Xᵀ g`)
    t.ok(relative(f.applyX(f.applyXt(g)), g) < ROUNDING, `${name}: X Xᵀ g`)
  }
})

onBoth('eigh: A X = X Λ at any scale, the values those of ml-matrix', t => {
  for (const [name, n, exact] of symmetric)
    for (const unit of [1, 1e150, 1e-150]) {
      const values = Float64Array.from({ length: n }, (_, k) => exact(k))
      const A = assemble(orthonormal(n), values, n)
      const scaled = A.map((v, i) => (unit * (v + A[(i % n) * n + Math.floor(i / n)])) / 2)
      const found = eigh(scaled, n)
      t.ok(
        relative(
          found.values,
          values.sort().map(v => unit * v)
        ) < ROUNDING,
        `${name}, ${unit}: values`
      )
      const X = found.vectors
      t.ok(relative(multiply(transpose(X, n, n), X, n, n, n), eye(n)) < ROUNDING, `${name}, ${unit}: orthonormal`)
      const XL = X.map((v, i) => v * found.values[i % n])
      t.ok(relative(multiply(scaled, X, n, n, n), XL) < ROUNDING, `${name}, ${unit}: A X = X Λ`)
      const peer = new EigenvalueDecomposition(Matrix.from1DArray(n, n, Array.from(A)), { assumeSymmetric: true })
      const theirs = Float64Array.from(peer.realEigenvalues)
        .sort()
        .map(v => unit * v)
      t.ok(relative(found.values, theirs) < ROUNDING, `${name}, ${unit}: ml-matrix`)
    }
})

onBoth('qr: A = Q R, Q orthonormal, R triangular, for every kind of matrix', t => {
  for (const [name, A, m, n] of jacobians) {
    const { Q, R } = qr(A, m, n)
    const k = Math.min(m, n)
    t.ok(relative(multiply(Q, R, m, k, n), A) < ROUNDING, `${name}: A = Q R`)
    t.ok(relative(multiply(transpose(Q, m, k), Q, k, m, k), eye(k)) < ROUNDING, `${name}: QᵀQ = I`)
    for (let i = 1; i < k; i++)
      t.ok(
        R.subarray(i * n, i * n + i).every(v => v === 0),
        `${name}: R below row ${i}`
      )
    if (m < n) continue
    // Of full rank, R is unique up to signs.
    const peer = new QrDecomposition(Matrix.from1DArray(m, n, Array.from(A))).upperTriangularMatrix
    t.ok(relative(R.map(Math.abs), Float64Array.from(peer.to1DArray(), Math.abs)) < ROUNDING, `${name}: ml-matrix`)
  }
})

onBoth('cholesky and cg on matrices of any scale, down to one unknown', t => {
  for (const [name, n, exact] of symmetric)
    for (const unit of [1, 1e140, 1e-140]) {
      const positive = (k: number) => Math.abs(exact(k)) + 0.01
      const S = assemble(
        orthonormal(n),
        Float64Array.from({ length: n }, (_, k) => positive(k)),
        n
      ).map(v => v * unit)
      const L = cholesky(S, n)!
      t.ok(relative(multiply(L, transpose(L, n, n), n, n, n), S) < ROUNDING, `${name}, ${unit}: L Lᵀ`)
      const x = noise(n)
      const got = cg({ batch: 1, n, apply: v => multiply(S, v, n, n, 1), b: multiply(S, x, n, n, 1), rtol: 1e-13 })
      t.ok(relative(got.x, x) < 1e-9, `${name}, ${unit}: cg ${relative(got.x, x)}`)
    }
})

onBoth('lanczos: n steps find what b sees, few the ends', t => {
  for (const [name, n, exact] of symmetric)
    for (const unit of [1, 1e150, 1e-150]) {
      const values = Float64Array.from({ length: n }, (_, k) => unit * exact(k))
      const X = orthonormal(n)
      const A = assemble(X, values, n)
      const apply = (v: Float64Array) => multiply(A, v, n, n, 1)
      const b = noise(n)
      const all = lanczos({ n, apply, b })
      t.ok(
        relative(
          all.apply(v => v),
          apply(b)
        ) <
          ROUNDING * n,
        `${name}, ${unit}: A b`
      )
      const square = apply(apply(b).map(v => v / unit))
      t.ok(
        relative(
          all.apply(v => (v / unit) * v),
          square
        ) <
          ROUNDING * n || unit * exact(0) === 0,
        `${name}: A² b`
      )
      const gram = multiply(all.Q, transpose(all.Q, all.steps, n), all.steps, n, all.steps)
      t.ok(relative(gram, eye(all.steps)) < ROUNDING, `${name}: Q`)
      const few = lanczos({ n, apply, b, steps: Math.min(6, n) })
      few.values.forEach((value, i) => {
        const nearest = values.reduce((d, v) => Math.min(d, Math.abs(v - value)), Number.POSITIVE_INFINITY)
        const scale = Math.max(...values.map(Math.abs))
        t.ok(nearest <= few.errors[i] + ROUNDING * scale, `${name}, ${unit}: Ritz value ${i} as near as it says`)
      })
    }
  const distinct = lanczos({ n: 4, apply: v => v.map(x => 2 * x), b: Float64Array.of(1, 2, 3, 4) })
  t.equal(distinct.steps, 1, 'one eigenvalue, one step')
  t.ok(Math.abs(distinct.values[0] - 2) < ROUNDING)
  t.equal(lanczos({ n: 3, apply: v => v, b: new Float64Array(3) }).steps, 0, 'b = 0')
})

/** Jacobians: name, J, rows, cols. */
const jacobians: [name: string, J: Float64Array, m: number, n: number][] = [
  ['random', noise(12 * 30), 12, 30],
  ['graded', withSpectrum(20, 50, k => 10 ** (-k / 6)), 20, 50],
  ['clustered', withSpectrum(20, 24, k => (k < 10 ? 1 : 0.1)), 20, 24],
  ['tall', noise(30 * 12), 30, 12],
  ['huge', noise(9 * 12).map(v => v * 1e140), 9, 12],
  ['tiny', noise(9 * 12).map(v => v * 1e-140), 9, 12],
  ['rank 3', multiply(noise(10 * 3), noise(3 * 15), 10, 3, 15), 10, 15],
  ['zero', new Float64Array(4 * 6), 4, 6],
  ['a row', noise(9), 1, 9],
  ['a column', noise(9), 9, 1],
  ['a number', Float64Array.of(-4), 1, 1]
]

onBoth('golubKahan: Jᵀ U = V Lᵀ with orthonormal U and V', t => {
  for (const [name, J, m, n] of jacobians) {
    const found = new GolubKahan(denseProducts(J, m, n), noise(m))
    while (found.step());
    t.ok(found.complete && found.steps <= Math.min(m, n + 1), name)
    if (name === 'rank 3') t.ok(found.steps <= 4, 'rank 3: no more than four steps')
    const c = noise(found.steps)
    const nonzero = found.alphas.map(a => (a > 0 ? 1 : 0))
    const length = norm2(c.map((v, i) => v * nonzero[i]))
    t.ok(Math.abs(norm2(found.applyV(c)) - length) <= ROUNDING * length, `${name}: V`)
  }
})

onBoth('half-inverse, Gauss-Newton and Levenberg-Marquardt by three routes', t => {
  for (const [name, J, m, n] of jacobians)
    for (const options of [{}, { kappa: -1 }, { kappa: 1 }, { kappa: -1, damping: 0.04 }, { truncation: 0.05 }]) {
      const [products, g] = [denseProducts(J, m, n), noise(m)]
      const label = `${name} ${JSON.stringify(options)}`
      const exact = partialInverseApply(J, m, n, g, options)
      const krylov = partialInverseByKrylov(products, g, options)
      t.ok(krylov.error === 0 && relative(krylov.delta, exact.delta) < 1e-9, `${label}: all steps of krylov`)
      const gram = partialInverseByGram(products, g, options)
      const error = relative(gram.delta, exact.delta)
      t.ok(error <= Math.max(gram.error, ROUNDING), `${label}: gram ${error}, bound ${gram.error}`)
      if (['random', 'huge', 'tiny', 'a row', 'a number'].includes(name))
        t.ok(gram.error < 1e-6, `${label}: gram is good enough`)
      if (name === 'rank 3' && !options.truncation)
        t.equal(gram.error, Number.POSITIVE_INFINITY, `${label}: cannot tell`)
      if (gram.error < 1) t.equal(gram.kept, exact.kept, `${label}: kept`)
    }
})

onBoth('damping is Levenberg and Marquardt’s', t => {
  const [m, n, damping] = [7, 11, 0.3]
  const [J, g] = [noise(m * n), noise(m)]
  const stacked = new Float64Array((m + n) * n)
  stacked.set(J)
  for (let j = 0; j < n; j++) stacked[(m + j) * n + j] = Math.sqrt(damping)
  const expected = lstsq(
    stacked,
    m + n,
    n,
    Float64Array.from({ length: m + n }, (_, i) => g[i] ?? 0)
  ).x
  const products = denseProducts(J, m, n)
  const options = { kappa: -1, damping }
  t.ok(relative(partialInverseApply(J, m, n, g, options).delta, expected) < 1e-12)
  t.ok(relative(partialInverseByGram(products, g, options).delta, expected) < 1e-11)
  t.ok(relative(partialInverseByKrylov(products, g, options).delta, expected) < 1e-11)
  const damped = lsmr({ batch: 1, m, n, ...products, b: g, damp: Math.sqrt(damping), atol: 1e-14, btol: 1e-14 })
  t.ok(relative(damped.x, expected) < 1e-11, 'lsmr')
})

t.test('the bound of gram holds, and follows the condition number', async t => {
  const ratios: number[] = []
  for (let i = 0; i < 60; i++) {
    const [m, decades] = [8 + (i % 6) * 8, 1 + (i % 7)]
    const n = m + 10 * (i % 4)
    const J = withSpectrum(m, n, k => 10 ** ((-decades * k) / (m - 1)))
    const g = noise(m).map((v, k) => v * (i % 2 ? 1 : 10 ** (-k % 4)))
    const options = { kappa: i % 3 === 0 ? -1 : -0.5 }
    const gram = partialInverseByGram(denseProducts(J, m, n), g, options)
    const error = relative(gram.delta, partialInverseApply(J, m, n, g, options).delta)
    t.ok(error <= gram.error, `[${m}, ${n}], ${decades} decades: ${error}, bound ${gram.error}`)
    ratios.push(gram.error / error)
  }
  t.ok(ratios.sort((a, b) => a - b)[30] < 100, `half of the bounds within 100 of the error: ${ratios[30]}`)
})

t.test('LayeredMatrix: products, Gram matrix and itself agree', async t => {
  const [B, K, P] = [5, 3, 40]
  const right = noise(B * K * 4)
  const J = new LayeredMatrix(B, K, P, [
    { start: 0, p: 3, q: 4, left: noise(B * 3), right, transposed: false },
    { start: 12, p: 1, q: 4, left: null, right, transposed: false },
    { start: 18, p: 2, q: 6, left: noise(B * 2), right: noise(B * K * 6), transposed: true },
    { start: 31, p: 1, q: 9, left: null, right: noise(B * K * 9), transposed: false }
  ])
  const [M, rows] = [J.matrix(), B * K]
  t.ok(M.some((v, i) => i % P === 30 && v !== 0) === false, 'columns in no block are zero')
  const [v, u] = [noise(P), noise(rows)]
  t.ok(relative(J.apply(v), multiply(M, v, rows, P, 1)) < ROUNDING)
  t.ok(relative(J.applyT(u), multiply(transpose(M, rows, P), u, P, rows, 1)) < ROUNDING)
  t.ok(relative(J.gram(), multiply(M, transpose(M, rows, P), rows, P, rows)) < ROUNDING)
  t.equal(J.bytes, 8 * (B * K * 19 + B * 5), 'right is there once')
  t.throws(() => J.apply(u), /15 entries/)
})
