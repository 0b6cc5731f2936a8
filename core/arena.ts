import { ARENA, type Common, common } from './backends/wasm/module.js'

/**
 * Storage in WebAssembly memory, where the heavy kernels work on it without a copy, and where what was freed is used
 * again: fresh memory from the system costs four times as much as writing to it (every page of it is a fault).
 *
 * Pages of 16 KiB, handed out in runs: the first free run that is long enough, so that low addresses are used again and
 * again. Garbage collection has no part in it: whoever owns a block gives it back (core/region.ts).
 */
const PAGE = 1 << 14
/** Vector kernels read, and where they own a whole block write, a little beyond its last entry. */
const SLACK = 64

/** A run of pages with one owner. */
export interface Block {
  readonly page: number
  readonly pages: number
  /** Bytes asked for. */
  readonly bytes: number
  alive: boolean
  /** Does it come from pages that nobody has written to yet? */
  readonly fresh: boolean
}

interface Run {
  page: number
  pages: number
}

export class Arena {
  /** Free runs below `top`, by address, none of them next to another. */
  readonly #free: Run[] = []
  /** The block that each page belongs to. */
  readonly #blocks: (Block | undefined)[] = []
  /** Pages from here on have never been used. */
  #top = 0
  #used = 0

  constructor(readonly home: Pick<Common, 'reach' | 'memory' | 'holds'>) {}

  /** Bytes of all blocks that are alive. */
  get used(): number {
    return this.#used * PAGE
  }

  /** Address of a block. */
  address(block: Block): number {
    return ARENA + block.page * PAGE
  }

  /** A block for so many bytes; undefined where there is no room for it. */
  take(bytes: number): Block | undefined {
    const pages = Math.ceil((bytes + SLACK) / PAGE)
    const i = this.#free.findIndex(run => run.pages >= pages)
    const fresh = i < 0
    let page: number
    if (fresh) {
      page = this.#top
      if (!this.home.reach(ARENA + (page + pages) * PAGE)) return undefined
      this.#top += pages
    } else {
      const run = this.#free[i]
      page = run.page
      run.page += pages
      run.pages -= pages
      if (run.pages === 0) this.#free.splice(i, 1)
    }
    const block: Block = { page, pages, bytes, alive: true, fresh }
    for (let p = page; p < page + pages; p++) this.#blocks[p] = block
    this.#used += pages
    return block
  }

  /** Gives a block back. Tensors in it are gone. */
  give(block: Block): void {
    if (!block.alive) return
    block.alive = false
    const { page, pages } = block
    for (let p = page; p < page + pages; p++) this.#blocks[p] = undefined
    this.#used -= pages
    const free = this.#free
    let low = 0
    for (let high = free.length; low < high; ) {
      const mid = (low + high) >> 1
      if (free[mid].page < page) low = mid + 1
      else high = mid
    }
    const before = low > 0 && free[low - 1].page + free[low - 1].pages === page ? free[low - 1] : undefined
    const after = low < free.length && page + pages === free[low].page ? free[low] : undefined
    if (before) {
      before.pages += pages + (after?.pages ?? 0)
      if (after) free.splice(low, 1)
    } else if (after) {
      after.page = page
      after.pages += pages
    } else free.splice(low, 0, { page, pages })
  }

  /** The block at an address. */
  at(address: number): Block | undefined {
    return this.#blocks[Math.floor((address - ARENA) / PAGE)]
  }
}

let made: Arena | null | undefined

/** The arena, made when it is first asked for; undefined where there is no WebAssembly. */
export function arena(): Arena | undefined {
  if (made === undefined) {
    const home = common()
    made = home ? new Arena(home) : null
  }
  return made ?? undefined
}

/** Does data lie in the arena? Asked for every tensor, so it must be quick to say no. */
export const inArena = (data: Float64Array | Float32Array): boolean =>
  data.byteOffset >= ARENA && made?.home.holds(data.buffer) === true

/** The block at its address, if it lies in the arena and somebody owns that address now. */
export const blockOf = (data: Float64Array | Float32Array): Block | undefined =>
  inArena(data) ? made!.at(data.byteOffset) : undefined
