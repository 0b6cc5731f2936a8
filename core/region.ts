import { arena, type Block } from './arena.js'
import type { Data, DType } from './memory.js'

/** What a region frees with itself besides memory: textures and buffers on a device. */
export interface Resource {
  /** A copy of entries that stay in the memory: it lives as long as they. */
  readonly uploaded?: boolean
  release(): void
}

/** What tensors of a region lie in. */
export type Owned = Block | Resource

function free(one: Owned): void {
  if ('release' in one) one.release()
  else arena()!.give(one)
}

/** Frees what a region owned that nobody can reach any more: of a tape that was never disposed. */
const lost = new FinalizationRegistry<Owned[]>(owned => owned.forEach(free))

/**
 * Whose an array in the arena is. A map with weak keys, and not a weak reference in the block: the engine keeps what a weak
 * reference was made for until a synchronous loop ends.
 */
const owners = new WeakMap<Data, { region: Region; block: Block }>()
export const ownerOfData = (data: Data): { region: Region; block: Block } | undefined => owners.get(data)

/**
 * Who owns the tensors that are made now: a tape while it records, or a scope. They live until the region is disposed;
 * then their memory is used again, and reading one is an error. Garbage collection could not do this: finalisers do not run
 * inside of a synchronous loop. They do find regions that nobody can reach, since each of its tensors holds its region.
 */
export class Region {
  #gone = false
  readonly #owned: Owned[] = []
  #watched = false

  /** Was it disposed? */
  get gone(): boolean {
    return this.#gone
  }

  /** How many blocks and resources it has: a mark for `freeSince`. */
  get mark(): number {
    return this.#owned.length
  }

  /** n entries in a block of the arena; undefined where there is no room. */
  take(n: number, dtype: DType): { data: Data; fresh: boolean } | undefined {
    const block = arena()?.take(dtype === 'f64' ? n * 8 : n * 4)
    if (!block) return undefined
    this.own(block)
    const { buffer } = arena()!.home.memory
    const at = arena()!.address(block)
    const data = dtype === 'f64' ? new Float64Array(buffer, at, n) : new Float32Array(buffer, at, n)
    owners.set(data, { region: this, block })
    return { data, fresh: block.fresh }
  }

  /** Frees it with the region. */
  own(one: Owned): void {
    this.#owned.push(one)
    if (!this.#watched) lost.register(this, this.#owned, this)
    this.#watched = true
  }

  /** Frees what it came to own after the mark, but for what is kept and for copies, which would only be made again. */
  freeSince(mark: number, kept: ReadonlySet<Owned>): void {
    const owned = this.#owned
    let to = Math.min(mark, owned.length)
    for (let i = to; i < owned.length; i++) {
      const one = owned[i]
      if (kept.has(one) || ('uploaded' in one && one.uploaded)) owned[to++] = one
      else free(one)
    }
    owned.length = to
  }

  /** Is it one of its blocks? */
  has(block: Block | undefined): boolean {
    return block !== undefined && this.#owned.includes(block)
  }

  /** Frees everything. */
  dispose(): void {
    this.#gone = true
    this.#owned.forEach(free)
    this.#owned.length = 0
    lost.unregister(this)
  }
}

let current: Region | undefined

/** The region that owns what is made now; undefined where the garbage collector does. */
export const currentRegion = (): Region | undefined => current

/** Runs f with what it makes owned by a region, or by the garbage collector alone. */
export function within<R>(region: Region | undefined, f: () => R): R {
  const before = current
  current = region
  try {
    return f()
  } finally {
    current = before
  }
}
