import { deviceEntries } from '../backends/gpu/launch.js'
import { currentRegion, type Owned } from '../region.js'
import { activeTapes } from '../tape.js'
import { blockWith, type Tensor } from '../tensor.js'
import type { Sweep } from '../walk.js'

/**
 * For a sweep that nobody records: frees what a rule made for itself, and values that have been handed on, after each
 * site, in the arena and on a device. Without it a sweep would hold the cotangents of all tensors at once, as much memory as
 * the tape. What a rule returns stays; a rule must not keep other tensors for later.
 */
export function freeing<V>(tensorOf: (v: V) => Tensor): Sweep<V>['swept'] {
  const region = currentRegion()
  if (!region || activeTapes().length > 0) return undefined
  const start = region.mark
  let seen = start
  return at => {
    if (region.mark === seen) return
    const kept = new Set<Owned>()
    for (const v of at.values())
      for (const one of [blockWith(tensorOf(v)), deviceEntries(tensorOf(v))]) if (one) kept.add(one)
    region.freeSince(start, kept)
    seen = region.mark
  }
}
