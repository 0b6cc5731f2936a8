import t from 'tap'
import { random, type Tensor } from '../../core/index.js'
import { l2, mul, square, sum, tanh } from '../../ops/index.js'
import {
  adam,
  backtracking,
  evaluate,
  gaussNewton,
  hig,
  lbfgsMethod,
  levenbergMarquardt,
  type Model,
  newtonMethod,
  type Optimizer,
  sgd,
  withLimit,
  withSearch
} from '../../optim/index.js'

const r = random(4)
const [inputs, goals] = [r.normal([5, 3]), r.normal([5, 3])]
const start = r.normal([3])
/** y = tanh(θ a) per sample: [5, 3]. */
const model: Model = (theta: Tensor) => {
  const y = tanh(mul(inputs, theta))
  return { loss: l2(y, goals), y }
}
const feed = (method: Optimizer<any, any>, theta: Tensor): unknown => {
  const e = evaluate(model, theta)
  if (method.needs === 'gradient') return e.gradient
  return method.needs === 'sampleJacobian' ? { J: e.jacobian, lossGradient: e.lossGradient } : e
}
const methods: Record<string, Optimizer<any, any>> = {
  sgd: sgd({ lr: 1 }),
  adam: adam({ lr: 0.5 }),
  newton: newtonMethod(),
  hig: hig(),
  gaussNewton: gaussNewton(),
  lbfgs: lbfgsMethod()
}
const length = (x: Tensor): number => Math.sqrt(sum(square(x)).item())

t.test('a step that is too long keeps its direction, and a short one is what it was', async t => {
  for (const [name, method] of Object.entries(methods)) {
    const whole = method.step(start, feed(method, start), method.init(start))
    const long = length(whole.delta)
    const half = withLimit(method, { stepNorm: long / 2 })
    const shortened = half.step(start, feed(half, start), half.init(start))
    t.ok(Math.abs(length(shortened.delta) / long - 0.5) < 1e-14, `${name}: half as long`)
    t.ok(
      shortened.delta.data.every((v, i) => Math.abs(v - whole.delta.data[i] / 2) < 1e-14 * long),
      `${name}: the direction`
    )
    t.ok(shortened.theta.data.every((v, i) => v === start.data[i] - shortened.delta.data[i]))
    t.equal(shortened.report.status, 'truncated')
    t.ok(Math.abs(shortened.report.stepNorm / long - 0.5) < 1e-14)
    const wide = withLimit(method, { stepNorm: 2 * long })
    t.same(wide.step(start, feed(wide, start), wide.init(start)), whole, `${name}: a wide limit changes nothing`)
  }
})

t.test('L-BFGS learns from the step that was taken', async t => {
  const method = withLimit(lbfgsMethod(), { stepNorm: 1e-3 })
  const gradient = (theta: Tensor) => evaluate(th => l2(mul(inputs, th), goals), theta).gradient
  const one = method.step(start, gradient(start), method.init(start))
  const two = method.step(one.theta, gradient(one.theta), one.state)
  const [{ s }] = two.state.pairs
  t.ok(s.data.every((v, i) => v === one.theta.data[i] - start.data[i]))
})

t.test('wrong calls', async t => {
  t.throws(() => withLimit(levenbergMarquardt(), { stepNorm: 1 }), { code: 'ERR_OPTION', message: /region of trust/ })
  t.throws(() => withLimit(withSearch(lbfgsMethod(), backtracking()), { stepNorm: 1 }), { code: 'ERR_OPTION' })
  t.throws(() => withLimit(hig(), { stepNorm: 0 }), { code: 'ERR_OPTION' })
  t.throws(() => withLimit(hig(), { norm: 1 } as never), { code: 'ERR_OPTION' })
  t.throws(() => withLimit(undefined as never, { stepNorm: 1 }), { code: 'ERR_OPTION' })
})
