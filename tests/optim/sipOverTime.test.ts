import t from 'tap'
import {
  adjoint,
  apply,
  cotangentSweep,
  onesLike,
  random,
  stopGradient,
  Tape,
  Tensor,
  targetSweep,
  tensor,
  zeros
} from '../../core/index.js'
import { addOp } from '../../core/structural/add.js'
import { mulOp } from '../../core/structural/mul.js'
import { sinOp } from '../../ops/elementwise/sin.js'
import {
  add,
  concat,
  div,
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
import { adam, evaluate, lossTargets, type SipOptions, sgd, sip, sipBackward, train } from '../../optim/index.js'
import { oscillators } from '../../physics/index.js'
import { relativeError } from '../golden.js'
import { counted } from './counted.js'

const B = 3
/** A few hundred roundings of values of size 1. */
const ROUNDING = 1e-12
/** SIP that is gradient descent. */
const descent = { ladder: [adjoint({ step: 1 })], choose: false }

const r = random(7)
const start = r.split('start').uniform([B, 3])
const goals = Array.from({ length: 4 }, () => r.normal([B, 3]))
const [A, C] = [r.normal([3, 3]), r.normal([2, 3])]
const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b))
const copy = (x: Tensor) => new Tensor(x.shape, x.data.slice())

/** What a model shows: all outputs of the network, and the loss. What the network reads passes through `seen` first. */
interface Course {
  x: Tensor[]
  loss: Tensor
}
interface Problem {
  theta: Tensor
  run(theta: Tensor, seen: (s: Tensor) => Tensor): Course
}

const small = mlp([3, 5, 2])
const problems: Record<string, Problem> = {
  'a loss at every step': {
    theta: small.init(random(1)),
    run(theta, seen) {
      const [x, terms]: Tensor[][] = [[], []]
      let s = start
      for (let k = 0; k < 4; k++) {
        x.push(small(theta, seen(s)))
        s = tanh(add(matmul(s, A), matmul(sin(x[k]), C)))
        terms.push(l2(s, goals[k]))
      }
      return { x, loss: total(terms) }
    }
  },
  'factors, a cost of the control, losses of what is observed': {
    theta: small.init(random(2)),
    run(theta, seen) {
      const [x, terms]: Tensor[][] = [[], []]
      let s = start
      for (let k = 0; k < 3; k++) {
        x.push(small(theta, seen(s)))
        s = add(s, matmul(tanh(x[k]), C))
        terms.push(mul(l2(square(s), goals[k]), 0.5), div(l2(x[k], zeros([B, 2])), 8))
      }
      return { x, loss: add(total(terms), l2(sin(s), goals[3])) }
    }
  },
  'simulators as one site': {
    theta: mlp([4, 6, 2]).init(random(3)),
    run(theta, seen) {
      const step = oscillators({ masses: 2, spring: 'cubic', push: [1, -2], steps: 2, dt: 0.3 })
      const [x, terms]: Tensor[][] = [[], []]
      let s = random(9).uniform([B, 4])
      for (let k = 0; k < 3; k++) {
        x.push(mlp([4, 6, 2])(theta, seen(s)))
        s = step(s, x[k])
        terms.push(l2(s, zeros([B, 4])))
      }
      return { x, loss: total(terms) }
    }
  },
  'a state in two parts, a network with a memory of its own, two outputs': {
    theta: mlp([4, 5, 4]).init(random(4)),
    run(theta, seen) {
      const [x, terms]: Tensor[][] = [[], []]
      let [q, p, h] = [slice(start, -1, 0, 1), slice(start, -1, 1, 2), zeros([B, 2])]
      for (let k = 0; k < 3; k++) {
        const out = mlp([4, 5, 4])(theta, concat([seen(q), seen(p), h], -1))
        h = slice(out, -1, 0, 2)
        const [u, v] = [slice(out, -1, 2, 3), slice(out, -1, 3)]
        x.push(u, v)
        p = add(sub(p, mul(sin(q), 0.5)), u)
        q = add(q, mul(p, exp(mul(v, 0.3))))
        terms.push(l2(q, zeros([B, 1])))
      }
      return { x, loss: total(terms) }
    }
  }
}

/** ∂/∂θ of Σ_b loss, by the cotangent sweep. */
function gradientOf({ theta, run }: Problem, seen: (s: Tensor) => Tensor): Tensor {
  using tape = new Tape()
  const th = tape.watch(copy(theta))
  const { loss } = tape.record(() => run(th, seen))
  return cotangentSweep(tape, [[loss, onesLike(loss)]]).get(th)!
}

function pass({ theta, run }: Problem, options: Partial<SipOptions<Tensor>>, seen = (s: Tensor) => s) {
  using tape = new Tape()
  const th = tape.watch(copy(theta))
  const { x, loss } = tape.record(() => run(th, seen))
  return sipBackward(tape, loss, { boundary: x, wrt: th, ...options })
}

for (const [name, problem] of Object.entries(problems))
  t.test(`by the adjoint rung at step 1: ${name}`, async t => {
    const through = gradientOf(problem, s => s)
    const held = gradientOf(problem, stopGradient)
    t.ok(relativeError(through, held) > 1e-2, 'what goes through the network counts')
    const added = pass(problem, { throughNetwork: 'add', policy: descent })
    t.ok(relativeError(added.grad, through) < ROUNDING, `'add' is the gradient: ${relativeError(added.grad, through)}`)
    const stop = pass(problem, { throughNetwork: 'stop', policy: descent })
    t.ok(
      relativeError(stop.grad, held) < ROUNDING,
      `'stop' is the one with states held: ${relativeError(stop.grad, held)}`
    )
    const both = pass(problem, { throughNetwork: 'add', policy: descent, scale: 0.25, eta: 3 })
    // eta scales every step once, and the proxies with it.
    t.ok(relativeError(both.grad, mul(added.grad, 0.75)) < ROUNDING, 'eta and scale are factors')
  })

t.test('a network that reads no state: add and stop are the same to the last bit', async t => {
  const problem = problems['a loss at every step']
  const unseen = (s: Tensor) => (s === start ? s : copy(s))
  for (const policy of [{}, descent]) {
    const [a, b] = (['add', 'stop'] as const).map(throughNetwork => pass(problem, { throughNetwork, policy }, unseen))
    t.same(a.grad.data, b.grad.data)
    t.same(
      a.targets.map(c => c.value.data),
      b.targets.map(c => c.value.data)
    )
  }
})

/** s' = a s + b u and u = θ s, for numbers: everything in closed form. */
const [a, b, w] = [0.8, 0.5, 0.6]
const [first, second, third] = [1, 0.3, -0.4].map(v => tensor([[v], [-2 * v]]))
const flat = (x: Tensor) => [...x.data]

t.test('two steps of a linear chain, in closed form', async t => {
  for (const way of ['add', 'stop', 'plan'] as const) {
    using tape = new Tape()
    const theta = tape.watch(tensor([w]))
    const { u, s, loss } = tape.record(() => {
      const u0 = mul(first, theta)
      const s1 = add(mul(first, a), mul(u0, b))
      const u1 = mul(s1, theta)
      const s2 = add(mul(s1, a), mul(u1, b))
      return { u: [u0, u1], s: [s1, s2], loss: add(l2(s1, second), l2(s2, third)) }
    })
    const { grad, targets, report } = sipBackward(tape, loss, {
      boundary: u,
      wrt: theta,
      throughNetwork: way === 'add' ? 'add' : 'stop',
      policy: { choose: false, whole: way === 'plan' ? 'always' : 'never' }
    })
    let g = 0
    for (let k = 0; k < 2; k++) {
      const [s0, s1, s2] = [first, ...s].map(x => x.data[k])
      const [d1, d2] = [second.data[k] - s1, third.data[k] - s2]
      // The plan: u0 serves the first loss, u1 what the second still lacks.
      let [du0, du1] = [d1 / b, (d2 - a * d1) / b]
      if (way !== 'plan') {
        // The smallest (Δs, Δu) with a Δs + b Δu = d2; then the first loss's own increment, and the network's θ Δu1.
        const n = a * a + b * b
        du1 = (b * d2) / n
        du0 = ((a * d2) / n + d1 + (way === 'add' ? w * du1 : 0)) / b
      }
      g -= s0 * du0 + s1 * du1
      const found = targets.map((c, i) => c.value.data[k] - u[i].data[k])
      t.ok(relativeError(found, [du0, du1]) < 1e-11, `${way}: ${found} should be ${[du0, du1]}`)
      if (way === 'plan') t.ok(report.mismatch[k] < 1e-12, 'both goals are met')
    }
    t.ok(relativeError(flat(grad), [g]) < 1e-11)
  }
})

t.test('two boundaries, three losses that cannot all be met: weighted least squares', async t => {
  const c = [1, 0.25, 0.5]
  const run = (factor: number, whole: 'never' | 'always') => {
    using tape = new Tape()
    const u = tape.watch([tensor([[0.2], [0.1]]), tensor([[-0.3], [0.4]])])
    const { s, loss } = tape.record(() => {
      const s1 = add(mul(first, a), mul(u[0], b))
      const s2 = add(mul(s1, a), mul(u[1], b))
      const s3 = mul(s2, 2)
      const terms = [s1, s2, s3].map((s, i) => mul(l2(s, [second, third, first][i]), factor * c[i]))
      return { s: [s1, s2, s3], loss: total(terms) }
    })
    const { targets, report, grad } = sipBackward(tape, loss, { boundary: u, wrt: u, policy: { whole } })
    const change = targets.map((t, i) => sub(t.value, u[i]))
    t.ok(relativeError(grad[1], mul(change[1], -1)) < 1e-14, 'a boundary that is a parameter')
    return { change, report, residuals: s.map((x, i) => sub([second, third, first][i], x)) }
  }
  const { change, report, residuals } = run(1, 'always')
  for (let k = 0; k < 2; k++) {
    const [r1, r2, r3] = residuals.map(x => x.data[k])
    // Rows of J: (b, 0), (a b, b), 2 (a b, b). The last two meet in (c2 r2 + 2 c3 r3) / (c2 + 4 c3), and u1 is free to get there.
    const meet = (c[1] * r2 + 2 * c[2] * r3) / (c[1] + 4 * c[2])
    const expected = [r1 / b, (meet - a * r1) / b]
    const found = change.map(d => d.data[k])
    t.ok(relativeError(found, expected) < 1e-11, `${found} should be ${expected}`)
    const left = [0, r2 - meet, r3 - 2 * meet]
    const norm = Math.sqrt(left.reduce((s, v, i) => s + c[i] * v * v, 0))
    t.ok(Math.abs(report.mismatch[k] - norm) < 1e-12, 'end to end')
  }
  t.equal(report.rungs.length, 1)
  const walked = run(1, 'never')
  t.ok(relativeError(walked.change[0], change[0]) < 1e-10, 'the walk finds the same')
  t.ok(relativeError(walked.change[1], change[1]) < 1e-10)
  t.ok(relativeError(run(100, 'always').change[0], change[0]) < 1e-12, 'a factor of all of the loss changes nothing')
})

t.test('the terms of a loss', async t => {
  using tape = new Tape()
  const y = tape.watch([1, 2, 3].map(k => tensor([[k], [-k]])))
  const zero = zeros([2, 1])
  const { L, mixed, p, q } = tape.record(() => {
    const [p, q] = [l2(y[0], zero), l1(y[1], zero)]
    const quartic = sum(square(square(y[2])), -1)
    return { p, q, quartic, L: div(add(mul(add(p, mul(3, q)), 2), p), 4), mixed: add(p, quartic) }
  })
  const weights = (found: ReturnType<typeof lossTargets>) =>
    found.map(([at, c]) => [y.indexOf(at), c.weight ? c.weight.data[0] : 1])
  t.same(weights(lossTargets(tape, [L])), [
    [0, 1 / 3],
    [1, 1],
    [0, 1 / 6]
  ])
  t.same(weights(lossTargets(tape, [p, q])), [
    [0, 1],
    [1, 1]
  ])
  t.throws(() => lossTargets(tape, [mixed]), { code: 'ERR_RULE' }, 'a part without a step of its own')
  t.throws(() => sipBackward(tape, [], { boundary: y, wrt: y }), { code: 'ERR_GRADIENT' })
  t.throws(() => sipBackward(tape, p, { boundary: y, wrt: y, throughNetwork: 'go' as never }), { code: 'ERR_OPTION' })
})

t.test('a loss and its y as a pair: Newton by |H| where the loss has no step', async t => {
  using tape = new Tape()
  const y = tape.watch([tensor([[1], [2]]), tensor([[3], [-1]])])
  const { p, quartic } = tape.record(() => ({ p: l2(y[0], zeros([2, 1])), quartic: sum(square(square(y[1])), -1) }))
  const { targets } = sipBackward(tape, [p, [quartic, y[1]]], { boundary: y, wrt: y })
  t.ok(relativeError(targets[0].value, zeros([2, 1])) < 1e-14)
  // y - 4y³ / 12y²
  t.ok(relativeError(targets[1].value, [[2], [-2 / 3]]) < 1e-13)
})

t.test('each site is swept once, by one of the sweeps', async t => {
  const [push, join, network] = [counted(sinOp), counted(addOp), counted({ ...mulOp, name: 'net' })]
  using tape = new Tape()
  const theta = tape.watch(tensor([0.6]))
  const { x, loss } = tape.record(() => {
    const [x, terms]: Tensor[][] = [[], []]
    let s = tensor([[0.2], [0.4]])
    for (let k = 0; k < 4; k++) {
      x.push(apply(network.op, [s, theta]))
      s = apply(join.op, [s, apply(push.op, [x[k]])])
      terms.push(l2(s, zeros([2, 1])))
    }
    return { x, loss: total(terms) }
  })
  const { plan, report } = sipBackward(tape, loss, { boundary: x, wrt: theta, throughNetwork: 'add' })
  t.same(push.calls, { vjp: 0, inverse: 4 })
  // s_0 is given: there the sum has one active input.
  t.same(join.calls, { vjp: 0, inverse: 4 })
  t.same(network.calls, { vjp: 4, inverse: 0 })
  t.equal(plan.length, 8)
  t.equal(report.rungs.length, 8)
  t.equal(report.mismatch.length, 2)
})

t.test('as a method: with the adjoint rung the same training as with the gradient', async t => {
  const { theta, run } = problems['a loss at every step']
  const model = (th: Tensor) => run(th, s => s)
  for (const inner of [sgd({ lr: 0.1, momentum: 0.9 }), adam({ lr: 1e-2 })] as const) {
    const steps = { theta, model, steps: 15 }
    const plain = await train({ ...steps, method: inner as never })
    const bySip = await train({ ...steps, method: sip(inner as never, { policy: descent, throughNetwork: 'add' }) })
    t.ok(relativeError(bySip.theta, plain.theta) < 1e-10, inner.name)
    t.ok(plain.losses[14] < plain.losses[0])
  }
})

t.test('several updates towards the same targets: the first step is that of one update', async t => {
  const { theta, run } = problems['factors, a cost of the control, losses of what is observed']
  const model = (th: Tensor) => run(th, s => s)
  const inner = sgd({ lr: 0.01 })
  const steps = [1, 2].map(updatesPerSolve => {
    using e = evaluate(model, theta)
    const method = sip(inner, { throughNetwork: 'add', updatesPerSolve })
    return method.step(theta, e, method.init(theta)).delta
  })
  const share = steps.map(d => Math.hypot(...d.data))
  t.ok(relativeError(mul(steps[1], 0.5), steps[0]) < 0.1, 'two small steps go on in the same direction')
  t.ok(share[1] > share[0])
})

t.test('a sample whose loss is not finite stops nobody', async t => {
  using tape = new Tape()
  const theta = tape.watch(tensor([0.5]))
  const run = tape.record(() => {
    const s0 = tensor([[0.2], [Number.POSITIVE_INFINITY], [0.4]])
    const x = [mul(s0, theta)]
    const s1 = add(s0, mul(x[0], 2))
    x.push(mul(s1, theta))
    const s2 = add(s1, sin(x[1]))
    return { x, loss: add(l2(s1, zeros([3, 1])), l2(s2, zeros([3, 1]))) }
  })
  const { targets, report } = sipBackward(tape, run.loss, { boundary: run.x, wrt: theta, throughNetwork: 'add' })
  t.ok(targets.every(c => Number.isFinite(c.value.data[0]) && Number.isFinite(c.value.data[2])))
  t.same(
    report.failed.map(f => f.sample),
    [1]
  )
})

t.test('one loss over a whole course asks for the same plan as a loss at every step', async t => {
  const course = (losses: (s: Tensor[]) => Tensor) => {
    using tape = new Tape()
    const theta = tape.watch(tensor([w]))
    const { x, loss } = tape.record(() => {
      const [x, states]: Tensor[][] = [[], []]
      let s = first
      for (let k = 0; k < 3; k++) {
        x.push(mul(s, theta))
        s = add(mul(s, a), mul(x[k], b))
        states.push(s)
      }
      return { x, loss: losses(states) }
    })
    const { targets } = sipBackward(tape, loss, { boundary: x, wrt: theta, policy: { whole: 'always' } })
    return targets.map(c => [...c.value.data])
  }
  const many = course(s => total(s.map(x => l2(x, zeros([2, 1])))))
  const one = course(s => l2(stack(s, 1), zeros([2, 3, 1])))
  t.ok(relativeError(one, many) < 1e-10, `${one} should be ${many}`)
})

t.test('goals that can all be met are met, also where a block runs past another goal', async t => {
  // Backwards, the block of s2 goes on to u0 and u1 past s1, whose own goal then disagrees with it about u0.
  using tape = new Tape()
  const u = tape.watch([tensor([[0.2], [0.1]]), tensor([[-0.3], [0.4]])])
  const states = tape.record(() => {
    const s1 = add(mul(first, a), mul(u[0], b))
    return [s1, add(mul(s1, a), mul(u[1], b))]
  })
  const goals = [[states[0], second] as const, [states[1], third] as const]
  const { targets, report } = targetSweep(tape, goals, u, { choose: false })
  t.ok(report.mismatch.every(m => m < 1e-12))
  for (let k = 0; k < 2; k++) {
    const u0 = (second.data[k] - a * first.data[k]) / b
    const u1 = (third.data[k] - a * second.data[k]) / b
    t.ok(relativeError([targets[0].value.data[k], targets[1].value.data[k]], [u0, u1]) < 1e-12)
  }
})
