import { DeviceError } from '../../errors.js'
import { checkChoice, checkOptions } from '../../options.js'
import { checkTensor, type Tensor } from '../../tensor.js'
import { Device, type GpuStatistics, gpuDevice, setGpuDevice, whyNoGpu } from './device.js'
import { releaseOnGpu } from './launch.js'
import type { RunnerMode } from './runner.js'

export type { GpuStatistics } from './device.js'

export interface GpuOptions {
  /**
   * `webgl2` (default): kernels and readbacks are synchronous, and everything in this library works unchanged. `webgpu`:
   * faster, but entries can only be awaited (`await read(t)`). `cpu`: GPU.js without a GPU, its own reference on the CPU, to
   * test kernels where there is none; slower than the plain backend.
   */
  mode?: RunnerMode
}

/** A GPU that computes. */
export interface Gpu {
  readonly mode: RunnerMode
  /** What it has done so far. */
  statistics(): GpuStatistics
  /** The WebGL2 context that it draws on. */
  readonly context: WebGL2RenderingContext | undefined
  /** Frees everything on it; `withBackend('gpu', …)` computes on the CPU from then on. */
  close(): void
}

/**
 * Makes the gpu backend available: `withBackend('gpu', () => …)` then computes there what it can, in f32.
 *
 *     import { useGpu } from 'physgrad/gpu'
 *     await useGpu()
 *     theta = withBackend('gpu', () => step(theta))
 *
 * GPU.js, a megabyte, is loaded when this is called and not before: a bundle without this entry does not contain it, and
 * importing it does nothing. A GPU that is there already is closed first.
 *
 * Rejects with DeviceError where there is no such GPU: `backends()` then gives the reason, and the gpu backend computes on
 * the CPU. So it does when the device is lost on the way; tensors whose entries were only there are lost with it, and
 * reading them throws DeviceError.
 */
export async function useGpu(options: GpuOptions = {}): Promise<Gpu> {
  checkOptions('useGpu', options, ['mode'])
  const { mode = 'webgl2' } = options
  checkChoice('useGpu', 'mode', mode, ['webgl2', 'webgpu', 'cpu'])
  gpuDevice()?.close()
  try {
    const { openRunner } = await import('./gpujs.js')
    const device = new Device(await openRunner(mode))
    setGpuDevice(device)
    return {
      mode,
      context: device.runner.context,
      statistics: () => device.statistics,
      close: () => {
        if (gpuDevice() === device) setGpuDevice(undefined, 'it was closed')
        device.close()
      }
    }
  } catch (error) {
    const reason = error instanceof DeviceError ? error.found : String(error)
    setGpuDevice(undefined, reason)
    throw error
  }
}

/**
 * Frees what these tensors hold on the GPU at once, where no scope does it: of a training loop, the θ before.
 *
 *     const next = withBackend('gpu', () => step(theta))
 *     release(theta)
 *
 * Their entries are gone, unless they are on the CPU too. Without it the oldest of more than a thousand tensors that no scope
 * owns goes back to the CPU, a readback each.
 */
export function release(...tensors: readonly Tensor[]): void {
  for (const t of tensors) {
    checkTensor(t, 'release')
    releaseOnGpu(t)
  }
}

/** What the GPU has done so far. Throws DeviceError where there is none. */
export function gpuStatistics(): GpuStatistics {
  const device = gpuDevice()
  if (!device) throw new DeviceError('gpuStatistics', `there is no gpu: ${whyNoGpu()}`, 'Call useGpu() first')
  return device.statistics
}
