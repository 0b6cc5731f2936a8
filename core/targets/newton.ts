import { lsmr } from '../linalg/lsmr.js'
import { lstsqBatch } from '../linalg/lstsq.js'
import { checkNumbers } from '../options.js'
import type { BlockProblem, Point } from './blockProblem.js'
import type { Rung, Solution, SolveStatus } from './rung.js'
import { backtrack } from './search.js'

export interface NewtonOptions {
  /** Singular values at or below rcond times the largest count as zero. Default 1e-10. */
  rcond?: number
  /** Stops where the mismatch has fallen by this factor. Default 1e-12. */
  tolerance?: number
  /** Default 50. */
  maxIterations?: number
  /**
   * Beyond this number of entries K·P a sample's Jacobian is not stored: LSMR on its products instead. So too where the
   * Jacobians of all samples together have 64 times as many. Default 2^18.
   */
  dense?: number
}

/**
 * The rung `newton`: solves P(x̃) = ỹ from the current x by damped Gauss-Newton on a block, minimum norm, a line search
 * per sample. Where ỹ is out of reach it ends at the nearest output. It refuses a sample where the Jacobian loses rank or
 * the descent stagnates.
 *
 * Steps come from a least-squares solve with J, never from JᵀJ, whose condition is the square: the small singular values
 * are the ones an inverse lives on.
 */
export function newton({
  rcond = 1e-10,
  tolerance = 1e-12,
  maxIterations = 50,
  dense = 2 ** 18
}: NewtonOptions = {}): Rung {
  checkNumbers('newton', 'notNegative', { rcond, tolerance })
  checkNumbers('newton', 'whole', { maxIterations })
  checkNumbers('newton', 'limit', { dense })
  const settings = { rcond, tolerance, maxIterations, dense }
  return { name: 'newton', solve: block => solve(block, settings) }
}

/** ‖J s‖ / ‖r‖, the part of the mismatch that a step can still reach: below STATIONARY nothing is left of it; … */
const STATIONARY = 1e-7
/** … below NEARLY the point is close to where nothing is left, and a slow descent is no stagnation. */
const NEARLY = 1e-3

function solve(block: BlockProblem, { rcond, tolerance, maxIterations, dense }: Required<NewtonOptions>): Solution {
  const { batch: B, K, P } = block
  const stored = K * P <= dense && B * K * P <= 64 * dense
  let point = block.at(block.start())
  const first = point.mismatch
  const floor = block.goalNorms().map(g => 4 * block.epsilon * g)
  const status = new Array<SolveStatus | undefined>(B).fill(undefined)
  const bestRank = new Float64Array(B)
  const slow = new Float64Array(B)
  const mark = (b: number): void => {
    if (!Number.isFinite(point.mismatch[b])) status[b] = 'not finite'
    else if (point.mismatch[b] <= Math.max(tolerance * first[b], floor[b])) status[b] = 'converged'
  }
  let iterations = 0
  for (; ; iterations++) {
    for (let b = 0; b < B; b++) if (!status[b]) mark(b)
    const active = status.map(s => !s)
    if (iterations === maxIterations || !active.some(Boolean)) break
    const { step, rank, reach } = stored
      ? denseStep(block, point, active, rcond)
      : lsmrStep(block, point, active, rcond)
    for (let b = 0; b < B; b++) {
      if (!active[b]) continue
      bestRank[b] = Math.max(bestRank[b], rank[b])
      // Nothing in reach is a least-squares answer, unless the Jacobian has only just lost the direction it would need.
      if (!(reach[b] > STATIONARY * point.mismatch[b])) {
        status[b] = rank[b] === 0 || rank[b] < bestRank[b] ? 'lost rank' : 'unreachable'
        active[b] = false
      }
    }
    if (!active.some(Boolean)) break
    const next = backtrack(block, point, step, active)
    let rounding: Float64Array | undefined
    for (let b = 0; b < B; b++) {
      if (!active[b]) continue
      const near = reach[b] <= NEARLY * point.mismatch[b]
      slow[b] = next.point.mismatch[b] > (1 - 1e-6) * point.mismatch[b] && !near ? slow[b] + 1 : 0
      if (next.moved[b] && slow[b] <= 3) continue
      // Rounding alone can stop the descent above the tolerance.
      rounding ??= block.rounding(point)
      const done = point.mismatch[b] <= Math.max(1e-6 * first[b], rounding[b])
      status[b] = done ? 'converged' : near ? 'unreachable' : 'no descent'
    }
    point.tape.dispose()
    point = next.point
  }
  point.tape.dispose()
  return { x: point.x, mismatch: point.mismatch, status: status.map(s => s ?? 'max iterations'), iterations }
}

interface Step {
  /** `[B, P]` */
  step: Float64Array
  rank: ArrayLike<number>
  /** ‖J s‖ per sample. */
  reach: Float64Array
}

/** The residual of the samples that go on, 0 for the others: their step is then 0. */
function rightSide({ K }: BlockProblem, point: Point, active: readonly boolean[]): Float64Array {
  const r = point.residual.slice()
  active.forEach((a, b) => {
    if (!a) r.fill(0, b * K, (b + 1) * K)
  })
  return r
}

function denseStep(block: BlockProblem, point: Point, active: readonly boolean[], rcond: number): Step {
  const { batch: B, K, P } = block
  const J = block.jacobian(point)
  const { x: step, rank } = lstsqBatch(J, B, K, P, rightSide(block, point, active), { rcond })
  const Js = new Float64Array(B * K)
  for (let b = 0; b < B; b++)
    for (let k = b * K; k < (b + 1) * K; k++) {
      let s = 0
      for (let j = 0; j < P; j++) s += J[k * P + j] * step[b * P + j]
      Js[k] = s
    }
  return { step, rank: rank.map(r => Math.max(0, r)), reach: block.norms(Js) }
}

function lsmrStep(block: BlockProblem, point: Point, active: readonly boolean[], rcond: number): Step {
  const { batch, K, P } = block
  const { x: step } = lsmr({
    batch,
    m: K,
    n: P,
    apply: v => block.apply(point, v),
    applyT: u => block.applyT(point, u),
    b: rightSide(block, point, active),
    atol: 1e-12,
    btol: 1e-12,
    conlim: 1 / rcond,
    maxIterations: 4 * Math.min(K, P)
  })
  // The rank is not found on the way; a step of zero stands for "none".
  const rank = block.norms(step).map(n => (n > 0 ? 1 : 0))
  return { step, rank, reach: block.norms(block.apply(point, step)) }
}
