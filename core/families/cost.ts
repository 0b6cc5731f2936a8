/** A doc with the cost that all operators of a family share, unless it has a line of its own. */
export const withCost = (doc: string, cost: string): string =>
  /^ {2}cost /m.test(doc) ? doc : `${doc}\n  cost     ${cost}`
