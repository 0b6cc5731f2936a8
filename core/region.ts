import { arena, type Block } from './arena.js'

/** What a region frees with itself besides memory: textures and buffers on a device. */
export interface Resource {
  release(): void
}

/** Frees the blocks of a region that nobody can reach any more: of a tape that was never disposed. */
const lost = new FinalizationRegistry<Block[]>(blocks => {
  for (const block of blocks) arena()?.give(block)
})

/**
 * Who owns the tensors that are made now: a tape while it records, or a scope. They live until the region is disposed;
 * then their memory is used again, and reading one is an error. Garbage collection could not do this: finalisers do not run
 * inside of a synchronous loop. They do find regions that nobody can reach, since each of its tensors holds its region.
 */
export class Region {
  #gone = false
  readonly #blocks: Block[] = []
  readonly #resources: Resource[] = []
  #self: WeakRef<Region> | undefined

  /** Was it disposed? */
  get gone(): boolean {
    return this.#gone
  }

  /** How many blocks and resources it has had so far: a mark for `freeSince`. */
  get mark(): number {
    return this.#blocks.length
  }

  /** A block of the arena for so many bytes; undefined where there is none. */
  take(bytes: number): Block | undefined {
    if (!this.#self) {
      this.#self = new WeakRef(this)
      lost.register(this, this.#blocks, this)
    }
    const block = arena()?.take(bytes, this.#self)
    if (block) this.#blocks.push(block)
    return block
  }

  /** Releases it with the region. */
  own(resource: Resource): void {
    this.#resources.push(resource)
  }

  /** Frees the blocks that were taken after the mark, but for those that are kept. */
  freeSince(mark: number, kept: ReadonlySet<Block>): void {
    const blocks = this.#blocks
    let to = mark
    for (let i = mark; i < blocks.length; i++)
      if (kept.has(blocks[i])) blocks[to++] = blocks[i]
      else arena()!.give(blocks[i])
    blocks.length = to
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
