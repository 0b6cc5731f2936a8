import { DeviceError } from '../../errors.js'
import type { Counted, Device } from './device.js'
import type { Handle } from './runner.js'

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

/** Frees what nobody can reach any more: what was made where no region owned it. */
const forgotten = new FinalizationRegistry<Memory>(memory => memory.free())

/** An array on the device, for as long as somebody owns it. */
export class Memory {
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

/** The entries of a tensor on a device. */
export class Entries implements DeviceEntries {
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
