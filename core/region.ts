import { arena, type Block } from './arena.js'
import type { Data, DType } from './memory.js'

/** What a region frees with itself besides memory: textures and buffers on a device. */
export interface Resource {
  release(): void
}

/** Frees the blocks of a region that nobody can reach any more: of a tape that was never disposed. */
const lost = new FinalizationRegistry<Block[]>(blocks => {
  for (const block of blocks) arena()?.give(block)
})

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
  readonly #blocks: Block[] = []
  readonly #resources: Resource[] = []
  /** Was it disposed? */
  get gone(): boolean {
    return this.#gone
  }

  /** How many blocks and resources it has had so far: a mark for `freeSince`. */
  get mark(): number {
    return this.#blocks.length
  }

  /** n entries in a block of the arena; undefined where there is no room. */
  take(n: number, dtype: DType): { data: Data; fresh: boolean } | undefined {
    const block = arena()?.take(dtype === 'f64' ? n * 8 : n * 4)
    if (!block) return undefined
    if (this.#blocks.push(block) === 1) lost.register(this, this.#blocks, this)
    const { buffer } = arena()!.home.memory
    const at = arena()!.address(block)
    const data = dtype === 'f64' ? new Float64Array(buffer, at, n) : new Float32Array(buffer, at, n)
    owners.set(data, { region: this, block })
    return { data, fresh: block.fresh }
  }

  /** Releases it with the region. */
  own(resource: Resource): void {
    this.#resources.push(resource)
  }

  /** Frees the blocks that were taken after the mark, but for those that are kept. */
  freeSince(mark: number, kept: ReadonlySet<Block>): void {
    const blocks = this.#blocks
    let to = Math.min(mark, blocks.length)
    for (let i = to; i < blocks.length; i++)
      if (kept.has(blocks[i])) blocks[to++] = blocks[i]
      else arena()!.give(blocks[i])
    blocks.length = to
  }

  /** Is it one of its blocks? */
  has(block: Block | undefined): boolean {
    return block !== undefined && this.#blocks.includes(block)
  }

  /** Frees everything. */
  dispose(): void {
    this.#gone = true
    for (const block of this.#blocks) arena()!.give(block)
    this.#blocks.length = 0
    for (const resource of this.#resources) resource.release()
    this.#resources.length = 0
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
