import t from 'tap'
import { checkOp } from '../../core/check/index.js'
import {
  apply,
  defineBlock,
  localInverse,
  random,
  sampleJacobian,
  Tape,
  type Tensor,
  tensor,
  valueAndGrad
} from '../../core/index.js'
import { add, at, cast, div, l2, mlp, mul, reshape, square, stack, sub, sum, tanh, uNet } from '../../ops/index.js'
import { hig, partialInverse, sipBackward } from '../../optim/index.js'
import { diffuse, oscillators } from '../../physics/index.js'

/** What a user writes, as the design gives it. */

t.test('a function and its gradient', async t => {
  const P = (x: Tensor) => stack([at(x, 0), square(at(x, 1))])
  const { value, grad } = valueAndGrad((x: Tensor) => sum(square(P(x))))(tensor([3, 3]))
  t.equal(value.item(), 90)
  t.same(grad.toArray(), [6, 108])
})

t.test('HIG by hand gives the numbers of the optimiser', async t => {
  const simulate = oscillators({ masses: 2, steps: 24, dt: 0.5 })
  const net = mlp([4, 20, 20, 20, 24], { activation: tanh })
  const theta = net.init(random(0).split('net'))
  const x0 = random(0).split('data').uniform([32, 4])
  const B = 32
  const { value: y, J } = sampleJacobian((th, x) => simulate(x, net(th, x)), { wrt: 0 })(theta, x0)
  t.same(J.shape, [B, 4, 1444])
  const lossGradient = mul(2 / B, sub(y, x0))
  const { delta, report } = partialInverse(J, lossGradient, { kappa: -1 / 2, truncation: 1e-10 })
  const step = hig({ lr: 1 }).step(theta, { J, lossGradient }, null)
  t.same(sub(theta, delta).data, step.theta.data)
  t.equal(report.singularValues.length, 128)
  t.same(step.report.kept, report.kept)
})

/** x' = x (1 - x), exact over time t: an operator of one's own. */
const flow = (x: Tensor, time: number): Tensor => {
  const grown = mul(x, Math.exp(time))
  return div(grown, add(sub(1, x), grown))
}
const logistic = defineBlock<{ t: number }>({
  name: 'logistic',
  forward: ([x], { t }) => flow(x, t),
  inverse: { kind: 'exact', apply: (site, claim) => [flow(claim.value, -site.attrs.t)] },
  examples: r => [{ inputs: [r.uniform([5, 3], 0.1, 0.9)], attrs: { t: 2 } }]
})

t.test('an operator of one’s own passes all checks', async t => {
  const { rows, passed } = checkOp(logistic)
  t.ok(
    passed,
    rows
      .filter(r => !r.passed)
      .map(r => `${r.check} ${r.error}`)
      .join('; ')
  )
  t.ok(rows.length > 10)
  const x = tensor([[0.2, 0.4]])
  const target = tensor([[0.5, 0.9]])
  const found = localInverse((u: Tensor) => apply(logistic, [u], { t: 2 }))(target, x)
  flow(found, 2).data.forEach((v, i) => {
    // Two evaluations of a smooth formula: a few units in the last place.
    t.ok(Math.abs(v - target.data[i]) < 1e-14)
  })
})

t.test('SIP, nothing hidden', async t => {
  const unet = uNet({ levels: 2, filters: 4 })
  const theta = unet.init(random(1), 'f32')
  const heatP = (x: Tensor) => diffuse(x, 8)
  const yTarget = heatP(random(2).uniform([2, 1, 16, 16]))
  using tape = new Tape()
  const th = tape.watch(theta)
  const { x, L } = tape.record(() => {
    const x = cast(unet(th, cast(yTarget, 'f32')), 'f64')
    return { x, L: l2(heatP(x), yTarget) }
  })
  const { grad: g, report: rungs } = sipBackward(tape, L, { boundary: [x], wrt: th, eta: 1 })
  t.same(g.shape, [unet.size])
  t.equal(g.dtype, 'f32')
  t.ok(g.data.some(v => v !== 0))
  t.same(
    rungs.rungs.map(r => [r.rung, r.ops]),
    [['regularised', 'diffuse']]
  )
  rungs.mismatch.forEach((m, b) => {
    t.ok(m < rungs.before[b])
  })
  t.equal(reshape(x, [2, 256]).size, 512)
})
