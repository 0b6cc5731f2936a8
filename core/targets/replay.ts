import { apply } from '../apply.js'
import type { Site } from '../op.js'
import type { Tensor } from '../tensor.js'

/** The exits of a piece of tape for other values of its entries. */
export function replay(
  sites: readonly Site[],
  entries: readonly Tensor[],
  values: readonly Tensor[],
  exits: readonly Tensor[]
): Tensor[] {
  const now = new Map<Tensor, Tensor>(entries.map((e, i) => [e, values[i]]))
  for (const s of sites)
    now.set(
      s.out,
      apply(
        s.op,
        s.inputs.map(t => now.get(t) ?? t),
        s.attrs
      )
    )
  return exits.map(y => now.get(y) ?? y)
}
