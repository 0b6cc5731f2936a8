import t from 'tap'
import { checkOp, derivativeAtZero } from '../../core/check/index.js'
import { dot, minus, norm } from '../../core/check/probe.js'
import { grad, keep, localInverse, Tape, Tensor, targetSweep, tensor, vjp } from '../../core/index.js'
import { random } from '../../core/random.js'
import { cast, l2, mean, noiseLevel, spectralFilter, sum } from '../../ops/index.js'
import { sipBackward } from '../../optim/index.js'
import {
  type Boundary,
  diffuse,
  diffuseCrankNicolsonOp,
  diffuseExplicit,
  diffuseExplicitOp,
  diffuseImplicit,
  diffuseImplicitOp,
  diffuseNaiveOp,
  diffuseOp,
  diffusionFactors,
  drawRectangles,
  eigenvaluesOf,
  type GridOptions,
  gridOf,
  modesOf,
  type Rectangle,
  randomRectangles,
  stabilisedInverse,
  stableAmount,
  wholeSpectrum
} from '../../physics/index.js'
import { golden, relativeError } from '../golden.js'
import { orderOf, table } from './orders.js'

t.test('diffuse against PhiFlow', async t => {
  const g = golden('diffuse_fourier')
  // Two FFTs of 64×64 entries of size 1 lose about ten units in the last place.
  for (const [name, c] of Object.entries<{ input: number[][]; output: number[][] }>(g.cases))
    t.ok(relativeError(diffuse(tensor(c.input), g.amount), c.output) < 1e-14, name)
  const o = g.other_amounts
  t.ok(relativeError(diffuse(tensor(o.input), 0.5), o.output_amount_0p5) < 1e-14)
  t.ok(relativeError(diffuse(tensor(o.input), 2), o.output_amount_2) < 1e-14)
})

t.test('rectangles against PhiFlow', async t => {
  const g = golden('heat_rectangles')
  const rectangles: Rectangle[] = g.rects.map(([cx, cy, halfX, halfY, strength]: number[]) => ({
    cx,
    cy,
    halfX,
    halfY,
    strength
  }))
  const u = drawRectangles(g.n, rectangles)
  t.ok(relativeError(tensor(u, { shape: [g.n, g.n] }), g.u) < 1e-15)
})

t.test('random rectangles stay in the domain and depend on the seed alone', async t => {
  const u = randomRectangles(random(1).split('data'), 3, 64)
  t.same(u.shape, [3, 64, 64])
  t.same(u.data, randomRectangles(random(1).split('data'), 3, 64).data)
  t.ok(u.data.every(v => v >= 0 && v <= 10))
  // The batch is what the numbers say: a mean heat between nothing and all cells hot.
  const mean = sum(u).item() / u.size
  t.ok(mean > 0.05 && mean < 3, `mean ${mean}`)
})

t.test('the stabilised inverse against the notebook', async t => {
  const g = golden('inv_diffuse_16')
  const x = tensor(g.x_pred)
  const y = diffuse(x, 8)
  t.ok(relativeError(y, g.y) < 1e-14)
  const dy = tensor(g.dy)
  const modes = modesOf([16, 16], gridOf({}, 'a test'))
  const factors = diffusionFactors(modes, 8)
  const noise = noiseLevel(dy.data as Float64Array)
  const r = stabilisedInverse(dy.data, noise, factors, modes)
  t.ok(Math.abs(noise - g.f_uncertainty) < 1e-14 * noise, 'noise level')
  const shape = { shape: [16, 16] }
  // Bins at rounding level have a kernel that depends on the FFT's rounding; dx does not (the file says < 1e-11).
  const seen = tensor(g.amp_abs).data.map(a => (a > 1e-9 ? 1 : 0))
  const masked = (v: ArrayLike<number>) =>
    tensor(
      Float64Array.from(v, (a, i) => (seen[i] ? a : 0)),
      shape
    )
  const whole = (held: Float64Array) => masked(wholeSpectrum(held, modes))
  t.ok(relativeError(whole(r.amplitude), masked(tensor(g.amp_abs).data)) < 1e-13)
  t.ok(relativeError(whole(r.signal), masked(tensor(g.sig_prob).data)) < 1e-9, 'signal probability')
  t.ok(relativeError(whole(r.kernel), masked(tensor(g.kernel).data)) < 1e-9, 'kernel')
  t.ok(relativeError(tensor(r.dx, shape), g.dx) < 1e-10, 'dx')
  t.ok(Math.abs(r.uncertainty - g.uncertainty_out) < 1e-9 * g.uncertainty_out, 'uncertainty')
  const exponents = eigenvaluesOf(modes, 'spectral').map(k2 => 8 * k2)
  t.ok(relativeError(tensor(wholeSpectrum(exponents, modes), shape), g.log_kernel) < 1e-15)
})

t.test('SIP and GD through the operator against the notebook', async t => {
  const g = golden('inv_diffuse_16')
  const target = tensor([g.y_target])
  using tape = new Tape()
  const x = tape.watch(tensor([g.x_pred]))
  const L = tape.record(() => l2(diffuse(x, 8), target))
  t.ok(relativeError(L, [g.y_l2]) < 1e-13)
  const sip = sipBackward(tape, L, { boundary: [x], wrt: x })
  t.equal(sip.report.rungs[0].rung, 'regularised')
  t.ok(relativeError(sip.targets[0].value, [g.correction]) < 1e-10)
  t.ok(relativeError(sip.grad, [g.grad_proxy_wrt_pred]) < 1e-10)
  const swept = targetSweep(tape, [[L, tensor([0])]], [x])
  t.ok(swept.report.mismatch[0] < swept.report.before[0], 'a goal on the loss itself goes through the ladder')
})

/** Every way to diffuse, as a function of one field. */
const ways: Record<string, (x: Tensor, amount: number, grid: GridOptions) => Tensor> = {
  fourier: (x, amount, grid) => diffuse(x, amount, grid),
  explicit: (x, amount, grid) => diffuseExplicit(x, amount, grid),
  'backward Euler': (x, amount, grid) => diffuseImplicit(x, amount, { ...grid, steps: 2 }),
  'Crank-Nicolson': (x, amount, grid) => diffuseImplicit(x, amount, { ...grid, steps: 2, method: 'crankNicolson' })
}

/** A mode of each boundary on n cells dx apart, and its wave number. */
const modeOf: Record<Boundary, (m: number, n: number, dx: number) => { k: number; at: (j: number) => number }> = {
  periodic: (m, n, dx) => ({ k: (2 * Math.PI * m) / (n * dx), at: j => Math.cos((2 * Math.PI * m * j) / n + 0.3) }),
  dirichlet: (m, n, dx) => ({
    k: (Math.PI * m) / ((n + 1) * dx),
    at: j => Math.sin((Math.PI * m * (j + 1)) / (n + 1))
  }),
  neumann: (m, n, dx) => ({ k: (Math.PI * m) / (n * dx), at: j => Math.cos((Math.PI * m * (j + 0.5)) / n) })
}
const boundaries = Object.keys(modeOf) as Boundary[]

t.test(
  'modes of every boundary decay as they must, on grids of one, two and three dimensions of any length',
  async t => {
    const amount = 0.2
    const factor: Record<string, (k: number, dx: number) => { l: number; total(l: number): number }> = {
      fourier: k => ({ l: k * k, total: l => Math.exp(-amount * l) }),
      explicit: (k, dx) => ({ l: (2 - 2 * Math.cos(k * dx)) / dx ** 2, total: l => (1 - (amount / 4) * l) ** 4 }),
      'backward Euler': (k, dx) => ({
        l: (2 - 2 * Math.cos(k * dx)) / dx ** 2,
        total: l => (1 + (amount / 2) * l) ** -2
      }),
      'Crank-Nicolson': (k, dx) => ({
        l: (2 - 2 * Math.cos(k * dx)) / dx ** 2,
        total: l => ((1 - (amount / 4) * l) / (1 + (amount / 4) * l)) ** 2
      })
    }
    const run: typeof ways = { ...ways, explicit: (x, a, grid) => diffuseExplicit(x, a, { ...grid, steps: 4 }) }
    for (const cells of [[7], [16], [1], [5, 6], [4, 3], [3, 5, 4]])
      for (const first of boundaries) {
        const boundary = cells.map((_, k) => boundaries[(boundaries.indexOf(first) + k) % 3])
        const dx = cells.map((_, k) => 1 - 0.25 * k)
        // The second mode of each axis, where it has one.
        const parts = cells.map((n, k) =>
          modeOf[boundary[k]](n > 3 ? 2 : boundary[k] === 'dirichlet' ? 1 : 0, n, dx[k])
        )
        const N = cells.reduce((a, b) => a * b, 1)
        const wave = Float64Array.from({ length: N }, (_, i) => {
          let value = 1
          for (let k = cells.length - 1, rest = i; k >= 0; k--) {
            value *= parts[k].at(rest % cells[k])
            rest = Math.floor(rest / cells[k])
          }
          return value
        })
        for (const [name, f] of Object.entries(run)) {
          const along = parts.map((p, k) => factor[name](p.k, dx[k]))
          const total = along[0].total(along.reduce((s, { l }) => s + l, 0))
          const y = f(tensor(wave, { shape: cells }), amount, { dx, boundary })
          const want = wave.map(v => v * total)
          const error = Math.max(...y.data.map((v, i) => Math.abs(v - want[i])))
          t.ok(error < 1e-14, `${name}, ${cells}, ${boundary}: ${error}`)
        }
      }
  }
)

t.test('mass stays where no wall takes it', async t => {
  const rows: (string | number)[][] = []
  for (const cells of [[48], [33, 20], [6, 7, 8]])
    for (const boundary of ['periodic', 'neumann'] as const)
      for (const [name, f] of Object.entries(ways)) {
        const x = random(4).uniform([3, ...cells])
        const y = f(x, 8, { boundary, dimensions: cells.length })
        const axes = cells.map((_, k) => k + 1)
        const [before, after] = [sum(x, axes), sum(y, axes)]
        const error = Math.max(...before.data.map((m, b) => Math.abs(after.data[b] / m - 1)))
        rows.push([name, `[${cells}]`, boundary, error])
        t.ok(error < 1e-12, `${name}, ${cells}, ${boundary}: ${error}`)
      }
  t.comment(`mass lost\n${table(['', 'cells', 'walls', 'relative'], rows)}`)
})

t.test('orders of convergence', async t => {
  // In time: against the exact solution of the second differences on the same grid.
  const n = 16
  const modes = modesOf([n], gridOf({ dimensions: 1 }, 'a test'))
  const decay = wholeSpectrum(
    eigenvaluesOf(modes, 'differences').map(l => Math.exp(-l)),
    modes
  )
  const x = random(1).normal([n])
  const exact = spectralFilter(x, tensor(decay))
  const line = { dimensions: 1 }
  const counts = [32, 64, 128, 256]
  const inTime: Record<string, [number, (steps: number) => Tensor]> = {
    explicit: [1, steps => diffuseExplicit(x, 1, { ...line, steps })],
    'backward Euler': [1, steps => diffuseImplicit(x, 1, { ...line, steps })],
    'Crank-Nicolson': [2, steps => diffuseImplicit(x, 1, { ...line, steps, method: 'crankNicolson' })]
  }
  for (const [name, [order, f]] of Object.entries(inTime)) {
    const slope = orderOf(
      counts.map(c => 1 / c),
      counts.map(c => relativeError(f(c), exact))
    )
    t.comment(`${name} in time: ${slope.toFixed(3)}`)
    t.ok(Math.abs(slope - order) < 0.05, `${name} in time: order ${order}`)
  }
  // In space: a sum of waves on a ring of length 1, against its exact decay, in steps too short to count.
  const sizes = [16, 32, 64, 128]
  const field = (cells: number, amount: number) =>
    tensor(
      Float64Array.from({ length: cells }, (_, j) =>
        [1, 2].reduce(
          (s, m) => s + Math.cos((2 * Math.PI * m * j) / cells + m) * Math.exp(-amount * (2 * Math.PI * m) ** 2),
          0
        )
      )
    )
  const inSpace: Record<string, (x: Tensor, dx: number) => Tensor> = {
    explicit: (u, dx) => diffuseExplicit(u, 1e-3, { ...line, dx, steps: 10_000 }),
    'backward Euler': (u, dx) => diffuseImplicit(u, 1e-3, { ...line, dx, steps: 1e6 }),
    'Crank-Nicolson': (u, dx) => diffuseImplicit(u, 1e-3, { ...line, dx, steps: 1000, method: 'crankNicolson' })
  }
  for (const [name, f] of Object.entries(inSpace)) {
    const slope = orderOf(
      sizes.map(c => 1 / c),
      sizes.map(c => relativeError(f(field(c, 0), 1 / c), field(c, 1e-3)))
    )
    t.comment(`${name} in space: ${slope.toFixed(3)}`)
    t.ok(Math.abs(slope - 2) < 0.05, `${name} in space: order 2`)
  }
  t.ok(relativeError(diffuse(field(16, 0), 1e-3, { ...line, dx: 1 / 16 }), field(16, 1e-3)) < 1e-14, 'fourier is exact')
})

t.test('adjoints by the dot test on grids that are no powers of two', async t => {
  for (const [name, f] of Object.entries(ways))
    for (const boundary of boundaries) {
      const r = random(2)
      const [x, dx, ct] = [r.normal([2, 33, 20]), r.normal([2, 33, 20]), r.normal([2, 33, 20])]
      const P = (u: Tensor) => f(u, 3, { boundary, dx: [1, 0.7] })
      const back = vjp(P)(x).pullback(ct)
      const forth = P(dx)
      const error = Math.abs(dot(forth.data, ct.data) - dot(dx.data, back.data)) / (norm(forth.data) * norm(ct.data))
      t.ok(error < 1e-13, `${name}, ${boundary}: ${error}`)
    }
})

t.test('gradients through 100 steps against finite differences', async t => {
  const r = random(6)
  const [x, goal, d] = [r.normal([5, 6]), r.normal([5, 6]), r.normal([5, 6])]
  for (const [name, f] of Object.entries(ways)) {
    const simulate = (u: Tensor): Tensor => {
      for (let k = 0; k < 100; k++) u = f(u, 0.05, { boundary: ['neumann', 'dirichlet'] })
      return u
    }
    const L = (u: Tensor) => sum(l2(simulate(u), goal))
    const slope = dot(grad(L)(x).data, d.data)
    const along = (h: number) =>
      L(
        tensor(
          x.data.map((v, i) => v + h * d.data[i]),
          { shape: [5, 6] }
        )
      ).data
    const [difference] = derivativeAtZero(along)
    t.ok(Math.abs(slope / difference - 1) < 1e-8, `${name}: ${slope} ${difference}`)
  }
})

t.test('the laws of each inverse at ten random points', async t => {
  for (const op of [diffuseOp, diffuseNaiveOp, diffuseExplicitOp, diffuseImplicitOp, diffuseCrankNicolsonOp]) {
    const reports = Array.from({ length: 10 }, (_, seed) => checkOp(op, { only: ['inverse'], random: random(seed) }))
    const bad = reports.flatMap(({ rows }) => rows.filter(row => !row.passed))
    t.same(bad, [], `${op.name}: ${reports.reduce((s, { rows }) => s + rows.length, 0)} checks`)
  }
})

t.test('exact inverses return to the start, and the explicit backward step undoes backward Euler', async t => {
  const x = random(3).normal([2, 9, 10])
  const from = random(4).normal([2, 9, 10])
  for (const boundary of boundaries) {
    const grid = { boundary }
    for (const [name, f] of Object.entries<(u: Tensor) => Tensor>({
      'backward Euler': u => diffuseImplicit(u, 3, { ...grid, steps: 3 }),
      'Crank-Nicolson': u => diffuseImplicit(u, 0.2, { ...grid, method: 'crankNicolson' }),
      naive: u => diffuse(u, 0.3, { ...grid, inverse: 'naive' })
    }))
      t.ok(relativeError(localInverse(f)(f(x), from), x) < 1e-11, `${name}, ${boundary}`)
    const y = diffuseImplicit(x, 0.1, grid)
    // y - ν Δt Δy, by the explicit stepper run the other way: 2y - (y + ν Δt Δy).
    const forward = diffuseExplicit(y, 0.1, { ...grid, steps: 1 })
    t.ok(
      relativeError(
        tensor(
          y.data.map((v, i) => 2 * v - forward.data[i]),
          { shape: [2, 9, 10] }
        ),
        x
      ) < 1e-14
    )
  }
})

t.test('noise: the stabilised inverse against the exact one and against doing nothing', async t => {
  const [N, B] = [64, 16]
  const truth = randomRectangles(random(1), B, N)
  const start = mean(truth, [1, 2], true)
  const flat = new Tensor(
    truth.shape,
    Float64Array.from(truth.data, (_, i) => start.data[Math.floor(i / (N * N))])
  )
  const error = (x: Tensor): number => norm(minus(x.data, truth.data)) ** 2 / 2 / B
  const back = (P: (x: Tensor) => Tensor, target: Tensor, from = flat): Tensor => {
    using tape = new Tape()
    const x = tape.watch(from)
    const y = tape.record(() => P(x))
    return keep(targetSweep(tape, [[y, target]], [x]).targets[0].value)
  }
  const nothing = error(flat)
  const [ofSeeds, fromMeasured]: number[][] = [[], []]
  const rows: (string | number)[][] = []
  for (const amount of [0.3, 1, 8])
    for (const sigma of [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2]) {
      const noise = random(5).normal(truth.shape, 0, sigma)
      const y = diffuse(truth, amount)
      const target = new Tensor(
        y.shape,
        y.data.map((v, i) => v + noise.data[i])
      )
      const exact = error(back(x => diffuse(x, amount, { inverse: 'naive' }), target))
      const stable = error(back(x => diffuse(x, amount, { uncertainty: 0, noise: sigma }), target))
      const seeds = error(back(x => diffuse(x, amount), target))
      // What was measured is a natural first guess too, and |Δy| is a quarter of that from the mean.
      const measured = error(back(x => diffuse(x, amount), target, target))
      rows.push([String(amount), sigma, nothing, exact, stable, seeds, measured])
      if (amount === 8) {
        ofSeeds.push(seeds)
        fromMeasured.push(measured)
      }
      t.ok(stable < nothing, `νt ${amount}, σ ${sigma}: not worse than nothing, ${stable}`)
      if (exact > nothing) t.ok(stable < exact / 5, `νt ${amount}, σ ${sigma}: better than the exact one`)
    }
  t.comment(
    `½ Σ |x̃ - x*|² per sample, from the mean temperature\n${table(['ν t', 'noise σ', 'nothing', 'exact', 'told σ', 'told 1e-6 |Δy|', 'the same from ỹ'], rows)}`
  )
  // The notebook's own uncertainty is about what it asks, not about what it sees.
  const [, , small, ...large] = ofSeeds
  t.ok(small < nothing, `with 1e-6 |Δy|, up to σ = 1e-8: ${small}`)
  t.ok(
    large.every(e => e > 5 * nothing),
    `from σ = 1e-6 on it is worse than nothing: ${large}`
  )
  t.ok(fromMeasured[3] > 100 * nothing, `with x = ỹ as the guess, at σ = 1e-6: ${fromMeasured[3]} against ${nothing}`)
})

t.test('the uncertainty of the stabilised inverse', async t => {
  // White noise of deviation σ beside a strong signal, which decides the kernel: the deviation of what comes out.
  const cells = [12, 10]
  for (const boundary of boundaries) {
    const modes = modesOf(cells, gridOf({ boundary }, 'a test'))
    const factors = diffusionFactors(modes, 0.5)
    const signal = diffuse(random(1).normal(cells), 0.5, { boundary })
    const level = Math.sqrt(120) * 1e-6
    const still = stabilisedInverse(signal.data, level, factors, modes)
    let squares = 0
    const draws = 200
    for (let k = 0; k < draws; k++) {
      const noise = random(k).normal(cells, 0, 1e-9).data
      const { dx } = stabilisedInverse(
        signal.data.map((v, i) => v + noise[i]),
        level,
        factors,
        modes
      )
      dx.forEach((v, i) => {
        squares += (v - still.dx[i]) ** 2
      })
    }
    const measured = (Math.sqrt(squares / draws / 120) / 1e-9) * 1e-6
    t.ok(Math.abs(measured / still.deviation - 1) < 0.03, `${boundary}: ${measured} ${still.deviation}`)
    t.ok(Math.abs(still.uncertainty / still.deviation / Math.sqrt(120) - 1) < 1e-12, 'the number of the notebook')
  }
})

t.test('the stabilised inverse of any spectral filter', async t => {
  const x = random(3).normal([2, 6, 8])
  const from = random(4).normal([2, 6, 8])
  const modes = modesOf([6, 8], gridOf({}, 'a test'))
  const transfer = tensor(wholeSpectrum(diffusionFactors(modes, 1), modes), { shape: [6, 8] })
  const trust = { uncertainty: 1e-3, noise: 1e-2 }
  const target = (P: (x: Tensor) => Tensor): Tensor => {
    using tape = new Tape()
    const u = tape.watch(from)
    const y = tape.record(() => P(u))
    const { targets, report } = targetSweep(tape, [[y, diffuse(x, 1)]], [u])
    t.equal(report.rungs[0].rung, 'regularised')
    return targets[0].value
  }
  const filtered = target(u => spectralFilter(u, transfer, trust))
  t.ok(
    relativeError(
      filtered,
      target(u => diffuse(u, 1, trust))
    ) < 1e-12,
    'as diffuse has it'
  )
  // A filter that amplifies is undone as it is, whatever the noise.
  const strong = tensor(
    transfer.data.map(v => 2 + v),
    { shape: [6, 8] }
  )
  const y = spectralFilter(x, strong)
  using tape = new Tape()
  const u = tape.watch(from)
  const z = tape.record(() => spectralFilter(u, strong, { noise: 100 }))
  t.ok(relativeError(targetSweep(tape, [[z, y]], [u]).targets[0].value, x) < 1e-13)
})

t.test('signals of any size: what is large is not taken for noise', async t => {
  // 1e4 times the size that is expected: both likelihoods are below 1e-308, their ratio is not.
  const x = tensor(
    random(3)
      .normal([8, 8])
      .data.map(v => 1e4 * v),
    { shape: [8, 8] }
  )
  const found = (trust: object): number => {
    using tape = new Tape()
    const u = tape.watch(tensor(new Float64Array(64), { shape: [8, 8] }))
    const y = tape.record(() => diffuse(u, 0.5, trust))
    return relativeError(targetSweep(tape, [[y, diffuse(x, 0.5)]], [u]).targets[0].value, x)
  }
  t.ok(found({ uncertainty: 1e-9 }) < 1e-9, 'noise far below')
  t.ok(found({ uncertainty: 1e-6, signal: 1e4 }) < 1e-9, 'told its size')
})

t.test('wrong calls name what was asked, found and advised', async t => {
  const x = random(0).normal([2, 5, 7])
  const wrong = (v: unknown) => v as never
  const calls: [call: () => unknown, code: string, message: RegExp][] = [
    [() => diffuseExplicit(x, 3, { steps: 4 }), 'ERR_OPTION', /0\.75.*limit of stability.*0\.25.*12 steps/],
    [() => diffuseExplicit(x, 3, { steps: 100, dx: 0.2 }), 'ERR_OPTION', /limit of stability.*0\.01.*300 steps/],
    [() => diffuseExplicit(x, 1, { steps: 1.5 }), 'ERR_OPTION', /whole number/],
    [() => diffuseExplicit(x, Number.NaN), 'ERR_OPTION', /amount is NaN/],
    [() => diffuseImplicit(x, -1), 'ERR_OPTION', /amount is -1/],
    [() => diffuseImplicit(x, 1, { method: wrong('magic') }), 'ERR_OPTION', /'euler' or 'crankNicolson'/],
    [() => diffuse(x, 1, { boundary: wrong('open') }), 'ERR_OPTION', /'periodic' or 'dirichlet' or 'neumann'/],
    [() => diffuse(x, 1, { boundary: ['periodic'], dx: [1, 1] }), 'ERR_OPTION', /boundary of 1 axes/],
    [() => diffuse(x, 1, { dimensions: 4 }), 'ERR_OPTION', /1, 2 or 3/],
    [() => diffuse(x, 1, { dx: 0 }), 'ERR_OPTION', /above 0/],
    [() => diffuse(x, 1, { inverse: wrong('best') }), 'ERR_OPTION', /'stabilised' or 'naive'/],
    [() => diffuse(x, 1, wrong({ uncertanty: 1 })), 'ERR_OPTION', /uncertanty/],
    [() => diffuse(x, 1, { noise: -1 }), 'ERR_OPTION', /noise is -1/],
    [() => diffuse(x, 1, wrong(1e-6)), 'ERR_OPTION', /a number for its options/],
    [() => diffuse(random(0).normal([7]), 1), 'ERR_SHAPE', /no field of 2 dimensions/],
    [() => diffuse(random(0).normal([2, 5]), 1, { dimensions: 3 }), 'ERR_SHAPE', /no field of 3 dimensions/],
    [() => diffuse(random(0).normal([2, 0, 3]), 1), 'ERR_SHAPE', /one cell or more/]
  ]
  for (const [call, code, message] of calls) t.throws(call, { code, message })
  t.equal(stableAmount(gridOf({ dx: [1, 0.5] }, 'a test')), 0.1)
  // No viscosity is no diffusion, forth and back.
  const target = random(1).normal([2, 5, 7])
  for (const f of Object.values(ways)) {
    t.ok(relativeError(f(x, 0, {}), x) < 1e-14, 'ν t = 0')
    t.ok(relativeError(localInverse((u: Tensor) => f(u, 0, {}))(target, x), target) < 1e-13, 'its inverse')
  }
  // The limit itself is stable, in f64 and f32, and a step of the default number is within it.
  const rough = tensor(
    Float64Array.from({ length: 64 }, (_, i) => ((i + (i >> 3)) % 2 ? 1 : -1)),
    { shape: [8, 8] }
  )
  t.ok(relativeError(diffuseExplicit(rough, 250, { steps: 1000 }), rough) < 1e-12, 'the roughest mode changes its sign')
  t.ok(relativeError(cast(diffuse(cast(x, 'f32'), 2), 'f64'), diffuse(x, 2)) < 1e-6, 'f32')
})
