import t from 'tap'
import { random } from '../../core/index.js'
import { makeBatch, predict, train } from '../../experiments/heatTraining.js'
import { mean, uNet } from '../../ops/index.js'

t.test('both methods see the same data from the same weights, and differ after one update', async t => {
  const [sip, gd] = (['SIP', 'GD'] as const).map(method => [...train({ method, seed: 0, steps: 3, batch: 2 })])
  t.equal(sip[0].x, gd[0].x)
  t.equal(sip[0].y, gd[0].y)
  t.same(sip[2].reference, gd[2].reference)
  t.not(sip[1].x, gd[1].x)
  for (const run of [sip, gd]) {
    t.ok(run.every(s => Number.isFinite(s.x) && Number.isFinite(s.y)))
    t.ok(run[2].x < run[0].x, `x loss falls: ${run.map(s => s.x)}`)
  }
  const again = [...train({ method: 'SIP', seed: 0, steps: 2, batch: 2 })]
  t.same(again[1].prediction, sip[1].prediction, 'deterministic')
})

t.test('a prediction keeps the mean heat, in f64', async t => {
  const net = uNet()
  const theta = net.init(random(0), 'f32')
  const batch = makeBatch(random(5), 2)
  const x = predict(net, theta, batch.y, batch.meanHeat)
  t.equal(x.dtype, 'f64')
  // The shift is made in f32: 24 bits of numbers of size 1.
  mean(x, [1, 2], true).data.forEach((m, i) => {
    t.ok(Math.abs(m - batch.meanHeat.data[i]) < 1e-5, `${m} ${batch.meanHeat.data[i]}`)
  })
  t.ok(Math.abs(mean(batch.y).item() - mean(batch.x).item()) < 1e-14, 'conduction keeps the mean')
})
