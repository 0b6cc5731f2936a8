// Runs in the browser only, on WebGPU in software: results are promises. Every exported function is a test, as in
// gpu.browser.ts.
import { type Gpu, useGpu } from '../../core/backends/gpu/index.js'
import { random, read, scoped, type Tensor, tensor, valueAndGrad, withBackend } from '../../core/index.js'
import { l2, mlp, mul, sub, sum } from '../../ops/index.js'
import { compareAll, convolutions, farthest, functions, movements, products } from './onGpu.js'

let gpu: Gpu | undefined
const open = async (): Promise<Gpu> => {
  gpu ??= await useGpu({ mode: 'webgpu' })
  return gpu
}

export const randomProducts = () => open().then(() => compareAll(products(1, 14)))
export const randomConvolutions = () => open().then(() => compareAll(convolutions(2, 12)))
export const randomMovements = () => open().then(() => compareAll(movements(3, 6)))
export const randomFunctions = () => open().then(() => compareAll(functions(4, 3)))

/** `data` says that it must be awaited; a step of training is awaited once. */
export async function aTrainingStepIsAwaitedOnce() {
  const { statistics } = await open()
  const f32 = { dtype: 'f32' } as const
  const r = random(1)
  const net = mlp([3, 9, 9, 2])
  const [x, y] = [r.normal([6, 3], 0, 1, f32), r.normal([6, 2], 0, 1, f32)]
  const step = (theta: Tensor, x: Tensor, y: Tensor): Tensor =>
    scoped(() => sub(theta, mul(valueAndGrad((th: Tensor) => sum(l2(net(th, x), y)))(theta).grad, 0.01)))
  let theta = net.init(random(2), 'f32')
  let [right, X, Y] = [theta, x, y].map(t => tensor(t, { dtype: 'f64' }))
  for (let k = 0; k < 4; k++) {
    const before = statistics()
    theta = withBackend('gpu', () => step(theta, x, y))
    let message = ''
    try {
      theta.data
    } catch (error) {
      message = String(error)
    }
    if (!/await read\(t\)/.test(message)) throw new Error(`data was to throw, and it says '${message}'`)
    await read(theta)
    const after = statistics()
    if (after.readbacks !== before.readbacks + 1) throw new Error('one readback for a step')
    if (k > 0 && after.kernels !== before.kernels) throw new Error('nothing is compiled after the first step')
    right = step(right, X, Y)
  }
  const error = farthest(theta.data, right.data)
  if (!(error < 1e-5)) throw new Error(`θ is wrong by ${error}`)
  return `θ differs by ${error.toExponential(1)}`
}

/** Awaited now and then; memory goes with the scopes. */
export async function aThousandStepsLeakNothing() {
  const { statistics } = await open()
  const x = random(1).normal([4, 4], 0, 1, { dtype: 'f32' })
  let y = x
  const steps = async (count: number) => {
    for (let k = 0; k < count; k++) {
      const sums: Tensor = withBackend('gpu', () => scoped(() => sum(mul(x, mul(x, k)))))
      if (k % 10 === 9) await read(sums)
      y = sums
    }
  }
  await steps(100)
  const before = statistics()
  await steps(900)
  await read(y)
  const { live, kernels } = statistics()
  if (kernels !== before.kernels) throw new Error(`${before.kernels} kernels became ${kernels}`)
  return `${live} results are alive`
}
