import { DeviceError } from '../../errors.js'
import type { Handle, Runner } from './runner.js'

/**
 * Entries of a tensor that live on a device. `data` of a tensor reads them back when it is first asked, and not before:
 * dtype and size are known without.
 */
export interface DeviceEntries {
  readonly dtype: 'f32'
  readonly size: number
  /** Is the memory still there? */
  readonly alive: boolean
  /** The entries, read back once. Throws DeviceError where that must be awaited, and where they are gone. */
  read(): Float32Array
  readAsync(): Promise<Float32Array>
  /** Another owner: the memory is freed when each has released it. */
  retain(): void
  release(): void
}

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

/** Frees what nobody can reach any more: what was made where no region owned it. */
const forgotten = new FinalizationRegistry<Memory>(memory => memory.free())

/** An array on the device, for as long as somebody owns it. */
class Memory {
  #handle: Handle | undefined

  constructor(
    readonly device: Device,
    handle: Handle
  ) {
    this.#handle = handle
    device.counted.live++
    device.counted.liveBytes += 4 * handle.size
  }

  get handle(): Handle {
    if (this.device.lost)
      throw new DeviceError(
        'entries on the gpu',
        'the device was lost, and they were nowhere else',
        'Start again from tensors on the CPU; read(t) keeps a copy of what must survive'
      )
    if (!this.#handle)
      throw new DeviceError(
        'entries on the gpu',
        'their memory was freed with the tape or the scope that owned them',
        'Use them before its end, or take a copy out by keep(t)'
      )
    return this.#handle
  }

  get alive(): boolean {
    return this.#handle !== undefined && !this.device.lost
  }

  free(): void {
    if (!this.#handle) return
    this.device.counted.live--
    this.device.counted.liveBytes -= 4 * this.#handle.size
    if (!this.device.lost) this.device.runner.release(this.#handle)
    this.#handle = undefined
  }
}

class Entries implements DeviceEntries {
  readonly dtype = 'f32'
  readonly size: number
  readonly #memory: Memory
  #owners = 1
  #copy: Float32Array | undefined

  constructor(memory: Memory) {
    this.#memory = memory
    this.size = memory.handle.size
    forgotten.register(this, memory, this)
  }

  get device(): Device {
    return this.#memory.device
  }

  get alive(): boolean {
    return this.#memory.alive
  }

  get handle(): Handle {
    return this.#memory.handle
  }

  read(): Float32Array {
    if (this.#copy) return this.#copy
    const { runner, counted } = this.device
    if (!runner.synchronous)
      throw new DeviceError(
        'the entries of a tensor on WebGPU',
        'they can only be awaited',
        'Write `await read(t)`, once for a training step, and use what it returns'
      )
    const copy = runner.read(this.handle)
    this.#keep(copy, counted)
    return copy
  }

  async readAsync(): Promise<Float32Array> {
    if (this.#copy) return this.#copy
    const { runner, counted } = this.device
    const copy = await runner.readAsync(this.handle)
    this.#keep(copy, counted)
    return copy
  }

  #keep(copy: Float32Array, counted: Counted): void {
    // A lost device answers with zeros.
    if (this.device.lost) this.#memory.handle
    this.#copy = copy
    counted.readbacks++
    counted.readBytes += copy.byteLength
  }

  retain(): void {
    this.#owners++
  }

  release(): void {
    if (--this.#owners > 0) return
    forgotten.unregister(this)
    this.#memory.free()
  }
}

export const isDeviceEntries = (v: unknown): v is DeviceEntries => v instanceof Entries

type Counted = Omit<GpuStatistics, 'kernels'>

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
    this.counted.uploads++
    this.counted.uploadedBytes += data.byteLength
    return new Entries(new Memory(this, this.runner.upload(data)))
  }

  /** Runs a kernel (see runner.ts) whose result has so many entries. */
  run(source: string, size: number, args: readonly (DeviceEntries | number)[]): DeviceEntries {
    this.counted.launches++
    const handles = args.map(a => (typeof a === 'number' ? a : (a as Entries).handle))
    return new Entries(new Memory(this, this.runner.run({ source, size }, handles)))
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
