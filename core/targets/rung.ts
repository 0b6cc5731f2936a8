import type { BlockProblem } from './blockProblem.js'

/** How a solver left one sample. */
export type SolveStatus =
  | 'converged'
  /** The least-squares answer: nothing near gets closer to the goal. */
  | 'unreachable'
  /** One step of a method that does not aim further. */
  | 'one step'
  | 'max iterations'
  | 'lost rank'
  | 'no descent'
  | 'not finite'

/** The outcomes with which a solver hands a sample on to the next rung. */
export const REFUSED: ReadonlySet<SolveStatus> = new Set(['lost rank', 'no descent', 'not finite'])

export interface Solution {
  /** `[B, P]`. */
  x: Float64Array
  /** Per sample. */
  mismatch: Float64Array
  status: SolveStatus[]
  iterations: number
}

/** A rung of the ladder: either the operators' own rules of one kind, or a solver for blocks. */
export type Rung =
  | { readonly name: 'exact' | 'local' | 'regularised' | 'approximate'; readonly solve?: undefined }
  | { readonly name: string; solve(block: BlockProblem): Solution }

/** The operators' own rules, by kind: rungs of the ladder. Structural rules need none, they always apply. */
export const exact: Rung = { name: 'exact' }
export const local: Rung = { name: 'local' }
export const regularised: Rung = { name: 'regularised' }
export const approximate: Rung = { name: 'approximate' }
