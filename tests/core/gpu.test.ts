import t from 'tap'
import { Device, gpuDevice, setGpuDevice } from '../../core/backends/gpu/device.js'
import { openRunner } from '../../core/backends/gpu/gpujs.js'
import { gpuStatistics, release, useGpu } from '../../core/backends/gpu/index.js'
import type { Handle, KernelSource, Runner } from '../../core/backends/gpu/runner.js'
import { checkOp } from '../../core/check/index.js'
import {
  backends,
  cotangentSweep,
  identityRows,
  keep,
  onesLike,
  random,
  read,
  sampleSweep,
  scoped,
  Tape,
  type Tensor,
  tensor,
  valueAndGrad,
  withBackend
} from '../../core/index.js'
import {
  convLayer,
  l2,
  matmul,
  mlp,
  mul,
  type Network,
  relu,
  reshape,
  sequential,
  slice,
  sub,
  sum,
  tanh,
  uNet
} from '../../ops/index.js'
import { checkedOps } from '../checkedOps.js'

// Without a GPU, by GPU.js's own reference on the CPU: what the kernels say, and all that is not GPU.js. On WebGL2 and on
// WebGPU the same kernels run in tests/browser.

const f32 = { dtype: 'f32' } as const
const normal = (seed: number, shape: number[]): Tensor => random(seed).normal(shape, 0, 1, f32)
const onGpu = <T>(f: () => T): T => withBackend('gpu', f)
const gpuRow = () => backends().find(b => b.name === 'gpu')

t.test('in Node there is no GPU, and everything is computed all the same', async t => {
  t.match(gpuRow(), { available: false, reason: /useGpu\(\)/ }, 'nobody asked for it')
  t.throws(gpuStatistics, { code: 'ERR_DEVICE', message: /useGpu\(\)/ })
  await t.rejects(useGpu(), { code: 'ERR_DEVICE', message: /no WebGL2.*Node/ })
  t.match(gpuRow(), { available: false, reason: /no WebGL2/ }, 'there is none')
  await t.rejects(useGpu({ mode: 'webgpu' }), { code: 'ERR_DEVICE', message: /WebGPU/ })
  await t.rejects(useGpu({ mode: 'vulkan' as 'cpu' }), { code: 'ERR_OPTION' })
  const [a, b] = [normal(1, [3, 4]), normal(2, [4, 2])]
  t.same(onGpu(() => matmul(a, b)).data, matmul(a, b).data)
})

t.test('every operator in f32, by its kernels where it has them', async t => {
  const gpu = await useGpu({ mode: 'cpu' })
  t.match(gpuRow(), { available: true, reason: undefined })
  for (const op of checkedOps) {
    const before = gpu.statistics().launches
    const { passed, rows } = onGpu(() => checkOp(op, { only: ['f32'] }))
    t.ok(passed, op.name, { bad: rows.filter(r => !r.passed) })
    // The planes of max pooling run kernels where it found their places.
    if (op.device && !op.name.endsWith('Planes')) t.ok(gpu.statistics().launches > before, `${op.name} ran kernels`)
  }
})

/** What a step of training sends and reads. */
function traffic(net: Network, x: Tensor, y: Tensor): { uploads: number; readbacks: number; launches: number }[] {
  let theta = net.init(random(0), 'f32')
  return [1, 2, 3].map(() => {
    const before = gpuStatistics()
    theta = onGpu(() =>
      scoped(() => {
        const { grad } = valueAndGrad((th: Tensor) => sum(l2(net(th, x), y)))(theta)
        return sub(theta, mul(grad, 0.01))
      })
    )
    const { uploads, readbacks, launches } = gpuStatistics()
    return {
      uploads: uploads - before.uploads,
      readbacks: readbacks - before.readbacks,
      launches: launches - before.launches
    }
  })
}

t.test('uploads of a training step do not grow with the depth, and nothing is read back', async t => {
  await useGpu({ mode: 'cpu' })
  const [x, y] = [normal(1, [5, 3]), normal(2, [5, 2])]
  const [image, target] = [normal(3, [2, 1, 8, 8]), normal(4, [2, 3, 8, 8])]
  const hidden = (depth: number) => Array<number>(depth).fill(7)
  const layers = (depth: number) => Array.from({ length: depth }, () => [relu, convLayer(3, 3)]).flat()
  const kinds: Record<string, (depth: number) => { uploads: number; readbacks: number; launches: number }[]> = {
    'tanh network': depth => traffic(mlp([3, ...hidden(depth), 2], { activation: tanh }), x, y),
    'ReLU network': depth => traffic(mlp([3, ...hidden(depth), 2], { activation: relu }), x, y),
    'convolutional network': depth => traffic(sequential([convLayer(1, 3), ...layers(depth)]), image, target),
    'U-net with batch norm and pooling': depth => traffic(uNet({ levels: depth, filters: 2 }), image, image)
  }
  for (const [name, of] of Object.entries(kinds)) {
    const [shallow, deep] = [of(1), of(3)]
    t.ok(deep[1].launches > shallow[1].launches, `${name}: a deeper one runs more kernels`)
    t.same(
      deep.slice(1).map(s => s.uploads),
      shallow.slice(1).map(s => s.uploads),
      `${name}: as many uploads, ${shallow[1].uploads}`
    )
    for (const step of [...shallow, ...deep]) t.equal(step.readbacks, 0)
  }
})

t.test('memory goes with tapes and scopes', async t => {
  const gpu = await useGpu({ mode: 'cpu' })
  const live = () => gpu.statistics().live
  const x = normal(1, [6, 5])
  const step = () => scoped(() => sum(tanh(mul(matmul(x, reshape(tanh(x), [5, 6])), 2))))
  const first = onGpu(step)
  const after = live()
  t.equal(after, 2, 'of a scope, what it returned; and the copy of a tensor from outside')
  for (let k = 0; k < 50; k++) onGpu(() => scoped(() => void step()))
  t.equal(live(), after, 'and of scopes inside of one nothing')
  t.ok(Number.isFinite(first.item()))

  const tape = new Tape()
  const w = tape.watch(normal(2, [5, 5]))
  const y = onGpu(() => tape.record(() => sum(tanh(matmul(x, w)))))
  const kept = keep(y)
  const grad = onGpu(() => cotangentSweep(tape, [[y, onesLike(y)]])).get(w)!
  t.ok(grad.entries, 'a gradient is on the device')
  const part = keep(slice(w, 0, 0, 1))
  tape.dispose()
  t.throws(() => y.data, { code: 'ERR_GRADIENT' }, 'of a disposed tape nothing is left')
  t.throws(() => onGpu(() => mul(y, reshape(x, [30]))), { code: 'ERR_GRADIENT' })
  t.ok(Number.isFinite(kept.item()), 'but for what was kept')
  t.equal(part.size, 5)
  const { liveBytes } = gpu.statistics()
  t.ok(liveBytes > 0)
  gpu.close()
  t.match(gpuRow(), { available: false, reason: /closed/ })
})

t.test('a sweep frees what it has handed on', async t => {
  const gpu = await useGpu({ mode: 'cpu' })
  const x = normal(1, [4, 6])
  /** What a sweep through so many layers finds, the arrays that it leaves on the device until its scope ends, its uploads. */
  const run = (backend: 'gpu' | 'plain', depth: number, sweep: (tape: Tape, y: Tensor, w: Tensor) => Tensor) => {
    using tape = new Tape()
    const w = tape.watch(normal(2, [6, 6]))
    return withBackend(backend, () =>
      scoped(() => {
        const y = tape.record(() => Array.from({ length: depth }).reduce((h: Tensor) => tanh(matmul(h, w)), x))
        const before = gpu.statistics()
        const found = sweep(tape, y, w)
        const { live, uploads } = gpu.statistics()
        return { arrays: live - before.live, uploads: uploads - before.uploads, data: found.data.slice() }
      })
    )
  }
  const sweeps = {
    cotangent: (tape: Tape, y: Tensor, w: Tensor) => cotangentSweep(tape, [[y, onesLike(y)]]).get(w)!,
    'sample-Jacobian': (tape: Tape, y: Tensor, w: Tensor) =>
      sampleSweep(tape, [[y, identityRows(y, true)]]).get(w)!.rows
  }
  for (const [name, sweep] of Object.entries(sweeps)) {
    const [shallow, deep, onCpu] = [run('gpu', 2, sweep), run('gpu', 12, sweep), run('plain', 12, sweep)]
    t.equal(deep.arrays, shallow.arrays, `${name}: as many arrays are left of 12 layers as of 2, ${shallow.arrays}`)
    t.equal(deep.uploads, shallow.uploads)
    const worst = Math.max(...Array.from(deep.data, (v, i) => Math.abs(v - onCpu.data[i])))
    t.ok(worst < 1e-5, `${name}: the same numbers, to ${worst}`)
  }
})

t.test('a sweep sends what a scope holds to the device once, not for every layer', async t => {
  const gpu = await useGpu({ mode: 'cpu' })
  const uploads = (depth: number) =>
    scoped(() => {
      using tape = new Tape()
      const w = tape.watch(mul(normal(2, [6, 6]), 1))
      const layers = Array.from({ length: depth })
      const y = withBackend('plain', () =>
        tape.record(() => layers.reduce((h: Tensor) => tanh(matmul(h, w)), normal(1, [4, 6])))
      )
      const before = gpu.statistics().uploads
      withBackend('gpu', () => cotangentSweep(tape, [[y, onesLike(y)]]).get(w)!.data)
      return gpu.statistics().uploads - before
    })
  // Of each layer its own two values (what tanh and matmul found), of w one copy for all.
  t.equal(uploads(12) - uploads(2), 20)
})

t.test('what no region owns goes back to the CPU when it is too much, and comes again', async t => {
  const gpu = await useGpu({ mode: 'cpu' })
  let theta = normal(1, [4])
  const [start, first] = [theta, onGpu(() => mul(theta, 1.5))]
  for (let k = 0; k < 1500; k++) theta = onGpu(() => mul(theta, k % 2 ? 0.5 : 2))
  const { live, readbacks } = gpu.statistics()
  t.ok(live <= 1024, `${live} arrays after 1500 steps without a scope`)
  t.ok(readbacks < 500, `${readbacks} of them were read back`)
  t.same(theta.data, start.data)
  const again = onGpu(() => mul(first, 2))
  t.same(
    again.data,
    start.data.map(v => 3 * v),
    'an old one is computed with as before'
  )
  release(first, again)
  const before = gpu.statistics()
  for (let k = 0; k < 100; k++) {
    const next = onGpu(() => mul(theta, k % 2 ? 0.5 : 2))
    release(theta)
    theta = next
  }
  const after = gpu.statistics()
  t.ok(
    after.live <= before.live && after.readbacks === before.readbacks,
    'nor is anything read back of what is released'
  )
  t.same(theta.data, start.data)
  const gone = onGpu(() => mul(theta, 2))
  release(gone, start)
  t.throws(() => gone.data, { code: 'ERR_DEVICE', message: /freed/ })
  t.throws(() => release(1 as unknown as Tensor), { code: 'ERR_DTYPE' })
})

/** GPU.js on the CPU behind a device that can be lost, or that must be awaited. */
class Fake implements Runner {
  readonly mode = 'cpu'
  lost = false
  constructor(
    readonly inner: Runner,
    readonly synchronous: boolean
  ) {}
  get kernels(): number {
    return this.inner.kernels
  }
  upload(data: Float32Array): Handle {
    return this.inner.upload(data)
  }
  run(kernel: KernelSource, args: readonly (Handle | number)[]): Handle {
    return this.inner.run(kernel, args)
  }
  read(handle: Handle): Float32Array {
    return this.inner.read(handle)
  }
  async readAsync(handle: Handle): Promise<Float32Array> {
    await new Promise(done => setTimeout(done, 1))
    return this.inner.read(handle)
  }
  release(handle: Handle): void {
    this.inner.release(handle)
  }
  destroy(): void {
    this.inner.destroy()
  }
}

t.test('a lost device: on with the CPU, but what was only there is gone', async t => {
  const runner = new Fake(await openRunner('cpu'), true)
  setGpuDevice(new Device(runner))
  const x = normal(1, [3, 3])
  const [known, unknown] = [onGpu(() => mul(x, 2)), onGpu(() => mul(x, 3))]
  t.ok(known.entries && unknown.entries)
  t.ok(known.data)
  runner.lost = true
  t.throws(() => unknown.data, { code: 'ERR_DEVICE', message: /lost/ })
  await t.rejects(read(unknown), { code: 'ERR_DEVICE', message: /lost/ })
  t.match(gpuRow(), { available: false, reason: /lost/ })
  const y = onGpu(() => matmul(x, known))
  t.notOk(y.entries, 'computed on the CPU')
  t.same(y.data, matmul(x, tensor(known.data, { shape: [3, 3] })).data)
  t.equal(gpuDevice(), undefined)
})

t.test('where reading must be awaited, data says so, and a training step is awaited once', async t => {
  const device = new Device(new Fake(await openRunner('cpu'), false))
  setGpuDevice(device)
  const net = mlp([3, 6, 6, 2])
  const [x, y] = [normal(1, [5, 3]), normal(2, [5, 2])]
  const loss = (th: Tensor) => sum(l2(net(th, x), y))
  const start = net.init(random(3), 'f32')
  let [theta, onCpu] = [start, start]
  const step = () => scoped(() => sub(theta, mul(valueAndGrad(loss)(theta).grad, 0.1)))
  for (let k = 0; k < 3; k++) {
    theta = onGpu(step)
    t.throws(() => theta.data, { code: 'ERR_DEVICE', message: /await read\(t\)/ })
    t.equal(theta.dtype, 'f32')
    t.equal(theta.size, net.size, 'size and dtype need no reading')
    const data = await read(theta)
    t.equal(theta.data, data, 'then data has it too')
    onCpu = sub(onCpu, mul(valueAndGrad(loss)(onCpu).grad, 0.1))
  }
  const worst = Math.max(...Array.from(theta.data, (v, i) => Math.abs(v - onCpu.data[i])))
  t.ok(worst < 1e-6, `three steps differ by ${worst} from those on the CPU`)
  t.equal(device.statistics.readbacks, 3)
  device.close()
})
