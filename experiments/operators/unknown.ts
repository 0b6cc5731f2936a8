/** A name or path that leads to no operator: the command line was called wrongly. */
export class UnknownOperator extends Error {}
