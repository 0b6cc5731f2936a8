import t from 'tap'
import { ones, random, type Tensor, tensor, valueAndGrad, zeros, zerosLike } from '../../core/index.js'
import { add, at, mul, square, sub } from '../../ops/index.js'
import {
  adadelta,
  adagrad,
  adam,
  adamW,
  amsgrad,
  cosineDecay,
  exponentialDecay,
  type FirstOrderOptions,
  inverseTimeDecay,
  type Optimizer,
  partialInverse,
  piecewise,
  polynomialDecay,
  rmsprop,
  type Schedule,
  type Step,
  sgd,
  stepDecay,
  warmup
} from '../../optim/index.js'
import { golden, relativeError } from '../golden.js'

/** L = .5a² + 5b² + .05c⁴ + .3ab */
const loss = (x: Tensor) => {
  const [a, b, c] = [at(x, 0), at(x, 1), at(x, 2)]
  return add(add(mul(square(a), 0.5), mul(square(b), 5)), add(mul(square(square(c)), 0.05), mul(mul(a, b), 0.3)))
}

t.test('optimizer traces of PyTorch and Keras', async t => {
  const g = golden('optimizer_traces')
  const methods: Record<string, Optimizer<Tensor, any>> = {
    sgd_lr0p05: sgd({ lr: 0.05 }),
    sgd_mom0p9_lr0p02: sgd({ lr: 0.02, momentum: 0.9 }),
    sgd_nesterov_lr0p02: sgd({ lr: 0.02, momentum: 0.9, nesterov: true }),
    adam_lr0p1_eps1em8: adam({ lr: 0.1, eps: 1e-8 }),
    adam_lr0p001_eps1em7: adam({ lr: 0.001, eps: 1e-7 }),
    adam_amsgrad_lr0p1: amsgrad({ lr: 0.1, eps: 1e-8 }),
    adamw_lr0p1_wd0p01: adamW({ lr: 0.1, eps: 1e-8, weightDecay: 0.01 }),
    adam_l2_lr0p1_wd0p01: adam({ lr: 0.1, eps: 1e-8, weightDecay: 0.01 }),
    rmsprop_lr0p01: rmsprop({ lr: 0.01 }),
    adagrad_lr0p1: adagrad({ lr: 0.1 }),
    adadelta_lr1: adadelta({ lr: 1 }),
    keras_adam: adam({ lr: 0.1, eps: 1e-7, epsilonHat: true })
  }
  t.same(Object.keys(methods).sort(), Object.keys(g.shapes).sort(), 'all of them')
  for (const [name, method] of Object.entries(methods)) {
    const { grads, losses, params } = g[name]
    for (const donating of [false, true]) {
      let theta = tensor([1, -2, 3])
      let state = method.init(theta)
      let last: Step<any> | undefined
      const path = [theta.toArray()]
      for (let k = 0; k < 12; k++) {
        const { value, grad } = valueAndGrad(loss)(theta)
        if (losses) t.ok(Math.abs(value.item() - losses[k]) < 1e-13 * losses[0], `${name} loss ${k}`)
        if (grads) t.ok(relativeError(grad, grads[k]) < 1e-12, `${name} gradient ${k}`)
        last = method.step(theta, grad, state, donating ? { donate: last } : {})
        ;({ theta, state } = last)
        path.push(theta.toArray())
      }
      // Twelve steps; only rounding of the same formula in another order.
      t.ok(relativeError(path, params) < 1e-14, `${name} ${relativeError(path, params)}`)
    }
  }
})

/** Every method of the first order, with everything that an option adds. */
const firstOrderMethods: readonly [string, Optimizer<Tensor, any>][] = [
  ['sgd', sgd({ lr: 0.1 })],
  ['sgd with all', sgd({ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1, clipNorm: 1, clipValue: 0.5 })],
  ['adam', adam({ weightDecay: 0.1 })],
  ['amsgrad', amsgrad({ epsilonHat: true })],
  ['adamW', adamW()],
  ['rmsprop', rmsprop()],
  ['centred rmsprop', rmsprop({ centred: true })],
  ['adagrad', adagrad({ initial: 0.1 })],
  ['adadelta', adadelta()]
]

t.test('a step is pure, but for what is donated', async t => {
  for (const dtype of ['f64', 'f32'] as const)
    for (const [name, method] of firstOrderMethods) {
      const r = random(4)
      // Longer than a stretch, and no multiple of one.
      const theta0 = r.normal([5000], 0, 1, { dtype })
      const [g0, g1, g2] = [1, 2, 3].map(() => r.normal([5000], 0, 1, { dtype }))
      const copies = [theta0, g0, g1].map(x => x.toArray())
      const one = method.step(theta0, g0, method.init(theta0))
      const kept = JSON.stringify([one.theta.toArray(), one.delta.toArray(), one.state])
      const two = method.step(one.theta, g1, one.state)
      t.equal(JSON.stringify([one.theta.toArray(), one.delta.toArray(), one.state]), kept, `${name}: pure`)
      const three = method.step(two.theta, g2, two.state)

      let s = method.step(theta0, g0, method.init(theta0))
      const held = [s.theta.data, s.delta.data]
      s = method.step(s.theta, g1, s.state, { donate: s })
      s = method.step(s.theta, g2, s.state, { donate: s })
      t.ok(s.theta.data === held[0] && s.delta.data === held[1], `${name}: the donated arrays are used again`)
      t.same(s.theta.toArray(), three.theta.toArray(), `${name}: donated or not, the same bits`)
      t.same(s.delta.toArray(), three.delta.toArray())
      t.same(JSON.stringify(s.state), JSON.stringify(three.state))
      t.same(s.report, three.report)
      t.same(
        [theta0, g0, g1].map(x => x.toArray()),
        copies,
        `${name}: inputs stay`
      )
      t.equal(s.theta.dtype, dtype)
      t.ok(
        relativeError(sub(two.theta, three.theta), three.delta) < (dtype === 'f64' ? 1e-12 : 1e-3),
        'delta is the change'
      )

      // Another θ and state with a donated step: only arrays are taken from it, no numbers.
      const restored = method.step(two.theta, g2, two.state, { donate: s })
      t.same(restored.theta.toArray(), three.theta.toArray(), `${name}: restored`)
      // A zero gradient leaves a method without weight decay where it is, also with ε = 0.
      const still = method.step(theta0, zerosLike(theta0), method.init(theta0))
      t.ok(still.theta.data.every(Number.isFinite), `${name}: a zero gradient`)
    }
  for (const make of [adam, rmsprop, adagrad]) {
    const method: Optimizer<Tensor, any> = make({ eps: 0 })
    t.same(method.step(tensor([1]), tensor([0]), method.init(tensor([1]))).theta.toArray(), [1], 'ε = 0')
  }
})

t.test('a step with donated arrays allocates nothing that grows', async t => {
  const n = 300_000
  const method = adam()
  const theta = zeros([n])
  const g = ones([n])
  let s = method.step(theta, g, method.init(theta))
  const before = process.memoryUsage().arrayBuffers
  // 50 steps of four arrays each would be 480 MB; a collection between them would have to be lucky to hide that.
  let most = 0
  for (let k = 0; k < 50; k++) {
    s = method.step(s.theta, g, s.state, { donate: s })
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  t.ok(most < 8 * n, `${most} bytes`)
})

t.test('clipping and weight decay', async t => {
  const theta = tensor([1, -2, 3])
  const g = tensor([3, -4, 12])
  const step = (options: FirstOrderOptions) => {
    const method = sgd({ lr: 1, ...options })
    return method.step(theta, g, method.init(theta))
  }
  const near = (got: Tensor, want: number[], name: string) => t.ok(relativeError(got, want) < 1e-15, name)
  near(step({ clipNorm: 6.5 }).delta, [1.5, -2, 6], 'one factor for all')
  t.equal(step({ clipNorm: 6.5 }).report.status, 'truncated')
  t.equal(step({ clipNorm: 13 }).report.status, 'ok', 'as long as allowed')
  near(step({ clipValue: 4 }).delta, [3, -4, 4], 'each entry')
  t.equal(step({ clipValue: 12 }).report.status, 'ok')
  near(step({ clipValue: 4, clipNorm: Math.sqrt(41) / 2 }).delta, [1.5, -2, 2], 'the value before the norm')
  near(step({ weightDecay: 0.5 }).delta, [3.5, -5, 13.5], 'coupled: not clipped away')
  near(step({ weightDecay: 0.5, decoupled: true, clipNorm: 6.5 }).delta, [2, -3, 7.5], 'decoupled')
  // The clipped gradient is what moments see.
  const { state } = adam({ clipNorm: 6.5 }).step(theta, g, adam().init(theta))
  near(state.m, [0.15, -0.2, 0.6], 'm')
  const huge = sgd({ lr: 1 }).step(theta, tensor([3e200, 4e200, 0]), sgd({ lr: 1 }).init(theta))
  t.ok(Math.abs(huge.report.gradientNorm / 5e200 - 1) < 1e-15 && Math.abs(huge.report.stepNorm / 5e200 - 1) < 1e-15)
})

t.test('schedules', async t => {
  const at = (s: Schedule, ...steps: number[]) => steps.map(s)
  const near = (got: number[], want: number[], name: string) =>
    t.ok(
      got.every((v, i) => Math.abs(v - want[i]) <= 1e-15 * Math.max(1, Math.abs(want[i]))),
      `${name} ${got}`
    )
  near(at(stepDecay({ lr: 8, factor: 0.5, every: 10 }), 0, 9, 10, 25), [8, 8, 4, 2], 'stepDecay')
  near(at(exponentialDecay({ lr: 8, factor: 0.25, over: 10 }), 0, 5, 10), [8, 4, 2], 'exponentialDecay')
  near(at(inverseTimeDecay({ lr: 6, over: 10 }), 0, 10, 20), [6, 3, 2], 'inverseTimeDecay')
  near(at(polynomialDecay({ lr: 6, end: 2, steps: 4 }), 0, 1, 4, 9), [6, 5, 2, 2], 'a line')
  near(at(polynomialDecay({ lr: 6, end: 2, steps: 4, power: 2 }), 0, 2, 4), [6, 3, 2], 'a parabola')
  near(at(cosineDecay({ lr: 6, end: 2, steps: 4 }), 0, 2, 4, 9), [6, 4, 2, 2], 'cosineDecay')
  near(at(warmup(4, cosineDecay({ lr: 6, steps: 4 })), 0, 1, 3, 4, 6, 8), [1.5, 3, 6, 6, 3, 0], 'warmup')
  near(at(piecewise([3, 5], [4, 2, 1]), 0, 2, 3, 4, 5, 99), [4, 4, 2, 2, 1, 1], 'piecewise')
  // A method asks with the number of steps before, which its state holds.
  const method = sgd({ lr: piecewise([2], [1, 0.5]) })
  let [theta, state] = [tensor([10]), method.init(tensor([10]))]
  const path = [1, 2, 3, 4].map(() => {
    ;({ theta, state } = method.step(theta, tensor([1]), state))
    return theta.item()
  })
  t.same(path, [9, 8, 7.5, 7])
  const broken = sgd({ lr: () => Number.NaN })
  t.throws(() => broken.step(theta, tensor([1]), broken.init(theta)), { code: 'ERR_OPTION' })
  t.throws(() => piecewise([5, 3], [1, 2, 3]), { code: 'ERR_OPTION' })
  t.throws(() => piecewise([5], [1]), { code: 'ERR_OPTION' })
  t.throws(() => stepDecay({ lr: 1, factor: 0.5, every: 0 }), { code: 'ERR_OPTION' })
})

t.test('partial inverse against LAPACK', async t => {
  for (const c of golden('half_inverse').cases) {
    const J = tensor([c.matrix])
    const { delta, report } = partialInverse(J, tensor([c.rhs]), { kappa: -c.kappa, truncation: c.rcond })
    t.equal(report.kept, c.kept, c.name)
    t.ok(relativeError(tensor(report.singularValues), c.singular_values) < 1e-14, c.name)
    // The error of V s^κ Uᵀ g is rounding times the ratio of the largest to the smallest singular value kept.
    const condition = c.singular_values[0] / c.singular_values[c.kept - 1]
    t.ok(relativeError(delta, c.result_times_rhs) < 1e-14 * Math.max(10, condition), `${c.name} κ ${c.kappa}`)
  }
})

t.test('the velocity is an array of its own: the gradient may be written over', async t => {
  const method = sgd({ lr: 0.1, momentum: 0.9 })
  const g = tensor([1, 1])
  const { state } = method.step(tensor([0, 0]), g, method.init(g))
  g.data.fill(99)
  t.same(state.velocity.toArray(), [1, 1])
})
