import type { Shape } from '../shape.js'
import type { Tape } from '../tape.js'
import { allFinite, type DType, type Tensor } from '../tensor.js'
import { insideOf, Storage, savedArrays } from './storage.js'

export interface InspectOptions {
  /** Show what is inside of blocks. */
  expand?: boolean
}

/** A tensor as an operator's input: `x0` is the first watched one, `%3` the output of site 3, `c` a constant. */
export interface Ref {
  ref: string
  shape: Shape
  dtype: DType
}

export interface SiteRow {
  index: number
  op: string
  inputs: Ref[]
  output: Ref
  /** Of the output and of what the operator saved, the inside of a block included; storage shared with others counts once. */
  bytes: number
  /** The first site, in forward order, that made NaN or an infinity. */
  firstNonFinite?: true
  /** The inside of a block, on request. */
  inside?: TapeRows
}

export interface TapeRows {
  watched: Ref[]
  sites: SiteRow[]
  /** Of the inside of a block: the tensor that the block returns. */
  result?: Ref
  /** Of all sites. Watched tensors and constants belong to others. */
  bytes: number
}

/** A tape as plain data: what `tapeToText` and `tapeToDot` draw, and JSON.stringify writes. */
export const tapeToJSON = (tape: Tape, options: InspectOptions = {}): TapeRows =>
  rows(tape, new Storage(), options.expand === true)

function rows(tape: Tape, storage: Storage, expand: boolean, result?: Tensor): TapeRows {
  const { sites } = tape
  const names = new Map<Tensor, string>()
  const refs = (t: Tensor): Ref => ({ ref: names.get(t) ?? 'c', shape: [...t.shape], dtype: t.dtype })
  const made = new Set(sites.map(s => s.out))
  const watched = tape.watched.filter(t => !made.has(t))
  watched.forEach((t, i) => {
    names.set(t, `x${i}`)
    storage.add(t.data)
  })
  let bytes = 0
  let finite = true
  const list = sites.map((site, index): SiteRow => {
    const inputs = site.inputs.map(refs)
    for (const t of site.inputs) storage.add(t.data)
    names.set(site.out, `%${index}`)
    const row: SiteRow = { index, op: site.op.name, inputs, output: refs(site.out), bytes: 0 }
    // The inside first, so that there, too, each byte stands where it was made.
    const inner = insideOf(site.saved)
    if (inner) {
      const inside = rows(inner.tape, storage, expand, inner.y)
      row.bytes += inside.bytes
      if (expand) row.inside = inside
    }
    for (const view of savedArrays(site.saved)) row.bytes += storage.add(view)
    row.bytes += storage.add(site.out.data)
    if (finite && !allFinite(site.out.data)) {
      finite = false
      row.firstNonFinite = true
    }
    bytes += row.bytes
    return row
  })
  return { watched: watched.map(refs), sites: list, ...(result && { result: refs(result) }), bytes }
}
