export interface DominatorTree<N> {
  /** The immediate dominator; the root's is itself. */
  up(node: N): N
  /** The nearest node that dominates both; one of them may be it. */
  common(a: N, b: N): N
}

/**
 * Immediate dominators: the nearest node through which every path from the root runs. `nodes` come in topological order,
 * each with its predecessors, so one pass suffices: a node's immediate dominator is the nearest common ancestor of its
 * predecessors in the tree of those found so far (Cooper, Harvey, Kennedy 2001, "A simple, fast dominance algorithm",
 * without its iteration, since there are no cycles).
 */
export function dominators<N>(root: N, nodes: Iterable<readonly [N, readonly N[]]>): DominatorTree<N> {
  const tree = new Map<N, { up: N; depth: number }>([[root, { up: root, depth: 0 }]])
  const common = (a: N, b: N): N => {
    while (a !== b) {
      if (tree.get(a)!.depth >= tree.get(b)!.depth) a = tree.get(a)!.up
      else b = tree.get(b)!.up
    }
    return a
  }
  for (const [node, before] of nodes) {
    const up = before.reduce(common)
    tree.set(node, { up, depth: tree.get(up)!.depth + 1 })
  }
  return { up: node => tree.get(node)!.up, common }
}
