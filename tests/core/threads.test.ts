import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { arena } from '../../core/arena.js'
import { type ConvGeometry, convOutputSize } from '../../core/backends/convolutionPlan.js'
import { type Data, sizeOf } from '../../core/backends/plain/data.js'
import * as convolution from '../../core/backends/wasm/convolution.js'
import { batchedMatmul, matmul } from '../../core/backends/wasm/matmul.js'
import { ARENA, Call, common, type Home } from '../../core/backends/wasm/module.js'
import { inspectTeam, sizes, TeamCall } from '../../core/backends/wasm/pool.js'
import * as winograd from '../../core/backends/wasm/winograd.js'
import { backends, random, scoped, setThreads, withThreads, zeros } from '../../core/index.js'

// Threads from the smallest products on, so that many shapes can be tried.
Object.assign(sizes, { pays: 0, part: 1 })

/** Heavy enough that every worker gets a part. */
const [side, matrix] = [200, random('matrix').normal([200 * 200]).data]
const heavy = (): Data => {
  const c = new Float64Array(side * side)
  matmul(matrix, 0, matrix, 0, c, 0, side, side, side, false, true, false)
  return c
}

/** Runs until each of n threads has had a part: workers start when they can. */
async function warm(n: number): Promise<void> {
  const running = () => inspectTeam()?.run.filter(parts => parts > 0).length ?? 0
  for (let i = 0; i < 2000 && running() < n; i++) {
    withThreads(n, heavy)
    await sleep(1)
  }
}

const r = random(0)
const whole = (from: number, to: number): number => from + Math.floor(r.next() * (to - from + 1))
const empty = (n: number, f64: boolean): Data => (f64 ? new Float64Array(n) : new Float32Array(n))
const numbers = (n: number, f64: boolean): Data => {
  const v = r.uniform([n], -1, 1).data
  return f64 ? v.slice() : Float32Array.from(v)
}

const same = (a: Data, b: Data): boolean => Buffer.from(a.buffer).equals(Buffer.from(b.buffer))

/** Are results of 1, 2 and 3 threads the same bits? And was everything written? */
function sameBits(n: number, f64: boolean, run: (y: Data) => void): boolean {
  const [one, two, three] = [1, 2, 3].map(count => {
    const y = empty(n, f64).fill(Number.NaN)
    withThreads(count, () => run(y))
    return y
  })
  return same(one, two) && same(one, three) && !one.includes(Number.NaN)
}

function geometry(): ConvGeometry {
  const axes = Array.from({ length: whole(1, 3) }, () => {
    const [kernel, stride, dilation, padding] = [whole(1, 3), whole(1, 2), whole(1, 2), whole(0, 2)]
    return { kernel, stride, dilation, padding, size: dilation * (kernel - 1) + whole(1, 6) }
  })
  const groups = whole(1, 2)
  return {
    batch: whole(1, 20),
    inChannels: groups * whole(1, 3),
    outChannels: groups * whole(1, 5),
    groups,
    size: axes.map(a => a.size),
    kernel: axes.map(a => a.kernel),
    stride: axes.map(a => a.stride),
    dilation: axes.map(a => a.dilation),
    padding: axes.map(a => a.padding)
  }
}

t.test('1, 2 and 3 threads give the same bits', async t => {
  await warm(3)
  t.ok(inspectTeam()!.run.filter(parts => parts > 0).length === 3, `all threads work: ${inspectTeam()!.run}`)
  const CASES = 2000
  const equal = {
    matmul: 0,
    batchedMatmul: 0,
    batchOneByOne: 0,
    gram: 0,
    conv: 0,
    convInput: 0,
    convWeight: 0,
    convWeightPerSample: 0,
    winograd: 0,
    winogradInput: 0,
    winogradWeight: 0
  }
  for (let i = 0; i < CASES; i++) {
    const f64 = i % 2 === 0
    const [m, n, k] = [whole(1, 50), whole(1, 50), whole(1, i % 10 === 0 ? 700 : 50)]
    const [ta, tb] = [r.next() < 0.5, r.next() < 0.5]
    const [a, b] = [numbers(6 * m * k, f64), numbers(6 * k * n, f64)]
    const before = numbers(m * n, f64)
    const accumulate = r.next() < 0.5
    equal.matmul += +sameBits(m * n, f64, y => {
      y.set(before)
      matmul(a, m, b, k, y, 0, m, n, k, ta, tb, accumulate)
    })
    const starts = (size: number) => Int32Array.from({ length: 6 }, () => whole(0, 5) * size)
    const [sa, sb] = [starts(m * k), starts(k * n)]
    equal.batchedMatmul += +sameBits(6 * m * n, f64, y => batchedMatmul(a, sa, b, sb, y, m, n, k, ta, tb))
    equal.gram += +sameBits(m * m, f64, y => matmul(a, 0, a, 0, y, 0, m, m, k, ta, !ta, false))
    const batch = empty(6 * m * n, f64)
    const oneByOne = empty(6 * m * n, f64)
    batchedMatmul(a, sa, b, sb, batch, m, n, k, ta, tb)
    for (let p = 0; p < 6; p++) matmul(a, sa[p], b, sb[p], oneByOne, p * m * n, m, n, k, ta, tb, false)
    equal.batchOneByOne += +same(batch, oneByOne)
    const g = geometry()
    const [nx, ny] = [g.batch * g.inChannels * sizeOf(g.size), g.batch * g.outChannels * sizeOf(convOutputSize(g))]
    const nw = (g.outChannels * g.inChannels * sizeOf(g.kernel)) / g.groups
    const [x, w, ct] = [numbers(nx, f64), numbers(nw, f64), numbers(2 * ny, f64)]
    equal.conv += +sameBits(ny, f64, y => convolution.conv(x, w, y, g))
    equal.convInput += +sameBits(nx, f64, y => convolution.convInput(ct.subarray(0, ny), w, y, g))
    equal.convWeight += +sameBits(nw, f64, y => convolution.convWeight(x, ct.subarray(0, ny), y, g))
    equal.convWeightPerSample += +sameBits(2 * g.batch * nw, f64, y => convolution.convWeightPerSample(x, ct, y, g, 2))
    const f = { ...geometry(), groups: 1, kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: [1, whole(0, 2)] }
    f.size = [whole(3, 12), whole(3, 12)]
    const [fx, fy] = [f.batch * f.inChannels * sizeOf(f.size), f.batch * f.outChannels * sizeOf(convOutputSize(f))]
    const fw = 9 * f.inChannels * f.outChannels
    const [image, filters, cotangent] = [numbers(fx, false), numbers(fw, false), numbers(fy, false)]
    equal.winograd += +sameBits(fy, false, y => winograd.conv(image, filters, y, f))
    equal.winogradInput += +sameBits(fx, false, y => winograd.convInput(cotangent, filters, y, f))
    equal.winogradWeight += +sameBits(fw, false, y => winograd.convWeight(image, cotangent, y, f))
  }
  for (const [name, count] of Object.entries(equal)) t.equal(count, CASES, `${name}: equal in ${count} of ${CASES}`)
})

t.test('chunks of a large batch, while the memory grows', t => {
  for (const batch of [3, 40, 200]) {
    const g = { batch, inChannels: 4, outChannels: 3, groups: 1, size: [60, 50], kernel: [3, 3] }
    const how = { ...g, stride: [1, 1], dilation: [1, 1], padding: [1, 1] }
    const [x, w, ct] = [numbers(batch * 12000, false), numbers(108, false), numbers(batch * 9000, false)]
    t.ok(
      sameBits(batch * 9000, false, y => convolution.conv(x, w, y, how)),
      `conv of ${batch}`
    )
    t.ok(
      sameBits(108, false, y => convolution.convWeight(x, ct, y, how)),
      `its weight adjoint`
    )
  }
  t.equal(inspectTeam()!.trials, 3, 'no team was given up')
  t.end()
})

t.test('settings', t => {
  withThreads(2, () => t.equal(backends()[1].threads, 2))
  setThreads(3)
  t.equal(backends()[1].threads, 3)
  t.throws(() =>
    withThreads(2, () => {
      throw new Error('inside')
    })
  )
  t.equal(backends()[1].threads, 3, 'an error inside changes nothing')
  setThreads()
  t.ok(backends()[1].threads >= 1 && backends()[1].threads <= 8, 'by default, up to 8')
  for (const wrong of [0, 1.5, Number.NaN, '2' as unknown as number])
    t.throws(() => withThreads(wrong, heavy), { code: 'ERR_OPTION', message: /whole number, 1 or more/ })
  t.end()
})

t.test('operands in the memory of a call are used where they are', t => {
  const x = scoped(() => {
    const x = zeros([200, 100])
    const call = new TeamCall(common()!)
    t.equal(call.put(x.data, 2, 4), x.data.byteOffset + 16)
    t.equal(call.out(x.data, 3, 5), x.data.byteOffset + 24)
    return x
  })
  const call = new TeamCall(common()!)
  t.equal(call.put(x.data), 65536, 'others are copied')
  const before = arena()!.used
  t.ok(call.reserve(10_000_000) >= ARENA, 'what is too large for a call is a block of the arena')
  t.ok(arena()!.used > before + 10_000_000)
  call.end()
  t.equal(arena()!.used, before, 'which is given back')
  const little = new Call({ kernels: {}, memory: new WebAssembly.Memory({ initial: 2, maximum: 3 }) } as Home)
  t.equal(little.reserve(100_000), 65536)
  t.throws(() => little.reserve(100_000), { message: /265600 bytes/ })
  t.end()
})

t.test('workers that are gone cost nothing', async t => {
  const want = withThreads(1, heavy)
  await Promise.all(inspectTeam()!.workers.map(worker => worker.terminate()))
  const before = inspectTeam()!.run
  for (let i = 0; i < 5; i++) t.ok(same(withThreads(3, heavy), want))
  const after = inspectTeam()!.run
  t.equal(after[1] + after[2], before[1] + before[2], 'they have done nothing')
  t.ok(after[0] > before[0], 'the caller has')
})

t.test('a worker that dies inside of a kernel is given up, with its team', async t => {
  const want = withThreads(1, heavy)
  withThreads(2, heavy)
  // Claims one part and never brings it back.
  const program = `const { workerData: control, parentPort } = require('node:worker_threads')
    parentPort.postMessage('ready')
    for (;;) {
      const ticket = Atomics.load(control, 0)
      if ((ticket & 4095) > 0 && Atomics.compareExchange(control, 0, ticket, ticket - 1) === ticket) break
    }`
  const { control, trials } = inspectTeam()!
  const thief = new Worker(program, { eval: true, workerData: control })
  await once(thief, 'message')
  for (let i = 0; i < 2000 && inspectTeam()?.control === control; i++) {
    t.ok(same(withThreads(2, heavy), want))
    await sleep(1)
  }
  t.not(inspectTeam()?.control, control, 'the team is gone')
  await warm(2)
  t.ok(same(withThreads(2, heavy), want), 'there is a new one')
  t.equal(inspectTeam()!.trials, trials - 1)
  await thief.terminate()
})

const api = JSON.stringify(new URL('../../core/index.js', import.meta.url).href)
const script = `
  const { Tensor, apply, backends, withThreads } = await import(${api})
  const { matmul } = await import(${JSON.stringify(new URL('../../ops/index.js', import.meta.url).href)})
  const a = new Tensor([300, 300], Float64Array.from({ length: 90000 }, (_, i) => Math.sin(i)))
  const sum = () => matmul(a, a).data.reduce((s, v) => s + v)
  const sums = [1, 2, 3].map(n => withThreads(n, sum))
  const report = [backends()[1].threads, sums.every(s => s === sums[0])]`

t.test('a process ends by itself when it has used threads', async t => {
  for (const [name, end] of Object.entries({
    'at once': '',
    'when idle': 'await new Promise(done => setTimeout(done, 300));',
    'by process.exit': 'setInterval(() => {}, 1000); setTimeout(() => process.exit(), 300);',
    'by Ctrl-C': `setInterval(() => {}, 1000); setTimeout(() => process.kill(process.pid, 'SIGINT'), 300);`
  })) {
    const text = `${script}\n console.log(JSON.stringify(report)); ${end}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], { timeout: 60_000 })
    let printed = ''
    child.stdout.on('data', data => {
      printed += data
    })
    const [code, signal] = await once(child, 'close')
    t.match(printed, /,true\]/, `${name}: the same sums`)
    t.ok(name === 'by Ctrl-C' ? signal === 'SIGINT' : code === 0, `${name}: it ends`)
  }
})

t.test('a worker thread of a program has one thread by default, and may have more', async t => {
  const program = `const { parentPort } = require('node:worker_threads');
    (async () => { ${script}\n parentPort.postMessage(report) })()`
  const worker = new Worker(program, { eval: true })
  const [[count, same]] = await once(worker, 'message')
  const [code] = await once(worker, 'exit')
  t.equal(count, 1)
  t.ok(same, 'the same sums on 1, 2, 3 threads')
  t.equal(code, 0, 'it ends by itself')
})
