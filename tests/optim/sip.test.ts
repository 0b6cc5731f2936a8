import t from 'tap'
import {
  adjoint,
  apply,
  cotangentSweep,
  keep,
  onesLike,
  random,
  stopGradient,
  Tape,
  Tensor,
  tensor,
  zeros
} from '../../core/index.js'
import { addOp } from '../../core/structural/add.js'
import { sinOp } from '../../ops/elementwise/sin.js'
import {
  add,
  at,
  cast,
  concat,
  cos,
  exp,
  l1,
  l2,
  matmul,
  mlp,
  mul,
  sin,
  slice,
  square,
  stack,
  sub,
  sum,
  tanh
} from '../../ops/index.js'
import {
  adam,
  evaluate,
  newtonMethod,
  type Optimizer,
  rmsprop,
  type SipOptions,
  type SipResult,
  sgd,
  sip,
  sipBackward,
  train
} from '../../optim/index.js'
import { oscillatorMatrix, rungeKutta4Step } from '../../physics/index.js'
import { golden, relativeError } from '../golden.js'
import { counted } from './counted.js'

/** x = θ ∘ data as the simplest network, so that ∂x/∂θ is known: the gradient is Σ_b (cotangent of x) ∘ data. */
const B = 3
const data = random(1).uniform([B, 2], 0.5, 1.5)
const theta0 = tensor([0.6, 0.8])

interface Trial {
  x: Tensor
  y: Tensor
  found: SipResult<Tensor>
}

function trial(
  P: (x: Tensor) => Tensor,
  loss: (y: Tensor) => Tensor | readonly Tensor[],
  options: Partial<SipOptions<Tensor>> & { name?: boolean } = {}
): Trial {
  using tape = new Tape()
  const theta = tape.watch(theta0)
  const { x, y, L } = tape.record(() => {
    const x = mul(theta, data)
    const y = P(x)
    return { x, y, L: loss(y) }
  })
  const { name, ...rest } = options
  const found = sipBackward(tape, L, { boundary: [x], wrt: theta, ...(name ? { y } : {}), ...rest })
  return { x: keep(x), y: keep(y), found: found as SipResult<Tensor> }
}

/** Σ_b cotangent ∘ data */
const pulled = (ct: Tensor) =>
  [0, 1].map(j => [0, 1, 2].reduce((s, b) => s + ct.data[2 * b + j] * data.data[2 * b + j], 0))
const goal = tensor([
  [0.5, 0.7],
  [0.3, 0.9],
  [0.8, 0.4]
])
const map = (t: Tensor, f: (v: number, i: number) => number) => new Tensor(t.shape, t.data.map(f))
/** A few roundings of numbers of size 1. */
const ROUNDING = 1e-14

t.test('one boundary: cotangent scale · (x - x̃), x̃ the inverse of the target', async t => {
  const { x, found } = trial(sin, y => l2(y, goal))
  const xt = map(goal, v => Math.asin(v))
  t.ok(relativeError(found.targets[0].value, xt) < ROUNDING)
  t.ok(relativeError(found.grad, pulled(sub(x, xt))) < ROUNDING)
  t.ok(found.report.mismatch.every(m => m < ROUNDING))

  const scaled = trial(sin, y => l2(y, goal), { scale: 1 / B })
  t.ok(relativeError(scaled.found.grad, pulled(map(sub(x, xt), v => v / B))) < ROUNDING, 'scale')

  const { y, found: half } = trial(sin, y => l2(y, goal), { eta: 0.5 })
  const between = map(y, (v, i) => Math.asin(v + 0.5 * (goal.data[i] - v)))
  t.ok(relativeError(half.targets[0].value, between) < ROUNDING, 'η is a step in y, not in x')

  const still = trial(sin, y =>
    l2(
      y,
      map(y, v => v)
    )
  )
  t.same([...still.found.grad.data], [0, 0], 'nothing to learn, nothing moves')
})

t.test('a sample that diverged stops nobody', async t => {
  const P = (x: Tensor) =>
    mul(
      exp(
        mul(
          x,
          tensor([
            [1, 1],
            [2000, 1],
            [1, 1]
          ])
        )
      ),
      0.2
    )
  const { x, y, found } = trial(P, y => l2(y, goal))
  t.equal(y.data[2], Number.POSITIVE_INFINITY)
  const xt = found.targets[0].value
  t.equal(xt.data[2], x.data[2], 'it keeps its x: no cotangent')
  t.ok([0, 4, 5].every(i => Math.abs(xt.data[i] - Math.log(5 * goal.data[i])) < ROUNDING))
  t.ok([...found.grad.data].every(Number.isFinite))
  t.same(
    found.report.mismatch.map(m => m < ROUNDING),
    [true, false, true],
    'and shows in the report'
  )
})

t.test('losses and proxies', async t => {
  const one = trial(sin, y => l1(y, goal))
  const two = trial(sin, y => l2(y, goal))
  // Neither has curvature to weigh one entry against another: both aim at y*.
  t.same(one.found.targets[0].value.data, two.found.targets[0].value.data, 'L1 and L2 have the same target')
  const proxied = trial(sin, y => l2(y, goal), { proxy: 'l1', scale: 2 })
  const signs = map(sub(proxied.x, proxied.found.targets[0].value), v => 2 * Math.sign(v))
  t.ok(relativeError(proxied.found.grad, pulled(signs)) < ROUNDING, 'proxy l1: the sign')
})

t.test('a composed loss: |H| by differentiation', async t => {
  // Weights do not change where a sum of squares is least.
  const weighted = trial(sin, y => sum(mul(square(sub(y, goal)), tensor([3, 0.2])), -1), { name: true })
  t.ok(
    relativeError(
      weighted.found.targets[0].value,
      map(goal, v => Math.asin(v))
    ) < 1e-13
  )
  const half = trial(sin, y => sum(mul(square(sub(y, goal)), tensor([3, 0.2])), -1), { name: true, eta: 0.5 })
  const between = map(half.y, (v, i) => Math.asin(v + 0.5 * (goal.data[i] - v)))
  t.ok(relativeError(half.found.targets[0].value, between) < 1e-13, 'η')

  // y⁴/4 - y²/2 has H = 3y² - 1 < 0 below 0.577: the step still goes downhill, by g/|H|.
  const quartic = trial(
    x => mul(x, 0.5),
    y => sum(sub(mul(square(square(y)), 0.25), mul(square(y), 0.5)), -1),
    { name: true }
  )
  const aim = map(quartic.y, v => 2 * (v - (v ** 3 - v) / Math.abs(3 * v * v - 1)))
  t.ok(
    [...quartic.y.data].some(v => 3 * v * v < 1),
    'there is negative curvature'
  )
  t.ok(relativeError(quartic.found.targets[0].value, aim) < 1e-12)

  // Entries that depend on each other: |H| has to be taken as a matrix. L = y0 y1 has H = [0 1; 1 0], |H| = 1.
  const saddle = trial(
    x => mul(x, 1),
    y => sum(mul(slice(y, -1, 0, 1), slice(y, -1, 1)), -1),
    { name: true }
  )
  const downhill = map(saddle.y, (v, i) => v - saddle.y.data[i ^ 1])
  t.ok(relativeError(saddle.found.targets[0].value, downhill) < 1e-13)

  // One scalar for the whole batch: its Hessian is that of all samples together.
  const scalar = trial(sin, y => mul(sum(square(sub(y, goal))), 1 / B), { name: true })
  t.ok(
    relativeError(
      scalar.found.targets[0].value,
      map(goal, v => Math.asin(v))
    ) < 1e-12
  )

  // A sample whose loss is not finite has no say, and stops nobody.
  const bad = trial(
    sin,
    y =>
      sum(
        mul(
          square(sub(y, goal)),
          tensor([
            [1, 1],
            [Number.NaN, 1],
            [1, 1]
          ])
        ),
        -1
      ),
    { name: true }
  )
  const kept = bad.found.targets[0].value
  t.same([...kept.data.subarray(2, 4)], [...bad.x.data.subarray(2, 4)])
  t.ok(Math.abs(kept.data[0] - Math.asin(goal.data[0])) < 1e-13)
  t.ok([...bad.found.grad.data].every(Number.isFinite))

  t.throws(() => trial(sin, y => sum(square(y), -1)), { code: 'ERR_RULE' }, 'y has to be named')
  t.throws(() => trial(sin, () => []), { code: 'ERR_GRADIENT' })
})

t.test('several loss terms', async t => {
  using tape = new Tape()
  const theta = tape.watch(theta0)
  const { x, losses } = tape.record(() => {
    const x = mul(theta, data)
    return {
      x,
      losses: [l2(exp(slice(x, -1, 0, 1)), slice(goal, -1, 0, 1)), l1(sin(slice(x, -1, 1)), slice(goal, -1, 1))]
    }
  })
  const { targets, report } = sipBackward(tape, losses, { boundary: [x], wrt: theta })
  const expected = map(goal, (v, i) => (i % 2 === 0 ? Math.log(v) : Math.asin(v)))
  t.ok(relativeError(targets[0].value, expected) < ROUNDING, 'each asks for its part')
  t.ok(report.mismatch.every(m => m < ROUNDING))
})

const g = golden('oscillators_linear')
const At = tensor(oscillatorMatrix(2, 0.2), { shape: [4, 4] })
const transposed = map(At, (_, i) => At.data[(i % 4) * 4 + Math.floor(i / 4)])
const last = tensor([0, 0, 0, 1])

/** The oscillators open on the tape, site by site, one control per step. */
function simulate(x0: Tensor, control: (step: number) => Tensor): Tensor {
  let s = x0
  for (let k = 0; k < 24; k++) {
    const force = mul(control(k), last)
    s = rungeKutta4Step(state => add(matmul(state, transposed), force), s, g.dt)
  }
  return s
}

t.test('24 boundary tensors u_t give the step that one tensor u gives', async t => {
  const [x0, u] = [tensor(g.x0), tensor(g.control)]
  const steps = Array.from({ length: 24 }, (_, k) => map(zeros([3, 1]), (_, b) => u.data[24 * b + k]))

  using one = new Tape()
  one.watch(u)
  const single = one.record(() =>
    l2(
      simulate(x0, k => slice(u, -1, k, k + 1)),
      x0
    )
  )
  const whole = sipBackward(one, single, { boundary: [u], wrt: u, eta: 2 / 3 })

  using many = new Tape()
  many.watch(steps)
  const several = many.record(() =>
    l2(
      simulate(x0, k => steps[k]),
      x0
    )
  )
  const parts = sipBackward(many, several, { boundary: steps, wrt: steps, eta: 2 / 3 })

  const joined = map(u, (_, i) => parts.targets[i % 24].value.data[Math.floor(i / 24)])
  // 551 sites and one least-squares solve with singular values down to 1e-2 of the largest.
  t.ok(relativeError(sub(u, joined), sub(u, whole.targets[0].value)) < 1e-12)
  t.ok(relativeError(sub(u, whole.targets[0].value), g.sip.delta_control) < 1e-12, "the notebook's step")
  for (const { report } of [whole, parts]) {
    t.equal(report.rungs.length, 1, 'one block back to the boundary')
    t.ok(report.rungs[0].iterations! <= 2, 'linear: the first step arrives')
  }
  t.same(
    parts.grad.map(p => p.shape),
    steps.map(s => s.shape)
  )
  const flat = map(u, (_, i) => parts.grad[i % 24].data[Math.floor(i / 24)])
  t.ok(relativeError(flat, whole.grad) < 1e-12, 'and so do the gradients')
})

t.test('each site is swept once, and cotangents do not go on through physics', async t => {
  // Two steps: u1 = θ s0, s1 = s0 + sin u1, u2 = θ s1, s2 = s1 + sin u2. Without the cut, u2's cotangent would flow
  // through the network to s1 and on to u1.
  const push = counted(sinOp)
  const join = counted(addOp)
  const network = counted({ ...sinOp, name: 'net' })
  using tape = new Tape()
  const theta = tape.watch(theta0)
  const s0 = data
  const { u1, u2, s1, L } = tape.record(() => {
    const u1 = apply(network.op, [mul(theta, s0)])
    const s1 = apply(join.op, [s0, apply(push.op, [u1])])
    const u2 = apply(network.op, [mul(theta, s1)])
    const s2 = apply(join.op, [s1, apply(push.op, [u2])])
    return { u1, u2, s1, L: l2(s2, goal) }
  })
  const { grad, targets, region } = sipBackward(tape, L, { boundary: [u1, u2], wrt: theta })
  t.same(push.calls, { vjp: 0, inverse: 2 }, 'physics: inverse rules only')
  t.same(join.calls, { vjp: 0, inverse: 2 })
  t.same(network.calls, { vjp: 2, inverse: 0 }, 'network: cotangents only')
  t.equal(region.sites.length, 4)
  const through = (u: Tensor, i: number, s: Tensor) => {
    const inner = mul(theta0, s)
    return map(u, (v, k) => (v - targets[i].value.data[k]) * Math.cos(inner.data[k]) * s.data[k])
  }
  const both = add(through(u1, 0, s0), through(u2, 1, s1))
  t.ok(
    relativeError(
      grad,
      [0, 1].map(j => both.data[j] + both.data[2 + j] + both.data[4 + j])
    ) < ROUNDING
  )
})

t.test('an f32 network and f64 physics', async t => {
  const net = mlp([2, 8, 2])
  const theta = net.init(random(3))
  const t32 = tensor(theta, { dtype: 'f32' })
  const P = (x: Tensor) => add(sin(x), mul(x, 0.5))
  using tape = new Tape()
  tape.watch(t32)
  const { x, L } = tape.record(() => {
    const x = cast(net(t32, tensor(data, { dtype: 'f32' })), 'f64')
    return { x, L: l2(P(x), goal) }
  })
  const { grad, targets, report } = sipBackward(tape, L, { boundary: [x], wrt: t32 })
  t.equal(grad.dtype, 'f32')
  t.equal(targets[0].value.dtype, 'f64', 'the target keeps the digits of the physics')
  t.ok(report.mismatch.every(m => m < 1e-11))
  using reference = new Tape()
  reference.watch(theta)
  const y = reference.record(() => net(theta, data))
  const expected = cotangentSweep(reference, [[y, sub(x, targets[0].value)]]).get(theta)!
  // A network of three layers in f32: some tens of roundings of 6e-8.
  t.ok(relativeError(tensor(grad, { dtype: 'f64' }), expected) < 1e-5)
})

t.test('with the adjoint rung at a fixed step SIP is plain gradient descent', async t => {
  const r = random(5)
  const [A, C] = [r.normal([2, 3]), r.normal([3, 2])]
  const shapes: readonly [string, (x: Tensor) => Tensor][] = [
    ['a chain', x => tanh(matmul(sin(matmul(x, A)), C))],
    ['a diamond', x => add(mul(sin(x), cos(x)), exp(mul(x, 0.3)))],
    ['partial reads', x => concat([sin(slice(x, -1, 1)), mul(slice(x, -1, 0, 1), slice(x, -1, 1))], -1)],
    ['claims that disagree', x => matmul(concat([sin(x), matmul(square(x), tensor([[1], [2]]))], -1), C)]
  ]
  for (const [name, P] of shapes) {
    const sip = trial(P, y => l2(y, goal), { policy: { ladder: [adjoint({ step: 1 })] } })
    using tape = new Tape()
    const theta = tape.watch(theta0)
    const L = tape.record(() => l2(P(mul(theta, data)), goal))
    const plain = cotangentSweep(tape, [[L, onesLike(L)]]).get(theta)!
    t.ok(relativeError(sip.found.grad, plain) < 1e-13, `${name}: ${relativeError(sip.found.grad, plain)}`)
    const step = (gradient: Tensor) => {
      const method = sgd({ lr: 0.1 })
      return method.step(theta0, gradient, method.init(theta0)).theta
    }
    t.ok(relativeError(step(sip.found.grad), step(plain)) < 1e-14, `${name}, one step`)
  }
})

t.test('a parameter that another one is made of gets its gradient', async t => {
  const tape = new Tape()
  const a = tape.watch(tensor([[1, 2]]))
  const { b, u, loss } = tape.record(() => {
    const b = mul(a, 2)
    const u = mul(b, 3)
    return { b, u, loss: l2(u, zeros([1, 2])) }
  })
  const { grad } = sipBackward(tape, loss, { boundary: [u], wrt: [a, b] })
  t.same(
    grad.map(g => g.toArray()),
    [[[36, 72]], [[18, 36]]]
  )
})

t.test('l2 with its arguments exchanged says so', async t => {
  const tape = new Tape()
  const x = tape.watch(tensor([[1, 2]]))
  const loss = tape.record(() => l2(tensor([[4, 4]]), square(x)))
  t.throws(() => sipBackward(tape, loss, { boundary: [x], wrt: x }), /l2\(y, target\)/)
})

t.test('a target that depends on the boundary is refused, unless it is held', t => {
  const run = (hold: boolean) => {
    using tape = new Tape()
    const theta = tape.watch(theta0)
    const { x, L } = tape.record(() => {
      const x = mul(theta, data)
      const target = cos(x)
      return { x, L: l2(sin(x), hold ? stopGradient(target) : target) }
    })
    return sipBackward(tape, L, { boundary: [x], wrt: theta })
  }
  t.throws(() => run(false), { code: 'ERR_GRADIENT' })
  t.equal(run(true).grad.size, 2)
  t.end()
})

t.test('SIP as a method: the passes by hand, fed to Adam', async t => {
  const loss = (theta: Tensor) => {
    const x = mul(theta, data)
    return { loss: l2(sin(x), goal), x }
  }
  for (const [reduce, factor] of [
    ['sum', 1],
    ['mean', 1 / B]
  ] as const) {
    const inner = adam({ lr: 0.1 })
    const method = sip(inner, { eta: 0.7 })
    let [theta, state] = [theta0, method.init(theta0)]
    let [byHand, own] = [theta0, inner.init(theta0)]
    for (let k = 0; k < 3; k++) {
      using e = evaluate(loss, theta, { reduce })
      const step = method.step(theta, e, state)
      ;({ theta, state } = step)
      t.equal(step.report.targets.rungs[0].rung, 'local')
      using tape = new Tape()
      tape.watch(byHand)
      const { x, L } = tape.record(() => {
        const f = loss(byHand)
        return { x: f.x, L: f.loss }
      })
      const { grad } = sipBackward(tape, L, { boundary: [x], wrt: byHand, eta: 0.7, scale: factor })
      ;({ theta: byHand, state: own } = inner.step(byHand, grad, own))
    }
    t.same(theta.toArray(), byHand.toArray(), reduce)
  }
  t.throws(() => sip(newtonMethod() as never), { code: 'ERR_OPTION' }, 'the inner method is of the first order')
  const bare = evaluate(th => l2(sin(mul(th, data)), goal), theta0)
  t.throws(() => sip(adam()).step(theta0, bare, adam().init(theta0)), { code: 'ERR_OPTION' }, 'the model shows no x')
})

t.test('SIP by the adjoint rung at a fixed step is gradient descent, whatever the inner method', async t => {
  const net = mlp([2, 4, 2])
  const P = (x: Tensor) => add(mul(sin(x), cos(x)), exp(mul(x, 0.3)))
  const model = (theta: Tensor) => {
    const x = net(theta, data)
    return { loss: l2(P(x), goal), x }
  }
  for (const reduce of ['mean', 'sum'] as const)
    for (const inner of [sgd({ lr: 0.1, momentum: 0.9 }), adam(), rmsprop()] as Optimizer<Tensor, any>[]) {
      const run = async (method: Optimizer<any, any>) =>
        await train({ theta: net.init(random(3)), method, model, reduce, steps: 20 })
      const plain = await run(inner)
      const bySip = await run(sip(inner, { policy: { ladder: [adjoint({ step: 1 })] } }))
      t.ok(relativeError(bySip.theta, plain.theta) < 1e-11, `${inner.name}, ${reduce}`)
      t.ok(plain.losses[19] < plain.losses[0])
    }
})

t.test('several updates per solver call', async t => {
  const net = mlp([2, 4, 2])
  const calls = counted(sinOp)
  const model = (theta: Tensor) => {
    const x = net(theta, data)
    return { loss: l2(apply(calls.op, [x]), goal), x }
  }
  const start = net.init(random(3))
  const inner = adam({ lr: 0.05 })
  const method = sip(inner, { updatesPerSolve: 4, proxy: 'huber', delta: 0.2, scale: 2 })
  using e = evaluate(model, start)
  const { theta, delta, state, report } = method.step(start, e, method.init(start))
  t.equal(calls.calls.inverse, 1, 'one inverse')
  t.equal(report.iterations, 4)

  // By hand: four steps of Adam on the Huber loss towards one x̃.
  using first = new Tape()
  const th = first.watch(start)
  const { x, L } = first.record(() => {
    const x = net(th, data)
    return { x, L: l2(sin(x), goal) }
  })
  const target = sipBackward(first, L, { boundary: [x], wrt: th }).targets[0].value
  let [at, own] = [start, inner.init(start)]
  for (let k = 0; k < 4; k++) {
    using tape = new Tape()
    tape.watch(at)
    const now = tape.record(() => net(at, data))
    const ct = map(now, (v, i) => 2 * Math.max(-0.2, Math.min(0.2, v - target.data[i])))
    ;({ theta: at, state: own } = inner.step(at, cotangentSweep(tape, [[now, ct]]).get(at)!, own))
  }
  t.ok(relativeError(theta, at) < 1e-12)
  t.ok(relativeError(sub(start, delta), theta) < 1e-14)
  t.equal(state.t, 4)
  t.ok(
    [...target.data].some((v, i) => Math.abs(v - x.data[i]) > 0.2),
    'some differences are beyond delta'
  )

  // With many updates on a solver that is exact, the network gets to where each x̃ is: a few solver calls do.
  const loss = async (updatesPerSolve: number) => {
    const { losses } = await train({
      theta: start,
      model: theta => {
        const x = net(theta, data)
        return { loss: l2(sin(x), goal), x }
      },
      method: sip(adam({ lr: 0.02 }), { updatesPerSolve }),
      steps: 10
    })
    return losses[9]
  }
  t.ok((await loss(100)) < 1e-2 * (await loss(1)), 'convergence per solver call')
})

t.test('several updates with networks at two times: the physics between them is not run again', async t => {
  const push = counted(sinOp)
  const network = counted({ ...sinOp, name: 'net' })
  const model = (theta: Tensor) => {
    const u1 = apply(network.op, [mul(theta, data)])
    const s1 = add(data, apply(push.op, [u1]))
    const u2 = apply(network.op, [mul(theta, s1)])
    return { loss: l2(add(s1, apply(push.op, [u2])), goal), x: [u1, u2] }
  }
  const inner = sgd({ lr: 0.1 })
  using e = evaluate(model, theta0, { reduce: 'sum' })
  const two = sip(inner, { updatesPerSolve: 2 }).step(theta0, e, inner.init(theta0))
  // By hand, with s1 as it was.
  using tape = new Tape()
  tape.watch(theta0)
  const { u1, u2, s1, L } = tape.record(() => {
    const u1 = sin(mul(theta0, data))
    const s1 = add(data, sin(u1))
    const u2 = sin(mul(theta0, s1))
    return { u1, u2, s1, L: l2(add(s1, sin(u2)), goal) }
  })
  const { targets, grad } = sipBackward(tape, L, { boundary: [u1, u2], wrt: theta0 })
  const once = inner.step(theta0, grad, inner.init(theta0))
  using again = new Tape()
  const th = again.watch(keep(once.theta))
  const [v1, v2] = again.record(() => [sin(mul(th, data)), sin(mul(th, s1))])
  const cts = cotangentSweep(again, [
    [v1, sub(v1, targets[0].value)],
    [v2, sub(v2, targets[1].value)]
  ])
  const twice = inner.step(th, cts.get(th)!, once.state)
  t.ok(relativeError(two.theta, twice.theta) < 1e-13)
})

t.test('the published sequences of the comparison, by methods and the training loop', async t => {
  const g = golden('comparison')
  // y = (x0, x1²), L = |y|², and θ itself is x.
  const model = (theta: Tensor) => {
    const y = stack([at(theta, 0), square(at(theta, 1))])
    return { loss: sum(square(y)), y, x: theta }
  }
  const methods: Record<string, Optimizer<any, any>> = {
    gd: sgd({ lr: 0.01 }),
    newton: newtonMethod({ lr: 1 / 3 }),
    pg: sip(sgd({ lr: 1 }), { eta: 0.3 })
  }
  for (const [name, method] of Object.entries(methods)) {
    const path: number[][] = [[3, 3]]
    await train({ theta: tensor([3, 3]), method, model, steps: 10, onStep: s => path.push([...s.theta.data]) })
    t.ok(relativeError(path, g[name]) < 1e-14, `${name} ${relativeError(path, g[name])}`)
  }
})
