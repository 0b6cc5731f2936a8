import { blockOf } from './arena.js'
import { shaped } from './backends/gpu/launch.js'
import { GradientError } from './errors.js'
import { allocUnset, type Data } from './memory.js'
import { describe } from './options.js'
import { currentRegion, Region, within } from './region.js'
import { activeTapes } from './tape.js'
import { blockWith, ownerOf, Tensor } from './tensor.js'

/** A tensor with the same entries that outlives the tape or the scope in which it was made. Unrecorded: a constant. */
export const keep = (t: Tensor): Tensor => within(undefined, () => moved(t))

/** A tensor with the same entries that the current region owns. Only what lies in the arena has to be copied. */
function moved(t: Tensor): Tensor {
  if (t.entries) return shaped(t, t.shape)
  if (!blockWith(t)) return new Tensor(t.shape, t.data)
  const data = allocUnset(t.size, t.dtype)
  data.set(t.data)
  return new Tensor(t.shape, data)
}

/**
 * Runs f, and frees what it made but for what it returns: tensors and their data, in whatever arrays, maps, sets and plain
 * objects they are; not those inside of instances of classes.
 * They are copied out where they lie in memory that is used again. For loops whose steps make large tensors: their memory
 * is reused at once, where the garbage collector would come late, and fresh memory costs four times as much as writing to it.
 *
 *     const y = scoped(() => net(theta, x))
 *
 * While a tape records, nothing is freed: the tape keeps what its sweeps need, and owns it. Throws GradientError for an
 * async function.
 */
export function scoped<R>(f: () => R): R {
  return activeTapes().length > 0 ? f() : inScope(f)
}

/** The same for a sweep of a paused tape that is part of another scope or sweep: that one owns what is made. */
export const scopedOnce = <R>(f: () => R): R => (currentRegion() ? f() : scoped(f))

function inScope<R>(f: () => R): R {
  const outer = currentRegion()
  const region = new Region()
  try {
    const result = within(region, f)
    const promised = result as { then?: unknown; catch?(f: () => void): void } | null
    if (typeof promised?.then === 'function') {
      promised.catch?.(() => {}) // what it still throws is nobody's any more
      throw new GradientError(
        'scoped',
        `${describe(f)} that returned a promise`,
        'A scope ends when its function returns: await before it'
      )
    }
    return within(outer, () => copyOut(result, region, new Map()))
  } finally {
    region.dispose()
  }
}

/** The same value with tensors that the current region owns instead of `region`; the very same where there are none. */
function copyOut<V>(value: V, region: Region, done: Map<unknown, unknown>): V {
  if (typeof value !== 'object' || value === null) return value
  if (done.has(value)) return done.get(value) as V
  const copy = (v: unknown) => copyOut(v, region, done)
  done.set(value, value)
  const found = owned(value, region) ? released(value) : parts(value, copy)
  done.set(value, found)
  return found as V
}

/** A tensor or data that the region is about to free. */
const owned = (value: object, region: Region): value is Tensor | Data =>
  value instanceof Tensor
    ? ownerOf(value) === region || region.has(blockWith(value))
    : isData(value) && region.has(blockOf(value))

const released = (value: Tensor | Data): Tensor | Data => (value instanceof Tensor ? moved(value) : value.slice())

const isData = (value: object): value is Data => value instanceof Float64Array || value instanceof Float32Array

/** A container with every part copied; itself where no part changed, or where it is no array, map, set or plain object. */
function parts(value: object, copy: (v: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    const copies = value.map(copy)
    return copies.every((c, i) => c === value[i]) ? value : copies
  }
  if (value instanceof Map) {
    const copies = [...value].map(([k, v]) => [copy(k), copy(v)] as const)
    return copies.every(([k, v]) => value.get(k) === v) ? value : new Map(copies)
  }
  if (value instanceof Set) {
    const copies = [...value].map(copy)
    return copies.every(c => value.has(c)) ? value : new Set(copies)
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value)
  const copies = entries.map(([k, v]) => [k, copy(v)] as const)
  return copies.every(([, v], i) => v === entries[i][1]) ? value : { ...value, ...Object.fromEntries(copies) }
}
