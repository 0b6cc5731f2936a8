// Runs in the browser only. Every exported function is a test, which fails by throwing.
import { GPU } from 'gpu.js'

export function gpuKernelOnWebGL2() {
  const gpu = new GPU({ mode: 'webgl2' })
  const double = gpu.createKernel('function (x) { return 2 * x[this.thread.x] }').setOutput([3])
  const y = Array.from(double([1, 2, 3]) as Float32Array)
  gpu.destroy()
  if (y.join() !== '2,4,6') throw new Error(`expected 2,4,6 but got ${y}`)
}
