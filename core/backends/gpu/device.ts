import { notify } from '../../notice.js'
import { type DeviceEntries, Entries, Memory } from './entries.js'
import type { Runner } from './runner.js'

/** What the device has done. Of a training step: uploads and readbacks must not grow with the depth of the network. */
export interface GpuStatistics {
  /** Arrays that were sent to the device, and their bytes. */
  uploads: number
  uploadedBytes: number
  /** Arrays that were read back, and their bytes. */
  readbacks: number
  readBytes: number
  /** Kernels that ran. */
  launches: number
  /** Arrays that are on the device now, and their bytes. */
  live: number
  liveBytes: number
  /** Compiled kernels that are kept. */
  kernels: number
}

/** So many arrays that no region owns stay on the device, and so many bytes. */
const MOST_LOOSE = 1024
const MOST_LOOSE_BYTES = 2 ** 28

export type Counted = Omit<GpuStatistics, 'kernels'>

/** A device with a runner of kernels on it, and what it has done so far. */
export class Device {
  readonly counted: Counted = {
    uploads: 0,
    uploadedBytes: 0,
    readbacks: 0,
    readBytes: 0,
    launches: 0,
    live: 0,
    liveBytes: 0
  }

  constructor(readonly runner: Runner) {}

  #closed = false

  get lost(): boolean {
    return this.#closed || this.runner.lost
  }

  /** Frees the device, with all that is on it. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.runner.destroy()
  }

  get statistics(): GpuStatistics {
    return { ...this.counted, kernels: this.runner.kernels }
  }

  upload(data: Float32Array): DeviceEntries {
    return new Entries(this.send(data), true)
  }

  send(data: Float32Array): Memory {
    this.counted.uploads++
    this.counted.uploadedBytes += data.byteLength
    return new Memory(this, this.runner.upload(data))
  }

  /** Entries that no region owns, the oldest first. */
  readonly #loose = new Set<Entries>()
  #looseBytes = 0

  /**
   * Takes note of entries that no region owns. The garbage collector knows nothing of a GPU's memory, and finalisers do not
   * run inside of a synchronous loop (a training loop makes a new θ with every step): so the oldest go back to the CPU
   * when there are too many. Where reading must be awaited that is possible for copies of tensors of the CPU only; but
   * between two awaits finalisers run.
   */
  keepLoose(entries: DeviceEntries): void {
    if (!this.runner.synchronous && !(entries as Entries).uploaded) return
    this.forgetLoose(entries as Entries)
    this.#loose.add(entries as Entries)
    this.#looseBytes += 4 * entries.size
    if (this.#holding === 0) this.#evict()
  }

  /** What is used again is young again. */
  touch(entries: DeviceEntries): void {
    if (this.#loose.delete(entries as Entries)) this.#loose.add(entries as Entries)
  }

  /** While f runs nothing goes back to the CPU: a kernel is about to read it. */
  holding<R>(f: () => R): R {
    this.#holding++
    try {
      return f()
    } finally {
      if (--this.#holding === 0) this.#evict()
    }
  }

  #holding = 0

  /** All but the youngest, oldest first, until few enough are left. */
  #evict(): void {
    for (const oldest of this.#loose) {
      if (this.#loose.size <= MOST_LOOSE && this.#looseBytes <= MOST_LOOSE_BYTES) break
      if (this.#loose.size === 1) break
      this.forgetLoose(oldest)
      oldest.moveOut()
    }
  }

  forgetLoose(entries: Entries): void {
    if (this.#loose.delete(entries)) this.#looseBytes -= 4 * entries.size
  }

  /** Runs a kernel (see runner.ts) whose result has so many entries. */
  run(source: string, size: number, args: readonly (DeviceEntries | number)[]): DeviceEntries {
    this.counted.launches++
    const handles = args.map(a => (typeof a === 'number' ? a : (a as Entries).handle))
    return new Entries(new Memory(this, this.runner.run({ source, size }, handles)), false)
  }

  /** Do these entries live here? Those of a device that was replaced do not. */
  holds(entries: DeviceEntries): boolean {
    return (entries as Entries).device === this
  }
}

let device: Device | undefined
let reason = "nobody asked for it: call useGpu() of 'physgrad/gpu'"

/** The device, unless there is none or it is lost. */
export function gpuDevice(): Device | undefined {
  if (device?.lost) {
    reason = `the ${device.runner.mode} device was lost`
    notify('NO_GPU', `Kernels run on the CPU: ${reason}`)
    device = undefined
  }
  return device
}

/** Why there is no device. */
export const whyNoGpu = (): string | undefined => (gpuDevice() ? undefined : reason)

/** From now on the gpu backend is this device; or it is none, for a reason. */
export function setGpuDevice(next: Device | undefined, why = ''): void {
  device = next
  if (!next) reason = why
}
