import t from 'tap'
import {
  hessian,
  jacobian,
  random,
  saddleFree,
  saddleFreeStep,
  Tape,
  Tensor,
  targetSweep,
  tensor,
  zeros
} from '../../core/index.js'
import {
  add,
  conv2d,
  convLayer,
  dense,
  exp,
  l1,
  l2,
  matmul,
  mlp,
  mul,
  permute,
  reshape,
  sequential,
  sin,
  slice,
  square,
  stack,
  sub,
  sum,
  tanh
} from '../../ops/index.js'
import {
  adaHessian,
  backtracking,
  bfgsMethod,
  dogleg,
  Evaluation,
  evaluate,
  type Forward,
  inverseGradient,
  kfac,
  lbfgsMethod,
  levenbergMarquardt,
  newtonMethod,
  type Optimizer,
  saddleFreeNewton,
  sgd,
  strongWolfe,
  train,
  truncatedNewton,
  withSearch
} from '../../optim/index.js'
import { findLayers, kroneckerFactors } from '../../optim/kroneckerFactors.js'
import { leastSquaresForm } from '../../optim/leastSquaresForm.js'
import { patches } from '../../optim/patches.js'
import { relativeError } from '../golden.js'

const net = mlp([3, 4, 2])
const a = random(1).normal([5, 3])
const goal = random(2).normal([5, 2])
const theta = net.init(random(3))
const P = theta.size

/** A loss whose Hessian couples the two outputs of a sample. */
const coupled = (y: Tensor): Tensor =>
  sum(
    exp(
      mul(
        matmul(
          y,
          tensor([
            [1, 0.5],
            [-0.3, 1]
          ])
        ),
        0.4
      )
    ),
    -1
  )
const models: Record<string, (th: Tensor) => Forward> = {
  l2: th => {
    const y = net(th, a)
    return { loss: l2(y, goal), y }
  },
  coupled: th => {
    const y = net(th, a)
    return { loss: coupled(y), y }
  },
  scalar: th => {
    const y = net(th, a)
    return { loss: mul(sum(square(sub(y, goal))), 0.3), y }
  }
}
const T = (m: Tensor): Tensor => permute(m, [1, 0])
const matrixOf = (product: (v: Tensor) => Tensor, n = P) =>
  Array.from({ length: n }, (_, j) => [
    ...product(
      new Tensor(
        [n],
        Float64Array.from({ length: n }, (_, i) => +(i === j))
      )
    ).data
  ])

t.test('an evaluation: products are those of the matrices', async t => {
  for (const [name, model] of Object.entries(models))
    for (const reduce of ['mean', 'sum'] as const) {
      const e = evaluate(model, theta, { reduce })
      const f = (th: Tensor) => e.total(th)
      const loss = model(theta).loss
      const want = sum(loss).item() / (loss.rank > 0 && reduce === 'mean' ? 5 : 1)
      t.ok(Math.abs(e.loss - want) < 1e-14 * want, `${name} ${reduce}: the loss`)
      t.ok(relativeError(e.gradient, jacobian(f)(theta).J) < 1e-13, 'gradient')
      const H = e.hessian
      t.ok(relativeError(H, hessian(f)(theta)) < 1e-13)
      t.ok(relativeError(matrixOf(e.hessianProduct), H.toArray()) < 1e-12, 'Hessian products')
      // Jᵀ (∂²L/∂y²) J with all matrices written out.
      const y = model(theta).y!
      const Hy = hessian((z: Tensor) => e.lossOf(z))(y)
      const J = new Tensor([10, P], jacobian((th: Tensor) => model(th).y!)(theta).J.data)
      const G = matmul(matmul(T(J), reshape(Hy, [10, 10])), J)
      t.ok(relativeError(matrixOf(e.gaussNewtonProduct), G.toArray()) < 1e-12, 'Gauss-Newton products')
      t.ok(relativeError(reshape(e.J, [10, P]), J) < 1e-13, 'J')
      t.ok(
        relativeError(reshape(matmul(T(J), reshape(e.lossGradient, [10, 1])), [P]), e.gradient) < 1e-12,
        'Jᵀ ∂L/∂y is the gradient'
      )
      const { A, r, m } = leastSquaresForm(e)
      const At = new Tensor([m, P], A)
      t.ok(relativeError(matmul(T(At), At), G) < 1e-12, 'AᵀA')
      t.ok(relativeError(reshape(matmul(T(At), new Tensor([m, 1], r)), [P]), e.gradient) < 1e-12, 'Aᵀr')
      e.dispose()
      t.ok(relativeError(matrixOf(e.gaussNewtonProduct), G.toArray()) < 1e-12, 'again after it was disposed')
    }
  const bare = evaluate(th => l2(net(th, a), goal), theta)
  t.throws(() => bare.J, { code: 'ERR_OPTION' }, 'no y was shown')
  t.throws(() => evaluate((() => 3) as never, theta).loss, { code: 'ERR_DTYPE' })
  t.throws(() => evaluate(th => net(th, a), theta).loss, { code: 'ERR_SHAPE' })
})

t.test('the saddle-free step', async t => {
  const r = random(4)
  for (let k = 0; k < 20; k++) {
    const M = r.normal([4, 4])
    const H = matmul(T(M), M)
    const g = r.normal([4])
    const newton = newtonMethod().step(g, { gradient: g, hessian: H }, 0).delta
    const free = saddleFreeNewton().step(g, { gradient: g, hessian: H }, 0).delta
    t.ok(relativeError(free, newton) < 1e-9, 'where H is positive it is Newton')
  }
  // A saddle: along the second axis Newton climbs, this one falls.
  t.same([...saddleFreeStep(Float64Array.from([2, 0, 0, -4]), [2, 4], 2).step], [-1, -1])
  t.equal(
    saddleFreeNewton().step(
      tensor([0, 0]),
      {
        gradient: tensor([2, 4]),
        hessian: tensor([
          [2, 0],
          [0, -4]
        ])
      },
      0
    ).report.status,
    'negative curvature'
  )
  t.same([...saddleFreeStep(Float64Array.from([2, 0, 0, 0]), [2, 4], 2).step], [-1, 0], 'flat: no step')
  t.same([...saddleFreeStep(Float64Array.from([2, 0, 0, -4]), [3, 5], 2, { damping: 1 }).step], [-1, -1], 'damped')
  // The cap: |g Δ| ≤ 0.2 where λ is not above √|λ1 λ2|.
  t.same([...saddleFreeStep(Float64Array.from([8, 0, 0, 2]), [2, 4], 2, { maxLossChange: 0.2 }).step], [-0.25, -0.05])
  t.same(
    [...saddleFreeStep(Float64Array.from([8, 0, 0, -20]), [2, 4], 2, { maxLossChange: 0.2 }).step],
    [-0.1, -0.05],
    'negative is flat, and 8 is below √160'
  )
  t.same(
    [...saddleFreeStep(Float64Array.from([8, 0, 0, 0]), [2, 4], 2, { maxLossChange: 0.2 }).step],
    [-0.25, -0.05],
    'flat: as far as the cap lets'
  )
})

t.test("the saddle-free rung on the sine map: the authors' inner step", async t => {
  const [xi, phi] = [8, Math.PI / 5]
  const [c, s] = [Math.cos(phi), Math.sin(phi)]
  // As row vectors: x̂ = x Rᵀ.
  const R = tensor([
    [c, s],
    [-s, c]
  ])
  const sine = (x: Tensor): Tensor => {
    const h = matmul(x, R)
    return stack(
      [sin(mul(reshape(slice(h, -1, 0, 1), [-1]), 10 / xi)), mul(reshape(slice(h, -1, 1), [-1]), 10 * xi)],
      1
    )
  }
  const x = random(5).normal([40, 2])
  const target = random(6).uniform([40, 2], -1, 1)
  const solve = (maxLossChange?: number) => {
    using tape = new Tape()
    tape.watch(x)
    const y = tape.record(() => sine(x))
    const { targets, report } = targetSweep(tape, [[y, target]], [x], {
      ladder: [saddleFree({ maxLossChange })],
      whole: 'always'
    })
    t.equal(report.rungs.length, 1, 'one block')
    return targets[0].value.toArray() as number[][]
  }
  const got = solve(0.2)
  for (let b = 0; b < 40; b++) {
    // The 2×2 Hessian of ½|P(x) - y*|² by hand, its eigenvectors in closed form.
    const [x0, x1] = (x.toArray() as number[][])[b]
    const [h0, h1] = [c * x0 - s * x1, s * x0 + c * x1]
    const w = 10 / xi
    const d0 = Math.sin(w * h0) - target.data[2 * b]
    const gh = [d0 * w * Math.cos(w * h0), (10 * xi * h1 - target.data[2 * b + 1]) * 10 * xi]
    const S = [(w * Math.cos(w * h0)) ** 2 - d0 * w * w * Math.sin(w * h0), (10 * xi) ** 2]
    const mean = Math.sqrt(Math.abs(S[0] * S[1]))
    const step = gh.map((g, k) => {
      const length = S[k] > mean ? Math.abs(g / S[k]) : Math.min(Math.abs(g / S[k]), 0.2 / Math.abs(g))
      return -Math.sign(g) * length
    })
    const want = [x0 + c * step[0] + s * step[1], x1 - s * step[0] + c * step[1]]
    t.ok(Math.hypot(got[b][0] - want[0], got[b][1] - want[1]) < 1e-9 * (1 + Math.hypot(...step)), `sample ${b}`)
  }
  const free = sine(tensor(solve()))
  const before = sine(x)
  const miss = (y: Tensor, b: number) =>
    Math.hypot(y.data[2 * b] - target.data[2 * b], y.data[2 * b + 1] - target.data[2 * b + 1])
  t.ok(
    Array.from({ length: 40 }, (_, b) => miss(free, b) <= miss(before, b)).every(Boolean),
    'without the cap it never gets worse'
  )
})

t.test('searches: their conditions hold, and what fails is said', async t => {
  const functions: [string, (t: number) => number, (t: number) => number][] = [
    ['quartic', x => (x - 3) ** 4 - 2 * x, x => 4 * (x - 3) ** 3 - 2],
    ['far', x => -x / (x * x + 1000), x => (x * x - 1000) / (x * x + 1000) ** 2],
    ['near', x => (x - 1e-4) ** 2 * 1e6, x => 2e6 * (x - 1e-4)],
    ['bumpy', x => 1 - x + 0.1 * Math.sin(20 * x) + x * x, x => -1 + 2 * Math.cos(20 * x) + 2 * x],
    ['a wall', x => (x < 0.3 ? -x : Number.NaN), () => -1]
  ]
  for (const [name, f, df] of functions)
    for (const c2 of [0.9, 0.1]) {
      const at = (x: number) => ({
        t: x,
        value: Number.isFinite(f(x)) ? f(x) : Number.POSITIVE_INFINITY,
        slope: () => df(x)
      })
      const line = { start: at(0), at }
      if (!(df(0) < 0)) continue
      const weak = backtracking().find(line)
      t.ok(f(weak.t) <= f(0) + 1e-4 * weak.t * df(0), `${name}: Armijo`)
      const { t: x, status } = strongWolfe({ c2 }).find(line)
      t.ok(f(x) <= f(0) + 1e-4 * x * df(0), `${name}, c2 = ${c2}: falls`)
      if (name === 'a wall') t.not(status, 'ok', 'no slope is flat there')
      else t.ok(status === 'ok' && Math.abs(df(x)) <= c2 * Math.abs(df(0)), `${name}, c2 = ${c2}: flat enough at ${x}`)
    }
  const up = { t: 0, value: 0, slope: () => -1 }
  const never = { start: up, at: (x: number) => ({ t: x, value: 1 + x, slope: () => 1 }) }
  for (const search of [backtracking(), strongWolfe()]) {
    const found = search.find(never)
    t.same([found.t, found.status], [0, 'no descent'], search.name)
  }
  // A method that points uphill: the gradient takes its place.
  const uphill: Optimizer<Tensor, number> = {
    name: 'uphill',
    needs: 'gradient',
    init: () => 0,
    step: (th, g, state) => ({
      theta: add(th, g),
      delta: mul(g, -1),
      state: state + 1,
      report: { status: 'ok', gradientNorm: 1, stepNorm: 1 }
    })
  }
  const e = evaluate(models.l2, theta)
  const step = withSearch(uphill, backtracking()).step(theta, e, 7)
  t.same([step.state, step.report.status], [0, 'negative curvature'])
  t.ok(e.at(step.theta).loss < e.loss)
})

t.test('BFGS and L-BFGS', async t => {
  // The secant condition, with every dtype of θ.
  const path: { theta: Tensor; g: Tensor }[] = []
  const method = withSearch(bfgsMethod(), strongWolfe())
  let [at, state] = [theta, method.init(theta)]
  for (let k = 0; k < 5; k++) {
    const e = evaluate(models.l2, at)
    path.push({ theta: at, g: e.gradient })
    ;({ theta: at, state } = method.step(at, e, state))
  }
  const s = sub(path[4].theta, path[3].theta)
  const y = sub(path[4].g, path[3].g)
  t.ok(relativeError(reshape(matmul(state.H!, reshape(y, [P, 1])), [P]), s) < 1e-12, 'H y = s')
  t.ok(
    relativeError(
      state.H!,
      (state.H!.toArray() as number[][])[0].map((_, i) => (state.H!.toArray() as number[][]).map(row => row[i]))
    ) < 1e-12,
    'symmetric'
  )
  // One pair: L-BFGS is BFGS.
  const [b, l] = [bfgsMethod(), lbfgsMethod()]
  const one = [
    b.step(path[0].theta, path[0].g, b.init(theta)),
    l.step(path[0].theta, path[0].g, l.init(theta))
  ] as const
  const two = [b.step(path[1].theta, path[1].g, one[0].state), l.step(path[1].theta, path[1].g, one[1].state)] as const
  t.ok(relativeError(two[0].delta, two[1].delta) < 1e-12)
  let many = l.init(theta)
  for (const p of [...path, ...path, ...path]) many = lbfgsMethod({ memory: 3 }).step(p.theta, p.g, many).state
  t.equal(many.pairs.length, 3, 'no more than asked')
  const stuck = l.step(path[1].theta, path[0].g, one[1].state)
  t.equal(stuck.state.pairs.length, 0, 'a gradient that did not change teaches nothing')
})

t.test('truncated Newton and AdaHessian', async t => {
  const e = evaluate(models.coupled, theta)
  const exact = newtonMethod({ rcond: 0 }).step(
    theta,
    {
      gradient: e.gradient,
      hessian: add(
        e.hessian,
        mul(tensor(Array.from({ length: P }, (_, i) => Array.from({ length: P }, (_, j) => +(i === j)))), 5)
      )
    },
    0
  )
  const cg = truncatedNewton({ damping: 5, forcing: 1e-12 }).step(theta, e, { t: 0, first: 0 })
  if (cg.report.status === 'ok') t.ok(relativeError(cg.delta, exact.delta) < 1e-9)
  else t.fail(cg.report.status)
  const rough = truncatedNewton({ damping: 5, maxIterations: 1 }).step(theta, e, { t: 0, first: 0 })
  t.ok(
    relativeError(
      mul(rough.delta, 1 / Math.hypot(...rough.delta.data)),
      mul(e.gradient, 1 / Math.hypot(...e.gradient.data))
    ) < 1e-12,
    'one iteration: the gradient'
  )
  t.equal(
    truncatedNewton().step(
      tensor([1, 1]),
      evaluate(th => sum(mul(square(th), tensor([1, -3]))), tensor([1, 1])),
      { t: 0, first: 0 }
    ).report.status,
    'negative curvature'
  )

  // Where H is diagonal z ∘ Hz is its diagonal, and the first step is Newton's with |λ|.
  const scales = tensor([1, 100, -4])
  const diagonal = evaluate(th => sum(mul(square(th), scales)), tensor([1, 2, 3]))
  const step = adaHessian({ lr: 1, eps: 0 }).step(diagonal.theta, diagonal, adaHessian().init(diagonal.theta))
  t.ok(relativeError(step.theta, [0, 0, 6]) < 1e-14)
  const first = adaHessian({ seed: 1 }).init(theta)
  const second = adaHessian().step(theta, e, first).state
  t.not(JSON.stringify(first.random), JSON.stringify(second.random), 'other signs next time')
  const blocks = adaHessian({ lr: 1, eps: 0, block: 3 }).step(
    diagonal.theta,
    diagonal,
    adaHessian().init(diagonal.theta)
  )
  t.ok(relativeError(blocks.delta, [2 / 70, 400 / 70, -24 / 70]) < 1e-14, 'averaged |D|: (2 + 200 + 8)/3')
})

t.test('Levenberg-Marquardt, dogleg and inverse gradients on a linear problem arrive at once', async t => {
  const M = random(7).normal([6, 4])
  const want = random(8).normal([1, 6])
  const linear = (th: Tensor): Forward => {
    const y = matmul(add(zeros([1, 4]), th), T(M))
    return { loss: l2(y, want), y }
  }
  const start = zeros([4])
  const best = newtonMethod().step(start, evaluate(linear, start), 0).theta
  for (const method of [levenbergMarquardt({ damping: 1e-12 }), dogleg(), inverseGradient()] as Optimizer<any, any>[]) {
    const { theta: end, report } = method.step(start, evaluate(linear, start), method.init(start))
    t.ok(relativeError(end, best) < 1e-9, `${method.name} ${report.status}`)
  }
  const half = inverseGradient({ eta: 0.5 }).step(start, evaluate(linear, start), 0)
  t.ok(relativeError(half.theta, mul(best, 0.5)) < 1e-12, 'η')
  const short = dogleg({ radius: 1e-3 })
  const { delta, state } = short.step(start, evaluate(linear, start), short.init(start))
  t.ok(Math.abs(Math.hypot(...mul(delta, state.scale!).data) - 1e-3) < 1e-15, 'as far as it is trusted')
  t.equal(state.radius, 2e-3, 'and further next time')
  // A loss without curvature has no Gauss-Newton model.
  const flat = (th: Tensor): Forward => {
    const y = add(zeros([1, 4]), th)
    return { loss: l1(y, zeros([1, 4])), y }
  }
  const lm = levenbergMarquardt()
  t.equal(
    lm.step(tensor([1, 2, 3, 4]), evaluate(flat, tensor([1, 2, 3, 4])), lm.init(start)).report.status,
    'no descent'
  )
})

t.test('K-FAC: the factors are those of the Gauss-Newton matrix', async t => {
  /** A ⊗ G of a layer against its block of the whole matrix. */
  const apart = (model: (th: Tensor) => Forward, th: Tensor, reduce: 'mean' | 'sum' = 'mean') => {
    const e = new Evaluation(model, th, { reduce })
    const whole = matrixOf(e.gaussNewtonProduct, th.size)
    const layers = findLayers(e)
    let [error, large] = [0, 0]
    kroneckerFactors(e, layers, 'exact').forEach(({ A, G }, i) => {
      const l = layers[i]
      const m = Math.sqrt(A.length)
      const place = (p: number, o: number) =>
        p === l.inputs ? l.bias! + o : l.weight + (l.outputsFirst ? o * l.inputs + p : p * l.outputs + o)
      for (let p = 0; p < m; p++)
        for (let q = 0; q < m; q++)
          for (let o = 0; o < l.outputs; o++)
            for (let k = 0; k < l.outputs; k++) {
              const want = whole[place(p, o)][place(q, k)]
              error = Math.max(error, Math.abs(A[p * m + q] * G[o * l.outputs + k] - want))
              large = Math.max(large, Math.abs(want))
            }
    })
    return error / large
  }
  const one = random(9).normal([1, 3])
  t.ok(
    apart(th => {
      const y = net(th, one)
      return { loss: coupled(y), y }
    }, theta) < 1e-13,
    'a single sample, every layer'
  )
  const layer = dense(3, 2)
  for (const reduce of ['mean', 'sum'] as const)
    t.ok(
      apart(
        th => {
          const y = layer(th, a)
          return { loss: l2(y, goal), y }
        },
        layer.init(random(1)),
        reduce
      ) < 1e-13,
      'one layer, many samples'
    )
  // A kernel as large as the image has one position.
  const image = random(10).normal([1, 2, 3, 3])
  const conv = sequential([convLayer(2, 4, { padding: 0 }), tanh, (x: Tensor) => reshape(x, [-1, 4]), dense(4, 2)])
  t.ok(
    apart(
      th => {
        const y = conv(th, image)
        return { loss: coupled(y), y }
      },
      conv.init(random(2))
    ) < 1e-13,
    'a convolution of one position'
  )

  // Sampled signs have the exact factor as their mean.
  const e = evaluate(models.coupled, theta)
  const layers = findLayers(e)
  const exact = kroneckerFactors(e, layers, 'exact')
  const signs = random(11)
  const mean = exact.map(f => new Float64Array(f.G.length))
  for (let k = 0; k < 300; k++)
    for (const [i, f] of kroneckerFactors(e, layers, signs).entries())
      for (let j = 0; j < f.G.length; j++) mean[i][j] += f.G[j] / 300
  t.ok(
    exact.every((f, i) => relativeError(tensor(mean[i]), tensor(f.G)) < 0.1),
    'sampled'
  )
  // Patches times the weight are the convolution.
  const x = random(12).normal([2, 3, 6, 5])
  const w = random(13).normal([4, 3, 3, 2])
  const settings = { stride: [2, 1], padding: [1, 1], dilation: [1, 2] }
  const y = conv2d(x, w, settings)
  const positions = y.shape[2] * y.shape[3]
  const rows = patches(x, { ...settings, kernel: [3, 2], size: [6, 5] })
  const product = matmul(new Tensor([2, positions, 18], rows), T(reshape(w, [4, 18]))).toArray() as number[][][]
  t.ok(
    relativeError(
      product.map(p => p[0].map((_, o) => p.map(r => r[o]))),
      reshape(y, [2, 4, positions])
    ) < 1e-13
  )
})

t.test('K-FAC: one linear layer is solved at once, and a network is trained', async t => {
  const layer = dense(3, 2)
  const start = layer.init(random(1))
  const model = (th: Tensor): Forward => {
    const y = layer(th, a)
    return { loss: l2(y, goal), y }
  }
  const method = kfac({ damping: 1e-12, curvature: 'exact', rescale: false })
  const end = method.step(start, evaluate(model, start), method.init(start)).theta
  // √λ = 1e-6 stands beside eigenvalues of the factors around 0.1.
  t.ok(Math.hypot(...evaluate(model, end).gradient.data) < 1e-4 * Math.hypot(...evaluate(model, start).gradient.data))

  const wide = mlp([2, 16, 16, 1])
  const x = random(14).normal([64, 2])
  const target = sin(mul(sum(x, -1, true), 2))
  const run = async (m: Optimizer<any, any>) =>
    (
      await train({
        theta: wide.init(random(15)),
        method: m,
        steps: 60,
        model: th => {
          const y = wide(th, x)
          return { loss: l2(y, target), y }
        }
      })
    ).losses
  const [k, g] = [await run(kfac()), await run(sgd({ lr: 0.1, momentum: 0.9 }))]
  t.comment(
    `loss after 60 steps: K-FAC ${k[59].toExponential(2)}, momentum ${g[59].toExponential(2)}, at the start ${k[0].toFixed(3)}`
  )
  t.ok(k[59] < 0.1 * g[59])
  const other = evaluate(
    th => {
      const y = mul(add(zeros([1, 4]), th), 2)
      return { loss: l2(y, y), y }
    },
    zeros([4])
  )
  t.throws(
    () => kfac().step(zeros([4]), other, kfac().init(zeros([4]))),
    { code: 'ERR_OPTION' },
    'parameters of no layer'
  )
})
