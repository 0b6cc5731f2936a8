import type { SolveStatus } from './rung.js'

/** A sample that got no target, and why. */
export interface FailedSample {
  readonly sample: number
  readonly reason: string
}

/** What happened at one site, or in one block. */
export interface RungReport {
  /** Name of the rung that gave the claim; several where samples took different ones. */
  readonly rung: string
  readonly kind: 'rule' | 'choice' | 'block'
  readonly ops: string
  readonly sites: number
  /** Why this rung: for a block, why no rule did. */
  readonly reason: string
  /** ‖P(x̃) - ỹ‖ per sample, of this site or block alone, for the entries that had a claim. */
  readonly mismatch: readonly number[]
  readonly iterations?: number
  /** Per sample, of a solver. */
  readonly status?: readonly SolveStatus[]
  /** Rungs that were tried first and what kept them from answering. */
  readonly refused: readonly { rung: string; reason: string }[]
  /** Its claims disagreed with others further on: a larger block was solved in its place. */
  readonly dropped?: boolean
}

export interface TargetReport {
  /** In the order of the sweep: from the goals back to the boundary. */
  readonly rungs: readonly RungReport[]
  /** End to end, by one replay: ‖P(x̃) - ỹ‖ per sample, all goals together, and ‖P(x) - ỹ‖ before. */
  readonly mismatch: readonly number[]
  readonly before: readonly number[]
  /** Samples that got no target: they stay as they are. Where samples are not apart, 0 stands for all. */
  readonly failed: readonly FailedSample[]
  toString(): string
}

const worst = (values: readonly number[]): number => values.reduce((m, v) => (v > m || Number.isNaN(v) ? v : m), 0)

/** How the solver left the samples, where that is not plain success. */
function outcome(status: readonly SolveStatus[] = []): string {
  const left = status.filter(s => s !== 'converged' && s !== 'one step')
  return [...new Set(left)]
    .map(s => {
      const n = left.filter(l => l === s).length
      return n < status.length ? `, ${s} in ${n} of ${status.length} samples` : `, ${s}`
    })
    .join('')
}

function line(r: RungReport): string {
  const size = `${r.sites} ${r.sites === 1 ? 'site' : 'sites'}`
  const steps = r.iterations === undefined ? '' : `, ${r.iterations} ${r.iterations === 1 ? 'iteration' : 'iterations'}`
  const refused = r.refused.map(f => `; ${f.rung} refused: ${f.reason}`).join('')
  const found = `mismatch ${worst(r.mismatch).toExponential(1)}${outcome(r.status)}`
  return `${r.dropped ? '(dropped) ' : ''}${r.rung}  ${r.ops} (${size}${steps}), ${found}: ${r.reason}${refused}`
}

/** The report of a whole sweep; as a string it is a line for each rung, then the end-to-end mismatch. */
export function makeReport(
  rungs: readonly RungReport[],
  mismatch: readonly number[],
  before: readonly number[],
  failed: readonly FailedSample[] = []
): TargetReport {
  const samples = mismatch.length > 1 ? ` (largest of ${mismatch.length} samples)` : ''
  const end = `mismatch ${worst(mismatch).toExponential(1)}, before ${worst(before).toExponential(1)}${samples}`
  const lines = () => [
    ...rungs.map(line),
    ...failed.map(f => `no target for sample ${f.sample}: ${f.reason}`),
    `end to end: ${end}`
  ]
  return { rungs, mismatch, before, failed, toString: () => lines().join('\n') }
}
