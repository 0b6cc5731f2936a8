import t from 'tap'
import { arena } from '../../core/arena.js'
import { dotCheck } from '../../core/check/dotCheck.js'
import { checkOp } from '../../core/check/index.js'
import { exponent } from '../../core/check/probe.js'
import {
  defineBlock,
  grad,
  hessian,
  jacobian,
  jvp,
  localInverse,
  type Op,
  random,
  sampleJacobian,
  Tape,
  type Tensor,
  targetSweep,
  tensor,
  zeros
} from '../../core/index.js'
import { add, exp, matmul, mul, sin, square, sub, sum, tanh } from '../../ops/index.js'
import {
  compose,
  diffuseOp,
  eccentricAnomaly,
  implicitInverse,
  iterate,
  lotkaVolterra,
  meanAnomaly,
  nBody,
  oscillators,
  pendulum,
  type Simulator,
  simulator,
  sineMap,
  squareMap,
  timeReversed,
  withNoise
} from '../../physics/index.js'
import { inArena } from '../inArena.js'

const apart = (a: Tensor, b: Tensor): number => Math.max(...Array.from(a.data, (v, i) => Math.abs(v - b.data[i])))
const kepler = nBody({ softening: 0.5, dt: 0.05, steps: 2, method: 'leapfrog' })
const states = random(0).normal([3, 8])

t.test('compose: the chain, and its inverse by the parts', async t => {
  const x = random(1).uniform([5, 2], 0.05, 0.1)
  const map = sineMap({ phi: 20 })
  const P = compose(map, squareMap, map)
  const y = map(squareMap(map(x)))
  t.equal(apart(P(x), y), 0)
  t.equal(P.op.inverse!.kind, 'local')
  const chain = (v: Tensor) => map(squareMap(map(v)))
  t.ok(apart(grad((v: Tensor) => sum(P(v)))(x), grad((v: Tensor) => sum(chain(v)))(x)) < 1e-13)
  const wish = add(x, random(2).uniform([5, 2], -1e-3, 1e-3))
  using tape = new Tape()
  const start = tape.watch(x)
  const out = tape.record(() => P(start))
  const { targets, report } = targetSweep(tape, [[out, P(wish)]], [start])
  t.equal(report.rungs.map(r => r.rung).join(), 'local', 'one site, one rule')
  t.ok(apart(targets[0].value, wish) < 1e-13)
  // The weakest part decides, and orders are the least.
  const rk4 = lotkaVolterra({ method: 'rungeKutta4' })
  const heat = simulator(diffuseOp, diffuseOp.examples(random(0))[0].attrs!)
  t.same(
    [
      compose(kepler, kepler),
      compose(squareMap, kepler),
      compose(rk4, lotkaVolterra({ method: 'midpoint' })),
      compose(squareMap, heat)
    ].map(c => [c.op.inverse!.kind, c.op.inverse!.order]),
    [
      ['exact', Number.POSITIVE_INFINITY],
      ['local', Number.POSITIVE_INFINITY],
      ['approximate', 2],
      ['regularised', Number.POSITIVE_INFINITY]
    ]
  )
  t.equal(compose(meanAnomaly).op.inverse, undefined, 'a part without a rule: the ladder')
  const prey = lotkaVolterra({ method: 'midpoint', dt: 0.2 })
  for (const C of [compose(kepler, timeReversed(kepler), kepler), compose(prey, squareMap)])
    for (let seed = 0; seed < 10; seed++) {
      const { rows } = checkOp(C.op, { only: ['inverse'], random: random(seed) })
      const bad = rows.filter(r => !r.passed)
      t.same(bad, [], `${C.op.name}, ${C.op.inverse!.kind}: ${rows.length} laws, seed ${seed}`)
    }
})

t.test('iterate: values, derivatives and inverse, with and without checkpoints', async t => {
  const whole = iterate(kepler, 10)
  const saving = iterate(kepler, 10, { checkpoint: true })
  t.equal(saving.attrs.segment, 4)
  let s = states
  for (let k = 0; k < 10; k++) s = kepler(s)
  for (const P of [whole, saving]) {
    t.equal(apart(P(states), s), 0)
    const back = localInverse((v: Tensor) => P(v))(s, add(states, 0.01))
    t.ok(apart(back, states) < 1e-10)
  }
  const L = (P: Simulator) => (v: Tensor) => sum(square(P(v)))
  t.equal(apart(grad(L(whole))(states), grad(L(saving))(states)), 0, 'the same gradient, bit by bit')
  const d = random(3).normal([3, 8])
  const second = (P: Simulator) => jvp(grad(L(P)))([states], [d]).tangent
  t.ok(apart(second(whole), second(saving)) < 1e-12, 'second derivatives')
  const rows = (P: Simulator) => sampleJacobian((v: Tensor) => P(v))(states).J
  t.equal(apart(rows(whole), rows(saving)), 0, 'rows')
  const theta = tensor([1.1, 0.4, 0.4, 0.1])
  const prey = iterate(lotkaVolterra({ steps: 2 }), 5, { checkpoint: 2 })
  t.ok(
    apart(prey(tensor([[2, 1]]), theta), lotkaVolterra({ steps: 10 })(tensor([[2, 1]]), theta)) < 1e-14,
    'parameters'
  )
  t.equal(iterate(kepler, 0)(states).data[3], states.data[3], 'no iteration')
})

t.test('memory of a gradient grows like √n with checkpoints, like n without', async t => {
  const A = mul(random(4).normal([16, 16]), 0.05)
  let peak = 0
  const step: Op<undefined> = defineBlock({
    name: 'step',
    forward: ([x]) => {
      const y = tanh(add(x, matmul(x, A)))
      peak = Math.max(peak, arena()!.used)
      return y
    },
    examples: r => [{ inputs: [r.normal([2, 16])] }]
  })
  const x0 = random(5).normal([64, 16])
  const bytes = (n: number, checkpoint: boolean) =>
    inArena(() => {
      const P = iterate(simulator(step), n, { checkpoint })
      const before = arena()!.used
      peak = 0
      grad((x: Tensor) => sum(square(P(x))))(x0)
      return peak - before
    })
  const counts = [64, 256, 1024]
  const [all, some] = [false, true].map(c => counts.map(n => bytes(n, c)))
  const [p, q] = [all, some].map(b => exponent(counts, b))
  t.ok(p > 0.95 && p < 1.05, `all kept: bytes ${all.join(', ')}, exponent ${p.toFixed(2)}`)
  t.ok(q > 0.4 && q < 0.6, `checkpoints: bytes ${some.join(', ')}, exponent ${q.toFixed(2)}`)
  t.ok(all[2] > 10 * some[2], `of 1024 steps ${(all[2] / some[2]).toFixed(1)} times less`)
})

t.test('timeReversed', async t => {
  const u = random(6).uniform([3, 5])
  const P = pendulum({ method: 'implicitMidpoint', steps: 5 })
  const s = random(7).uniform([3, 2])
  t.ok(apart(timeReversed(P)(P(s, u), u), s) < 1e-14, 'the last control first')
  t.ok(apart(P(timeReversed(P)(s, u), u), s) < 1e-14)
  t.same(timeReversed(timeReversed(P)).attrs, P.attrs)
  const chain = compose(
    kepler,
    iterate(nBody({ softening: 0.5, dt: 0.02, method: 'leapfrog' }), 7, { checkpoint: true })
  )
  t.ok(apart(timeReversed(chain)(chain(states)), states) < 1e-13, 'what is composed')
  const error = Math.max(
    ...dotCheck(timeReversed(P).op, { inputs: [s, u], attrs: timeReversed(P).attrs }, random(8)).map(r => r.error)
  )
  t.ok(error < 1e-12, 'an operator with derivatives of its own')
  t.throws(() => timeReversed(squareMap), { code: 'ERR_OPTION', message: /no time step/ })
})

t.test("implicitInverse: Kepler's equation, against its series and finite differences", async t => {
  const M = random(9).uniform([4, 3], -3, 3)
  const e = random(10).uniform([4, 3], 0, 0.9)
  const E = eccentricAnomaly(M, M, e)
  t.ok(apart(meanAnomaly(E, e), M) < 1e-14)
  t.ok(Math.abs(eccentricAnomaly(tensor([1]), tensor([1]), tensor([0.5])).item() - 1.4987011335178484) < 1e-14)
  const f = (m: Tensor, k: Tensor) => eccentricAnomaly(m, M, k)
  const close = (a: Tensor, b: Tensor) => apart(a, b) < 1e-9 * Math.max(...b.data.map(Math.abs))
  // dE/dM = 1/(1 - e cos E), dE/de = sin E/(1 - e cos E)
  const slope = (k: number) => {
    const data = E.data.map((v, i) => (k ? Math.sin(v) : 1) / (1 - e.data[i] * Math.cos(v)))
    return tensor(data as Float64Array, { shape: [4, 3] })
  }
  for (const wrt of [0, 1]) t.ok(close(grad((m: Tensor, k: Tensor) => sum(f(m, k)), { wrt })(M, e), slope(wrt)))
  // d²E/dM² = -e sin E/(1 - e cos E)³
  const H = hessian((m: Tensor) => sum(eccentricAnomaly(m, tensor([1]), tensor([0.5]))))(tensor([1])).item()
  t.ok(Math.abs(H + (0.5 * Math.sin(1.4987011335178484)) / (1 - 0.5 * Math.cos(1.4987011335178484)) ** 3) < 1e-13)
})

t.test('implicitInverse: of anything, with learned parameters', async t => {
  // x + tanh(x W) / 2 = y: several unknowns per sample, a matrix for all.
  const op: Op<undefined> = defineBlock({
    name: 'residual',
    forward: ([x, W]) => add(x, mul(tanh(matmul(x, W)), 0.5)),
    examples: r => [
      { inputs: [r.normal([3, 2]), mul(r.normal([2, 2]), 0.5)] },
      { inputs: [r.normal([1, 2]), zeros([2, 2])] }
    ]
  })
  const Q = implicitInverse(simulator(op))
  t.equal(Q.op.name, 'residualInverse')
  t.same(
    checkOp(Q.op).rows.filter(row => !row.passed),
    []
  )
  const coupled: Op<undefined> = defineBlock({
    name: 'coupled',
    forward: ([x]) => add(x, mul(sin(sum(x)), 0.3)),
    examples: r => [{ inputs: [r.normal([3])] }]
  })
  t.same(
    checkOp(implicitInverse(simulator(coupled)).op).rows.filter(row => !row.passed),
    [],
    'samples that are not apart'
  )
  const W = mul(random(11).normal([2, 2]), 0.5)
  const y = random(12).normal([4, 2])
  const { J } = jacobian((w: Tensor) => Q(y, y, w))(W)
  t.same(J.shape, [4, 2, 2, 2])
  t.throws(() => eccentricAnomaly(tensor([1]), tensor([1, 2]), tensor([0])), { code: 'ERR_SHAPE', message: /near/ })
  const positive = implicitInverse(
    simulator(defineBlock({ name: 'positive', forward: ([x]) => exp(x), examples: () => [] }))
  )
  t.throws(() => positive(tensor([-1]), tensor([0])), { code: 'ERR_INVERSE', message: /no solution near/ })
  t.throws(() => implicitInverse(((x: Tensor) => x) as unknown as Simulator), {
    code: 'ERR_RULE',
    message: /simulator/
  })
})

t.test('withNoise', async t => {
  const P = withNoise(kepler, { deviation: 1e-3, seed: 4 })
  const [a, b] = [P(states), P(states)]
  t.equal(apart(a, b), 0, 'the same call, the same numbers')
  t.ok(apart(a, kepler(states)) > 1e-4)
  t.ok(apart(a, withNoise(kepler, { deviation: 1e-3, seed: 5 })(states)) > 1e-4, 'another seed')
  const many = sub(withNoise(kepler, { deviation: 1e-2, seed: 1 })(zeros([1000, 8])), kepler(zeros([1000, 8])))
  const deviation = Math.sqrt(sum(square(many)).item() / many.size)
  // 8000 draws: the deviation is known to 1/√16000 = .8 percent.
  t.ok(Math.abs(deviation / 1e-2 - 1) < 0.04, String(deviation))
  t.ok(
    apart(localInverse((v: Tensor) => P(v))(a, add(states, 1e-2)), states) < 1e-10,
    'its own inverse knows the noise'
  )
  t.ok(apart(localInverse((v: Tensor) => kepler(v))(a, states), states) > 1e-4, 'that of P does not')
})

t.test('the sine map in both forms', async t => {
  const x = tensor([[0.3, -0.2]])
  const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)]
  const hat = [c * 0.3 + s * 0.2, s * 0.3 - c * 0.2]
  const code = sineMap({ xi: 4, phi: 30 })(x).data
  t.ok(Math.abs(code[0] - Math.sin(2.5 * hat[0])) < 1e-15 && Math.abs(code[1] - 40 * hat[1]) < 1e-14)
  const text = sineMap({ xi: 4, phi: 30, form: 'text' })(x).data
  t.ok(Math.abs(text[0] - Math.sin(hat[0]) / 4) < 1e-15 && Math.abs(text[1] - 4 * hat[1]) < 1e-15)
  for (const [xi, phi] of [
    [1, 45],
    [32, 45],
    [64, 0]
  ]) {
    const P = sineMap({ xi, phi })
    const at = random(13).uniform([50, 2], -1, 1)
    const target = random(14).uniform([50, 2], -1, 1)
    const found = localInverse((v: Tensor) => P(v))(target, at)
    t.ok(apart(P(found), target) < 1e-14 * xi * 10, `ξ = ${xi}, φ = ${phi}°`)
    // The nearest branch: no solution lies further than half a period of the sine along x̂1.
    const turned = sub(found, at).data
    const angle = (phi * Math.PI) / 180
    const along = Array.from(
      { length: 50 },
      (_, b) => Math.cos(angle) * turned[2 * b] - Math.sin(angle) * turned[2 * b + 1]
    )
    t.ok(Math.max(...along.map(Math.abs)) <= (Math.PI * xi) / 10 + 1e-12)
  }
  t.throws(() => sineMap({ xi: 0 }), { code: 'ERR_OPTION' })
  t.throws(() => sineMap({ form: 'book' as 'code' }), { code: 'ERR_OPTION', message: /'text'/ })
  t.throws(() => sineMap()(zeros([2, 3])), { code: 'ERR_SHAPE' })
  t.throws(() => squareMap(zeros([3])), { code: 'ERR_SHAPE' })
})

t.test('wrong calls', async t => {
  t.throws(() => compose(), { code: 'ERR_OPTION' })
  t.throws(() => compose(Math.sin as unknown as Simulator), { code: 'ERR_RULE', message: /simulator/ })
  t.throws(() => iterate(kepler, -1), { code: 'ERR_OPTION' })
  t.throws(() => iterate(kepler, 3, { checkpoint: 0 }), { code: 'ERR_OPTION' })
  t.throws(() => iterate(kepler, 3, { checkpoints: true } as object), { code: 'ERR_OPTION', message: /checkpoints/ })
  t.throws(() => withNoise(kepler, { deviation: -1 }), { code: 'ERR_OPTION' })
  t.throws(() => simulator(undefined as unknown as Op<undefined>), { code: 'ERR_RULE' })
  t.throws(() => targetSweep(new Tape(), [], [], { refine: 1 as unknown as boolean }), {
    code: 'ERR_OPTION',
    message: /refine/
  })
  t.throws(() => compose(oscillators({ steps: 2 }), oscillators({ steps: 2 }))(zeros([1, 4]), zeros([1, 2])), {
    code: 'ERR_SHAPE'
  })
})
