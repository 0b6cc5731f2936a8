/**
 * A doc with the cost that all operators of a family share, unless it has a line of its own. A declaration, not a constant:
 * `add` and its family import each other, and whichever comes first, this is there.
 */
export function withCost(doc: string, cost: string): string {
  return /^ {2}cost /m.test(doc) ? doc : `${doc}\n  cost     ${cost}`
}
