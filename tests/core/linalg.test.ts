import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Matrix, SVD as MlSVD } from 'ml-matrix'
import t from 'tap'
import { NonFiniteError, OptionError } from '../../core/errors.js'
import {
  cg,
  cholesky,
  choleskySolve,
  eigh,
  lsmr,
  lstsq,
  lstsqBatch,
  partialInverseApply,
  partialInverseMatrix,
  qrOfTranspose,
  solve,
  svd,
  svdOfWide
} from '../../core/linalg/index.js'
import { transpose } from '../../core/linalg/scaling.js'
import { random } from '../../core/random.js'
import { multiply } from './multiply.js'
import { onBoth } from './onBoth.js'

// "Rounding" below is 1e-13 of the norm involved: some 450 units of 2⁻⁵² for factorisations of up to 128 columns.
const ROUNDING = 1e-13

let seed = 1
/** Roughly normal, from a generator of its own. */
function gauss(): number {
  let sum = 0
  for (let i = 0; i < 12; i++) sum += (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5
  return sum
}
const noise = (n: number) => Float64Array.from({ length: n }, gauss)

const maxOf = (a: ArrayLike<number>) => Array.from(a).reduce((max, v) => Math.max(max, Math.abs(v)), 0)
const minus = (a: Float64Array, b: ArrayLike<number>) => a.map((v, i) => v - b[i])
/** Largest entry of the difference over the largest of b: safe at any scale. */
const relative = (a: Float64Array, b: ArrayLike<number>) => maxOf(minus(a, b)) / (maxOf(b) || 1)
/** Columns of Q [m, r]: the largest entry of QᵀQ - I. */
function orthogonality(Q: Float64Array, m: number, r: number): number {
  const gram = multiply(transpose(Q, m, r), Q, r, m, r)
  for (let k = 0; k < r; k++) gram[k * r + k] -= 1
  return maxOf(gram)
}
/** A random [m, n] matrix with the given singular values. */
function withSpectrum(m: number, n: number, s: (k: number) => number): Float64Array {
  const r = Math.min(m, n)
  const U = svd(noise(m * r), m, r).U
  const Vt = transpose(svd(noise(n * r), n, r).U, n, r)
  for (let k = 0; k < r; k++) for (let j = 0; j < n; j++) Vt[k * n + j] *= s(k)
  return multiply(U, Vt, m, r, n)
}

const matrices: [name: string, A: Float64Array, m: number, n: number][] = [
  ['random tall', noise(40 * 9), 40, 9],
  ['random wide', noise(9 * 40), 9, 40],
  ['random square', noise(31 * 31), 31, 31],
  ['graded, wide', withSpectrum(24, 70, k => 10 ** (-k / 2)), 24, 70],
  ['graded, tall', withSpectrum(70, 24, k => 10 ** (-k / 2)), 70, 24],
  ['rows growing', noise(20 * 30).map((v, i) => v * 10 ** (Math.floor(i / 30) - 20)), 20, 30],
  ['columns growing', noise(20 * 30).map((v, i) => v * 10 ** ((i % 30) - 30)), 20, 30],
  ['rank 3', multiply(noise(12 * 3), noise(3 * 20), 12, 3, 20), 12, 20],
  ['rank 3, tall', multiply(noise(20 * 3), noise(3 * 12), 20, 3, 12), 20, 12],
  ['clustered', withSpectrum(20, 30, k => (k < 10 ? 1 : k < 15 ? 1 + 1e-12 * k : 1e-6)), 20, 30],
  ['all singular values alike', withSpectrum(16, 16, () => 2), 16, 16],
  ['huge', noise(10 * 14).map(v => v * 1e150), 10, 14],
  ['tiny', noise(10 * 14).map(v => v * 1e-150), 10, 14],
  ['at the top of the range', noise(6 * 7).map(v => v * 1e306), 6, 7],
  ['subnormal', noise(6 * 7).map(v => v * 1e-290), 6, 7],
  ['huge next to tiny', noise(8 * 9).map((v, i) => (i < 36 ? v * 1e150 : v * 1e-150)), 8, 9],
  ['zero', new Float64Array(5 * 8), 5, 8],
  ['zero, tall', new Float64Array(8 * 5), 8, 5],
  ['a zero row and a zero column', noise(6 * 8).map((v, i) => (i < 8 || i % 8 === 3 ? 0 : v)), 6, 8],
  ['identity', Float64Array.from({ length: 49 }, (_, i) => (i % 8 === 0 ? 1 : 0)), 7, 7],
  ['equal entries', new Float64Array(6 * 6).fill(3), 6, 6],
  ['a row', noise(9), 1, 9],
  ['a column', noise(9), 9, 1],
  ['a number', Float64Array.of(-4), 1, 1]
]

onBoth('svd: A = U S Vᵀ, orthonormal, descending, for every kind of matrix', t => {
  for (const [name, A, m, n] of matrices) {
    const r = Math.min(m, n)
    const { U, s, V } = svd(A, m, n)
    t.equal(s.length, r)
    const scaledU = U.map((v, i) => v * s[i % r])
    t.ok(relative(multiply(scaledU, transpose(V, n, r), m, r, n), A) < ROUNDING, `${name}: reconstruction`)
    t.ok(orthogonality(U, m, r) < ROUNDING, `${name}: U`)
    t.ok(orthogonality(V, n, r) < ROUNDING, `${name}: V`)
    t.ok(
      s.every((v, k) => v >= 0 && (k === 0 || v <= s[k - 1])),
      `${name}: order`
    )
    const peer = new MlSVD(Matrix.from1DArray(m, n, Array.from(A)), { autoTranspose: true }).diagonal
    t.ok(maxOf(minus(s, peer)) <= ROUNDING * (s[0] || 1), `${name}: ml-matrix`)
  }
})

onBoth('svd: small singular values to the backward-stable limit', t => {
  for (const [m, n] of [
    [13, 13],
    [13, 60],
    [60, 13],
    [128, 300]
  ]) {
    const r = Math.min(m, n)
    const exact = (k: number) => 10 ** ((-12 * k) / (r - 1))
    const { s } = svd(withSpectrum(m, n, exact), m, n)
    // The matrix itself is only known to 2⁻⁵² ‖A‖, so that s = 1e-6 can be off by 1e-10 of itself and 1e-12 by 1e-4.
    for (let k = 0; k < r; k++) {
      const error = Math.abs(s[k] / exact(k) - 1)
      const bound = exact(k) >= 0.99e-6 ? 1e-9 : 1e-3
      if (!(error < bound)) t.fail(`[${m}, ${n}] s = ${exact(k)}: relative error ${error}`)
    }
    t.pass(`[${m}, ${n}]`)
  }
})

onBoth('svd: rows of very different size keep their relative accuracy', t => {
  // diag(d) times a well-conditioned matrix: one-sided Jacobi finds all values to relative accuracy; compare with the
  // same matrix, its rows in reverse order.
  const A = noise(12 * 20).map((v, i) => v * 10 ** (-3 * Math.floor(i / 20)))
  const B = Float64Array.from({ length: 240 }, (_, i) => A[(11 - Math.floor(i / 20)) * 20 + (i % 20)])
  const [a, b] = [svd(A, 12, 20).s, svd(B, 12, 20).s]
  t.ok(a[0] / a[11] > 1e30)
  t.ok(a.every((v, k) => Math.abs(v / b[k] - 1) < ROUNDING))
})

onBoth('svdOfWide: the four products agree with the thin factors', t => {
  for (const [name, J, rows, cols] of matrices.filter(([, , m, n]) => m <= n)) {
    const f = svdOfWide(J, rows, cols)
    const { V } = svd(J, rows, cols)
    const [g, x] = [noise(rows), noise(cols)]
    t.ok(f.converged && f.sweeps < 25, `${name}: ${f.sweeps} sweeps`)
    t.ok(relative(f.applyUt(g), multiply(f.Ut, g, rows, rows, 1)) < ROUNDING)
    t.ok(relative(f.applyU(g), multiply(transpose(f.Ut, rows, rows), g, rows, rows, 1)) < ROUNDING)
    t.ok(relative(f.applyV(g), multiply(V, g, cols, rows, 1)) < ROUNDING)
    t.ok(relative(f.applyVt(x), multiply(transpose(V, cols, rows), x, rows, cols, 1)) < ROUNDING)
  }
})

onBoth('qrOfTranspose: Jᵀ = Q R, Q orthonormal, R triangular', t => {
  const wide = matrices.filter(([name, , m, n]) => m <= n && name !== 'at the top of the range')
  for (const [name, J, rows, cols] of [...wide, ['128 rows', noise(128 * 200), 128, 200] as const]) {
    const { R, applyQ, applyQt, applyQRows } = qrOfTranspose(J, rows, cols)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < i; j++) if (R[i * rows + j] !== 0) t.fail(`${name}: R[${i},${j}]`)
    t.ok(relative(applyQRows(transpose(R, rows, rows), rows), J) < ROUNDING, `${name}: J = Rᵀ Qᵀ`)
    const z = noise(rows)
    const x = noise(cols)
    t.ok(relative(applyQt(applyQ(z)), z) < ROUNDING, `${name}: QᵀQ = I`)
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((s, v, i) => s + v * b[i], 0)
    t.ok(Math.abs(dot(applyQ(z), x) - dot(z, applyQt(x))) < ROUNDING * cols, `${name}: ⟨Qz, x⟩ = ⟨z, Qᵀx⟩`)
  }
  t.throws(() => qrOfTranspose(new Float64Array(6), 3, 2), /rows <= cols/)
})

onBoth('partial inverse: every case of the golden file', t => {
  // kappa is positive there: s^-kappa. The singular subspaces that are kept are determined by the matrix to
  // 2⁻⁵² · s_max / s_min,kept, so that is the tolerance, times 20; the dropped ones must leave no trace.
  const { cases } = JSON.parse(readFileSync(join(process.cwd(), 'tests/golden/half_inverse.json'), 'utf8'))
  for (const { name, matrix, rcond, kappa, singular_values, kept, result, rhs, result_times_rhs } of cases) {
    const [m, n] = [matrix.length, matrix[0].length]
    const J = Float64Array.from(matrix.flat() as number[])
    const options = { kappa: -kappa, truncation: rcond }
    const tolerance = 20 * Number.EPSILON * Math.max(10, singular_values[0] / singular_values[kept - 1])
    const label = `${name}, rcond ${rcond}, kappa ${kappa}`
    const applied = partialInverseApply(J, m, n, Float64Array.from(rhs as number[]), options)
    const whole = partialInverseMatrix(J, m, n, options)
    t.equal(applied.kept, kept, `${label}: kept`)
    t.equal(whole.kept, kept)
    t.ok(maxOf(minus(applied.singularValues, singular_values)) < ROUNDING * singular_values[0], `${label}: s`)
    t.ok(relative(applied.delta, result_times_rhs) < tolerance, `${label}: applied`)
    t.ok(relative(whole.matrix, result.flat()) < tolerance, `${label}: whole`)
  }
})

onBoth('partial inverse: laws', t => {
  for (const [m, n] of [
    [6, 15],
    [15, 6],
    [7, 7],
    [1, 5],
    [5, 1]
  ]) {
    const J = noise(m * n)
    const g = noise(m)
    const Jt = transpose(J, m, n)
    const apply = (kappa: number) => partialInverseApply(J, m, n, g, { kappa }).delta
    t.ok(relative(apply(1), multiply(Jt, g, n, m, 1)) < ROUNDING, 'κ = 1 is Jᵀ g')
    t.ok(relative(apply(-1), lstsq(J, m, n, g).x) < 1e-11, 'κ = -1 is the pseudo-inverse')
    const half = partialInverseMatrix(J, m, n).matrix
    const square = multiply(multiply(half, J, n, m, n), half, n, n, m)
    t.ok(relative(square, partialInverseMatrix(J, m, n, { kappa: 0 }).matrix) < 1e-11, 'J^-½ J J^-½ = V Uᵀ')
    t.ok(relative(apply(-0.5), multiply(half, g, n, m, 1)) < 1e-12, 'apply is the matrix times g')
  }
})

onBoth('partial inverse: truncation drops, strictly, relative or absolute', t => {
  const J = Float64Array.of(4, 0, 0, 0, 2, 0, 0, 0, 1)
  const g = Float64Array.of(1, 1, 1)
  const run = (options: object) => {
    const { delta, kept, threshold } = partialInverseApply(J, 3, 3, g, { kappa: -1, ...options })
    return { delta: [...delta], kept, threshold }
  }
  t.same(run({ truncation: 0.25 }), { delta: [0.25, 0.5, 0], kept: 2, threshold: 1 }, 'at the threshold is dropped')
  t.same(run({ truncation: 0.25, small: 'clamp' }), { delta: [0.25, 0.5, 1], kept: 2, threshold: 1 }, 'clamped')
  t.same(run({ truncation: 0.24 }).delta, [0.25, 0.5, 1])
  t.same(run({ truncation: 2, relative: false }), { delta: [0.25, 0, 0], kept: 1, threshold: 2 })
  t.same(run({ truncation: 9, relative: false }), { delta: [0, 0, 0], kept: 0, threshold: 9 })
  const zero = partialInverseApply(new Float64Array(6), 2, 3, Float64Array.of(1, 1), { truncation: 0 })
  t.same([...zero.delta], [0, 0, 0], 'a zero J moves nothing')
  t.equal(zero.kept, 0)
  for (const unit of [1e150, 1e-150]) {
    const scaled = partialInverseApply(
      J.map(v => v * unit),
      3,
      3,
      g
    )
    t.ok(
      relative(
        scaled.delta.map(v => v * Math.sqrt(unit)),
        [0.5, Math.SQRT1_2, 1]
      ) < ROUNDING,
      `units of ${unit}`
    )
  }
  t.throws(() => run({ truncation: -1 }), OptionError)
  t.throws(() => partialInverseApply(Float64Array.of(1, Number.NaN), 1, 2, Float64Array.of(1)), /entry 1 is NaN/)
  t.throws(() => partialInverseApply(J, 3, 3, Float64Array.of(1)), /1 entries of g/)
})

onBoth('lstsq: rank, least norm, normal equations, tiny and large alike', t => {
  for (const [name, A, m, n] of matrices) {
    const b = noise(m)
    const { x, rank, singularValues } = lstsq(A, m, n, b, { rcond: 1e-11 })
    const { U, s, V } = svd(A, m, n)
    const r = s.length
    t.ok(maxOf(minus(singularValues, s)) <= ROUNDING * (s[0] || 1), `${name}: s`)
    t.equal(rank, s.filter(v => v > 1e-11 * s[0]).length, `${name}: rank`)
    const c = multiply(transpose(U, m, r), b, r, m, 1).map((v, k) => (k < rank ? v / s[k] : 0))
    const tolerance = rank === 0 ? 0 : (20 * Number.EPSILON * 10 * s[0]) / s[rank - 1]
    t.ok(relative(x, multiply(V, c, n, r, 1)) <= tolerance, `${name}: x`)
  }
  const { x, rank } = lstsq(Float64Array.of(1, 1, 1, 1), 2, 2, Float64Array.of(1, 3))
  t.equal(rank, 1)
  t.ok(maxOf(minus(x, [1, 1])) < ROUNDING, 'the least-norm one')
})

onBoth('lstsqBatch: its systems one by one, and a bad one by itself', t => {
  for (const [m, n] of [
    [2, 2],
    [4, 24],
    [24, 4],
    [8, 8],
    [9, 70]
  ]) {
    const [A, b] = [noise(4 * m * n), noise(4 * m)]
    A[m * n + 1] = Number.NaN
    b[2 * m] = Infinity
    A.fill(0, 3 * m * n)
    const { x, rank, singularValues } = lstsqBatch(A, 4, m, n, b)
    const alone = lstsq(A.slice(0, m * n), m, n, b.slice(0, m))
    t.same([...x.slice(0, n)], [...alone.x], `[${m}, ${n}] bit by bit`)
    t.same([...singularValues.slice(0, Math.min(m, n))], [...alone.singularValues])
    t.same([...rank], [Math.min(m, n), -1, -1, 0])
    t.ok(x.subarray(n).every(v => v === 0))
  }
})

t.test('solve and cholesky', async t => {
  for (const n of [1, 2, 5, 30]) {
    const A = noise(n * n)
    const X = noise(n * 3)
    const { x, singular, pivotRatio } = solve(A, n, multiply(A, X, n, n, 3), 3)
    t.notOk(singular)
    t.ok(relative(x, X) < 1e-11 && pivotRatio > 0, `solve, n = ${n}`) // conditions up to about 1e3
    const S = multiply(A, transpose(A, n, n), n, n, n)
    for (let i = 0; i < n; i++) S[i * n + i] += 1
    const L = cholesky(S, n)!
    t.ok(relative(multiply(L, transpose(L, n, n), n, n, n), S) < ROUNDING, `L Lᵀ, n = ${n}`)
    t.ok(relative(choleskySolve(L, n, multiply(S, X, n, n, 3), 3), X) < 1e-11, `choleskySolve, n = ${n}`)
  }
  const report = solve(Float64Array.of(1, 2, 2, 4), 2, Float64Array.of(1, 1))
  t.match(report, { singular: true, column: 1 })
  t.same([...solve(Float64Array.of(0, 1, 1, 0), 2, Float64Array.of(3, 4)).x], [4, 3], 'pivots')
  t.equal(solve(new Float64Array(4), 2, Float64Array.of(1, 1)).column, 0)
  t.same([...solve(Float64Array.of(1, 0, 0, 2 ** -80), 2, Float64Array.of(3, 2 ** -80)).x], [3, 1], 'units differ')
  t.equal(cholesky(Float64Array.of(1, 2, 2, 1), 2), null, 'indefinite')
  t.equal(cholesky(Float64Array.of(Number.NaN), 1), null, 'NaN')
})

t.test('eigh: A X = X Λ, orthonormal, ascending', async t => {
  for (const n of [1, 2, 3, 10, 16, 17, 40]) {
    for (const unit of [1, 1e150, 1e-150]) {
      const G = noise(n * n)
      const A = G.map((v, i) => unit * (v + G[(i % n) * n + Math.floor(i / n)]))
      const { values, vectors } = eigh(A, n)
      const scaled = vectors.map((v, i) => (v * values[i % n]) / unit)
      const AX = multiply(
        A.map(v => v / unit),
        vectors,
        n,
        n,
        n
      )
      t.ok(maxOf(minus(AX, scaled)) < ROUNDING * maxOf(values.map(v => v / unit)), `n = ${n}, units of ${unit}`)
      t.ok(orthogonality(vectors, n, n) < ROUNDING)
      t.ok(values.every((v, k) => k === 0 || v >= values[k - 1]))
    }
  }
  t.same([...eigh(Float64Array.of(2, 0, 0, -1), 2).values], [-1, 2])
  t.same([...eigh(new Float64Array(9), 3).values], [0, 0, 0])
  t.ok(relative(eigh(Float64Array.of(1, 1, 1, 1), 2).values, [0, 2]) < ROUNDING, 'rank one')
  t.throws(() => eigh(Float64Array.of(Number.NaN), 1), NonFiniteError)
})

/** B matrices [m, n] as one product each way. */
function batched(As: Float64Array[], m: number, n: number) {
  const run = (f: (A: Float64Array) => Float64Array, rows: number, cols: number) => (v: Float64Array) => {
    const out = new Float64Array(As.length * rows)
    As.forEach((A, k) => {
      out.set(multiply(f(A), v.subarray(k * cols, (k + 1) * cols), rows, cols, 1), k * rows)
    })
    return out
  }
  return { apply: run(A => A, m, n), applyT: run(A => transpose(A, m, n), n, m) }
}

t.test('lsmr: agrees with the dense least-norm solution, system by system', async t => {
  for (const [m, n] of [
    [12, 7],
    [7, 12],
    [9, 9]
  ]) {
    const k = Math.min(m, n)
    const As = [
      withSpectrum(m, n, i => 10 ** (-i / 6)),
      withSpectrum(m, n, i => (i < k - 2 ? 1 + i : 0)),
      withSpectrum(m, n, () => 3),
      new Float64Array(m * n),
      withSpectrum(m, n, i => 1e-100 * (1 + i))
    ]
    const batch = As.length + 1
    As.push(As[0]) // with b = 0
    const b = noise(batch * m)
    b.fill(0, (batch - 1) * m)
    const got = lsmr({ batch, m, n, ...batched(As, m, n), b, atol: 1e-14, btol: 1e-14, maxIterations: 200 })
    As.forEach((A, s) => {
      const bs = b.slice(s * m, (s + 1) * m)
      const x = got.x.slice(s * n, (s + 1) * n)
      const { x: expected } = lstsq(A, m, n, bs, { rcond: 1e-11 })
      t.ok(relative(x, expected) < 1e-10, `[${m}, ${n}] system ${s}: x (condition up to 100, two orders below atol)`)
      const r = minus(bs, multiply(A, x, m, n, 1))
      t.ok(Math.abs(got.residualNorm[s] - Math.hypot(...r)) < 1e-12, `system ${s}: residual`)
    })
    t.ok(
      got.status.every(s => s === 'converged' || s === 'leastSquares'),
      got.status.join()
    )
    if (m > n) t.equal(got.status[0], 'leastSquares')
    if (m < n) t.equal(got.status[0], 'converged')
    t.equal(got.iterationsPerSystem[2], 1, 'one singular value, one step')
    t.equal(got.iterationsPerSystem[3], 0, 'A = 0')
    t.equal(got.iterationsPerSystem[5], 0, 'b = 0')
  }
})

t.test('lsmr: a batch is its systems one by one; damping; limits; NaN', async t => {
  const [m, n] = [10, 6]
  const As = [0, 1, 2].map(() => noise(m * n))
  const b = noise(3 * m)
  const together = lsmr({ batch: 3, m, n, ...batched(As, m, n), b })
  As.forEach((A, s) => {
    const alone = lsmr({ batch: 1, m, n, ...batched([A], m, n), b: b.slice(s * m, (s + 1) * m) })
    t.same([...together.x.slice(s * n, (s + 1) * n)], [...alone.x], `system ${s}, bit by bit`)
    t.equal(together.iterationsPerSystem[s], alone.iterations)
  })
  const damp = 0.7
  const damped = lsmr({ batch: 3, m, n, ...batched(As, m, n), b, damp, atol: 1e-14, btol: 1e-14 })
  As.forEach((A, s) => {
    const stacked = new Float64Array((m + n) * n)
    stacked.set(A)
    for (let j = 0; j < n; j++) stacked[(m + j) * n + j] = damp
    const rhs = new Float64Array(m + n)
    rhs.set(b.subarray(s * m, (s + 1) * m))
    const expected = lstsq(stacked, m + n, n, rhs).x
    t.ok(relative(damped.x.slice(s * n, (s + 1) * n), expected) < 1e-11, `damped, system ${s}`)
  })
  const short = lsmr({ batch: 3, m, n, ...batched(As, m, n), b, maxIterations: 2 })
  t.same(short.status, ['maxIterations', 'maxIterations', 'maxIterations'])
  t.ok(
    short.normalResidualNorm[0] <
      lsmr({ batch: 3, m, n, ...batched(As, m, n), b, maxIterations: 1 }).normalResidualNorm[0]
  )
  const broken = lsmr({ batch: 3, m, n, ...batched([As[0], As[1].map(() => Number.NaN), As[2]], m, n), b })
  t.same(broken.status, ['leastSquares', 'nonFinite', 'leastSquares'], 'one bad system leaves the others alone')
  t.same([...broken.x.slice(0, n)], [...together.x.slice(0, n)])
  const ill = lsmr({
    batch: 1,
    m,
    n,
    ...batched([withSpectrum(m, n, k => 10 ** -k)], m, n),
    b: b.slice(0, m),
    conlim: 50,
    atol: 0,
    btol: 0
  })
  t.equal(ill.status[0], 'illConditioned')
})

t.test('cg: positive definite systems of a batch, and what is not', async t => {
  const n = 8
  const spd = (shift: number) => {
    const G = noise(n * n)
    const A = multiply(G, transpose(G, n, n), n, n, n)
    for (let i = 0; i < n; i++) A[i * n + i] += shift
    return A
  }
  const indefinite = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? -1 : 0))
  const As = [spd(1), spd(10), indefinite, spd(1), spd(1).map(() => Number.NaN)]
  const b = noise(5 * n)
  b.fill(0, 3 * n, 4 * n)
  const { apply } = batched(As, n, n)
  const got = cg({ batch: 5, n, apply, b, rtol: 1e-13, maxIterations: 100 })
  t.same(got.status, ['converged', 'converged', 'indefinite', 'converged', 'nonFinite'])
  for (const s of [0, 1]) {
    const expected = solve(As[s], n, b.slice(s * n, (s + 1) * n)).x
    t.ok(relative(got.x.slice(s * n, (s + 1) * n), expected) < 1e-10, `system ${s} (condition below 100)`)
  }
  t.ok(
    got.x.slice(2 * n).every(v => v === 0),
    'nothing moved where it stopped at once'
  )
  t.same(cg({ batch: 5, n, apply, b, maxIterations: 1 }).status[0], 'maxIterations')
})

t.test('cg: a preconditioner', async t => {
  const n = 40
  const diagonal = Float64Array.from({ length: 2 * n }, (_, i) => 1 + ((i * 7) % n) ** 2)
  // The second system is that with a neighbour coupled to each.
  const apply = (v: Float64Array) =>
    v.map((x, i) => diagonal[i] * x + (i >= n ? 0.1 * ((i > n ? v[i - 1] : 0) + (i < 2 * n - 1 ? v[i + 1] : 0)) : 0))
  const b = noise(2 * n)
  const plain = cg({ batch: 2, n, apply, b, rtol: 1e-12, maxIterations: 1000 })
  const good = cg({ batch: 2, n, apply, b, rtol: 1e-12, precondition: r => r.map((v, i) => v / diagonal[i]) })
  t.same(good.status, ['converged', 'converged'])
  t.same(good.iterationsPerSystem[0], 1, 'the inverse itself')
  t.ok(good.iterationsPerSystem[1] < 12 && plain.iterationsPerSystem[1] > 40, `${plain.iterationsPerSystem}`)
  t.ok(relative(apply(good.x), b) < 1e-11 && relative(good.x, plain.x) < 1e-10)
  t.same(cg({ batch: 2, n, apply, b, precondition: r => r.map(v => -v) }).status, ['indefinite', 'indefinite'])
  t.throws(() => cg({ batch: 2, n, apply, b, precondition: r => r.slice(1) }), { message: /79 entries/ })
})

t.test('lsmr: entries whose squares overflow', async t => {
  const A = Float64Array.from(random(5).normal([3, 4]).data, v => v * 1e300)
  const b = Float64Array.from(random(6).normal([3]).data)
  const times = (v: Float64Array, m: number, at: (i: number, j: number) => number) =>
    Float64Array.from({ length: m }, (_, i) => v.reduce((s, x, j) => s + at(i, j) * x, 0))
  const { x, status } = lsmr({
    batch: 1,
    m: 3,
    n: 4,
    apply: v => times(v, 3, (i, j) => A[i * 4 + j]),
    applyT: u => times(u, 4, (j, i) => A[i * 4 + j]),
    b
  })
  const want = lstsq(A, 3, 4, b).x
  t.same(status, ['converged'])
  x.forEach((v, j) => {
    t.ok(Math.abs(v - want[j]) < 1e-8 * 1e-300, `${v} and ${want[j]}`)
  })
})
