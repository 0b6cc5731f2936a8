import t, { type Test } from 'tap'
import { type Tensor, tensor } from '../../core/index.js'
import { comparison, lossesAfter, makeMethod, meanLoss, spectrum } from '../../experiments/jacobianTraining.js'
import * as cubic from '../../experiments/oscillatorsNonlinear.js'
import * as poisson from '../../experiments/poissonHig.js'
import * as dipole from '../../experiments/quantumDipole.js'
import { batchOf } from '../../experiments/training.js'
import { train } from '../../optim/index.js'

/** A control u_k = sin k over n steps. */
const sines = (n: number): Tensor => tensor([Array.from({ length: n }, (_, k) => Math.sin(k))])
const near = (t: Test, y: Tensor, expected: number[]) =>
  t.ok(
    expected.every((v, i) => Math.abs(y.data[i] - v) < 1e-11),
    `${y.data.slice(0, expected.length)}`
  )

t.test('the physics, as PyTorch computes it (bench/peers/torch_peer.py)', async t => {
  near(
    t,
    cubic.physics(sines(96), tensor([[0.1, 0.2, 0.3, 0.4]])),
    [-0.352360340514, -0.01852028475, 0.413169122267, 0.496367935357]
  )
  near(
    t,
    dipole.physics(sines(384)),
    [-0.073746634159, 0.00623683099, -0.144503493314, 0.011547425439, -0.209391739454, 0.015150320976]
  )
  // Row 0 of the five-point Laplacian of sin(8i + j), 0 outside.
  const x = Array.from({ length: 64 }, (_, i) => Math.sin(i))
  near(t, poisson.physics(tensor([x])), [x[1] + x[8] - 4 * x[0], x[0] + x[2] + x[9] - 4 * x[1]])
})

t.test('sizes of the networks and of their Jacobians', async t => {
  t.same(
    [cubic, dipole, poisson].map(({ problem }) => problem(0, 4).theta.size),
    [2956, 9484, 24896]
  )
  const task = dipole.problem(0, 4)
  const s = spectrum(task, task.theta, batchOf(task.train, 0, 2))
  t.equal(s.length, 2 * 28)
  t.ok(s[0] > 0 && s.every((v, i) => i === 0 || v <= s[i - 1]))
})

t.test('the Poisson problem: four steps of HIG by both routes, and of Adam', async t => {
  const task = poisson.problem(0, 16)
  const before = meanLoss(task, task.theta, task.train)
  const after: Record<string, number> = {}
  for (const method of ['HIG', 'HIG, k = 60', 'Adam'] as const) {
    const { theta } = await train({
      ...task,
      method: makeMethod(method === 'Adam' ? 'Adam' : 'HIG', poisson.settingsOf(method, 4)),
      data: step => batchOf(task.train, step, 4),
      steps: 4
    })
    after[method] = meanLoss(task, theta, task.train)
  }
  // An epoch of 16 samples: 781 to 213; Adam 729.
  t.ok(after.HIG < 0.8 * before, `HIG ${after.HIG}, before ${before}`)
  t.ok(after.HIG < 0.85 * after.Adam, `Adam ${after.Adam}`)
  t.ok(Math.abs(after['HIG, k = 60'] / after.HIG - 1) < 0.02, `k = 60 ${after['HIG, k = 60']}`)
})

t.test('one method over another: seed by seed', async t => {
  const part = (method: string, seed: number, y: number[]) => ({
    method,
    seed,
    variant: '',
    status: 'complete' as const,
    course: { training: { at: [0, 1], seconds: [0, 1], y } }
  })
  const parts = [part('HIG', 0, [4, 1]), part('Adam', 0, [4, 2]), part('HIG', 1, [4, 1]), part('Adam', 1, [4, 4])]
  const [metric] = comparison(parts, { method: 'HIG', other: 'Adam' })
  t.same(metric.value, { median: 0.375, low: 0.25, high: 0.5 })
  t.same(comparison(parts.slice(0, 1), { method: 'HIG', other: 'Adam' }), [])
})

t.test('losses after some steps and at the end, as far as the method came', async t => {
  const part = (seed: number, y: number[]) => {
    const series = { at: y.map((_, i) => 10 * i), seconds: y, y }
    return { method: 'HIG', seed, variant: '', status: 'complete' as const, course: { training: series, test: series } }
  }
  const both = (step: number, value: unknown) => ({ step, training: value, test: value })
  const range = (low: number, median: number, high: number) => ({ low, median, high })
  t.same(lossesAfter([part(0, [4, 2, 1]), part(1, [8, 6, 5])], 'HIG', [10, 30]), [
    both(10, range(2, 4, 6)),
    both(20, range(1, 3, 5))
  ])
  t.same(lossesAfter([part(0, [4, 2, 1]), part(1, [8, 6])], 'HIG', [0]), [both(0, range(4, 6, 8)), both(20, 1)])
  t.same(lossesAfter([part(0, [4])], 'GN'), [])
})
