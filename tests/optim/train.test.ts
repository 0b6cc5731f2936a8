import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { equalTensors, random, type Tensor, tensor, zeros } from '../../core/index.js'
import { l2, log, mlp, mul, sqrt, sub, sum } from '../../ops/index.js'
import { checkpointFile } from '../../optim/files.js'
import {
  adaHessian,
  adam,
  bfgsMethod,
  type Checkpoint,
  decodeCheckpoint,
  dogleg,
  encodeCheckpoint,
  evaluate,
  gaussNewton,
  hessianFree,
  lbfgsMethod,
  levenbergMarquardt,
  newtonMethod,
  type Optimizer,
  sgd,
  sip,
  strongWolfe,
  type TrainOptions,
  train,
  truncatedNewton,
  withSearch
} from '../../optim/index.js'
import { run } from './killed.js'

const folder = mkdtempSync(join(tmpdir(), 'physgrad-train-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

t.test('killed twenty times at random moments, it ends at the same bits', async t => {
  const STEPS = 60
  const whole = await train(run(STEPS))
  t.equal(whole.losses.length, STEPS)
  const program = fileURLToPath(new URL('killed.js', import.meta.url))
  /** Starts a run in a process of its own and kills it some time after its first checkpoint. */
  const kill = async (trial: number): Promise<void> => {
    const path = join(folder, `trial${trial}`)
    const file = checkpointFile(path)
    const child = spawn(process.execPath, [program, path, String(STEPS)], { stdio: 'ignore' })
    const ended = new Promise<NodeJS.Signals | null>(resolve => child.once('exit', (_, signal) => resolve(signal)))
    // Whatever moment one looks at it, there is either no file or a whole checkpoint.
    while (!file.load() && child.exitCode === null) await new Promise(resolve => setTimeout(resolve, 5))
    await new Promise(resolve => setTimeout(resolve, Math.random() * 150))
    child.kill('SIGKILL')
    const signal = await ended
    const left = file.load()!
    t.ok(
      left.step >= 1 && left.losses.length === left.step,
      `trial ${trial}: ${signal ?? 'ended'} after step ${left.step}`
    )
    const end = await train({ ...run(STEPS), resume: left })
    t.same(end.losses, whole.losses, 'every loss')
    t.ok(equalTensors(end.theta, whole.theta), 'θ')
    kills.push(signal === 'SIGKILL' && left.step < STEPS)
    rmSync(path)
  }
  const kills: boolean[] = []
  for (let trial = 0; trial < 20; trial += 2) await Promise.all([kill(trial), kill(trial + 1)])
  t.ok(kills.filter(Boolean).length >= 15, `${kills.filter(Boolean).length} were killed on the way`)
  t.ok(readdirSync(folder).length <= 20, 'at most one file beside each is left')
})

const net = mlp([2, 5, 2])
const task = (method: Optimizer<any, any>): TrainOptions<{ a: Tensor; b: Tensor }, any, any> => ({
  theta: net.init(random(3)),
  method,
  streams: { data: random(5) },
  data: (_, { data }) => ({ a: data.normal([6, 2]), b: data.uniform([6, 2]) }),
  model: (theta, { a, b }) => {
    const x = net(theta, a)
    const y = mul(x, 2)
    return { loss: l2(y, b), x, y }
  },
  steps: 12
})

t.test('every method goes on from a checkpoint to the same bits', async t => {
  const methods: Optimizer<any, any>[] = [
    sgd({ lr: 0.1, momentum: 0.9 }),
    adam(),
    adaHessian(),
    newtonMethod({ lr: 0.1 }),
    withSearch(bfgsMethod(), strongWolfe()),
    withSearch(lbfgsMethod(), strongWolfe()),
    truncatedNewton({ matrix: 'gaussNewton', damping: 1 }),
    hessianFree(),
    gaussNewton({ lr: 0.5, truncation: 1e-3 }),
    levenbergMarquardt(),
    dogleg(),
    sip(adam(), { updatesPerSolve: 3 })
  ]
  for (const method of methods) {
    const saves: Uint8Array[] = []
    const save = (c: Checkpoint) => saves.push(encodeCheckpoint(c))
    const whole = await train({ ...task(method), checkpoint: { every: 5, save } })
    t.equal(whole.status, 'done', `${method.name} ${whole.reason}`)
    t.equal(saves.length, 3, 'after 5, 10 and at the end')
    for (const bytes of saves) {
      const rest = await train({ ...task(method), resume: decodeCheckpoint(bytes) })
      t.same(rest.losses, whole.losses, method.name)
      t.ok(equalTensors(rest.theta, whole.theta), method.name)
    }
  }
})

t.test('the loop: callbacks, copies, signal, stop', async t => {
  const seen: Tensor[] = []
  const steps: number[] = []
  const full = await train({
    ...task(adam()),
    onStep: s => {
      steps.push(s.step)
      seen.push(s.theta)
    }
  })
  t.same(steps, [...Array(12).keys()])
  t.ok(equalTensors(seen[11], full.theta))
  t.ok(!seen[10].data.every((v, i) => v === seen[11].data[i]), "an earlier step's θ is still what it was")
  const start = net.init(random(3))
  t.ok(equalTensors(task(adam()).theta, start), 'the given θ is not touched')

  const control = new AbortController()
  const left: Checkpoint[] = []
  const aborted = await train({
    ...task(adam()),
    signal: control.signal,
    checkpoint: { every: 100, save: c => left.push(c) },
    onStep: ({ step }) => (step === 6 ? control.abort() : undefined)
  })
  t.same([aborted.status, aborted.step, left.length], ['aborted', 7, 1])
  const rest = await train({ ...task(adam()), resume: left[0] })
  t.same(rest.losses, full.losses, 'and goes on from there')
  // An abort from outside gets its turn.
  const later = new AbortController()
  setTimeout(() => later.abort(), 60)
  t.equal((await train({ ...task(adam()), steps: 1e6, signal: later.signal })).status, 'aborted')
  t.equal((await train({ ...task(adam()), onStep: ({ step }) => (step === 2 ? 'stop' : 0) })).status, 'stopped')
  await t.rejects(
    train({
      ...task(adam()),
      onStep: () => {
        throw new Error('mine')
      }
    }),
    /mine/,
    "a callback's error comes out"
  )
  t.same((await train({ ...task(adam()), steps: 0 })).losses, [])

  const wrong: [string, object, string][] = [
    ['a negative number of steps', { steps: -1 }, 'ERR_OPTION'],
    ['no model', { model: undefined }, 'ERR_OPTION'],
    ['no method', { method: undefined }, 'ERR_OPTION'],
    ['an array as θ', { theta: [1] }, 'ERR_DTYPE'],
    ['a seed in the place of a stream', { streams: { data: 1 } }, 'ERR_OPTION'],
    ['a checkpoint that is not saved', { checkpoint: { every: 1 } }, 'ERR_OPTION'],
    ['a checkpoint every 0 steps', { checkpoint: { every: 0, save: () => 0 } }, 'ERR_OPTION'],
    ['data that is no function', { data: [] }, 'ERR_OPTION']
  ]
  for (const [name, over, code] of wrong) await t.rejects(train({ ...task(adam()), ...over }), { code }, name)
})

t.test('a number that is not finite stops the run, and the reason names where it was made', async t => {
  const model = (theta: Tensor) => sum(log(sub(theta, 1)))
  const { status, reason, step, theta } = await train({
    theta: tensor([1.5, 3]),
    method: sgd({ lr: 0.3 }),
    model,
    steps: 9
  })
  t.equal(status, 'not finite')
  t.match(reason, /^step 1: the loss is NaN, from site \d+, log of \[2\] in \[-0\.09/)
  t.equal(step, 1)
  t.ok(theta.data.every(Number.isFinite))
  // The loss is finite, its gradient is not.
  const corner = await train({ theta: tensor([0]), method: sgd({ lr: 1 }), model: th => sum(sqrt(th)), steps: 3 })
  t.equal(corner.status, 'not finite')
  t.match(corner.reason, /NaN or infinity in the gradient/)
  const saves: number[] = []
  await train({
    theta: tensor([1.5, 3]),
    method: sgd({ lr: 0.3 }),
    model,
    steps: 9,
    checkpoint: { every: 5, save: c => saves.push(c.step) }
  })
  t.same(saves, [], 'nothing is saved of it')
})

t.test('checkpoints: all numbers and trees, and what they refuse', async t => {
  const state = {
    t: 3,
    special: [Number.NaN, -0, Number.NEGATIVE_INFINITY, 1e-320, 0.1],
    none: null,
    name: 'ε',
    flag: true,
    deep: [{ m: tensor([[1, -0]]) }, { m: tensor([0.1], { dtype: 'f32' }) }],
    empty: zeros([0])
  }
  const c: Checkpoint = {
    method: 'x',
    step: 2,
    theta: tensor([Math.PI]),
    state,
    streams: { a: random(1).state },
    losses: [0.1, Number.NaN]
  }
  const bytes = encodeCheckpoint(c)
  const back = decodeCheckpoint(bytes)
  t.same(encodeCheckpoint(back), bytes, 'there and back')
  const s = back.state as typeof state
  t.ok(Object.is(s.special[1], -0) && s.special[3] === 1e-320 && Number.isNaN(s.special[0]))
  t.ok(equalTensors(s.deep[0].m, state.deep[0].m) && s.deep[1].m.dtype === 'f32')
  for (let cut = 0; cut < bytes.length; cut += 7)
    t.throws(() => decodeCheckpoint(bytes.slice(0, cut)), { code: 'ERR_FORMAT' }, `cut off at ${cut}`)
  t.throws(() => encodeCheckpoint({ ...c, state: { f: () => 1 } }), { code: 'ERR_OPTION' })
  const path = join(folder, 'broken')
  writeFileSync(path, bytes.slice(0, 99))
  t.throws(() => checkpointFile(path).load(), /broken/)
  checkpointFile(path).save(c)
  t.same(new Uint8Array(readFileSync(path)), bytes)
  t.equal(checkpointFile(join(folder, 'none')).load(), undefined)

  const resume = (over: Partial<Checkpoint>) => train({ ...task(adam()), resume: { ...good, ...over } })
  let good = c
  await train({ ...task(adam()), steps: 1, checkpoint: { every: 1, save: x => (good = x) } })
  await t.rejects(resume({ method: 'sgd' }), { code: 'ERR_OPTION' }, 'of another method')
  await t.rejects(resume({ theta: tensor([1]) }), { code: 'ERR_OPTION' }, 'of another network')
  await t.rejects(resume({ streams: {} }), { code: 'ERR_OPTION' }, 'of other streams')
  await t.rejects(resume({ streams: { data: random(9).state } }), { code: 'ERR_OPTION' }, 'of a stream of another seed')
})

t.test('an evaluation and a batch in f32', async t => {
  const theta = net.init(random(3), 'f32')
  const a = random(1).normal([4, 2], 0, 1, { dtype: 'f32' })
  using e = evaluate(th => {
    const y = net(th, a)
    return { loss: l2(y, zeros([4, 2], 'f32')), y, x: y }
  }, theta)
  for (const method of [
    adam(),
    truncatedNewton({ matrix: 'gaussNewton' }),
    hessianFree(),
    levenbergMarquardt(),
    dogleg()
  ])
    t.equal(
      (method as Optimizer<any, any>).step(
        theta,
        method.needs === 'gradient' ? e.gradient : e,
        method.init(theta) as never
      ).theta.dtype,
      'f32',
      method.name
    )
})
