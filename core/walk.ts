import type { Site } from './op.js'
import type { Tensor } from './tensor.js'

/**
 * What a reverse sweep carries, and what it does where. The cotangent, the sample-Jacobian and the target sweep are
 * three of these; so are the small ones that only ask questions (what depends on what, which rung would be taken).
 */
export interface Sweep<V> {
  /** Where it starts. */
  seed(): Iterable<readonly [Tensor, V]>
  /** Where two values meet at one tensor. Associative. */
  meet(t: Tensor, a: V, b: V): V
  /** From a site's output to its inputs. Pairs, not an array over inputs: a block hands over to its entries. */
  back(site: Site, value: V): Iterable<readonly [Tensor, V]>
  /** A tensor that keeps its value and stops the sweep. */
  leaf(t: Tensor): boolean
  /** After each site: what is under way now. */
  swept?(at: ReadonlyMap<Tensor, V>): void
}

/**
 * The reverse walker: over the sites from last to first, each value handed from output to inputs. Sites without a
 * value cost nothing. Returns what arrived at the leaves and at every tensor that no site made.
 */
export function walkBack<V>(sites: readonly Site[], sweep: Sweep<V>): Map<Tensor, V> {
  const at = new Map<Tensor, V>()
  const put = (t: Tensor, v: V) => {
    const other = at.get(t)
    at.set(t, other === undefined ? v : sweep.meet(t, other, v))
  }
  for (const [t, v] of sweep.seed()) put(t, v)
  for (let i = sites.length - 1; i >= 0; i--) {
    const site = sites[i]
    const v = at.get(site.out)
    if (v === undefined || sweep.leaf(site.out)) continue
    at.delete(site.out)
    for (const [t, c] of sweep.back(site, v)) put(t, c)
    sweep.swept?.(at)
  }
  return at
}
