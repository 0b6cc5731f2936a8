import { DeviceError } from '../../errors.js'
import { notify } from '../../notice.js'
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
  #memory: Memory
  #owners = 1
  #copy: Float32Array | undefined
  /** The entries are on the CPU only, until a kernel wants them again. */
  #movedOut = false

  /** `uploaded`: the tensor whose entries these are keeps them on the CPU. */
  constructor(
    memory: Memory,
    readonly uploaded: boolean
  ) {
    this.#memory = memory
    this.size = memory.handle.size
    forgotten.register(this, memory, this)
  }

  get device(): Device {
    return this.#memory.device
  }

  get alive(): boolean {
    return this.#movedOut ? !this.device.lost : this.#memory.alive
  }

  get handle(): Handle {
    if (this.#movedOut && !this.device.lost) {
      this.#memory = this.device.send(this.#copy!)
      this.#movedOut = false
      forgotten.register(this, this.#memory, this)
      this.device.keepLoose(this)
    }
    return this.#memory.handle
  }

  /** Frees the memory; the entries go to the CPU, unless they are there already. */
  moveOut(): void {
    if (!this.#memory.alive) return
    if (!this.uploaded) {
      this.read()
      this.#movedOut = true
    }
    forgotten.unregister(this)
    this.#memory.free()
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
    this.device.forgetLoose(this)
    this.#memory.free()
  }
}

export const isDeviceEntries = (v: unknown): v is DeviceEntries => v instanceof Entries

/** So many arrays that no region owns stay on the device, and so many bytes. */
const MOST_LOOSE = 1024
const MOST_LOOSE_BYTES = 2 ** 28

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
