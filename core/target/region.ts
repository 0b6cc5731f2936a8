import type { Site } from '../op.js'
import type { Tape } from '../tape.js'
import type { Tensor } from '../tensor.js'

/** The root above all boundary tensors: a block that starts there is solved for all of them together. */
export const BOUNDARY = Symbol('boundary')
/** The root below all tensors that have a goal. */
export const SINK = Symbol('sink')

/**
 * Immediate dominators: the nearest node through which every path from the root runs. A tape is in topological order,
 * so one pass suffices: a node's immediate dominator is the nearest common ancestor of its predecessors in the tree of
 * those found so far (Cooper, Harvey, Kennedy 2001, without their iteration, since there are no cycles).
 */
export function dominators<N>(root: N, nodes: Iterable<readonly [N, readonly N[]]>): Map<N, N> {
  const tree = new Map<N, { up: N; depth: number }>([[root, { up: root, depth: 0 }]])
  const common = (a: N, b: N): N => {
    while (a !== b) {
      if (tree.get(a)!.depth >= tree.get(b)!.depth) a = tree.get(a)!.up
      else b = tree.get(b)!.up
    }
    return a
  }
  const idom = new Map<N, N>()
  for (const [node, before] of nodes) {
    const up = before.reduce(common)
    tree.set(node, { up, depth: tree.get(up)!.depth + 1 })
    idom.set(node, up)
  }
  return idom
}

/** The part of a tape between a boundary and the tensors that have goals. */
export interface Region {
  readonly boundary: readonly Tensor[]
  readonly goals: readonly Tensor[]
  /** In order. */
  readonly sites: readonly Site[]
  /** Does the tensor depend on the boundary, and does a goal depend on it? */
  active(t: Tensor): boolean
  idom(t: Tensor): Tensor | typeof BOUNDARY
  postdom(t: Tensor): Tensor | typeof SINK
  /** The sites between entries and exits, in order, and every tensor met on the way back. */
  between(entries: readonly Tensor[], exits: readonly Tensor[]): { sites: Site[]; reached: Set<Tensor> }
}

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
  const on: Site[] = []
  for (let i = after.length - 1; i >= 0; i--) {
    if (!reach.has(after[i].out)) continue
    on.push(after[i])
    for (const t of after[i].inputs) if (forward.has(t)) reach.add(t)
  }
  on.reverse()
  const active = (t: Tensor) => forward.has(t) && reach.has(t)
  const activeInputs = (s: Site): Tensor[] => [...new Set(s.inputs)].filter(active)

  type Node = Tensor | typeof BOUNDARY | typeof SINK
  const idom = dominators<Node>(BOUNDARY, [
    ...boundary.filter(active).map(b => [b, [BOUNDARY]] as const),
    ...on.map(s => [s.out, activeInputs(s)] as const)
  ])

  // Post-dominators: the same function over the reversed list, only when somebody asks.
  let post: Map<Node, Node> | undefined
  const postdominators = (): Map<Node, Node> => {
    const users = new Map<Tensor, Node[]>(goals.map(y => [y, [SINK]]))
    for (const s of on)
      for (const t of activeInputs(s)) {
        const list = users.get(t)
        if (list) list.push(s.out)
        else users.set(t, [s.out])
      }
    return dominators<Node>(SINK, [
      ...[...on].reverse().map(s => [s.out, users.get(s.out)!] as const),
      ...boundary.filter(active).map(b => [b, users.get(b)!] as const)
    ])
  }

  return {
    boundary,
    goals,
    sites: on,
    active,
    idom: t => idom.get(t) as Tensor | typeof BOUNDARY,
    postdom: t => {
      post ??= postdominators()
      return post.get(t) as Tensor | typeof SINK
    },
    between(entries, exits) {
      const stop = new Set(entries)
      const reached = new Set(exits)
      const sites: Site[] = []
      for (let i = on.length - 1; i >= 0; i--) {
        const s = on[i]
        if (!reached.has(s.out) || stop.has(s.out)) continue
        sites.push(s)
        for (const t of s.inputs) if (active(t)) reached.add(t)
      }
      return { sites: sites.reverse(), reached }
    }
  }
}
