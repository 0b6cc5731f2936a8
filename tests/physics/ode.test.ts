import t from 'tap'
import { dotCheck } from '../../core/check/dotCheck.js'
import { derivativeAtZero } from '../../core/check/finiteDifference.js'
import { checkOp } from '../../core/check/index.js'
import { exponent } from '../../core/check/probe.js'
import {
  grad,
  localInverse,
  newton,
  random,
  sampleJacobian,
  Tape,
  type Tensor,
  targetSweep,
  tensor,
  zeros
} from '../../core/index.js'
import { add, exp, matmul, mlp, mul, square, sub, sum } from '../../ops/index.js'
import {
  hamiltonianSystem,
  type IntegrateOptions,
  integrate,
  lotkaVolterra,
  lotkaVolterraSystem,
  type MethodName,
  nBody,
  nBodySystem,
  oscillatorSystem,
  oscillators,
  pendulum,
  pendulumSystem,
  type Simulator,
  type System,
  timeReversed
} from '../../physics/index.js'
import { golden, relativeError } from '../golden.js'

const methods: Record<MethodName, number> = { euler: 1, midpoint: 2, rungeKutta4: 4, leapfrog: 2, implicitMidpoint: 2 }
const names = Object.keys(methods) as MethodName[]
const explicit: MethodName[] = ['euler', 'midpoint', 'rungeKutta4']
/** Largest |a - b|. */
const apart = (a: Tensor, b: Tensor): number => Math.max(...Array.from(a.data, (v, i) => Math.abs(v - b.data[i])))
const unitControls = (B: number, steps: number) => random(3).split('u').uniform([B, steps], -1, 1)

t.test('the trajectory of the notebook, step by step', async t => {
  const g = golden('oscillators_linear')
  const step = oscillators({ steps: 1, dt: g.dt })
  const u = tensor(g.control)
  let s = tensor(g.x0)
  const trajectory = [s]
  for (let k = 0; k < 24; k++) {
    s = step(s, tensor(g.control.map((row: number[]) => [row[k]])))
    trajectory.push(s)
  }
  const wanted = g.trajectory as number[][][]
  for (const k of [1, 5, 24])
    t.ok(
      relativeError(
        trajectory[k],
        wanted.map(sample => sample[k])
      ) < 2e-14,
      `step ${k}`
    )
  t.equal(apart(s, oscillators({ steps: 24, dt: g.dt })(tensor(g.x0), u)), 0, 'as 24 steps at once')
})

t.test('order of convergence', async t => {
  const s0 = random(0).uniform([4, 2], -1, 1)
  const u = unitControls(4, 2)
  const end = (method: MethodName, substeps: number) => pendulum({ method, dt: 1, steps: 2, substeps })(s0, u)
  const reference = end('rungeKutta4', 4096)
  for (const method of names) {
    const counts = method === 'rungeKutta4' ? [8, 16, 32, 64] : [32, 64, 128, 256]
    const errors = counts.map(n => apart(end(method, n), reference))
    const slope = exponent(
      counts.map(n => 1 / n),
      errors
    )
    t.ok(
      Math.abs(slope - methods[method]) < 0.1,
      `${method}: slope ${slope.toFixed(3)}, errors ${errors.map(e => e.toExponential(1)).join(' ')}`
    )
  }
})

t.test('energy over 100,000 steps: bounded for leapfrog and implicit midpoint, and not for others', async t => {
  const system = pendulumSystem()
  const free: System = { ...system, controls: 0, rate: () => system.rate(zeros([1])) }
  const s0 = tensor([[1, 0.3]])
  const energy = (s: Tensor) => system.invariant!(s).item()
  /** Largest change in each hundredth of the run. */
  const drift = (method: MethodName, steps: number, dt: number) => {
    const piece = integrate(free, { method, dt, steps: 10 })
    const worst = new Array<number>(10).fill(0)
    let s = s0
    for (let k = 0; k < steps / 10; k++) {
      s = piece(s)
      const at = Math.floor((100 * k) / steps)
      worst[at] = Math.max(worst[at], Math.abs(energy(s) - energy(s0)))
    }
    return worst
  }
  for (const method of ['leapfrog', 'implicitMidpoint'] as const) {
    const worst = drift(method, 100_000, 0.1)
    t.ok(Math.max(...worst) < 2e-3, `${method}: at most ${Math.max(...worst).toExponential(2)}`)
    t.ok(
      worst[9] < 1.05 * worst[0],
      `${method}: the last tenth ${worst[9].toExponential(3)}, the first ${worst[0].toExponential(3)}`
    )
  }
  const euler = drift('euler', 1000, 0.1)
  t.ok(
    euler[9] > 5 * euler[0],
    `euler: from ${euler[0].toExponential(2)} to ${euler[9].toExponential(2)} in 1,000 steps`
  )
  const midpoint = drift('midpoint', 10_000, 0.1)
  t.ok(
    midpoint[9] > 5 * midpoint[0],
    `midpoint: from ${midpoint[0].toExponential(2)} to ${midpoint[9].toExponential(2)} in 10,000`
  )
})

t.test('what the exact flow keeps', async t => {
  const close = (s0: Tensor, system: System, P: Simulator, rest: Tensor[] = [], tolerance = 1e-9) => {
    const before = system.invariant!(s0, ...rest.slice(-(system.parameters ?? 0) || rest.length))
    const after = system.invariant!(P(s0, ...rest), ...rest.slice(-(system.parameters ?? 0) || rest.length))
    const error = relativeError(after, before)
    t.ok(error < tolerance, `${system.name}: ${error.toExponential(1)}`)
  }
  const r = random(1)
  const fine = { dt: 0.01, steps: 200 }
  for (const spring of ['linear', 'cubic'] as const) {
    const chain = { masses: 3, spring }
    close(r.uniform([4, 6]), oscillatorSystem(chain), oscillators({ ...chain, ...fine }), [zeros([4, 200])])
  }
  close(r.uniform([4, 2]), pendulumSystem({ gravity: 2 }), pendulum({ gravity: 2, ...fine }), [zeros([4, 200])])
  close(r.uniform([4, 2], 0.5, 2), lotkaVolterraSystem, lotkaVolterra(fine), [tensor([1.1, 0.4, 0.4, 0.1])])
  const bodies = { masses: [1, 2, 0.5], dimensions: 3, softening: 0.5 }
  close(r.normal([4, 18]), nBodySystem(bodies), nBody({ ...bodies, ...fine }))
})

t.test("the text's Hamiltonian, by its derivatives and by the formula", async t => {
  const [alpha, c] = [0.25, [0.5, -1, 2]]
  const n = c.length
  const H = (s: Tensor, u?: Tensor) => {
    const half = mul(sum(square(s), -1), 0.5)
    const D = tensor([
      [1, 0],
      [-1, 1],
      [0, -1],
      [0, 0],
      [0, 0],
      [0, 0]
    ])
    const quartic = mul(sum(square(square(matmul(s, D))), -1), alpha)
    return add(add(half, quartic), sum(mul(mul(u!, tensor([...c, 0, 0, 0])), s), -1))
  }
  const settings = { steps: 5, dt: 0.2, method: 'leapfrog' } as const
  const [s0, u] = [random(2).uniform([4, 2 * n]), unitControls(4, 5)]
  const byHand = oscillators({ masses: n, spring: 'cubic', coupling: 4 * alpha, push: c.map(v => -v), ...settings })
  const byTape = integrate(hamiltonianSystem({ name: 'chain', degrees: n, H, controls: 1, separable: true }), settings)
  t.ok(relativeError(byTape(s0, u), byHand(s0, u)) < 1e-14)
  const through = (P: Simulator) => grad((v: Tensor) => sum(square(P(s0, v))))(u)
  t.ok(relativeError(through(byTape), through(byHand)) < 1e-13, 'a gradient through gradients')
})

t.test('Kepler: two bodies return after one period', async t => {
  // A light body on a circle of radius 1 around a mass of 1: the period is 2π, but for the softening.
  const P = nBody({ masses: [1, 1e-9], softening: 1e-6, method: 'rungeKutta4', dt: Math.PI / 500, steps: 1000 })
  const s0 = tensor([[0, 0, 1, 0, 0, 0, 0, 1]])
  t.ok(apart(P(s0), s0) < 1e-7, String(apart(P(s0), s0)))
})

/** Every system by every method that it has. */
const all = (options: IntegrateOptions): [string, Simulator, (r: ReturnType<typeof random>) => Tensor[]][] =>
  names.flatMap(method => {
    const o = { ...options, method }
    const B = 3
    const u = unitControls(B, options.steps!)
    const list: [string, Simulator, (r: ReturnType<typeof random>) => Tensor[]][] = [
      [`linear ${method}`, oscillators({ masses: 3, ...o }), r => [r.uniform([B, 6]), u]],
      [`cubic ${method}`, oscillators({ spring: 'cubic', push: [0, 3], ...o }), r => [r.uniform([B, 4]), u]],
      [`pendulum ${method}`, pendulum(o), r => [r.uniform([B, 2], -1, 1), u]],
      [`n-body ${method}`, nBody({ masses: [1, 2, 3], softening: 0.5, ...o }), r => [r.normal([B, 12])]]
    ]
    if (method !== 'leapfrog') {
      list.push([`damped ${method}`, pendulum({ friction: 0.3, ...o }), r => [r.uniform([B, 2], -1, 1), u]])
      list.push([`prey ${method}`, lotkaVolterra(o), r => [r.uniform([B, 2], 0.5, 2), r.uniform([4], 0.5, 1)]])
    }
    return list
  })

t.test('adjoints by the dot test, all systems by all methods', async t => {
  let worst = 0
  for (const [name, P, point] of all({ dt: 0.1, steps: 5 })) {
    const rows = dotCheck(P.op, { inputs: point(random(4)), attrs: P.attrs }, random(5))
    const error = Math.max(...rows.map(row => row.error))
    t.ok(rows.length > 0 && error < 1e-12, `${name}: ${error.toExponential(1)}`)
    worst = Math.max(worst, error)
  }
  t.comment(`largest error ${worst.toExponential(1)}`)
})

t.test('gradients through 100 steps against finite differences', async t => {
  for (const [name, P, point] of all({ dt: 0.05, steps: 100 })) {
    const inputs = point(random(6))
    for (const [i, x] of inputs.entries()) {
      const d = random(7).normal(x.shape, 0, 0.1)
      const L = (v: Tensor) => sum(square(P(...inputs.map((w, k) => (k === i ? v : w)))))
      const g = sum(mul(grad(L)(x), d)).item()
      const [f] = derivativeAtZero(e => [L(add(x, mul(d, e))).item()])
      t.ok(Math.abs(g - f) < 1e-8 * Math.max(Math.abs(f), 0.1), `${name}, input ${i}: ${(g / f - 1).toExponential(1)}`)
    }
  }
})

t.test('laws of the inverse at ten random points', async t => {
  // The same rule for all; Euler and the midpoint rule by two systems.
  const some = all({ dt: 0.1, steps: 2 }).filter(
    ([name]) => !/ (euler|midpoint)$/.test(name) || /^(linear|pend)/.test(name)
  )
  for (const [name, P] of some) {
    let checked = 0
    for (let seed = 0; seed < 10; seed++) {
      const { rows } = checkOp(P.op, { only: ['inverse'], random: random(seed) })
      const bad = rows.filter(row => !row.passed)
      if (bad.length > 0) t.fail(`${name}, seed ${seed}`, { bad })
      checked += rows.filter(row => row.tolerance > 0).length
    }
    t.ok(checked >= 40, `${name}: ${P.op.inverse!.kind}, ${checked} laws`)
  }
})

t.test('time reversal over 100 steps: as it is, and refined', async t => {
  const x0 = tensor(golden('oscillators_linear').x0)
  const rest = zeros([3, 100])
  for (const method of ['rungeKutta4', 'leapfrog', 'implicitMidpoint'] as const) {
    const P = oscillators({ method, dt: 0.5, steps: 100 })
    const back = apart(timeReversed(P)(P(x0, rest), rest), x0)
    // RK4 damps what oscillates with ω by (ω dt)⁶/144 a step, there and back: 2.1 and 5.5 percent of the two modes.
    if (method === 'rungeKutta4') t.ok(back < 4e-2 && back > 1e-2, `RK4 alone: ${back.toExponential(2)}`)
    else t.ok(back < 1e-12, `${method} alone: ${back.toExponential(2)}`)
  }
  const u = unitControls(3, 100)
  // From another state, since at x0 itself there is nothing to find. Cubic springs, so that Newton has work.
  const other = add(x0, random(9).normal([3, 4], 0, 0.1))
  for (const [name, P] of [
    ['linear', oscillators({ dt: 0.5, steps: 100 })],
    ['cubic', oscillators({ spring: 'cubic', coupling: 0.1, dt: 0.25, steps: 100 })]
  ] as const) {
    const y = P(x0, u)
    using tape = new Tape()
    const x = tape.watch(other)
    const goal = [[tape.record(() => P(x, u)), y]] as const
    const rule = targetSweep(tape, goal, [x])
    const refined = targetSweep(tape, goal, [x], { refine: true })
    const found = apart(refined.targets[0].value, x0)
    t.equal(rule.report.rungs[0].rung, 'approximate')
    t.equal(refined.report.rungs[0].rung, 'approximate and newton')
    t.ok(
      found < 1e-8,
      `${name}: ${apart(rule.targets[0].value, x0).toExponential(2)}, refined ${found.toExponential(2)}`
    )
    t.ok(apart(rule.targets[0].value, x0) > 1e3 * found, `${name}: there was something to refine`)
    t.ok(apart(localInverse((s: Tensor) => P(s, u))(y, other), x0) < 1e-8, 'the verb refines by itself')
    const ladder = [newton()]
    const plain = targetSweep(tape, goal, [x], { ladder })
    t.ok(apart(plain.targets[0].value, x0) < 1e-8, 'newton alone, from x')
  }
})

t.test('controls and parameters: the ladder solves', async t => {
  const [s0, u] = [random(10).uniform([4, 2]), unitControls(4, 12)]
  const P = pendulum({ dt: 0.25, steps: 12 })
  const y = add(P(s0, u), mul(random(11).normal([4, 2]), 0.1))
  const found = localInverse((v: Tensor) => P(s0, v))(y, u)
  t.ok(apart(P(s0, found), y) < 1e-9)

  const prey = lotkaVolterra({ dt: 0.1, steps: 50 })
  const theta = tensor([[1.1, 0.4, 0.4, 0.1]])
  const seen = (p: Tensor) => prey(tensor([[10, 5]]), p)
  const guess = mul(theta, 1.05)
  const one = localInverse(seen)(seen(theta), guess)
  t.ok(apart(seen(one), seen(theta)) < 1e-8, 'parameters that explain the data')
  const net = mlp([2, 8, 2])
  const learned: System = {
    ...lotkaVolterraSystem,
    name: 'learned',
    rate: p => s => net(p, s),
    invariant: undefined
  }
  const p0 = net.init(random(12))
  const { J } = sampleJacobian((p: Tensor) => integrate(learned, { steps: 3 })(s0, p))(p0)
  t.same(J.shape, [4, 2, p0.size], 'a network as the right-hand side, per sample')
})

t.test('stiff: implicit midpoint where explicit methods overflow', async t => {
  const stiff: System = {
    ...lotkaVolterraSystem,
    name: 'stiff',
    parameters: 0,
    invariant: undefined,
    rate: () => s =>
      add(
        matmul(
          s,
          tensor([
            [-1000, 0],
            [1, -1]
          ])
        ),
        mul(exp(mul(s, -1)), 0.1)
      )
  }
  const s0 = tensor([[1, 1]])
  const run = (method: MethodName, substeps = 1) => integrate(stiff, { method, dt: 0.1, steps: 20, substeps })(s0)
  const want = run('rungeKutta4', 1000)
  t.ok(Math.abs(run('implicitMidpoint').data[1] - want.data[1]) < 1e-3, 'the slow part is right')
  for (const method of explicit) t.notOk(Math.abs(run(method).data[0]) < 1e10, `${method} blows up`)
})

t.test('both dtypes, any leading axes, many controls', async t => {
  for (const method of names) {
    const P = pendulum({ method, dt: 0.1, steps: 4 })
    const s = random(13).uniform([2, 3, 2])
    const u = random(14).uniform([2, 3, 4])
    const flat = P(tensor(s.data, { shape: [6, 2] }), tensor(u.data, { shape: [6, 4] }))
    t.ok(relativeError(tensor(P(s, u).data, { shape: [6, 2] }), flat) < 1e-15, `${method}: leading axes`)
    const low = P(tensor(s, { dtype: 'f32' }), tensor(u, { dtype: 'f32' }))
    t.equal(low.dtype, 'f32')
    t.ok(apart(low, P(s, u)) < 1e-6)
  }
  const two: System = { ...pendulumSystem(), name: 'two', controls: 2, rate: u => s => sub(u, s) }
  const u = random(15).uniform([3, 5, 2])
  const y = integrate(two, { dt: 0.1, steps: 5, method: 'midpoint' })(zeros([3, 2]), u)
  let s = zeros([3, 2])
  for (let k = 0; k < 5; k++) {
    const now = tensor(Array.from({ length: 3 }, (_, b) => [0, 1].map(c => u.data[(b * 5 + k) * 2 + c])))
    s = add(s, mul(sub(now, s), 0.1 - 0.005))
  }
  t.ok(apart(y, s) < 1e-15)
})

t.test('wrong calls', async t => {
  t.throws(() => pendulum({ friction: 0.1, method: 'leapfrog' }), { code: 'ERR_OPTION', message: /not separable/ })
  t.throws(() => lotkaVolterra({ method: 'leapfrog' }), { code: 'ERR_OPTION' })
  t.throws(() => pendulum({ method: 'rk4' as MethodName }), { code: 'ERR_OPTION', message: /rungeKutta4/ })
  t.throws(() => pendulum({ dt: Number.NaN }), { code: 'ERR_OPTION' })
  t.throws(() => pendulum({ substeps: 0 }), { code: 'ERR_OPTION' })
  t.throws(() => pendulum({ lenght: 2 } as IntegrateOptions), { code: 'ERR_OPTION', message: /lenght/ })
  t.throws(() => oscillators({ push: [1] }), { code: 'ERR_OPTION', message: /2 masses/ })
  t.throws(() => nBody({ masses: [] }), { code: 'ERR_OPTION' })
  t.throws(() => nBody({ softening: 0 }), { code: 'ERR_OPTION', message: /softening/ })
  t.throws(() => pendulum({ steps: 3 })(zeros([2, 2]), zeros([2, 4])), { code: 'ERR_SHAPE', message: /\[B, 3\]/ })
  t.throws(() => pendulum({ steps: 3 })(zeros([2, 2])), { code: 'ERR_SHAPE', message: /left out/ })
  t.throws(() => lotkaVolterra()(zeros([2, 2])), { code: 'ERR_SHAPE', message: /1 parameters/ })
  t.throws(() => nBody()(zeros([2, 6])), { code: 'ERR_SHAPE' })
})
