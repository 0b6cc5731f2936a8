import t from 'tap'
import { keep, random } from '../../core/index.js'
import { type Method, makeBatch, makeMethod, model, predict, problem } from '../../experiments/heat.js'
import { l2, mean, sum, uNet } from '../../ops/index.js'
import { train } from '../../optim/index.js'

async function losses(method: Method, steps: number) {
  const { net, theta, data } = problem(0)
  const seen: { x: number; y: number; reference: ArrayLike<number> }[] = []
  const { theta: trained } = await train({
    theta,
    method: makeMethod(method),
    model: model(net),
    reduce: 'sum',
    streams: { data },
    data: (_step, { data }) => makeBatch(data, 2),
    steps,
    onStep: ({ batch, forward }) => {
      seen.push({
        x: sum(l2(forward.x[0], batch.x)).item(),
        y: sum(forward.loss).item(),
        reference: keep(batch.x).data
      })
    }
  })
  return { seen, trained }
}

t.test('both methods see the same data from the same weights, and differ after one update', async t => {
  const [{ seen: sip, trained }, { seen: gd }] = [await losses('SIP', 3), await losses('GD', 3)]
  t.equal(sip[0].x, gd[0].x)
  t.equal(sip[0].y, gd[0].y)
  t.same(sip[2].reference, gd[2].reference)
  t.not(sip[1].x, gd[1].x)
  for (const run of [sip, gd]) {
    t.ok(run.every(s => Number.isFinite(s.x) && Number.isFinite(s.y)))
    t.ok(run[2].x < run[0].x, `x loss falls: ${run.map(s => s.x)}`)
  }
  t.same((await losses('SIP', 3)).trained.data, trained.data, 'deterministic')
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
