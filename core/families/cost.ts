/**
 * A doc with the cost that all operators of a family share, unless it has a line of its own. A function that is hoisted:
 * `binary` and `add` import each other, and either may be read first.
 */
export function withCost(doc: string, cost: string): string {
  return /^ {2}cost /m.test(doc) ? doc : `${doc}\n  cost     ${cost}`
}
