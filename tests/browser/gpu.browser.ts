// Runs in the browser only, on WebGL2 in software. Every exported function is a test, which fails by throwing; what it
// returns is printed beside its name.
import { type Gpu, gpuStatistics, useGpu } from '../../core/backends/gpu/index.js'
import { checkOp } from '../../core/check/index.js'
import { backends, random, read, scoped, type Tensor, tensor, valueAndGrad, withBackend } from '../../core/index.js'
import { convLayer, l2, matmul, mlp, mul, relu, sequential, sub, sum } from '../../ops/index.js'
import { checkedOps } from '../checkedOps.js'
import { compareAll, convolutions, farthest, functions, movements, products } from './onGpu.js'

let gpu: Gpu | undefined
const open = async (): Promise<Gpu> => {
  gpu ??= await useGpu()
  return gpu
}
/** A device that no other test has left anything on. */
const fresh = async (): Promise<Gpu> => {
  gpu = await useGpu()
  return gpu
}
const onGpu = <T>(f: () => T): T => withBackend('gpu', f)

function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

function thrown(f: () => unknown): string {
  try {
    f()
  } catch (error) {
    return String(error)
  }
  throw new Error('nothing was thrown')
}

export async function itIsAvailableAndSynchronous() {
  await open()
  const row = backends().find(b => b.name === 'gpu')
  must(row?.available === true && row.reason === undefined, JSON.stringify(row))
  const a = tensor(
    [
      [1, 2],
      [3, 4]
    ],
    { dtype: 'f32' }
  )
  const y = onGpu(() => matmul(a, a))
  must(y.entries !== undefined, 'the result is on the device')
  must(Array.from(y.data).join() === '7,10,15,22', `${y}`)
}

export const randomProducts = () => open().then(() => compareAll(products(1, 14)))
export const randomConvolutions = () => open().then(() => compareAll(convolutions(2, 12)))
export const randomMovements = () => open().then(() => compareAll(movements(3, 6)))
export const randomFunctions = () => open().then(() => compareAll(functions(4, 3)))

/**
 * Forward, tangent and adjoint at all examples against f64, of the operators that have kernels of their own; convolutions
 * have random cases above, and each of their many kernels takes software tens of milliseconds to compile.
 */
const table = (part: number) => async () => {
  await open()
  const ops = checkedOps.filter((op, k) => op.device && !op.name.startsWith('conv') && k % 3 === part)
  let rows = 0
  for (const op of ops) {
    const report = onGpu(() => checkOp(op, { only: ['f32'] }))
    rows += report.rows.length
    must(report.passed, JSON.stringify(report.rows.filter(r => !r.passed)))
  }
  return `${ops.length} operators, ${rows} checks`
}
export const everyOperator1 = table(0)
export const everyOperator2 = table(1)
export const everyOperator3 = table(2)

const f32 = { dtype: 'f32' } as const

/** Five steps of gradient descent, all of it on the device, against the same in f64 on the CPU. */
export async function trainingStaysOnTheDevice() {
  await fresh()
  const r = random(1)
  const [x, y] = [r.normal([6, 3], 0, 1, f32), r.normal([6, 2], 0, 1, f32)]
  const [image, target] = [r.normal([2, 1, 7, 6], 0, 1, f32), r.normal([2, 3, 7, 6], 0, 1, f32)]
  const cases = [
    { net: mlp([3, 9, 9, 2]), x, y },
    { net: mlp([3, 9, 2], { activation: relu }), x, y },
    { net: sequential([convLayer(1, 3), relu, convLayer(3, 3)]), x: image, y: target }
  ]
  const errors: string[] = []
  for (const { net, x, y } of cases) {
    const train = (steps: number, x: Tensor, y: Tensor, theta: Tensor): Tensor => {
      for (let k = 0; k < steps; k++)
        theta = scoped(() => sub(theta, mul(valueAndGrad((th: Tensor) => sum(l2(net(th, x), y)))(theta).grad, 0.01)))
      return theta
    }
    const start = net.init(random(2), 'f32')
    const once = onGpu(() => train(1, x, y, start))
    const before = gpuStatistics()
    const theta = onGpu(() => train(4, x, y, once))
    const after = gpuStatistics()
    must(after.readbacks === before.readbacks, 'nothing is read back')
    must(after.kernels === before.kernels, 'nothing is compiled after the first step')
    const [X, Y, START] = [x, y, start].map(t => tensor(t, { dtype: 'f64' }))
    const error = farthest(theta.data, train(5, X, Y, START).data)
    must(error < 1e-5, `θ is wrong by ${error}`)
    errors.push(error.toExponential(1))
  }
  return `θ differs by ${errors.join(', ')}`
}

/** 10,000 steps in one synchronous loop, in which no finaliser runs. */
export async function tenThousandStepsLeakNothing() {
  const gpu = await fresh()
  const x = random(1).normal([4, 4], 0, 1, f32)
  let theta = random(2).normal([4, 4], 0, 0.1, f32)
  const step = () => scoped(() => sub(theta, mul(mul(x, theta), 1e-6)))
  for (let k = 0; k < 1500; k++) theta = onGpu(step)
  const before = gpu.statistics()
  for (let k = 1500; k < 10_000; k++) theta = onGpu(step)
  const { live, liveBytes, kernels, launches } = gpu.statistics()
  must(live <= before.live && liveBytes <= before.liveBytes, `${before.live} arrays became ${live}`)
  must(kernels === before.kernels, `${before.kernels} kernels became ${kernels}`)
  must(theta.data.every(Number.isFinite), 'θ is finite')
  return `${live} arrays of ${liveBytes} bytes after ${launches - before.launches} kernels, ${before.live} before`
}

/** As on a driver that was reset: on with the CPU; what was on the device only is lost, and says so. */
export async function aLostContext() {
  const own = await useGpu()
  gpu = undefined
  const x = random(1).normal([3, 3], 0, 1, f32)
  const [known, unknown] = [onGpu(() => mul(x, 2)), onGpu(() => mul(x, 3))]
  await read(known)
  const { context } = own as { context: { getExtension(name: string): { loseContext(): void } | null } | undefined }
  context!.getExtension('WEBGL_lose_context')!.loseContext()
  const y = onGpu(() => matmul(x, known))
  must(y.entries === undefined, 'computed on the CPU')
  must(farthest(y.data, matmul(x, mul(x, 2)).data) < 1e-6, 'and right')
  const message = thrown(() => unknown.data)
  must(/DeviceError.*lost/.test(message), message)
  const row = backends().find(b => b.name === 'gpu')
  must(row?.available === false && /lost/.test(row.reason ?? ''), JSON.stringify(row))
  await open()
  const again = onGpu(() => matmul(x, known))
  must(again.entries !== undefined && farthest(again.data, y.data) < 1e-6, 'a new one goes on')
}

export async function withoutFloatTextures() {
  const prototype = WebGL2RenderingContext.prototype
  const { getExtension } = prototype
  prototype.getExtension = function (this: WebGL2RenderingContext, name: string) {
    return name === 'EXT_color_buffer_float' ? null : (getExtension as (name: string) => unknown).call(this, name)
  } as typeof getExtension
  try {
    gpu = undefined
    const message = await useGpu().then(
      () => 'it was opened',
      (error: unknown) => String(error)
    )
    must(/DeviceError.*32-bit floats/.test(message), message)
    const row = backends().find(b => b.name === 'gpu')
    must(row?.available === false && /32-bit floats/.test(row.reason ?? ''), JSON.stringify(row))
    const x = random(1).normal([3, 3], 0, 1, f32)
    must(onGpu(() => matmul(x, x)).entries === undefined, 'computed on the CPU')
  } finally {
    prototype.getExtension = getExtension
  }
}
