import t from 'tap'
import { random } from '../../core/index.js'
import { makeBatch, newRun, predict, type Run, step } from '../../experiments/heatTraining.js'
import { mean, uNet } from '../../ops/index.js'

const net = uNet({ levels: 4, filters: 16 })
const theta = net.init(random(0).split('net'), 'f32')

function train(method: 'SIP' | 'GD', steps: number): Run {
  const run = newRun(theta)
  const data = random(0).split('data')
  for (let k = 0; k < steps; k++) step(method, net, run, makeBatch(data, 2))
  return run
}

t.test('both methods see the same data from the same weights, and differ after one update', async t => {
  const [sip, gd] = [train('SIP', 3), train('GD', 3)]
  t.equal(sip.x[0], gd.x[0])
  t.equal(sip.y[0], gd.y[0])
  t.not(sip.x[1], gd.x[1])
  for (const run of [sip, gd]) {
    t.ok([...run.x, ...run.y].every(Number.isFinite))
    t.ok(run.x[2] < run.x[0], `x loss falls: ${run.x}`)
  }
  t.same(train('SIP', 2).theta.data, train('SIP', 2).theta.data, 'deterministic')
})

t.test('a prediction keeps the mean heat, in f64', async t => {
  const batch = makeBatch(random(5), 2)
  const x = predict(net, theta, batch.y, batch.meanHeat)
  t.equal(x.dtype, 'f64')
  // The shift is made in f32: 24 bits of numbers of size 1.
  mean(x, [1, 2], true).data.forEach((m, i) => {
    t.ok(Math.abs(m - batch.meanHeat.data[i]) < 1e-5, `${m} ${batch.meanHeat.data[i]}`)
  })
  t.ok(Math.abs(mean(batch.y).item() - mean(batch.x).item()) < 1e-14, 'conduction keeps the mean')
})
