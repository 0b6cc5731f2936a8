import t from 'tap'
import { keep, random, Tape, type Tensor, tensor, valueAndGrad } from '../../core/index.js'
import { l2, mlp, runningStatistics, sum, uNet } from '../../ops/index.js'
import { golden, relativeError } from '../golden.js'

t.test('the U-net of the heat experiment has 37,697 parameters, the MLP of the oscillators 1,444', async t => {
  t.equal(uNet().size, 37697)
  t.equal(mlp([4, 20, 20, 20, 24]).size, 1444)
})

for (const c of golden('u_net').cases)
  t.test(`U-net with ${c.levels} levels of ${c.filters} filters against PhiML`, async t => {
    const seen: Record<string, Tensor> = {}
    const net = uNet({ levels: c.levels, filters: c.filters })
    const observe = (name: string, h: Tensor) => {
      seen[name] = keep(h)
    }
    t.equal(net.size, c.n_params)
    t.same(
      net.parameters.map(p => [p.name, [...p.shape]]),
      c.param_order
    )
    const theta = new Float64Array(net.size)
    let j = 0
    for (const p of net.parameters) {
      const n = p.shape.reduce((a, b) => a * b, 1)
      const norm = /double_conv\.[14]\.weight/.test(p.name)
      for (let i = 0; i < n; i++, j++) {
        const s = Math.sin(0.7 * j + 0.3)
        theta[j] = p.name.endsWith('bias') ? 0.1 * s : norm ? 1 + 0.1 * s : s * Math.sqrt(2 / p.fan!.in)
      }
    }
    const { batch: B, n } = c
    const x = new Float64Array(B * n * n)
    const goal = new Float64Array(B * n * n)
    const at = (b: number, p: number, q: number) => (b * n + p) * n + q
    for (let b = 0; b < B; b++)
      for (let p = 0; p < n; p++)
        for (let q = 0; q < n; q++) x[at(b, p, q)] = Math.sin(0.37 * p * (b + 1)) * Math.cos(0.23 * q + b) + 0.1 * b
    for (let b = 0; b < B; b++)
      for (let p = 0; p < n; p++) for (let q = 0; q < n; q++) goal[at(b, (p + 1) % n, q)] = x[at(b, p, q)]
    const [X, Y] = [tensor(x, { shape: [B, 1, n, n] }), tensor(goal, { shape: [B, 1, n, n] })]

    const { value, grad } = valueAndGrad((th: Tensor) => sum(l2(net(th, X, { observe }), Y)))(tensor(theta))
    // Twelve layers with batch statistics: each loses a few units in the last place, relative to the largest entry.
    t.ok(Math.abs(value.item() - c.loss) < 1e-13 * c.loss, `loss ${value.item()} ${c.loss}`)
    t.ok(relativeError(net(tensor(theta), X), c.output) < 1e-13, 'output')
    const views = net.views(grad)
    net.parameters.forEach((p, i) => {
      const d = views[p.name].data
      const norm = Math.hypot(...d)
      // The biases before a batch norm have gradient zero up to rounding.
      t.ok(
        Math.abs(norm - c.grad_norms[i]) < 1e-12 * Math.max(1, c.grad_norms[i]),
        `${p.name} norm ${norm} ${c.grad_norms[i]}`
      )
      t.ok(Math.abs(d[0] - c.grad_first[i]) < 1e-12 * Math.max(1, c.grad_norms[i]), `${p.name} first`)
      t.ok(Math.abs(sum(views[p.name]).item() - c.grad_sum[i]) < 2e-12 * Math.max(1, c.grad_norms[i]), `${p.name} sum`)
    })
    const [lastWeight, lastBias] = c.grad_last
    t.ok(relativeError(views['outc.weight'], lastWeight) < 1e-12, 'gradient of the last weight')
    t.ok(relativeError(views['outc.bias'], lastBias) < 1e-12, 'gradient of the last bias')

    // Running statistics after one batch. The file has their mean and standard deviation (of n - 1) over the channels.
    const statistics = runningStatistics({}, seen)
    for (const [key, values] of Object.entries<number[]>(c.bn_running_mean_std)) {
      const { mean, variance } = statistics[key.replace(/\.running_.*/, '')]
      const got = Array.from((key.endsWith('mean') ? mean : variance).data)
      const average = got.reduce((a, v) => a + v, 0) / got.length
      const spread = Math.sqrt(got.reduce((a, v) => a + (v - average) ** 2, 0) / (got.length - 1))
      t.ok(relativeError([average, spread], values) < 1e-12, `${key} ${[average, spread]} ${values}`)
    }
  })

t.test('parameters depend on the seed and the name alone', async t => {
  const [a, b] = [uNet(), uNet({ outChannels: 2 })]
  const [p, q] = [a.views(a.init(random(3))), b.views(b.init(random(3)))]
  t.same(p['inc.double_conv.0.weight'].data, q['inc.double_conv.0.weight'].data)
  const bound = 1 / Math.sqrt(16 * 9)
  t.ok(p['inc.double_conv.3.weight'].data.every(v => Math.abs(v) <= bound))
})

t.test('a tape shows what a network did', async t => {
  const net = mlp([2, 3, 1])
  using tape = new Tape()
  const th = tape.watch(net.init(random(0)))
  tape.record(() => net(th, tensor([[1, 2]])))
  t.equal(tape.sites.filter(s => s.op.name === 'matmul').length, 2)
})
