import type { Saved } from '../op.js'
import type { Tape } from '../tape.js'
import { Tensor } from '../tensor.js'

/**
 * Counts bytes of storage, each byte once. Results are views of shared chunks (core/memory.ts), so what is counted is the
 * part of a buffer that a view covers, not the buffer.
 */
export class Storage {
  /** Per buffer the covered parts [from, to), apart from each other and in order. */
  readonly #covered = new Map<ArrayBufferLike, [number, number][]>()

  /** Bytes of this view that were not counted before. */
  add({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
    if (byteLength === 0) return 0
    let [from, to] = [byteOffset, byteOffset + byteLength]
    const parts = this.#covered.get(buffer) ?? []
    this.#covered.set(buffer, parts)
    // The parts from `first` up to `last` touch the new one and become one with it.
    let first = 0
    for (let high = parts.length; first < high; ) {
      const mid = (first + high) >> 1
      if (parts[mid][1] < from) first = mid + 1
      else high = mid
    }
    let last = first
    let known = 0
    for (; last < parts.length && parts[last][0] <= to; last++) {
      const [a, b] = parts[last]
      known += Math.max(0, Math.min(b, byteOffset + byteLength) - Math.max(a, byteOffset))
      from = Math.min(from, a)
      to = Math.max(to, b)
    }
    parts.splice(first, last - first, [from, to])
    return byteLength - known
  }
}

/** The inner tape that a block keeps of its forward pass, and its result there. */
export const insideOf = (saved: Saved): { tape: Tape; y: Tensor } | undefined => saved.inner

/** All typed arrays that a rule saved, in whatever it put them. The inner tape of a block is looked at site by site. */
export function* savedArrays(value: unknown, seen = new Set<unknown>()): Generator<ArrayBufferView> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (ArrayBuffer.isView(value)) yield value
  else if (value instanceof Tensor) yield value.data
  else if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype)
    for (const v of Object.values(value)) yield* savedArrays(v, seen)
}
