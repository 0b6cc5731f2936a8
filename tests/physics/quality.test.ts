import t from 'tap'
import { random, type Tensor, tensor } from '../../core/index.js'
import { norm2 } from '../../core/linalg/scaling.js'
import { logistic } from '../../docs/examples/logistic.js'
import { add, exp, mul, stack, sum } from '../../ops/index.js'
import {
  burgers,
  diffuse,
  diffuseImplicit,
  inverseQuality,
  laplace,
  oscillators,
  pendulum,
  schroedinger,
  showQuality,
  sineMap
} from '../../physics/index.js'
import { mostLikely } from '../../physics/quality/mostLikely.js'
import { pointOf } from '../../physics/quality/point.js'

const near = (a: number, b: number, tolerance = 1e-12): boolean => Math.abs(a / b - 1) <= tolerance
const SMALL = { draws: 1, directions: 1 }

t.test('diffusion: the condition number is e^((2π)² ½ ν t), whatever the size of the grid', async t => {
  for (const [n, amount] of [
    [4, 0.5],
    [8, 2],
    [64, 8]
  ]) {
    const { spectrum, plan } = inverseQuality(u => diffuse(u, amount), random(0).normal([1, n, n]), SMALL)
    const expected = Math.exp((2 * Math.PI) ** 2 * 0.5 * amount)
    t.ok(near(spectrum.condition, expected), `${n}×${n}, ν t ${amount}: ${spectrum.condition} ${expected}`)
    t.equal(spectrum.by, 'modes')
    t.equal(spectrum.values.length, n * n)
    t.equal(plan[0].rung, 'regularised')
    // The amplification of each mode is that of its wave number.
    const error = spectrum.values.reduce(
      (m, s, k) => Math.max(m, Math.abs(Math.log(s) + amount * spectrum.waves![k] ** 2)),
      0
    )
    t.ok(error < 1e-12 * amount * 20, `log s = -ν t k²: ${error}`)
  }
})

t.test('modes and decomposition agree, for every kind of boundary', async t => {
  for (const boundary of ['periodic', 'dirichlet', 'neumann'] as const) {
    const x = random(1).normal([2, 5, 4])
    const P = (u: Tensor) => diffuseImplicit(u, 0.7, { boundary, steps: 2 })
    const byModes = inverseQuality(P, x, SMALL).spectrum
    const dense = inverseQuality(u => mul(P(u), 1), x, SMALL).spectrum
    t.same([byModes.by, dense.by], ['modes', 'dense'])
    t.equal(byModes.values.length, 40, 'two fields')
    const apart = norm2(byModes.values.map((s, k) => s - dense.values[k]))
    t.ok(apart < 1e-13, `${boundary}: ${apart}`)
    t.ok(near(byModes.condition, dense.condition))
  }
  const { spectrum } = inverseQuality(u => laplace(u), random(1).normal([4, 4]), SMALL)
  t.equal(spectrum.condition, Number.POSITIVE_INFINITY, 'constants are lost')
  t.equal(spectrum.seen, 15)
  t.ok(near(spectrum.values[0], 8), 'the roughest mode')
})

t.test('the sine map: two slopes, whatever the angle', async t => {
  for (const phi of [0, 30, 45]) {
    const x = tensor([[0.4, -0.3]])
    const { spectrum, plan } = inverseQuality(sineMap({ xi: 4, phi }), x, SMALL)
    const angle = (phi * Math.PI) / 180
    const hat = Math.cos(angle) * 0.4 - Math.sin(angle) * -0.3
    t.ok(near(spectrum.values[0], 40), 'c ξ')
    t.ok(near(spectrum.values[1], 2.5 * Math.abs(Math.cos(2.5 * hat))), 'c/ξ cos')
    t.ok(near(spectrum.condition, spectrum.values[0] / spectrum.values[1]))
    t.equal(plan[0].rung, 'local')
  }
})

t.test('a singular map, a wide and a tall one', async t => {
  const same = (x: Tensor) => stack([sum(x, [-1]), mul(sum(x, [-1]), 2)])
  const q = inverseQuality(same, tensor([[1, 2]]), SMALL)
  t.equal(q.spectrum.condition, Number.POSITIVE_INFINITY)
  t.equal(q.spectrum.seen, 1)
  t.ok(near(q.spectrum.values[0], Math.sqrt(10)))
  t.match(showQuality(q), /condition +∞; 1 of 2 directions are below rounding/)
  // What the map cannot give is missed; toward another sample all is reached.
  const trips = (toward: string) => q.roundTrip.filter(r => r.toward === toward && r.step > 1e-6)
  t.ok(trips('random').every(r => r.error > 0.01))
  t.ok(trips('sample').every(r => r.error < 1e-6))
  t.equal(q.noise.from.exactWorseThanNothing < Number.POSITIVE_INFINITY, true)

  const wide = inverseQuality(x => sum(x, [-1]), tensor([[1, 2, 2]]), SMALL)
  t.same([wide.inputs, wide.outputs, wide.spectrum.directions], [3, 1, 1])
  t.ok(near(wide.spectrum.condition, 1) && near(wide.spectrum.values[0], Math.sqrt(3)))
})

t.test('large Jacobians: the ends by Golub-Kahan steps', async t => {
  const slopes = tensor(Float64Array.from({ length: 40 }, (_, i) => 2 ** (-i / 2)))
  const P = (x: Tensor) => mul(mul(x, slopes), 1)
  const x = random(2).normal([40])
  const all = inverseQuality(P, x, { ...SMALL, dense: 0, steps: 40 }).spectrum
  t.equal(all.by, 'extremes')
  t.ok(
    all.values.every((s, k) => Math.abs(s / slopes.data[k] - 1) < 1e-8),
    'after all steps, all of them'
  )
  const some = inverseQuality(P, x, { ...SMALL, dense: 0, steps: 12 })
  t.equal(some.spectrum.values.length, 12)
  t.ok(near(some.spectrum.values[0], 1, 1e-3), 'the largest')
  t.ok(some.spectrum.condition <= 2 ** 19.5 * (1 + 1e-9), 'a lower bound of the condition')
  t.match(showQuality(some), /condition +at least/)
})

t.test(
  'the most likely answer of a linear map is the Wiener filter; of another one, where its objective is flat',
  async t => {
    const slopes = [3, 1, 0.1, 1e-3, 0]
    const P = (x: Tensor) => mul(x, tensor(slopes))
    const x = tensor([1, 2, 3, 4, 5])
    const point = pointOf(P, x, 1e6)
    const dy = [1, -1, 1, -1, 1]
    const target = point.y.map((v, i) => v + dy[i])
    for (const mu of [1e-6, 0.01, 1, 10]) {
      const z = mostLikely(point, point.jacobian(Float64Array.from(x.data)), target, mu)
      slopes.forEach((s, i) => {
        const wiener = (s * dy[i]) / (s * s + mu * mu)
        t.ok(Math.abs(z[i] - wiener) <= 1e-9 * Math.max(1, Math.abs(wiener)), `μ ${mu}, s ${s}: ${z[i]} ${wiener}`)
      })
    }
    // e^x: (e^(x+z) - ỹ) e^(x+z) + μ² z = 0
    const curved = pointOf(exp, tensor([0.5]), 1e6)
    const [z] = mostLikely(curved, curved.jacobian(Float64Array.of(0.5)), Float64Array.of(4), 0.7)
    const e = Math.exp(0.5 + z)
    t.ok(Math.abs((e - 4) * e + 0.49 * z) < 1e-7, `${z}`)
  }
)

t.test('noise: where the exact inverse is worse than nothing follows from its amplification', async t => {
  const slopes = [4, 1, 0.01]
  const P = (x: Tensor) => mul(mul(x, tensor(slopes)), 1)
  const [x, toward] = [tensor([0, 0, 0]), tensor([1, -1, 1])]
  const r = random(7)
  const q = inverseQuality(P, x, { toward, random: r, draws: 3 })
  const stream = random(7).split('noise')
  const gains = [1, 2, 3].map(() => norm2(stream.normal([3]).data.map((n, i) => n / slopes[i]) as Float64Array))
  const gain = norm2(Float64Array.from(gains)) / Math.sqrt(3)
  const expected = Math.sqrt(3) / gain
  t.ok(near(q.noise.from.exactWorseThanNothing, expected, 0.05), `${q.noise.from.exactWorseThanNothing} ${expected}`)
  t.ok(q.noise.from.exactWorseThanRegularised < q.noise.from.exactWorseThanNothing)
  q.noise.sigma.forEach((s, i) => {
    t.ok(near(q.noise.exact[i], (s * gain) / Math.sqrt(3), 1e-3) || s < 1e-10, `σ ${s}`)
    t.ok(q.noise.regularised[i] < 1.1 * Math.min(1, q.noise.exact[i]) + 1e-12, `σ ${s}: the regularised is no worse`)
  })
  // Without amplification noise must be as large as what is looked for.
  const turn = inverseQuality(
    schroedinger({ points: 3, controlled: false, steps: 5 }),
    random(1).normal([1, 3, 2]),
    SMALL
  )
  t.ok(near(turn.spectrum.condition, 1))
  t.ok(turn.roundTrip.every(trip => trip.error < 1e-6 && near(trip.amplified, 1, 1e-6)))
})

t.test('heat: the rule of the notebook is worse than nothing before its plan says so; told σ, it is not', async t => {
  const field = (seed: number) => diffuse(random(seed).normal([1, 16, 16]), 1)
  const { noise } = inverseQuality(u => diffuse(u, 8), field(1), { toward: field(2), draws: 1 })
  t.equal(noise.from.exactWorseThanNothing, 0, 'rounding alone')
  t.ok(noise.from.plannedWorseThanNothing > 1e-10 && noise.from.plannedWorseThanNothing < 1e-2)
  noise.sigma.forEach((s, i) => {
    if (s <= 0.1) t.ok(noise.regularised[i] <= 1, `σ ${s}: ${noise.regularised[i]}`)
  })
})

t.test('rungs: what the target sweep will do, and what refining adds', async t => {
  const u = random(0).normal([1, 6])
  const s0 = random(1).uniform([1, 4])
  const run = oscillators({ steps: 6, dt: 0.5 })
  const state = inverseQuality(s => run(s, u), s0, SMALL)
  t.equal(state.plan[0].rung, 'approximate')
  const trips = state.roundTrip.filter(r => r.toward === 'sample' && r.step >= 1e-4)
  t.ok(
    trips.every(r => r.error > 1e-4 && r.refined! < 1e-9),
    'RK4 backwards, and refined'
  )
  t.match(showQuality(state), /refined/)
  const control = inverseQuality(c => run(s0, c), u, SMALL)
  t.match(control.plan[0], { rung: 'newton', reason: /no inverse rule for this input/ })
  t.same([control.inputs, control.outputs], [6, 4])
  const exact = inverseQuality(
    s => pendulum({ method: 'leapfrog', steps: 3 })(s, tensor([[0, 0, 0]])),
    tensor([[1, 0]]),
    SMALL
  )
  t.equal(exact.plan[0].rung, 'exact')
  t.ok(exact.roundTrip.every(r => r.refined === undefined && r.error < 1e-6))
})

t.test("a user's own block, and a chain of operators", async t => {
  const x = tensor([0.2, 0.5, 0.9])
  const q = inverseQuality(u => logistic(u, 2), x, SMALL)
  const e = Math.exp(-2)
  const slopes = [...x.data].map(v => e / (v + (1 - v) * e) ** 2).sort((a, b) => b - a)
  for (const [k, s] of slopes.entries()) t.ok(near(q.spectrum.values[k], s))
  t.equal(q.plan[0].rung, 'exact')
  t.ok(q.roundTrip.filter(r => r.step >= 1e-6 && r.step < 1).every(r => r.error < 1e-8))
  const chain = inverseQuality(u => exp(add(logistic(u, 2), 1)), x, SMALL)
  t.equal(chain.plan.length, 3)
  t.match(showQuality(chain), /plan .*\n.*\n.*logistic/)
})

t.test('a function that refuses numbers far from the point is looked at where it does not', async t => {
  // Steps beyond the limit of stability are an OptionError.
  const P = burgers({ dimensions: 1, dt: 0.5, viscosity: 0.1 })
  const wave = (k: number) => tensor(Float64Array.from({ length: 8 }, (_, j) => 2 * Math.cos((k * Math.PI * j) / 4)))
  t.throws(() => P(tensor([0, 9, 0, 9])), { code: 'ERR_OPTION' })
  const { noise, plan } = inverseQuality(P, wave(1), { ...SMALL, toward: wave(2) })
  t.equal(plan[0].rung, 'approximate')
  t.ok(noise.sigma[noise.sigma.length - 1] > 5 && noise.regularised.every(Number.isFinite))
})

t.test('wrong calls', async t => {
  const x = tensor([1, 2])
  const wrong = (v: unknown) => v as never
  t.throws(() => inverseQuality(wrong(3), x), { code: 'ERR_GRADIENT' })
  t.throws(() => inverseQuality(exp, wrong([1])), { code: 'ERR_DTYPE' })
  t.throws(() => inverseQuality(exp, x, { toward: tensor([1]) }), { code: 'ERR_SHAPE', message: /shape \[1\]/ })
  t.throws(() => inverseQuality(exp, x, { toward: x }), { code: 'ERR_SHAPE', message: /x itself/ })
  t.throws(() => inverseQuality(exp, tensor([])), { code: 'ERR_SHAPE', message: /entries/ })
  t.throws(() => inverseQuality(exp, x, { draws: 0 }), { code: 'ERR_OPTION', message: /draws is 0/ })
  t.throws(() => inverseQuality(exp, x, wrong({ towards: x })), { code: 'ERR_OPTION', message: /towards/ })
})
