import t from 'tap'
import { random, type Tensor, tensor } from '../../core/index.js'
import { makeNet, meanLoss, trainee } from '../../experiments/oscillators.js'

/** As in the notebook: 4096 samples, uniform in [0, 1]⁴, batches in fixed order. */
const stream = random(0)
const net = makeNet()
const theta = net.init(stream.split('net'))
const x0 = stream.split('data').uniform([4096, 4])

function epoch(update: (batch: Tensor) => void, batch: number, samples = 4096): void {
  for (let at = 0; at < samples; at += batch)
    update(tensor(x0.data.subarray(4 * at, 4 * (at + batch)), { shape: [batch, 4] }))
}

t.test('HIG: one epoch', async t => {
  const before = meanLoss(net, theta, x0)
  // Measured with the authors' code before training: .74 to 1.62 over five seeds.
  t.ok(before > 0.3 && before < 2, `before ${before}`)
  const hig = trainee('HIG', net, theta)
  epoch(b => hig.update(b), 32)
  const after = meanLoss(net, hig.theta, x0)
  // Measured median 5.4e-5; "in range" is half to one and a half times that for the median of five seeds.
  t.ok(after > 0.5 * 5.4e-5 && after < 1.5 * 5.4e-5, `after one epoch ${after}`)
})

t.test('SIP and GD: one epoch each, and the same numbers twice', async t => {
  for (const [method, low, high] of [
    ['SIP', 0.33, 0.49],
    ['GD', 0.31, 0.61]
  ] as const) {
    const run = () => {
      const trained = trainee(method, net, theta)
      epoch(b => trained.update(b), 256)
      return trained.theta
    }
    const [a, b] = [run(), run()]
    t.same(a.data, b.data, `${method} is deterministic`)
    const after = meanLoss(net, a, x0)
    // One seed against the range of five: half below the least to one and a half above the largest.
    t.ok(after > 0.5 * low && after < 1.5 * high, `${method} after one epoch ${after}`)
  }
})
