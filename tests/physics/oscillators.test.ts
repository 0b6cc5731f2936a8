import t from 'tap'
import { jacobian, sampleJacobian, Tape, type Tensor, tensor, valueAndGrad } from '../../core/index.js'
import { l2, square, sub, sum } from '../../ops/index.js'
import { sipBackward } from '../../optim/index.js'
import { oscillatorMatrix, oscillators } from '../../physics/index.js'
import { golden, relativeError } from '../golden.js'

const g = golden('oscillators_linear')
const simulate = oscillators({ masses: 2, steps: 24, dt: g.dt })
const [x0, u] = [tensor(g.x0), tensor(g.control)]
/** 24 steps of four stages, entries of size 1: some tens of rounding errors. */
const ROUNDING = 2e-14

t.test('matrix, trajectory end, loss and its gradient', async t => {
  t.ok(relativeError(tensor(oscillatorMatrix(2, 0.2), { shape: [4, 4] }), g.matrix_A) < 1e-15)
  t.ok(relativeError(simulate(x0, u), g.y) < ROUNDING)
  const loss = (c: Tensor) => sum(square(sub(simulate(x0, c), x0)))
  const { value, grad } = valueAndGrad(loss)(u)
  t.ok(Math.abs(value.item() - g.loss_sum) < ROUNDING * g.loss_sum)
  t.ok(relativeError(grad, g.grad_control_of_loss_sum) < ROUNDING)
})

t.test('dy/du per sample', async t => {
  const { J } = sampleJacobian((c: Tensor) => simulate(x0, c))(u)
  t.same(J.shape, [3, 4, 24])
  t.ok(relativeError(J, g.jac_y_control) < ROUNDING)
  const whole = jacobian((c: Tensor) => simulate(x0, c))(u).J
  t.same(whole.shape, [3, 4, 3, 24])
})

t.test('the SIP control step is one Newton step of the block', async t => {
  // The notebook: new control = control - pinv(J) 2(y - y*)/B, so η = 2/B for an L2 loss.
  using tape = new Tape()
  const c = tape.watch(u)
  const { L } = tape.record(() => {
    const y = simulate(x0, c)
    return { L: l2(y, x0) }
  })
  const { targets, report } = sipBackward(tape, L, { boundary: [c], wrt: c, eta: 2 / 3 })
  t.equal(report.rungs.length, 1)
  t.equal(report.rungs[0].rung, 'newton')
  t.ok((report.rungs[0].iterations ?? 99) <= 2)
  const change = sub(u, targets[0].value)
  // pinv(J) with singular values down to 1e-2 of the largest: a hundred times rounding.
  t.ok(relativeError(change, g.sip.delta_control) < 1e-11, String(relativeError(change, g.sip.delta_control)))
})
