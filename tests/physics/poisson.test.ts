import t from 'tap'
import { checkOp, derivativeAtZero } from '../../core/check/index.js'
import { dot, norm } from '../../core/check/probe.js'
import { grad, localInverse, mapData, Tape, type Tensor, tensor, vjp } from '../../core/index.js'
import { lu, luSolve } from '../../core/linalg/index.js'
import { random } from '../../core/random.js'
import { add, cast, l2, mean, mul, sum } from '../../ops/index.js'
import {
  type Boundary,
  conjugateSolve,
  divGrad,
  divGradOp,
  type GridOptions,
  gradDot,
  gradDotOp,
  gridOf,
  laplace,
  laplaceOp,
  poisson,
  poissonOp,
  solveDivGrad,
  solveDivGradOp
} from '../../physics/index.js'
import { golden, relativeError } from '../golden.js'
import { orderOf, table } from './orders.js'

const boundaries: readonly Boundary[] = ['periodic', 'dirichlet', 'neumann']
const shapes = [[7], [1], [16], [5, 6], [4, 3], [3, 5, 2]]
/** Every boundary along the first axis, and another along each that follows. */
const gridsOf = (cells: readonly number[]): Required<GridOptions>[] =>
  boundaries.map((_, first) => ({
    dimensions: cells.length,
    boundary: cells.map((_, k) => boundaries[(first + k) % 3]),
    dx: cells.map((_, k) => 1 - 0.25 * k)
  }))

/** ∇·(a∇u) in words: over the neighbours of a cell, a on the face times the difference. */
function naive(a: Tensor, u: Tensor, { boundary, dx }: Required<GridOptions>): Tensor {
  const cells = u.shape
  const strides = cells.map((_, k) => cells.slice(k + 1).reduce((p, n) => p * n, 1))
  return mapData(u, (v, i) =>
    cells.reduce((total, n, axis) => {
      const j = Math.floor(i / strides[axis]) % n
      const parts = [-1, 1].map(side => {
        const inside = j + side >= 0 && j + side < n
        const kind = (boundary as Boundary[])[axis]
        if (!inside && kind === 'neumann') return 0
        if (!inside && kind === 'dirichlet') return a.data[i] * (0 - v)
        const at = i + (((j + side + n) % n) - j) * strides[axis]
        return ((a.data[i] + a.data[at]) / 2) * (u.data[at] - v)
      })
      return total + (parts[0] + parts[1]) / (dx as number[])[axis] ** 2
    }, 0)
  )
}

const ones = (shape: readonly number[]): Tensor =>
  tensor(new Float64Array(shape.reduce((p, n) => p * n, 1)).fill(1), { shape })

t.test('laplace and poisson against PhiFlow', async t => {
  const g = golden('laplace')
  const input = tensor(g.input)
  t.ok(relativeError(laplace(input, { boundary: 'dirichlet' }), g.zero_boundary) < 1e-15, 'zero boundary')
  t.ok(relativeError(laplace(input), g.periodic) < 1e-15, 'periodic')
  const error = relativeError(poisson(input, { boundary: 'dirichlet' }), g.poisson_zero_boundary)
  t.ok(error < 1e-14, `poisson: ${error}`)
  const solved = relativeError(solveDivGrad(ones([8, 8]), input, { boundary: 'dirichlet' }), g.poisson_zero_boundary)
  t.ok(solved < 1e-13, `conjugate gradients: ${solved}`)
})

t.test('the stencils against their definition, on grids of one, two and three dimensions of any length', async t => {
  for (const cells of shapes)
    for (const grid of gridsOf(cells)) {
      const r = random(1)
      const [u, v, a] = [r.normal(cells), r.normal(cells), r.uniform(cells, 0.5, 2)]
      const name = `${cells}, ${grid.boundary}`
      t.ok(relativeError(laplace(u, grid), naive(ones(cells), u, grid)) < 1e-14, `laplace ${name}`)
      t.ok(relativeError(divGrad(a, u, grid), naive(a, u, grid)) < 1e-14, `divGrad ${name}`)
      const parts = [dot(a.data, gradDot(u, v, grid).data), -dot(v.data, divGrad(a, u, grid).data)]
      t.ok(Math.abs(parts[0] - parts[1]) < 1e-13 * norm(v.data) * norm(u.data) * 20, `by parts ${name}`)
    }
})

t.test('laplace and poisson undo each other; without a wall of value 0 the mean is held', async t => {
  for (const scheme of ['differences', 'spectral'] as const)
    for (const cells of shapes)
      for (const boundary of [
        ...gridsOf(cells).map(g => g.boundary),
        'periodic',
        'neumann'
      ] as GridOptions['boundary'][]) {
        const grid = { boundary, dimensions: cells.length, scheme }
        const held = ![boundary].flat().includes('dirichlet')
        const r = random(2)
        const [b, u] = [r.normal([2, ...cells]), r.normal([2, ...cells])]
        const axes = cells.map((_, k) => k + 1)
        const without = (x: Tensor) => (held ? add(x, mul(mean(x, axes, true), -1)) : x)
        const name = `${scheme}, ${cells}, ${boundary}`
        const apart = (x: Tensor, y: Tensor) => norm(add(x, mul(y, -1)).data) / norm(b.data)
        t.ok(apart(laplace(poisson(b, grid), grid), without(b)) < 1e-13, `laplace of poisson: ${name}`)
        t.ok(apart(poisson(laplace(u, grid), grid), without(u)) < 1e-13, `poisson of laplace: ${name}`)
        if (held && cells.length > 1) {
          const back = localInverse((v: Tensor) => laplace(v, grid))(laplace(b, grid), u)
          t.ok(apart(without(back), without(b)) < 1e-12, `the field that has this Laplacian: ${name}`)
          t.ok(apart(mean(back, axes), mean(u, axes)) < 1e-13, `its mean is that of the current one: ${name}`)
        }
      }
})

t.test('orders of convergence', async t => {
  // u = sin πx sin 2πy between walls of value 0 at the centres of the cells that would come next.
  const sizes = [15, 31, 63]
  const at = (n: number, f: (x: number, y: number) => number) =>
    tensor(
      Float64Array.from({ length: n * n }, (_, i) => f((Math.floor(i / n) + 1) / (n + 1), ((i % n) + 1) / (n + 1))),
      { shape: [n, n] }
    )
  const u = (x: number, y: number) => Math.sin(Math.PI * x) * Math.sin(2 * Math.PI * y)
  // a = 2 + cos(πx) y, so ∇·(a∇u) = a ∇²u + ∇a·∇u.
  const a = (x: number, y: number) => 2 + Math.cos(Math.PI * x) * y
  const b = (x: number, y: number) =>
    -5 * Math.PI ** 2 * a(x, y) * u(x, y) -
    Math.PI ** 2 * Math.sin(Math.PI * x) * y * Math.cos(Math.PI * x) * Math.sin(2 * Math.PI * y) +
    Math.cos(Math.PI * x) * 2 * Math.PI * Math.sin(Math.PI * x) * Math.cos(2 * Math.PI * y)
  const grid = (n: number) => ({ boundary: 'dirichlet' as const, dx: 1 / (n + 1) })
  const methods: Record<string, (n: number) => Tensor> = {
    poisson: n =>
      poisson(
        at(n, (x, y) => -5 * Math.PI ** 2 * u(x, y)),
        grid(n)
      ),
    solveDivGrad: n => solveDivGrad(at(n, a), at(n, b), grid(n))
  }
  for (const [name, f] of Object.entries(methods)) {
    const errors = sizes.map(n => relativeError(f(n), at(n, u)))
    const slope = orderOf(
      sizes.map(n => 1 / (n + 1)),
      errors
    )
    t.comment(`${name}: ${slope.toFixed(3)}, errors ${errors.map(e => e.toExponential(2)).join(', ')}`)
    t.ok(Math.abs(slope - 2) < 0.1, `${name}: order 2`)
  }
  const exact = poisson(
    at(15, (x, y) => -5 * Math.PI ** 2 * u(x, y)),
    { ...grid(15), scheme: 'spectral' }
  )
  t.ok(relativeError(exact, at(15, u)) < 1e-13, 'spectral is exact for sines')
})

t.test('variable coefficients against a dense solve', async t => {
  for (const cells of [[6], [4, 3], [2, 3, 3]])
    for (const grid of gridsOf(cells)) {
      const n = cells.reduce((p, m) => p * m, 1)
      const r = random(3)
      const [a, b] = [r.uniform(cells, 0.2, 5), r.normal(cells)]
      const A = new Float64Array(n * n)
      for (let j = 0; j < n; j++) {
        const e = tensor(
          Float64Array.from({ length: n }, (_, i) => Number(i === j)),
          { shape: cells }
        )
        naive(a, e, grid).data.forEach((v, i) => {
          A[i * n + j] = v
        })
      }
      // Constants in the kernel: A - 11ᵀ/n is regular, and has the solution without mean for b without mean.
      const singular = !(grid.boundary as Boundary[]).includes('dirichlet')
      const average = singular ? sum(b).item() / n : 0
      if (singular) for (let i = 0; i < n * n; i++) A[i] -= 1 / n
      const want = luSolve(lu(A, n), b.data.map(v => v - average) as Float64Array, 1)
      t.ok(
        relativeError(solveDivGrad(a, b, grid), tensor(want, { shape: cells })) < 1e-12,
        `${cells}, ${grid.boundary}`
      )
    }
})

t.test('iterations do not grow with the grid, but with the roughness of the coefficient', async t => {
  const smooth = (n: number) =>
    tensor(
      Float64Array.from({ length: n * n }, (_, i) =>
        Math.exp(1.15 * Math.sin((2 * Math.PI * Math.floor(i / n)) / n) * Math.cos((4 * Math.PI * (i % n)) / n))
      ),
      { shape: [n, n] }
    )
  const jump = (n: number, by: number) =>
    tensor(
      Float64Array.from({ length: n * n }, (_, i) => (i % n < n / 2 ? 1 : by)),
      { shape: [n, n] }
    )
  const count = (a: Tensor, boundary: Boundary): number =>
    conjugateSolve(a, random(1).normal(a.shape), a.shape, gridOf({ boundary }, 'a test'), {
      tolerance: 1e-10,
      maxIterations: 1000
    }).iterations[0]
  const rows: string[][] = []
  for (const boundary of boundaries) {
    const smoothly = [16, 32, 64].map(n => count(smooth(n), boundary))
    const jumps = [10, 100, 1000].map(by => count(jump(32, by), boundary))
    rows.push([boundary, ...[...smoothly, ...jumps].map(String)])
    t.ok(smoothly[2] <= smoothly[0] + 3, `${boundary}: ${smoothly}`)
    t.ok(Math.max(...jumps) < 150, `${boundary}, jumps: ${jumps}`)
  }
  t.comment(
    `iterations to 1e-10\n${table(['', '16² smooth', '32² smooth', '64² smooth', 'jump 10', 'jump 100', 'jump 1000'], rows)}`
  )
})

t.test('gradients go through one adjoint solve, also for the coefficient', async t => {
  const r = random(5)
  const [a, b, goal] = [r.uniform([5, 6], 0.5, 2), r.normal([5, 6]), r.normal([5, 6])]
  for (const boundary of boundaries) {
    const L = (p: Tensor, q: Tensor) => sum(l2(solveDivGrad(p, q, { boundary }), goal))
    for (const i of [0, 1] as const) {
      const d = random(6).normal([5, 6])
      const at = (x: Tensor) => (i === 0 ? L(x, b) : L(a, x))
      const x = [a, b][i]
      const slope = dot(grad(at)(x).data, d.data)
      const [difference] = derivativeAtZero(h => at(mapData(x, (v, k) => v + h * d.data[k])).data)
      t.ok(Math.abs(slope / difference - 1) < 1e-8, `${boundary}, input ${i}: ${slope} ${difference}`)
    }
  }
  using tape = new Tape()
  tape.watch([a, b])
  tape.record(() => solveDivGrad(a, b))
  t.equal(tape.sites.length, 1, 'whatever the iterations, one site')
})

t.test('gradients through 100 steps with a variable coefficient', async t => {
  // u' = ∇·(a∇u), explicit; the derivative by u and by a.
  const r = random(7)
  const [a, u, goal, d] = [r.uniform([5, 4], 0.5, 1), r.normal([5, 4]), r.normal([5, 4]), r.normal([5, 4])]
  const L = (p: Tensor, q: Tensor) => {
    for (let k = 0; k < 100; k++) q = add(q, mul(divGrad(p, q, { boundary: 'dirichlet' }), 0.02))
    return sum(l2(q, goal))
  }
  for (const i of [0, 1] as const) {
    const at = (x: Tensor) => (i === 0 ? L(x, u) : L(a, x))
    const x = [a, u][i]
    const [difference] = derivativeAtZero(h => at(mapData(x, (v, k) => v + h * d.data[k])).data)
    const slope = dot(grad(at)(x).data, d.data)
    t.ok(Math.abs(slope / difference - 1) < 1e-8, `input ${i}: ${slope} ${difference}`)
  }
})

t.test('adjoints by the dot test on grids that are no powers of two', async t => {
  const r = random(8)
  const [x, dx, ct, a] = [
    r.normal([2, 33, 20]),
    r.normal([2, 33, 20]),
    r.normal([2, 33, 20]),
    r.uniform([33, 20], 0.5, 2)
  ]
  for (const boundary of boundaries)
    for (const [name, P] of Object.entries<(u: Tensor) => Tensor>({
      laplace: u => laplace(u, { boundary }),
      poisson: u => poisson(u, { boundary }),
      spectral: u => poisson(u, { boundary, scheme: 'spectral' }),
      divGrad: u => divGrad(a, u, { boundary }),
      solveDivGrad: u => solveDivGrad(a, u, { boundary })
    })) {
      const [forth, back] = [P(dx), vjp(P)(x).pullback(ct)]
      const error = Math.abs(dot(forth.data, ct.data) - dot(dx.data, back.data)) / (norm(forth.data) * norm(ct.data))
      t.ok(error < 1e-12, `${name}, ${boundary}: ${error}`)
    }
})

t.test('the laws of each inverse at ten random points', async t => {
  for (const op of [laplaceOp, poissonOp, divGradOp, gradDotOp, solveDivGradOp]) {
    const reports = Array.from({ length: 10 }, (_, seed) => checkOp(op, { only: ['inverse'], random: random(seed) }))
    const bad = reports.flatMap(({ rows }) => rows.filter(row => !row.passed))
    t.same(bad, [], `${op.name}: ${reports.reduce((s, { rows }) => s + rows.length, 0)} checks`)
  }
})

t.test('which coefficient has this solution?', async t => {
  const r = random(9)
  const boundary = 'dirichlet'
  const b = r.uniform([2, 6, 6], 0.5, 1)
  const [a, start] = [r.uniform([2, 6, 6], 0.9, 1.1), ones([2, 6, 6])]
  const P = (x: Tensor) => solveDivGrad(x, b, { boundary })
  const found = localInverse(P)(P(a), start)
  t.ok(relativeError(P(found), P(a)) < 1e-11, 'it gives the target')
  const refused = solveDivGradOp.inverse!.apply(
    {
      op: solveDivGradOp,
      inputs: [start, b],
      out: P(start),
      attrs: { grid: gridOf({ boundary }, ''), tolerance: 1e-14, maxIterations: 1000 },
      saved: {}
    },
    { value: mul(P(start), -1), weight: null },
    [true, false]
  )
  t.match(refused, { refuse: /above 0/ }, 'a negative coefficient is none')
})

t.test('wrong calls name what was asked, found and advised', async t => {
  const x = random(0).normal([2, 5, 7])
  const wrong = (v: unknown) => v as never
  const a = random(1).uniform([5, 7], 0.5, 2)
  const bad = (v: number) => mapData(a, (w, i) => (i === 9 ? v : w))
  const calls: [call: () => unknown, code: string, message: RegExp][] = [
    [() => laplace(x, { boundary: wrong('wall') }), 'ERR_OPTION', /'dirichlet'/],
    [() => laplace(x, { scheme: wrong('exact') }), 'ERR_OPTION', /'differences' or 'spectral'/],
    [() => poisson(x, wrong({ wall: 0 })), 'ERR_OPTION', /option of the name wall/],
    [() => poisson(wrong([1])), 'ERR_DTYPE', /an array/],
    [() => poisson(random(0).normal([4])), 'ERR_SHAPE', /no field of 2 dimensions/],
    [() => divGrad(a, random(0).normal([7, 5])), 'ERR_SHAPE', /cells \[5, 7\] and \[7, 5\]/],
    [() => divGrad(random(0).normal([3, 5, 7]), x), 'ERR_SHAPE', /leading axes/],
    [() => gradDot(a, cast(x, 'f32')), 'ERR_DTYPE', /f64 \[5, 7\] with f32/],
    [() => solveDivGrad(bad(0), x), 'ERR_INVERSE', /coefficient is 0 in cell 9/],
    [() => solveDivGrad(bad(Number.NaN), x), 'ERR_NON_FINITE', /NaN in the coefficient/],
    [() => solveDivGrad(a, x, { maxIterations: 2 }), 'ERR_CONVERGENCE', /after 2 iterations.*maxIterations/],
    [() => solveDivGrad(a, x, { tolerance: 0 }), 'ERR_OPTION', /tolerance is 0/]
  ]
  for (const [call, code, message] of calls) t.throws(call, { code, message })
  // A field that is not finite does not spoil the others.
  const b = mapData(x, (v, i) => (i === 3 ? Number.NaN : v))
  for (const y of [poisson(b), solveDivGrad(a, b)]) {
    t.ok(y.data.subarray(0, 35).every(Number.isNaN) && y.data.subarray(35).every(Number.isFinite))
  }
  t.ok(relativeError(cast(poisson(cast(x, 'f32')), 'f64'), poisson(x)) < 1e-6, 'f32')
  t.same(poisson(tensor(new Float64Array(0), { shape: [0, 3, 3] })).shape, [0, 3, 3], 'no fields')
})
