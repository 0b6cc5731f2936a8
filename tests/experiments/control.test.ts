import t from 'tap'
import { random, type Tensor, zeros } from '../../core/index.js'
import { correction, meanLoss, rest, rms, uncorrected } from '../../experiments/controlTasks.js'
import { sub } from '../../ops/index.js'
import { sgd, sip, train } from '../../optim/index.js'
import { oscillators } from '../../physics/index.js'
import { relativeError } from '../golden.js'

const silent = (size: number): Tensor => zeros([size])

t.test(
  'oscillators: without a force the course is that of one simulation, and its loss half the square of the end',
  async t => {
    const s0 = rest.draw(random(1), 3)
    const { states, x, loss } = rest.run(silent(rest.net.size), s0)
    t.equal(x.length, rest.steps)
    t.ok(x.every(u => u.data.every(v => v === 0)))
    const end = oscillators({ masses: 2, steps: rest.steps, dt: 0.5 })(s0, zeros([3, rest.steps]))
    t.ok(relativeError(states[rest.steps - 1], end) < 1e-13)
    const half = [0, 1, 2].map(b => [...end.data.subarray(4 * b, 4 * b + 4)].reduce((s, v) => s + 0.5 * v * v, 0))
    t.ok(relativeError(loss, half) < 1e-13)
  }
)

t.test(
  'correction: without corrections it is the coarse solver, whose error is damping, most of it in the short waves',
  async t => {
    const exact = correction.draw(random(2), 4)
    t.equal(exact.length, correction.steps + 1)
    const { states, loss } = correction.run(silent(correction.net.size), exact)
    const coarse = uncorrected(exact)
    t.equal(coarse.length, correction.steps)
    for (const [k, s] of states.entries()) t.ok(relativeError(s, coarse[k]) < 1e-14, `step ${k + 1}`)
    const errors = coarse.map((s, k) => rms(s, exact[k + 1]))
    const squares = errors.reduce((sum, e) => sum + 0.5 * e * e * exact[0].size, 0)
    t.ok(Math.abs(meanLoss({ states, x: [], loss }) * 4 - squares) < 1e-12, 'a term at every step')
    const size = (s: Tensor) => rms(s, zeros(s.shape))
    t.ok(size(coarse[5]) < size(exact[6]), 'a first-order step damps')
    t.ok(errors[0] < errors[1] && errors[1] < errors[2], 'and goes on doing so')
    t.ok(rms(sub(exact[6], exact[0]), zeros(exact[0].shape)) > errors[5], 'which is less than what moves')
  }
)

t.test('a few steps of SIP lower both losses, with and without the increments through the network', async t => {
  for (const throughNetwork of ['add', 'stop'] as const) {
    const r = random(3)
    const theta = rest.net.init(r.split('net'))
    const s0 = rest.draw(r.split('data'), 4)
    const { losses } = await train({
      theta,
      model: th => rest.run(th, s0),
      method: sip(sgd({ lr: 0.02 }), { throughNetwork }),
      steps: 3
    })
    t.ok(losses[2] < losses[0], `oscillators, ${throughNetwork}: ${losses}`)
    const weights = correction.net.init(r.split('net'))
    const exact = correction.draw(r.split('waves'), 2)
    const corrected = await train({
      theta: weights,
      model: th => correction.run(th, exact),
      method: sip(sgd({ lr: 0.01 }), { throughNetwork }),
      steps: 3
    })
    t.ok(corrected.losses[2] < corrected.losses[0], `correction, ${throughNetwork}: ${corrected.losses}`)
  }
})
