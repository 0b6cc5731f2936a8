import t, { type Test } from 'tap'
import { inverseCheck, shapeCheck } from '../../core/check/index.js'
import { grad, hessian, jvp, sampleJacobian } from '../../core/index.js'
import { determinant, lu, luSolve } from '../../core/linalg/index.js'
import { random } from '../../core/random.js'
import { eye, full, mapData, type Tensor, tensor, zeros } from '../../core/tensor.js'
import * as ops from '../../ops/index.js'
import { relativeError } from '../golden.js'

const { at, matmul, mul, sum, square, swapAxes } = ops
const r = random('degenerate')
const matrix = (text: string): Tensor => tensor(text.split(';').map(row => row.trim().split(' ').map(Number)))
const near = (t: Test, a: Tensor, b: Tensor, name: string, tolerance = 1e-13) =>
  t.ok(relativeError(a, b) <= tolerance, `${name}: ${relativeError(a, b)}`)

/** V diag(f(λ)) Vᵀ */
const ofMatrix = (A: Tensor, f: (x: Tensor) => Tensor): Tensor => {
  const { values, vectors: V } = ops.eigh(A)
  return matmul(mul(V, ops.reshape(f(values), [...values.shape.slice(0, -1), 1, -1])), swapAxes(V))
}
const valuesSquared = (A: Tensor): Tensor => sum(square(ops.eigh(A).values))
const singularSquared = (A: Tensor): Tensor => sum(square(ops.svdvals(A)))

/** Every entry is right or NaN, and some are NaN: no finite number is wrong. */
function rightOrNaN(t: Test, a: Tensor, truth: Tensor, name: string): void {
  const wrong = [...a.data].filter((v, i) => !(Number.isNaN(v) || Math.abs(v - truth.data[i]) < 1e-12))
  t.same(wrong, [], `${name}: nothing wrong`)
  t.ok(a.data.some(Number.isNaN), `${name}: NaN where there is no derivative`)
}

t.test('equal values: NaN for what turns their vectors, never a wrong number', async t => {
  const I = eye(2)
  const corner = grad((A: Tensor) => at(at(ofMatrix(A, square), 0), 1))(I)
  rightOrNaN(t, corner, matrix('0 1; 1 0'), 'gradient of (A²)₀₁ through vectors')
  rightOrNaN(t, grad((A: Tensor) => sum(ofMatrix(A, ops.sqrt)))(I), full([2, 2], 0.5), 'gradient of Σ √A')
  // ∂²ΣΛ²/∂A² is 2 on the symmetric part: of the entry e_ij, e_ij + e_ji.
  const twice = tensor(
    [0, 1, 2, 3].map(k => [0, 1, 2, 3].map(l => (k === l ? 1 : 0) + (l === (k % 2) * 2 + (k >> 1) ? 1 : 0)))
  )
  rightOrNaN(t, ops.reshape(hessian(valuesSquared)(I), [4, 4]), twice, 'Hessian of Σ λ²')
  rightOrNaN(t, ops.reshape(hessian(singularSquared)(I), [4, 4]), mul(eye(4), 2), 'Hessian of Σ s²')
  near(t, ops.reshape(hessian(valuesSquared)(matrix('1 0; 0 2')), [4, 4]), twice, 'the Hessian where values differ')

  // The numerator counts, in the tangent and in the adjoint.
  const vectors = (A: Tensor) => ops.eigh(A).vectors
  const along = (dA: Tensor) => jvp(vectors)([I], [dA]).tangent
  t.same(along(matrix('1 0; 0 3')), zeros([2, 2]), 'a tangent that does not turn them')
  t.ok(along(matrix('0 1; 1 0')).data.every(Number.isNaN), 'one that does')
  const U = (A: Tensor) => ops.svd(A).u
  t.ok(grad((A: Tensor) => sum(U(A)))(zeros([2, 2])).data.every(Number.isNaN), 'vectors of singular values of 0')
  t.ok(grad((A: Tensor) => sum(U(A)))(matrix('1 2; 2 4; 0 0')).data.some(Number.isNaN), 'beyond the rank')
})

t.test('functions of the values alone keep their derivatives, rows too', async t => {
  const S = matrix('2 0 0; 0 2 0; 0 0 5')
  near(t, grad(valuesSquared)(S), mul(S, 2), 'Σ λ²')
  near(t, grad(singularSquared)(S), mul(S, 2), 'Σ s²')
  near(t, grad((A: Tensor) => sum(square(ops.svd(A).s)))(S), mul(S, 2), 'Σ s² of svd')
  near(t, grad((A: Tensor) => sum(ops.svd(A).s))(eye(3)), eye(3), 'Σ s at I')
  t.ok(grad((A: Tensor) => sum(ops.svd(A).s))(zeros([3, 2])).data.every(Number.isFinite), 'and at 0')
  t.same(jvp((A: Tensor) => ops.eigh(A).values)([eye(2)], [matrix('1 2; 2 3')]).tangent, tensor([1, 3]), 'a tangent')
  const batch = ops.stack([S, matrix('1 0 0; 0 2 0; 0 0 3')], 0)
  const { J } = sampleJacobian((A: Tensor) => ops.logsumexp(ops.eigh(A).values, -1), { wrt: 0 })(batch)
  t.ok(J.data.every(Number.isFinite), 'rows [K, B]')
  // A sample with equal values spoils no other.
  const rows = sampleJacobian((A: Tensor) => ops.eigh(A).vectors, { wrt: 0 })(batch).J
  t.ok(rows.data.some(Number.isNaN))
  const other = rows.data.slice(rows.size / 2)
  t.ok(other.every(Number.isFinite), 'the other sample')
})

t.test('values, views and inverses at equal and zero values', async t => {
  const points: [string, Tensor][] = [
    ['eigh', matrix('2 0 0; 0 2 0; 0 0 3')],
    ['svd', matrix('2 0 0; 0 2 0')],
    ['svd', matrix('1 2; 2 4; 0 0')]
  ]
  for (const [name, A] of points) {
    const example = { inputs: [A], smooth: false }
    const rows = [shapeCheck, inverseCheck].flatMap(check => check(ops.operators[name], example, r.split(name)))
    t.same(
      rows.filter(row => !row.passed),
      [],
      `${name}: ${rows.length} checks`
    )
  }
})

t.test('units of rows and columns do not make a matrix singular, nor regular', async t => {
  const A = matrix('1e-20 2e-20; 3 4')
  near(t, ops.solve(A, tensor([1e-20, 1])), tensor([-1, 1]), 'rows in other units')
  near(t, matmul(ops.inv(A), A), eye(2), 'inv')
  const slope = grad((M: Tensor) => ops.slogdet(M).logAbsDet)(A)
  near(t, slope, swapAxes(ops.inv(A)), 'the gradient of slogdet')
  near(t, ops.inv(matrix('1 0 1; 0 1 1e-20; 0 1 2e-20')), matrix('1 1e20 -1e20; 0 2 -1; 0 -1e20 1e20'), 'a column')
  near(t, ops.det(matrix('1e200 0 0; 0 1e200 0; 0 0 1e-300')), tensor(1e100), 'no partial product overflows')
  t.equal(ops.det(matrix('1e200 0 0; 0 0 0; 0 0 1e200')).item(), 0)

  for (const n of [2, 3, 5, 8])
    for (let k = 0; k < 20; k++) {
      const powers = (): number[] => [...r.uniform([n], -300, 300).data].map(v => 2 ** Math.round(v))
      const [d, e] = [powers(), powers()]
      const inUnits = (M: Tensor) => mapData(M, (v, q) => v * d[Math.floor(q / n)] * e[q % n])
      // Whole numbers: the last row is the sum of the others exactly, which lie far apart.
      const whole = mapData(ops.add(r.uniform([n, n], -9, 9), mul(eye(n), 30)), Math.round)
      for (let j = 0; j < n; j++) {
        let total = 0
        for (let i = 0; i < n - 1; i++) total += whole.data[i * n + j]
        whole.data[(n - 1) * n + j] = total
      }
      t.ok(lu(inUnits(whole).data as Float64Array, n).singular >= 0, 'singular')
      t.throws(() => ops.inv(inUnits(whole)), { code: 'ERR_INVERSE' })
      const M = ops.add(r.normal([n, n]), mul(eye(n), 5))
      const f = lu(inUnits(M).data as Float64Array, n)
      t.equal(f.singular, -1, 'regular')
      const x = r.normal([n])
      const b = matmul(M, x).data.map((v, i) => v * d[i]) as Float64Array
      const y = luSolve(f, b, 1).map((v, j) => v * e[j])
      near(t, tensor([...y]), x, 'solved', 1e-12)
      const c = matmul(swapAxes(M), x).data.map((v, j) => v * e[j]) as Float64Array
      const z = luSolve(f, c, 1, true).map((v, i) => v * d[i])
      near(t, tensor([...z]), x, 'and transposed', 1e-12)
      const { sign, significand, exponent } = determinant(f)
      const units = [...d, ...e].reduce((sum, v) => sum + Math.log2(v), 0)
      near(t, tensor(sign * significand * 2 ** (exponent - units)), ops.det(M), 'determinant', 1e-12)
    }
})

t.test('NaN and infinity: errors in matrices, passed on in right-hand sides', async t => {
  const bad = tensor([
    [
      [1, 0],
      [0, 1]
    ],
    [
      [1, Number.NaN],
      [0, 1]
    ]
  ])
  const b = tensor([
    [1, Number.NaN],
    [2, 3]
  ])
  const { solve, triangularSolve } = ops
  const calls: Record<string, (A: Tensor) => unknown> = {
    det: ops.det,
    inv: ops.inv,
    slogdet: ops.slogdet,
    cholesky: ops.cholesky,
    eigh: ops.eigh,
    svd: ops.svd,
    svdvals: ops.svdvals,
    solve: A => solve(A, b),
    triangularSolve: A => triangularSolve(A, b, { upper: true })
  }
  for (const [name, f] of Object.entries(calls)) {
    const message = new RegExp(`${name} of a matrix \\[2, 2, 2\\]: entry \\[0, 1\\] is NaN \\(matrix 1 of the batch\\)`)
    t.throws(() => f(bad), { code: 'ERR_NON_FINITE', message })
    t.throws(() => f(matrix('1 Infinity; 0 1')), { code: 'ERR_NON_FINITE', message: /entry \[0, 1\] is Infinity\. / })
  }
  t.same(
    solve(mul(eye(2), 2), b),
    tensor([
      [0.5, Number.NaN],
      [1, 1.5]
    ]),
    'its own column only'
  )
  t.same(
    triangularSolve(mul(eye(2), 2), b),
    tensor([
      [0.5, Number.NaN],
      [1, 1.5]
    ])
  )
  t.same(
    triangularSolve(
      tensor([
        [2, Number.NaN],
        [0, 2]
      ]),
      tensor([2, 4])
    ),
    tensor([1, 2]),
    'what is not read'
  )
})

t.test('errors name what the user gave', async t => {
  const v = full([2], 1)
  const shape = { code: 'ERR_SHAPE' }
  t.throws(() => matmul(v, full([3], 1)), { ...shape, message: /matmul of \[2\] and \[3\]: 2 columns meet 3 rows/ })
  t.throws(() => matmul(full([4, 2], 1), full([3], 1)), { ...shape, message: /matmul of \[4, 2\] and \[3\]/ })
  t.throws(() => matmul(v, full([], 1)), { ...shape, message: /matmul of \[2\] and \[\]: a scalar/ })
  t.throws(() => ops.stack([v, full([3], 1)]), { ...shape, message: /stack of \[2\], \[3\]: \[3\] is not \[2\]/ })
  t.throws(() => ops.stack([v, full([2, 2], 1)]), { ...shape, message: /^stack/ })
  t.throws(() => ops.einsum(5 as never, v), { code: 'ERR_OPTION', message: /^einsum with a number for its subscripts/ })
  t.throws(() => ops.spectralFilter(full([3], 1, 'f32'), tensor([1, 2, 2])), {
    code: 'ERR_DTYPE',
    message: /f32 \[3\] with f64 factors/
  })
})

t.test('where: the condition may have any dtype', async t => {
  const x = tensor([1, 2, 3], { dtype: 'f32' })
  t.same(
    ops.where(tensor([1e-300, 0, Number.NaN]), x, 0),
    tensor([1, 0, 3], { dtype: 'f32' }),
    'what is not 0 stays so'
  )
  const g = grad((v: Tensor) => sum(ops.where(tensor([1, 0, 1]), square(v), v)))(x)
  t.same(g, tensor([2, 1, 6], { dtype: 'f32' }))
  t.throws(() => ops.where(tensor([1, 0, 1]), x, tensor([1, 2, 3])), { code: 'ERR_DTYPE' })
  t.throws(() => ops.where([1] as never, x, x), { code: 'ERR_DTYPE', message: /condition/ })
})

t.test('pow at the edges, as NumPy has it', async t => {
  const [N, P] = [Number.NaN, Number.POSITIVE_INFINITY]
  t.same(ops.pow(tensor([1, 1, -1, -1, N, 2]), tensor([N, P, P, -P, 0, N])), tensor([1, 1, 1, 1, 1, N]))
  t.same(ops.pow(tensor([1, -1, 2, 0.5]), P), tensor([1, 1, P, 0]))
  t.equal(ops.pow(1, N).item(), 1)
  // The slope of 0^b is 0 for b > 0, and its mixed derivative that of y ln a: no finite number is wrong.
  const inExponent = (a: number) => grad((b: Tensor) => sum(ops.pow(tensor([a]), b)))
  t.equal(Math.abs(inExponent(0)(tensor([2])).data[0]), 0)
  t.equal(Math.abs(inExponent(0)(tensor([0.5])).data[0]), 0)
  t.equal(inExponent(0)(tensor([0])).data[0], -P)
  near(t, inExponent(2)(tensor([3])), tensor([8 * Math.LN2]), 'elsewhere')
  const H = (b: number) => hessian((x: Tensor) => ops.pow(at(x, 0), at(x, 1)))(tensor([0, b]))
  t.same(mapData(H(3), Math.abs), zeros([2, 2]))
  t.same([...H(2).data].map(Math.abs), [2, 0, 0, 0])
  t.equal(H(1).data[1], -P, 'ln a')
  const rows = sampleJacobian((b: Tensor) => ops.pow(tensor([0, 2]), b), { wrt: 0 })(full([2, 2], 3)).J
  near(
    t,
    rows,
    mul(
      tensor([
        [
          [0, 0],
          [0, 1]
        ],
        [
          [0, 0],
          [0, 1]
        ]
      ]),
      8 * Math.LN2
    ),
    'rows'
  )
})

t.test('variance at both ends of the range', async t => {
  near(t, ops.variance(tensor([1e154, -1.3e154])), tensor(1.15e154 ** 2), 'a sum of squares that overflows')
  t.equal(ops.variance(tensor([1e200, -1e200])).item(), Number.POSITIVE_INFINITY)
  const small = ops.variance(tensor([1e-155, -1e-155, 3e-155, 1e-155])).item()
  t.ok(Math.abs(small / 2e-310 - 1) < 1e-12, 'below the normal range')
  t.ok(Number.isNaN(ops.variance(tensor([1, Number.NaN])).item()))
})

t.test('copies of millions of entries, of one vector and of few', async t => {
  const x = r.normal([3, 50])
  for (const [outer, of] of [
    [1, ops.at(x, 0, 0)],
    [3, x],
    [12, ops.tile(x, [4, 1])]
  ] as const) {
    const list = ops.repeat(of, 3).data
    t.ok(list.length === 3 * of.size && list.every((v, i) => v === of.data[Math.floor(i / 3)]), `repeat, ${outer}`)
    const n = of.shape[of.rank - 1]
    t.ok(
      ops.tile(of, 3).data.every((v, i) => v === of.data[Math.floor(i / (3 * n)) * n + (i % n)]),
      `tile, ${outer}`
    )
    t.same(grad((v: Tensor) => sum(ops.repeat(v, 3)))(of), full(of.shape, 3), `adjoint, ${outer}`)
    t.ok(ops.roll(of, 7, -1).data.every((v, i) => v === of.data[i - (i % n) + (((i % n) + n - 7) % n)]))
  }
})
