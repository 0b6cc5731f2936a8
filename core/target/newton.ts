import { lsmr } from '../linalg/lsmr.js'
import { lstsqMinNorm } from '../linalg/lstsq.js'
import { checkNumbers } from '../options.js'
import type { Block, Point } from './block.js'
import type { Rung, Solution, SolveStatus } from './rung.js'
import { backtrack } from './search.js'

export interface NewtonOptions {
  /** Singular values at or below rcond times the largest count as zero. */
  rcond?: number
  /** Stops where the mismatch has fallen by this factor. */
  tolerance?: number
  maxIterations?: number
  /** Beyond this number of entries K·P a sample's Jacobian is not stored: LSMR on its products instead. */
  dense?: number
}

/**
 * The rung `newton`: solves P(x̃) = ỹ from the current x by damped Gauss-Newton on a block, minimum norm, a line search
 * per sample. It refuses a sample where the Jacobian loses rank or no step helps.
 *
 * Steps come from a least-squares solve with J, never from JᵀJ, whose condition is the square: the small singular values
 * are the ones an inverse lives on.
 */
export function newton(options: NewtonOptions = {}): Rung {
  const { rcond = 0, tolerance = 0, maxIterations = 0, dense = 0 } = options
  checkNumbers('newton', 'notNegative', { rcond, tolerance })
  checkNumbers('newton', 'whole', { maxIterations })
  checkNumbers('newton', 'limit', { dense })
  return { name: 'newton', solve: block => solve(block, options) }
}

const STATIONARY = 1e-7
const ROUNDING = 1e-15

function solve(
  block: Block,
  { rcond = 1e-10, tolerance = 1e-12, maxIterations = 50, dense = 2 ** 18 }: NewtonOptions
): Solution {
  const { batch: B } = block
  let point = block.at(block.start())
  const first = point.mismatch
  const floor = block.goalNorms().map(g => ROUNDING * g)
  const status = new Array<SolveStatus | undefined>(B).fill(undefined)
  const bestRank = new Float64Array(B)
  let stale = new Float64Array(B)
  const mark = (b: number): void => {
    if (!Number.isFinite(point.mismatch[b])) status[b] = 'not finite'
    else if (point.mismatch[b] <= Math.max(tolerance * first[b], floor[b])) status[b] = 'converged'
  }
  let iterations = 0
  for (; iterations < maxIterations; iterations++) {
    for (let b = 0; b < B; b++) if (!status[b]) mark(b)
    const active = status.map(s => !s)
    if (!active.some(Boolean)) break
    const { step, rank } =
      block.K * block.P <= dense ? denseStep(block, point, active, rcond) : lsmrStep(block, point, active)
    const reach = block.norms(block.apply(point, step))
    for (let b = 0; b < B; b++) {
      if (!active[b]) continue
      bestRank[b] = Math.max(bestRank[b], rank[b])
      const lost = rank[b] === 0 || rank[b] < bestRank[b]
      // J s is the part of the residual that the block can reach: nothing left of it is a least-squares answer.
      if (!(reach[b] > STATIONARY * point.mismatch[b])) {
        status[b] = lost ? 'lost rank' : 'unreachable'
        active[b] = false
      }
    }
    if (!active.some(Boolean)) break
    const next = backtrack(block, point, step, active)
    stale = stale.map((n, b) => (next.point.mismatch[b] > (1 - 1e-6) * point.mismatch[b] ? n + 1 : 0))
    active.forEach((a, b) => {
      // Rounding alone can stop the descent just above the tolerance.
      if (a && (!next.moved[b] || stale[b] > 3))
        status[b] = point.mismatch[b] <= 1e-9 * first[b] ? 'converged' : 'no descent'
    })
    point = next.point
  }
  for (let b = 0; b < B; b++) if (!status[b]) mark(b)
  return {
    x: point.x,
    mismatch: point.mismatch,
    status: status.map(s => s ?? 'max iterations'),
    iterations
  }
}

interface Step {
  step: Float64Array
  rank: Float64Array
}

function denseStep(block: Block, point: Point, active: readonly boolean[], rcond: number): Step {
  const { batch: B, K, P } = block
  const J = block.jacobian(point)
  const step = new Float64Array(B * P)
  const rank = new Float64Array(B)
  for (let b = 0; b < B; b++) {
    if (!active[b]) continue
    const Jb = J.subarray(b * K * P, (b + 1) * K * P)
    if (!Jb.every(Number.isFinite)) continue
    const s = lstsqMinNorm(Jb, K, P, point.residual.subarray(b * K, (b + 1) * K), { rcond })
    step.set(s.x, b * P)
    rank[b] = s.rank
  }
  return { step, rank }
}

function lsmrStep(block: Block, point: Point, active: readonly boolean[]): Step {
  const { batch, K, P } = block
  const b = point.residual.map((r, i) => (active[Math.floor(i / K)] ? r : 0))
  const { x } = lsmr({
    batch,
    m: K,
    n: P,
    apply: v => block.apply(point, v),
    applyT: u => block.applyT(point, u),
    b,
    atol: 1e-12,
    btol: 1e-12,
    maxIterations: 4 * Math.min(K, P)
  })
  // The rank is not found on the way; a step of zero stands for "none".
  return { step: x, rank: block.norms(x).map(n => (n > 0 ? 1 : 0)) }
}
