import type { Site } from '../op.js'
import type { Tape } from '../tape.js'
import type { Tensor } from '../tensor.js'
import { type DominatorTree, dominators } from './dominators.js'

/** The root above all boundary tensors: a block that starts there is solved for all of them together. */
export const BOUNDARY = Symbol('boundary')
/** The root below all tensors that have a goal. */
export const SINK = Symbol('sink')

/** A tensor through which every path from above runs, or the whole boundary. */
export type Entry = Tensor | typeof BOUNDARY
type Node = Tensor | typeof BOUNDARY | typeof SINK

/** The part of a tape between a boundary and the tensors that have goals. */
export interface Region {
  readonly boundary: readonly Tensor[]
  readonly goals: readonly Tensor[]
  /** In order. */
  readonly sites: readonly Site[]
  /** Does the tensor depend on the boundary, and does a goal depend on it? */
  active(t: Tensor): boolean
  /** The immediate dominator: the nearest tensor through which every path from the boundary runs. */
  idom(t: Tensor): Entry
  /** The nearest node through which every path from the boundary to any of these runs; one of them may be it. */
  common(nodes: readonly Entry[]): Entry
  /** The immediate post-dominator: the nearest tensor through which every path to a goal runs. */
  postdom(t: Tensor): Tensor | typeof SINK
  /** The sites between entries and exits, in order, and every tensor met on the way back. */
  between(entries: readonly Tensor[], exits: readonly Tensor[]): { sites: Site[]; reached: Set<Tensor> }
  /** The sites that use a tensor. */
  users(t: Tensor): readonly Site[]
  /** Do these tensors hang on different boundary tensors, no two on the same one? */
  disjoint(tensors: readonly Tensor[]): boolean
}

/** The entries of a block: the dominator alone, or the whole boundary. */
export const entriesOf = (d: Entry, region: Region): readonly Tensor[] => (d === BOUNDARY ? region.boundary : [d])

/** The different inputs of a site that take part. */
export const activeInputs = (site: Site, { active }: Pick<Region, 'active'>): Tensor[] =>
  [...new Set(site.inputs)].filter(active)

/**
 * One pass forward from the boundary, one back from the goals. The boundary cuts: a boundary tensor made from another one
 * counts as given, and what lies between the two is no part of the region.
 */
export function findRegion(tape: Tape, goals: readonly Tensor[], boundary: readonly Tensor[]): Region {
  const edge = new Set(boundary)
  const forward = new Set(boundary)
  const after: Site[] = []
  for (const site of tape.sites)
    if (!edge.has(site.out) && site.inputs.some(t => forward.has(t))) {
      forward.add(site.out)
      after.push(site)
    }
  const reach = new Set(goals)
  const sites: Site[] = []
  for (let i = after.length - 1; i >= 0; i--) {
    if (!reach.has(after[i].out)) continue
    sites.push(after[i])
    for (const t of after[i].inputs) if (forward.has(t)) reach.add(t)
  }
  sites.reverse()
  const active = (t: Tensor) => forward.has(t) && reach.has(t)
  const index = new Map(sites.map((s, i) => [s.out, i] as const))

  const users = new Map<Tensor, Site[]>()
  for (const s of sites)
    for (const t of activeInputs(s, { active })) {
      const list = users.get(t)
      if (list) list.push(s)
      else users.set(t, [s])
    }
  const usersOf = (t: Tensor): readonly Site[] => users.get(t) ?? []

  const above = dominators<Node>(BOUNDARY, [
    ...boundary.filter(active).map(b => [b, [BOUNDARY]] as const),
    ...sites.map(s => [s.out, activeInputs(s, { active })] as const)
  ])
  // Post-dominators: the same function over the reversed list, only when somebody asks.
  let below: DominatorTree<Node> | undefined
  const postdominators = (): DominatorTree<Node> => {
    const ends = new Set(goals)
    const next = (t: Tensor): Node[] => {
      const outs: Node[] = usersOf(t).map(s => s.out)
      return ends.has(t) ? [SINK, ...outs] : outs
    }
    return dominators<Node>(SINK, [
      ...[...sites].reverse().map(s => [s.out, next(s.out)] as const),
      ...boundary.filter(active).map(b => [b, next(b)] as const)
    ])
  }

  // The boundary tensors below each tensor, one bit for each.
  let bits: Map<Tensor, bigint> | undefined
  const origins = (): Map<Tensor, bigint> => {
    const at = new Map(boundary.map((b, i) => [b, 1n << BigInt(i)] as const))
    for (const s of sites) {
      let all = 0n
      for (const t of s.inputs) all |= at.get(t) ?? 0n
      at.set(s.out, all)
    }
    return at
  }

  return {
    boundary,
    goals,
    sites,
    active,
    idom: t => above.up(t) as Entry,
    common: nodes => (nodes as readonly Node[]).reduce((a, b) => above.common(a, b)) as Entry,
    postdom: t => {
      below ??= postdominators()
      return below.up(t) as Tensor | typeof SINK
    },
    between(entries, exits) {
      const stop = new Set(entries)
      const reached = new Set(exits)
      const found: Site[] = []
      // Sites still to be met, so that the walk ends at the entries and not at the beginning of the tape.
      let open = 0
      let i = -1
      const wait = (t: Tensor) => {
        const at = index.get(t)
        if (at === undefined || stop.has(t)) return
        open++
        i = Math.max(i, at)
      }
      for (const e of reached) wait(e)
      for (; open > 0 && i >= 0; i--) {
        const s = sites[i]
        if (!reached.has(s.out) || stop.has(s.out)) continue
        open--
        found.push(s)
        for (const t of s.inputs)
          if (active(t) && !reached.has(t)) {
            reached.add(t)
            if (index.has(t) && !stop.has(t)) open++
          }
      }
      return { sites: found.reverse(), reached }
    },
    users: usersOf,
    disjoint(tensors) {
      bits ??= origins()
      let seen = 0n
      for (const t of new Set(tensors)) {
        const own = bits.get(t) ?? 0n
        if (seen & own) return false
        seen |= own
      }
      return true
    }
  }
}
