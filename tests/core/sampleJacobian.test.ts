import t from 'tap'
import {
  equalTensors,
  GradientError,
  grad,
  jacobian,
  RuleError,
  random,
  ShapeError,
  sampleJacobian,
  sampleJacobianPieces,
  Tape,
  type Tensor,
  tensor,
  zeros
} from '../../core/index.js'
import {
  add,
  batchNorm,
  batchNormFixed,
  concat,
  matmul,
  mean,
  mlp,
  mul,
  permute,
  reshape,
  slice,
  square,
  sub,
  sum,
  tanh
} from '../../ops/index.js'
import { oscillators } from '../../physics/index.js'
import { relativeError } from '../golden.js'

/** The same sums in another order of additions: some tens of rounding errors. */
const ROUNDING = 1e-13

type F = (theta: Tensor, x: Tensor) => Tensor

/** dy_b/dθ by running every sample alone and taking a whole Jacobian: [B, K, P]. */
function loop(f: F, theta: Tensor, x: Tensor): Tensor {
  const B = x.shape[0]
  const rows = Array.from({ length: B }, (_, b) => {
    const { J } = jacobian((th: Tensor) => f(th, slice(x, 0, b, b + 1)))(theta)
    return reshape(J, [1, -1, ...theta.shape])
  })
  return concat(rows, 0)
}

const simulate = oscillators({ masses: 2, steps: 24, dt: 0.5 })
const control = mlp([4, 20, 20, 20, 24])
const driven: F = (th, x0) => simulate(x0, control(th, x0))
const small = mlp([3, 5, 2])

t.test('equals a loop over single samples', async t => {
  const cases: [string, F, Tensor, Tensor][] = [
    ['mlp', small, small.init(random(0)), random(1).normal([7, 3])],
    ['mlp, one sample', small, small.init(random(0)), random(1).normal([1, 3])],
    ['oscillators driven by an mlp', driven, control.init(random(2)), random(3).uniform([3, 4])],
    ['a matrix', (W, x) => tanh(matmul(x, W)), random(4).normal([3, 2]), random(5).normal([4, 3])],
    ['a parameter of one row', (b, x) => mul(x, b), random(4).normal([1, 3]), random(5).normal([4, 3])],
    ['a scalar', (s, x) => mul(x, s), tensor(2), random(5).normal([4, 3])],
    ['used twice', (s, x) => mul(square(s), add(x, s)), tensor([1, 2, 3]), random(5).normal([4, 3])],
    ['more axes in y', (s, x) => mul(reshape(x, [-1, 3, 2]), s), tensor([1, 2]), random(5).normal([2, 6])]
  ]
  for (const [name, f, theta, x] of cases) {
    const { value, J } = sampleJacobian(f, { wrt: 0 })(theta, x)
    t.ok(equalTensors(value, f(theta, x)), `${name}: the value`)
    const want = loop(f, theta, x)
    t.same(J.shape, want.shape)
    t.ok(relativeError(J, want) < ROUNDING, `${name} ${relativeError(J, want)}`)
  }
})

t.test('the size of the example: [B, 4, 1444]', async t => {
  const { J } = sampleJacobian(driven, { wrt: 0 })(control.init(random(2)), random(3).uniform([5, 4]))
  t.same(J.shape, [5, 4, 1444])
})

t.test('in f32', async t => {
  const theta = small.init(random(0), 'f32')
  const { J } = sampleJacobian(small, { wrt: 0 })(theta, random(1).normal([7, 3], 0, 1, { dtype: 'f32' }))
  t.equal(J.dtype, 'f32')
  const in64 = sampleJacobian(small, { wrt: 0 })(
    tensor(Float64Array.from(theta.data)),
    tensor(Float64Array.from(random(1).normal([7, 3], 0, 1, { dtype: 'f32' }).data), { shape: [7, 3] })
  )
  // f32 keeps 24 bits; a few products and sums of size 1.
  t.ok(relativeError(J, in64.J) < 1e-6)
})

t.test('no loop over samples or outputs: as many operators for B, K = 2, 1 as for 64, 8', async t => {
  // Recorded by an outer tape, the sweep shows every operator that it applies.
  const applications = (B: number, K: number) => {
    const net = mlp([3, 6, K])
    const outer = new Tape()
    const theta = outer.watch(net.init(random(0)))
    outer.record(() => sampleJacobian((th: Tensor) => net(th, random(1).normal([B, 3])))(theta))
    return outer.sites.map(s => s.op.name)
  }
  const few = applications(2, 1)
  t.same(applications(64, 8), few)
  t.ok(few.length > 10 && few.length < 60, `${few.length} applications`)

  const simulated = (B: number) => {
    const outer = new Tape()
    const theta = outer.watch(control.init(random(0)))
    outer.record(() => sampleJacobian((th: Tensor) => driven(th, random(1).uniform([B, 4])))(theta))
    return outer.sites.length
  }
  t.equal(simulated(2), simulated(64))
})

t.test('into a buffer', async t => {
  const theta = small.init(random(0))
  const x = random(1).normal([4, 3])
  const { J: want } = sampleJacobian(small, { wrt: 0 })(theta, x)
  const buffer = zeros(want.shape)
  buffer.data.fill(Number.NaN)
  for (let again = 0; again < 2; again++) {
    const { J } = sampleJacobian(small, { wrt: 0, into: [buffer] })(theta, x)
    t.equal(J, buffer)
    t.ok(equalTensors(J, want))
  }
  const both = [zeros([4, 2, 3]), zeros(want.shape)]
  const { J } = sampleJacobian(small, { wrt: [1, 0], into: both })(theta, x)
  t.equal(J[0], both[0])
  t.ok(equalTensors(J[1], want))
  const none = sampleJacobian((th: Tensor, u: Tensor) => add(th, mul(u, 0)), { wrt: 0, into: [zeros([3, 2, 2])] })
  t.same(none(zeros([3, 2]), tensor([1, 2])).J.shape, [3, 2, 2])
  t.throws(() => sampleJacobian(small, { wrt: 0, into: [zeros([4, 2])] })(theta, x), ShapeError)
  t.throws(() => grad((th: Tensor) => sum(sampleJacobian(small, { into: [buffer] })(th, x).J))(theta), GradientError)
})

t.test('a byte budget: more sweeps, the same bits', async t => {
  let sweeps = 0
  const theta = control.init(random(2))
  const x = random(3).uniform([3, 4])
  const count = (budget?: number) => {
    sweeps = 0
    const before = Tape.prototype.pausedWhile
    // The tape over the whole function watches θ; each sweep pauses it once.
    Tape.prototype.pausedWhile = function <R>(this: Tape, fn: () => R): R {
      if (this.watched[0]?.size === 1444) sweeps++
      return before.call(this, fn) as R
    }
    try {
      return sampleJacobian(driven, { wrt: 0, budget })(theta, x).J
    } finally {
      Tape.prototype.pausedWhile = before
    }
  }
  const whole = count()
  t.equal(sweeps, 1)
  t.ok(equalTensors(count(1), whole))
  t.equal(sweeps, 4, 'one output at a time')
  t.ok(equalTensors(count(2 * 3 * 8 * 24 * 20), whole))
  t.ok(sweeps > 1 && sweeps <= 4)
  const net = mlp([3, 30, 40])
  const th = net.init(random(0))
  const z = random(1).normal([5, 3])
  const J = sampleJacobian(net, { wrt: 0 })(th, z).J
  for (const budget of [1, 5e4, 2e5, 1e6, Number.POSITIVE_INFINITY])
    t.ok(equalTensors(sampleJacobian(net, { wrt: 0, budget })(th, z).J, J), `budget ${budget}`)
})

t.test('streamed pieces add up to J', async t => {
  const cases: [F, Tensor, Tensor][] = [
    [small, small.init(random(0)), random(1).normal([4, 3])],
    [driven, control.init(random(2)), random(3).uniform([2, 4])],
    [(W, x) => matmul(x, W), random(4).normal([3, 2]), random(5).normal([4, 3])],
    // A range that is read twice, and overlaps another.
    [
      (th, x) => add(mul(x, slice(th, 0, 0, 3)), mul(square(x), slice(th, 0, 1, 4))),
      tensor([1, 2, 3, 4]),
      random(5).normal([4, 3])
    ]
  ]
  for (const [f, theta, x] of cases) {
    const { J, value } = sampleJacobian(f, { wrt: 0 })(theta, x)
    const [B, K] = [J.shape[0], value.size / J.shape[0]]
    const P = theta.size
    const total = new Float64Array(J.size)
    let pieces = 0
    const y = sampleJacobianPieces(f, ({ rows, start, stop }) => {
      pieces++
      t.same(rows.shape, [K, B, stop - start])
      for (let k = 0; k < K; k++)
        for (let b = 0; b < B; b++)
          for (let j = start; j < stop; j++)
            total[(b * K + k) * P + j] += rows.data[(k * B + b) * (stop - start) + j - start]
    })(theta, x)
    t.ok(equalTensors(y, value))
    t.ok(pieces > 0)
    t.ok(relativeError(tensor(total), J.data as never) < ROUNDING)
  }
})

t.test('with respect to activations: every sample sees itself alone', async t => {
  const theta = small.init(random(0))
  const x = random(1).normal([4, 3])
  const { J } = sampleJacobian((x: Tensor) => small(theta, x))(x)
  t.same(J.shape, [4, 2, 3])
  const whole = jacobian((x: Tensor) => small(theta, x))(x).J
  for (let b = 0; b < 4; b++)
    for (let k = 0; k < 2; k++)
      for (let c = 0; c < 4; c++)
        for (let j = 0; j < 3; j++) {
          const w = whole.data[((b * 2 + k) * 4 + c) * 3 + j]
          const v = c === b ? J.data[(b * 2 + k) * 3 + j] : 0
          if (Math.abs(v - w) > 1e-14) t.fail(`${b} ${k} ${c} ${j}`)
        }
  const both = sampleJacobian(small, { wrt: [0, 1] })(theta, x).J
  t.ok(equalTensors(both[1], J))
  t.same(both[0].shape, [4, 2, small.size])
  const states = sampleJacobian(simulate, { wrt: [0, 1] })(random(2).normal([3, 4]), random(3).normal([3, 24])).J
  t.same(
    states.map(s => s.shape),
    [
      [3, 4, 4],
      [3, 4, 24]
    ]
  )
})

t.test('differentiable: the gradient of a function of J', async t => {
  const x = random(1).normal([3, 3])
  const theta = small.init(random(0))
  const f = (th: Tensor) => sum(square(sampleJacobian(small, { wrt: 0 })(th, x).J))
  const g = grad(f)(theta)
  // Central differences with a step of 1e-5: an error of 1e-10 from the cut and of 1e-16/1e-5 from rounding, with f of size 100.
  for (let i = 0; i < theta.size; i++) {
    const moved = (h: number) => f(tensor(theta.data.map((v, k) => (k === i ? v + h : v)))).item()
    const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
    t.ok(Math.abs(g.data[i] - slope) < 1e-8 * Math.max(1, Math.abs(slope)), `${i}: ${g.data[i]} ${slope}`)
  }
  const [a, h] = [random(7).normal([2, 4]), control.init(random(2))]
  const through = (th: Tensor) => sum(square(sampleJacobian(driven, { wrt: 0 })(th, a).J))
  const v = random(8).normal([1444], 0, 1e-5)
  const ends = [1, -1].map(s => through(tensor(h.data.map((p, k) => p + s * v.data[k]))).item())
  const along = sum(mul(grad(through)(h), v)).item()
  t.ok(Math.abs(along - (ends[0] - ends[1]) / 2) < 1e-6 * Math.abs(along), 'through a simulator')
})

t.test('what mixes samples stops the sweep, named', async t => {
  const x = random(1).normal([4, 2])
  const W = random(2).normal([2, 2])
  const [w, b] = [tensor([1, 2]), tensor([0, 0])]
  const mixing: [string, F][] = [
    ['batchNorm', (W, x) => batchNorm(matmul(x, W), w, b)],
    [
      'sum',
      (W, x) => {
        const h = matmul(x, W)
        return sub(h, mean(h, 0))
      }
    ],
    ['sum', (W, x) => mean(tanh(matmul(x, W)), 0)],
    ['permute', (W, x) => permute(matmul(x, W))],
    ['reshape', (W, x) => reshape(matmul(x, W), [2, 4])]
  ]
  for (const [name, f] of mixing)
    t.throws(() => sampleJacobian(f, { wrt: 0 })(W, x), {
      code: 'ERR_RULE',
      message: new RegExp(`sample-Jacobian: ${name}`)
    })
  t.throws(() => sampleJacobian((W: Tensor, x: Tensor) => permute(matmul(x, W)), { wrt: 0 })(W, x), {
    message: /Leave axis 0/
  })
  // Where no tensor is met both per sample and as a whole, the rows are right, and need no permission.
  const apart: F = (W, x) => sub(matmul(x, W), mean(matmul(x, W), 0))
  t.ok(relativeError(sampleJacobian(apart, { wrt: 0 })(W, x).J, jacobian(apart)(W, x).J) < ROUNDING)
  const fixed: F = (W, x) => batchNormFixed(matmul(x, W), w, b, { mean: b, variance: w })
  t.ok(
    relativeError(sampleJacobian(fixed, { wrt: 0 })(W, x).J, loop(fixed, W, x)) < ROUNDING,
    'given statistics do not'
  )
})

t.test("mixing: 'embed' is right against the whole Jacobian", async t => {
  const x = random(1).normal([4, 2])
  const W = random(2).normal([2, 2])
  const [w, b] = [tensor([1, 2]), tensor([0, 0])]
  const cases: [string, F][] = [
    ['batchNorm', (W, x) => batchNorm(matmul(x, W), w, b)],
    ['a mean over the batch', (W, x) => sub(matmul(x, W), mean(matmul(x, W), 0))],
    ['one sample for all', (W, x) => mul(matmul(x, W), slice(x, 0, 1, 2))]
  ]
  for (const [name, f] of cases) {
    const { J } = sampleJacobian(f, { wrt: [0, 1], mixing: 'embed' })(W, x)
    const whole = jacobian(f, { wrt: [0, 1] })(W, x).J
    J.forEach((j, i) => {
      t.same(j.shape, whole[i].shape)
      t.ok(relativeError(j, whole[i]) < ROUNDING, `${name}, argument ${i}`)
    })
    const one = sampleJacobian(f, { wrt: 0, mixing: 'embed', budget: 1 })(W, x).J
    t.ok(relativeError(one, whole[0]) < ROUNDING, 'in chunks')
    const g = grad((W: Tensor) => sum(square(sampleJacobian(f, { mixing: 'embed' })(W, x).J)))(W)
    const h = grad((W: Tensor) => sum(square(jacobian(f)(W, x).J)))(W)
    t.ok(relativeError(g, h) < ROUNDING * 10, 'and can be differentiated')
  }
})

t.test('an argument that carries samples and is read for all of them alike', async t => {
  const f = (x: Tensor) => mul(x, slice(x, 0, 0, 1))
  const x = tensor([2, 3, 4])
  t.throws(() => sampleJacobian(f)(x), RuleError)
  t.throws(() => sampleJacobianPieces(f, () => {})(x), RuleError)
  const { J } = sampleJacobian(f, { mixing: 'embed' })(x)
  t.same(J.toArray(), [[[4, 0, 0]], [[3, 2, 0]], [[4, 0, 2]]])
  t.ok(relativeError(J, reshape(jacobian(f)(x).J, [3, 1, 3])) < ROUNDING)
})

t.test('a batch of one: a parameter [1, n] looks like samples, and nothing is mixed', async t => {
  const w = random(0).normal([1, 2])
  const f: F = (v, x) => add(mul(x, v), matmul(x, matmul(permute(v), v)))
  const x = random(1).normal([3, 2])
  const { J: all } = sampleJacobian(f)(w, x)
  const { J: one } = sampleJacobian(f)(w, slice(x, 0, 0, 1))
  t.same(one.shape, [1, 2, 1, 2])
  t.ok(relativeError(one, slice(all, 0, 0, 1)) < ROUNDING)

  // The buffer says which is meant.
  const g: F = (v, x) => tanh(add(x, v))
  const shared = zeros([1, 2, 1, 2])
  sampleJacobian(g, { into: [shared] })(w, slice(x, 0, 0, 1))
  const own = zeros([1, 2, 2])
  sampleJacobian(g, { into: [own] })(w, slice(x, 0, 0, 1))
  t.same([...shared.data], [...own.data])
  t.ok(shared.data.some(v => v !== 0))
})
