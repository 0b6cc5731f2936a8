import { DeviceError } from '../../errors.js'
import { currentRegion, type Region } from '../../region.js'
import { type Shape, size } from '../../shape.js'
import { ownerOf, Tensor } from '../../tensor.js'
import { LARGEST } from './code.js'
import { type Device, gpuDevice } from './device.js'
import type { DeviceEntries } from './entries.js'

/** Is the gpu backend the one to ask? Set by withBackend. */
let asked = false

/** Runs f with the device asked for every operator that has a form for it, or for none. */
export function withGpu<R>(on: boolean, f: () => R): R {
  const before = asked
  asked = on
  try {
    return f()
  } finally {
    asked = before
  }
}

export const gpuIsOn = (): boolean => asked

/** The device that computes now, if there is one. */
export const activeDevice = (): Device | undefined => (asked ? gpuDevice() : undefined)

/**
 * Can the device make a tensor of this shape from these? All in f32, none empty, none larger than f32 can number, and more
 * than a number made of numbers, which is nothing to launch a kernel for.
 */
export function deviceTakes(inputs: readonly Tensor[], shape: Shape): boolean {
  const n = size(shape)
  if (n === 0 || n > LARGEST) return false
  let any = n > 1
  for (const t of inputs) {
    if (t.dtype !== 'f32' || t.size === 0 || t.size > LARGEST) return false
    any ||= !isNumber(t)
  }
  return any
}

/** A number that is on the CPU goes to a kernel as a number, and costs no upload. */
export const isNumber = (t: Tensor): boolean => t.size === 1 && !t.entries

/** Copies on the device of tensors that are on the CPU. */
const copies = new WeakMap<Tensor, DeviceEntries>()

/** Sends a tensor to the device, once: the copy lives as long as the tensor. */
function uploaded(t: Tensor, device: Device): DeviceEntries {
  const known = copies.get(t)
  if (known?.alive && device.holds(known)) {
    device.touch(known)
    return known
  }
  const entries = owned(device.upload(t.data as Float32Array), ownerOf(t))
  copies.set(t, entries)
  return entries
}

function owned(entries: DeviceEntries, region: Region | undefined): DeviceEntries {
  if (region) region.own(entries)
  else gpuDevice()?.keepLoose(entries)
  return entries
}

/** A tensor's entries, or the copy of a tensor of the CPU, on the device. */
export const deviceEntries = (t: Tensor): DeviceEntries | undefined => t.entries ?? copies.get(t)

/** Frees them. */
export function releaseOnGpu(t: Tensor): void {
  const entries = deviceEntries(t)
  copies.delete(t)
  entries?.release()
}

/** The entries of a tensor on the device; a tensor of another device comes over by the CPU. */
function entriesOn(device: Device, t: Tensor): DeviceEntries {
  if (t.entries && device.holds(t.entries) && !t.gone) return t.entries
  return uploaded(t, device)
}

/** Runs a kernel. Tensors of one entry on the CPU are passed as numbers where the kernel was written for that. */
export function launch(
  source: string,
  shape: Shape,
  args: readonly Tensor[],
  ones: 'numbers' | 'arrays' = 'arrays'
): Tensor {
  const device = gpuDevice()!
  return device.holding(() => {
    const given = args.map(t => (ones === 'numbers' && isNumber(t) ? t.data[0] : entriesOn(device, t)))
    return new Tensor(shape, owned(device.run(source, size(shape), given), currentRegion()))
  })
}

/** Constants of kernels on the device, by their content, the last used last; no region owns them. */
const constants = new Map<string, DeviceEntries>()
const MOST_CONSTANTS = 256

/** An array that kernels read again and again: sent once, however often it is made. */
export function constant(data: Float32Array): Tensor {
  const device = gpuDevice()!
  const key = keyOf(data)
  let known = constants.get(key)
  if (known) constants.delete(key)
  if (!known?.alive || !device.holds(known)) known = device.upload(data)
  constants.set(key, known)
  if (constants.size > MOST_CONSTANTS)
    for (const [oldest, entries] of constants) {
      constants.delete(oldest)
      entries.release()
      break
    }
  return new Tensor([data.length], known)
}

/** The bits of an array as text. */
function keyOf(data: Float32Array): string {
  const bytes = new Uint16Array(data.buffer, data.byteOffset, 2 * data.length)
  let key = ''
  for (let i = 0; i < bytes.length; i += 4096) key += String.fromCharCode(...bytes.subarray(i, i + 4096))
  return key
}

/** The same entries in another shape, shared. */
export const reshaped = (t: Tensor, shape: Shape): Tensor => (t.entries ? shaped(t, shape) : new Tensor(shape, t.data))

/** The same entries, which are on the device, in another shape. */
export function shaped(t: Tensor, shape: Shape): Tensor {
  t.entries!.retain()
  return new Tensor(shape, owned(t.entries!, currentRegion()))
}

/**
 * What `make` makes of these inputs on the device; undefined where the CPU is to compute: the gpu backend is not asked,
 * the device cannot, or it was lost on the way.
 */
export function onDevice(inputs: readonly Tensor[], shape: Shape, make: () => Tensor | undefined): Tensor | undefined {
  if (!activeDevice() || !deviceTakes(inputs, shape)) return undefined
  try {
    return make()
  } catch (error) {
    if (error instanceof DeviceError && !gpuDevice()) return undefined
    throw error
  }
}
