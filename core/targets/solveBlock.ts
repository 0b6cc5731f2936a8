import { claim } from '../claim.js'
import { InverseError } from '../errors.js'
import { alloc } from '../memory.js'
import type { Claim, Site } from '../op.js'
import { Tensor } from '../tensor.js'
import { BlockProblem } from './blockProblem.js'
import { opNames } from './plan.js'
import type { Policy } from './policy.js'
import type { RungReport } from './report.js'
import { REFUSED, type SolveStatus } from './rung.js'

export type Pairs = readonly (readonly [Tensor, Claim])[]

/**
 * Climbs the solver rungs of the ladder, in order, with a block; each sample takes the first rung that does not refuse it,
 * and stays as it is where all do. Gives a claim per entry, the report, and which rung each sample took.
 */
export function solveBlock(
  block: BlockProblem,
  { ladder, scales }: Policy,
  reason: string,
  refusedBefore: RungReport['refused'] = []
): { pairs: Pairs; report: RungReport; taken: readonly string[] } {
  const { batch: B, P, entries, sites } = block
  const solvers = ladder.filter(r => r.solve)
  if (solvers.length === 0)
    throw new InverseError(
      `target sweep through ${opNames(sites)}`,
      `${reason}${refusedBefore.map(r => `; ${r.rung} refused: ${r.reason}`).join('')}, and the ladder has no solver`,
      'Add a rung that solves blocks, such as newton() or adjoint()'
    )
  const stay = block.at(block.start())
  const x = stay.x.slice()
  const mismatch = Array.from(stay.mismatch)
  const taken = new Array<string | undefined>(B).fill(undefined)
  const status = new Array<SolveStatus>(B).fill('no descent')
  const refused = [...refusedBefore]
  let iterations = 0
  for (const solver of solvers) {
    if (!taken.some(t => !t)) break
    const solution = solver.solve!(block)
    iterations += solution.iterations
    const counts = new Map<SolveStatus, number>()
    for (let b = 0; b < B; b++) {
      if (taken[b]) continue
      status[b] = solution.status[b]
      if (REFUSED.has(status[b])) {
        counts.set(status[b], (counts.get(status[b]) ?? 0) + 1)
        continue
      }
      taken[b] = solver.name
      mismatch[b] = solution.mismatch[b]
      x.set(solution.x.subarray(b * P, (b + 1) * P), b * P)
    }
    for (const [s, n] of counts) refused.push({ rung: solver.name, reason: n < B ? `${s} in ${n} of ${B} samples` : s })
  }

  // A block claims only what it can move; the rest keeps its value without a claim.
  const movable = block.movable(stay)
  stay.tape.dispose()
  const tensors = block.tensors(x)
  let at = 0
  const pairs = entries.map((e, k) => {
    const w = e.size / B
    const weight = alloc(e.size, e.dtype)
    for (let b = 0; b < B; b++)
      for (let j = 0; j < w; j++) {
        const i = b * P + at + j
        weight[b * w + j] = movable[i] || x[i] !== 0 ? 1 : 0
      }
    at += w
    return [e, claim(tensors[k], weight.every(v => v === 1) ? null : new Tensor(e.shape, weight))] as const
  })
  const names = taken.map(t => t ?? 'none')
  const oneUnit = entries.length > 1 && entries.every(e => !scales.has(e))
  return {
    pairs,
    taken: names,
    report: {
      rung: [...new Set(names)].join(' and '),
      kind: 'block',
      ops: opNames(sites),
      sites: sites.length,
      reason: oneUnit ? `${reason}; smallest change over tensors of one unit` : reason,
      mismatch,
      iterations,
      status,
      refused
    }
  }
}

/** The solvers go on from the answer of an approximate rule, at this site alone; a sample that all of them refuse keeps it. */
export function refineAnswer(site: Site, c: Claim, given: Pairs, policy: Policy): { pairs: Pairs; report: RungReport } {
  const entries = given.map(([t]) => t)
  const scales = entries.map(e => policy.scales.get(e) ?? 1)
  const guess = given.map(([, a]) => a.value)
  const block = new BlockProblem([site], entries, [site.out], [c], scales, guess)
  const { pairs, report, taken } = solveBlock(block, policy, `rule of ${site.op.name}, refined`)
  const rungs = ['approximate', ...new Set(taken.filter(t => t !== 'none'))]
  return { pairs, report: { ...report, rung: rungs.join(' and ') } }
}
