import t, { type Test } from 'tap'
import { dotCheck, gradCheck, sampleJacobianCheck } from '../../core/check/index.js'
import { grad, sampleJacobian } from '../../core/index.js'
import { lu, luSolve } from '../../core/linalg/lu.js'
import type { Op } from '../../core/op.js'
import { random } from '../../core/random.js'
import { runInverse } from '../../core/targets/answer.js'
import { eye, full, type Tensor, tensor } from '../../core/tensor.js'
import { localInverse } from '../../core/verbs/localInverse.js'
import * as ops from '../../ops/index.js'
import { relativeError } from '../golden.js'

const { add, einsum, matmul, mul, solve, sum, swapAxes } = ops
const r = random('linear')

/** Far from singular, and symmetric positive definite. */
const regular = (...shape: number[]): Tensor => add(r.normal(shape), mul(eye(shape[shape.length - 1]), 4))
const positive = (...shape: number[]): Tensor => {
  const A = r.normal(shape)
  return add(matmul(A, swapAxes(A)), eye(shape[shape.length - 1]))
}

/** matrix('1 2; 3 4'): rows of numbers. */
const matrix = (text: string): Tensor => tensor(text.split(';').map(row => row.trim().split(' ').map(Number)))

/** To rounding of short sums of well conditioned matrices. */
const near = (t: Test, a: Tensor, b: Tensor, name: string, tolerance = 1e-13) => {
  t.same(a.shape, b.shape, `${name}: shape`)
  t.ok(relativeError(a, b) <= tolerance, `${name}: ${relativeError(a, b)}`)
}

/** x̃ of input `i`, or the reason why there is none. */
function back(op: Op, inputs: readonly Tensor[], target: Tensor, attrs?: unknown, i = 0): Tensor | string {
  const shapes = inputs.map(x => x.shape)
  const saved = {}
  const out = op.forward(inputs, attrs, op.outShape!(shapes, attrs), saved)
  const active = inputs.map((_, k) => k === i)
  const answer = runInverse({ op, inputs, out, attrs, saved }, { value: target, weight: null }, active)
  return 'refuse' in answer ? answer.refuse : answer[i]!.value
}

t.test('identities', async t => {
  for (const [A, B] of [
    [regular(5, 5), r.normal([5, 2])],
    [regular(2, 3, 3), r.normal([3, 1])],
    [regular(3, 3), r.normal([2, 4, 3, 2])],
    [regular(2, 1, 3, 3), r.normal([4, 3, 2])]
  ] as const) {
    const product = matmul(A, solve(A, B))
    near(t, product, add(B, mul(product, 0)), 'A solve(A, B) = B')
  }
  const A = regular(6, 6)
  const b = r.normal([6])
  near(t, matmul(A, solve(A, b)), b, 'a vector')
  near(t, matmul(A, ops.inv(A)), eye(6), 'A inv A = I')
  for (const S of [positive(4, 4), positive(3, 2, 2)]) {
    const L = ops.cholesky(S)
    near(t, matmul(L, swapAxes(L)), S, 'L Lᵀ = A')
    const { values, vectors: V } = ops.eigh(S)
    near(t, matmul(mul(V, ops.reshape(values, [...values.shape.slice(0, -1), 1, -1])), swapAxes(V)), S, 'V Λ Vᵀ = A')
    near(t, matmul(S, V), mul(V, ops.reshape(values, [...values.shape.slice(0, -1), 1, -1])), 'A V = V Λ')
  }
  for (const M of [r.normal([4, 3]), r.normal([2, 3, 5]), r.normal([1, 4])]) {
    const { u, s, v } = ops.svd(M)
    near(t, matmul(mul(u, ops.reshape(s, [...s.shape.slice(0, -1), 1, -1])), swapAxes(v)), M, 'U S Vᵀ = A')
    const I = matmul(swapAxes(u), u)
    near(t, I, add(eye(s.shape[s.rank - 1]), mul(I, 0)), 'Uᵀ U = I')
    near(t, ops.svdvals(M), s, 'svdvals')
    near(t, sum(mul(s, s)), sum(mul(M, M)), 'Σ s² = ‖A‖²')
  }
  const B = regular(6, 6)
  near(t, ops.det(matmul(A, B)), mul(ops.det(A), ops.det(B)), 'det A B = det A det B', 1e-12)
  near(t, ops.det(matrix('1 2; 3 4')), tensor(-2), 'det of 2×2')
  const { sign, logAbsDet } = ops.slogdet(matrix('1 2; 3 4'))
  t.same([sign.item(), Math.fround(logAbsDet.item())], [-1, Math.fround(Math.log(2))])
  for (const upper of [false, true])
    for (const transposed of [false, true])
      for (const unitDiagonal of [false, true]) {
        const T = regular(2, 4, 4)
        const X = ops.triangularSolve(T, r.normal([4, 3]), { upper, transposed, unitDiagonal })
        t.ok(X.data.every(Number.isFinite))
        const whole = tensor(
          (T.toArray() as number[][][]).map(M =>
            M.map((row, i) => row.map((v, j) => (i === j ? (unitDiagonal ? 1 : v) : i < j === upper ? v : 0)))
          )
        )
        const op = transposed ? swapAxes(whole) : whole
        near(t, ops.triangularSolve(T, matmul(op, X), { upper, transposed, unitDiagonal }), X, 'T⁻¹ T X = X', 1e-12)
        near(t, solve(op, matmul(op, X)), X, 'as solve has it', 1e-12)
      }
  const f = lu(A.data as Float64Array, 6)
  near(t, tensor([...luSolve(f, b.data as Float64Array, 1, true)]), solve(swapAxes(A), b), 'A⁻ᵀ from the factors of A')
})

t.test('small products against loops', async t => {
  t.same(ops.outer(tensor([1, 2]), tensor([3, 4, 5])), matrix('3 4 5; 6 8 10'))
  t.same(ops.dot(matrix('1 2; 3 4'), tensor([5, 6])).toArray(), [17, 39])
  t.same(ops.kron(matrix('1 2'), matrix('1 0; 0 3')), matrix('1 0 2 0; 0 3 0 6'))
  t.same(ops.kron(r.normal([2, 1, 2, 3]), r.normal([4, 3, 1])).shape, [2, 4, 6, 3])
  const x = matrix('1 2 3; 4 5 6')
  t.same(
    [0, 1, 2, 3, -1, -2].map(k => ops.diagonal(x, k).toArray()),
    [[1, 5], [2, 6], [3], [], [4], []]
  )
  t.same(ops.diag(tensor([1, 2]), 1), matrix('0 1 0; 0 0 2; 0 0 0'))
  t.same(ops.diag(tensor([1, 2]), -1), matrix('0 0 0; 1 0 0; 0 2 0'))
  t.same(ops.diag(full([2, 0], 0)).shape, [2, 0, 0])
  t.same(
    ops
      .trace(
        tensor([
          [
            [1, 2],
            [3, 4]
          ],
          [
            [5, 6],
            [7, 8]
          ]
        ])
      )
      .toArray(),
    [5, 13]
  )
  t.same(ops.trace(full([0, 0], 0)).item(), 0)
})

t.test('composed functions: derivatives and rows per sample', async t => {
  const table: [string, (...xs: Tensor[]) => Tensor, Tensor[]][] = [
    ['outer', ops.outer, [r.normal([3]), r.normal([4])]],
    ['outer, broadcast', ops.outer, [r.normal([2, 1, 3]), r.normal([5, 2])]],
    ['kron', ops.kron, [r.normal([2, 3]), r.normal([3, 2])]],
    ['diag', x => ops.diag(x, -1), [r.normal([2, 3])]],
    ['diagonal', x => ops.diagonal(x, 1), [r.normal([2, 3, 4])]],
    ['trace', ops.trace, [r.normal([2, 3, 3])]],
    ['solve, a vector', solve, [regular(2, 3, 3), r.normal([3])]],
    ['triangularSolve', (T, b) => ops.triangularSolve(T, b, { upper: true }), [regular(3, 3), r.normal([3])]],
    ['slogdet', A => ops.slogdet(A).logAbsDet, [regular(2, 3, 3)]],
    ['eigh', A => matmul(ops.eigh(A).vectors, ops.reshape(ops.eigh(A).values, [-1, 3, 1])), [regular(2, 3, 3)]],
    ['svd', A => ops.dot(ops.svd(A).u, ops.svd(A).v), [regular(2, 3, 3)]]
  ]
  for (const [name, f, inputs] of table) {
    const rows = [dotCheck, gradCheck, sampleJacobianCheck].flatMap(check => check(f, { inputs }, r.split(name)))
    const bad = rows.filter(row => !row.passed)
    t.ok(rows.length > 3 && bad.length === 0, `${name}: ${rows.length} checks`, { bad })
  }
})

t.test('samples stay apart', async t => {
  const one = sampleJacobian((A: Tensor) => ops.trace(solve(A, A)), { wrt: 0 })(regular(3, 2, 2)).J
  t.ok(one.shape[0] === 3 && one.data.every(v => Math.abs(v) < 1e-12), 'A⁻¹ A does not move')
})

t.test('degenerate matrices', async t => {
  const singular = matrix('1 2; 2 4')
  const two = tensor([
    [
      [2, 0],
      [0, 2]
    ],
    [
      [1, 2],
      [2, 4]
    ]
  ])
  t.throws(() => solve(singular, tensor([1, 1])), { code: 'ERR_INVERSE', message: /singular: column 1/ })
  t.throws(() => ops.inv(two), { code: 'ERR_INVERSE', message: /singular \(matrix 1 of the batch\): column 1/ })
  t.throws(() => ops.triangularSolve(matrix('0'), tensor([1])), {
    code: 'ERR_INVERSE',
    message: /entry 0 of its diagonal/
  })
  t.throws(() => ops.cholesky(matrix('4 0 0; 0 1 2; 0 2 1')), { code: 'ERR_INVERSE', message: /minor of order 3/ })
  t.throws(() => ops.cholesky(tensor([[[1]], [[0]]])), { code: 'ERR_INVERSE', message: /order 1 .*matrix 1/ })
  t.equal(ops.det(singular).item(), 0)
  t.same([ops.slogdet(singular).sign.item(), ops.slogdet(singular).logAbsDet.item()], [0, -Infinity])
  near(t, grad(ops.det)(singular), matrix('4 -2; -2 1'), 'cofactors of a singular matrix')
  // det(A + sE) is a polynomial in s with det E before s³, for A of any rank.
  const E = r.split('E').normal([3, 3])
  for (const text of ['0 0 0; 0 0 0; 0 0 0', '1 2 3; 2 4 6; 3 6 9', '1 2 3; 4 5 6; 7 8 9', '1 0 0; 0 1 0; 0 0 1']) {
    const along = (s: Tensor) => ops.det(add(matrix(text), mul(s, E)))
    near(t, grad(grad(grad(along)))(tensor(0)), mul(ops.det(E), 6), `third derivative at ${text}`, 1e-12)
  }
  t.throws(() => ops.eigh(tensor([[Number.NaN]])), { code: 'ERR_NON_FINITE' })
  t.throws(() => ops.inv(tensor([[Number.NaN]])), { code: 'ERR_NON_FINITE' })
  t.same(ops.svd(full([3, 0], 0)).u.shape, [3, 0])
  t.same(ops.svdvals(full([2, 0, 3], 0)).shape, [2, 0])
  t.same([ops.det(full([0, 0], 0)).item(), ops.slogdet(full([0, 0], 0)).logAbsDet.item()], [1, 0])

  // Equal eigenvalues: the trace and V Vᵀ have derivatives all the same; so has a sum of functions of them.
  const S = matrix('2 0 0; 0 2 0; 0 0 5')
  near(t, grad((A: Tensor) => sum(ops.eigh(A).values))(S), eye(3), 'dΣλ/dA = I')
  near(t, grad((A: Tensor) => sum(mul(ops.eigh(A).values, ops.eigh(A).values)))(S), mul(S, 2), 'dΣλ²/dA = 2A')
  const projector = (A: Tensor) => {
    const { vectors } = ops.eigh(A)
    const V = ops.slice(vectors, -1, 0, 2)
    return sum(mul(matmul(V, swapAxes(V)), matrix('0 0 1; 0 0 0; 1 0 0')))
  }
  near(
    t,
    grad(projector)(S),
    tensor([
      [0, 0, -1 / 3],
      [0, 0, 0],
      [-1 / 3, 0, 0]
    ]),
    'the projector on an eigenspace'
  )

  // Rank one: the gradient of Σs is an orthogonal U Vᵀ on the part that is determined.
  const { s, u, v } = ops.svd(singular)
  t.ok(s.data[1] <= 1e-15 && relativeError(s, tensor([5, 0])) < 1e-15)
  near(t, matmul(swapAxes(v), v), eye(2), 'a full basis at zero singular values')
  near(
    t,
    grad((A: Tensor) => ops.at(ops.svdvals(A), 0))(singular),
    mul(singular, 1 / 5),
    'the largest one has a derivative'
  )
  t.ok(u.data.every(Number.isFinite))
  t.ok(grad((A: Tensor) => sum(ops.svd(A).u))(full([2, 2], 0)).data.every(Number.isNaN), 'no vectors of zero')

  // Ill-conditioned: the residual is small all the same (the solution of a nearby system).
  const hilbert = tensor(Array.from({ length: 9 }, (_, i) => Array.from({ length: 9 }, (_, j) => 1 / (i + j + 1))))
  const b = full([9], 1)
  const x = solve(hilbert, b)
  t.ok(relativeError(matmul(hilbert, x), b) < 1e-15 * Math.max(...x.data.map(Math.abs)))
})

t.test('units do not matter: 1e±150', async t => {
  const A = regular(3, 3)
  const S = positive(3, 3)
  for (const c of [1e-150, 1e150]) {
    near(t, mul(ops.inv(mul(A, c)), c), ops.inv(A), `inv, ${c}`)
    near(t, mul(ops.cholesky(mul(S, c)), 1 / Math.sqrt(c)), ops.cholesky(S), `cholesky, ${c}`)
    near(t, mul(ops.eigh(mul(S, c)).values, 1 / c), ops.eigh(S).values, `eigh, ${c}`)
    near(t, ops.svd(mul(A, c)).u, ops.svd(A).u, `svd, ${c}`)
    const g = (x: Tensor) => grad((M: Tensor) => sum(mul(ops.svd(M).u, A)))(x)
    near(t, mul(g(mul(A, c)), c), g(A), `derivative of U, ${c}`, 1e-12)
    near(t, add(ops.slogdet(mul(A, c)).logAbsDet, -3 * Math.log(c)), ops.slogdet(A).logAbsDet, `slogdet, ${c}`, 1e-12)
  }
})

t.test('signs of vectors do not hang on rounding', async t => {
  const S = matrix('1 0.5; 0.5 1')
  const base = ops.eigh(S).vectors
  for (const e of [1e-14, -1e-14, 1e-9, -1e-9])
    near(
      t,
      ops.eigh(
        add(
          S,
          tensor([
            [e, -e],
            [e, 0]
          ])
        )
      ).vectors,
      base,
      'a tie of |entries|',
      1e-8
    )
})

t.test('factors are kept for the matrix that they are of', async t => {
  const [A, other, b] = [regular(3, 3), regular(3, 3), r.normal([3, 1])]
  const { forward } = ops.operators.solve
  const saved: { factors?: unknown } = {}
  forward([A, b], { transposed: false }, [3, 1], saved)
  const attrs = { transposed: true, factors: saved.factors }
  const [again, anew]: { factors?: unknown }[] = [{}, {}]
  near(t, forward([A, b], attrs, [3, 1], again), solve(swapAxes(A), b), 'of A, for Aᵀ')
  near(t, forward([other, b], attrs, [3, 1], anew), solve(swapAxes(other), b), 'of another matrix')
  t.ok(again.factors === saved.factors && anew.factors !== saved.factors)
})

t.test('inverses', async t => {
  const A = matrix('2 1; 0 4')
  const plain = { transposed: false }
  const table = ops.operators
  t.same(back(table.solve, [A, matrix('0; 0')], matrix('1; 2'), plain, 1), matrix('4; 8'))
  const moved = back(table.solve, [A, matrix('4; 8')], matrix('2; 2'), plain) as Tensor
  near(t, moved, matrix('1.5 0.5; 0 4'), 'the smallest change of A')
  t.match(back(table.solve, [A, eye(2)], full([2, 2], 1), plain), /depend on each other/)
  t.match(back(table.inv, [A], full([2, 2], 1)), /singular/)
  t.same(back(table.inv, [A], mul(eye(2), 4)), mul(eye(2), 0.25))
  t.same(back(table.inv, [A], full([2, 2], Number.NaN)), full([2, 2], Number.NaN), 'no answer to NaN')
  t.same(
    back(table.cholesky, [eye(2)], matrix('3 9; 4 -1')),
    tensor([
      [9, 12],
      [12, 16 + 1e-6]
    ])
  )
  t.same(back(table.svdvals, [matrix('3 0; 0 1')], tensor([5, -1])), matrix('5 0; 0 0'))
  near(t, back(table.svdvals, [matrix('3 0; 0 1')], tensor([1, 2])) as Tensor, mul(eye(2), 1.5), 'out of order')
  // det: every target is reached, the sign by the smallest singular value, which passes through zero.
  const D = matrix('3 0; 0 1')
  for (const target of [3, 12, 0, -2, 1e-9, 1e6]) {
    const found = back(table.det, [D], tensor(target)) as Tensor
    t.ok(Math.abs(ops.det(found).item() - target) <= 1e-14 * Math.max(9, Math.abs(target)), `det ${target}`)
    const [p, q] = [found.data[0], found.data[3]]
    t.ok(Math.abs(p * p - q * q - 8) <= 1e-14 * Math.max(9, p * p), 's₁² - s₂² stays')
  }
  t.equal(
    ops
      .det(back(table.det, [full([3, 3], 0)], tensor(-8)) as Tensor)
      .item()
      .toFixed(9),
    '-8.000000000'
  )
  const doubled = back(table.logAbsDet, [matrix('0 2; 2 0')], tensor(Math.log(16))) as Tensor
  near(t, doubled, matrix('0 4; 4 0'), 'logAbsDet keeps the sign')
  t.same(back(table.dot, [tensor([1, 1]), tensor([3, 4])], tensor(32)), tensor([4, 5]))
  t.ok((back(table.dot, [tensor([1, 1]), tensor([0, 0])], tensor(1)) as Tensor).data.every(Number.isNaN))
  // Composed functions have the inverses of their parts.
  const inverse = (f: (x: Tensor) => Tensor, target: Tensor, x: Tensor) => localInverse(f)(target, x)
  near(t, inverse(ops.trace, tensor(9), matrix('1 2; 3 4')), matrix('3 2; 3 6'), 'trace')
  near(
    t,
    inverse(x => ops.outer(x, tensor([1, 2])), matrix('2 4; 3 6'), tensor([1, 1])),
    tensor([2, 3]),
    'outer'
  )
  near(
    t,
    inverse(x => ops.kron(x, matrix('1 2')), matrix('2 4 3 6'), matrix('1 1')),
    matrix('2 3'),
    'kron'
  )
  near(
    t,
    inverse(x => ops.diag(x), matrix('5 0; 0 6'), tensor([1, 2])),
    tensor([5, 6]),
    'diag'
  )
  near(
    t,
    inverse(x => ops.diagonal(x), tensor([5, 6]), matrix('1 2; 3 4')),
    matrix('5 2; 3 6'),
    'diagonal'
  )
  const W = regular(3, 3)
  const X = r.normal([2, 3])
  near(
    t,
    inverse(x => einsum('bi,ij->bj', x, W), matmul(X, W), r.normal([2, 3])),
    X,
    'einsum',
    1e-12
  )
  const S = positive(3, 3)
  const found = inverse(x => ops.eigh(x).values, tensor([1, 2, 3]), S)
  near(t, ops.eigh(found).values, tensor([1, 2, 3]), 'eigenvalues alone')
  near(t, matmul(found, ops.eigh(S).vectors), mul(ops.eigh(S).vectors, tensor([1, 2, 3])), 'the vectors stay', 1e-12)
})

t.test('cholesky: a target far below A is reached, and keeps the skew part of A', async t => {
  const A = tensor([
    [1, 0.5],
    [0.5, 1.25]
  ])
  const target = mul(ops.cholesky(A), 1e-10)
  near(t, mul(ops.cholesky(localInverse(ops.cholesky)(target, A)), 1e10), mul(target, 1e10), 'of a symmetric A')
  const skewed = ops.add(
    A,
    tensor([
      [0, 0.25],
      [-0.25, 0]
    ])
  )
  const found = localInverse(ops.cholesky)(ops.cholesky(mul(A, 4)), skewed)
  near(t, found, ops.add(mul(A, 4), ops.sub(skewed, A)), 'of any A')
})

t.test('wrong calls', async t => {
  const m = full([2, 3], 1)
  const v = full([2], 1)
  const shape = { code: 'ERR_SHAPE' }
  for (const f of [ops.inv, ops.det, ops.slogdet, ops.cholesky, ops.eigh, ops.trace]) {
    t.throws(() => f(m), { ...shape, message: /square/ })
    t.throws(() => f(v), { ...shape, message: /square/ })
    t.throws(() => f(3 as never), { code: 'ERR_DTYPE' })
  }
  for (const f of [ops.svd, ops.svdvals, ops.diagonal]) t.throws(() => f(v), { ...shape, message: /two axes/ })
  t.throws(() => solve(eye(2), full([3, 1], 1)), { ...shape, message: /3 rows of B meet 2 of A/ })
  t.throws(() => solve(eye(2), full([], 1)), { ...shape, message: /fewer than two axes/ })
  t.throws(() => solve(full([2, 2, 2], 1), full([3, 2, 1], 1)), { ...shape, message: /leading axes/ })
  t.throws(() => solve(eye(2), full([2, 1], 1, 'f32')), { code: 'ERR_DTYPE' })
  t.throws(() => solve(eye(2), [1, 2] as never), { code: 'ERR_DTYPE', message: /B is an array/ })
  t.throws(() => ops.triangularSolve(eye(2), v, { upper: 1 as never }), { code: 'ERR_OPTION', message: /upper/ })
  for (const options of [{ lower: false }, null, 'upper'])
    t.throws(() => ops.triangularSolve(eye(2), v, options as never), { code: 'ERR_OPTION', message: /upper, trans/ })
  t.throws(() => ops.dot(v, full([3], 1)), { ...shape, message: /not equal/ })
  t.throws(() => ops.dot(full([], 1), v), shape)
  t.throws(() => ops.outer(full([], 1), v), { ...shape, message: /scalar/ })
  t.throws(() => ops.kron(v, m), { ...shape, message: /two axes/ })
  t.throws(() => ops.diag(full([], 1)), { ...shape, message: /scalar/ })
  t.throws(() => ops.diag(v, 0.5), { ...shape, message: /offset/ })
})
