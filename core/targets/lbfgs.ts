import { checkNumbers } from '../options.js'
import type { BlockProblem, Point } from './blockProblem.js'
import type { Rung, Solution, SolveStatus } from './rung.js'
import { backtrack } from './search.js'

export interface LbfgsOptions {
  /** Pairs (s, y) kept. Default 10. */
  memory?: number
  /** Stops where the mismatch has fallen by this factor. Default 1e-12. */
  tolerance?: number
  /** Default 500. */
  maxIterations?: number
}

/**
 * The rung `lbfgs`: minimises ½‖ỹ - P(x)‖² from the current x with gradients only, per sample. The two-loop recursion
 * of Nocedal & Wright, Numerical Optimization, algorithm 7.4, with γ from (7.20).
 */
export function lbfgs({ memory = 10, tolerance = 1e-12, maxIterations = 500 }: LbfgsOptions = {}): Rung {
  checkNumbers('lbfgs', 'count', { memory })
  checkNumbers('lbfgs', 'notNegative', { tolerance })
  checkNumbers('lbfgs', 'whole', { maxIterations })
  const settings = { memory, tolerance, maxIterations }
  return { name: 'lbfgs', solve: block => solve(block, settings) }
}

interface Pair {
  s: Float64Array
  y: Float64Array
  /** sᵀy and yᵀy per sample; a sample with sᵀy ≤ 0 skips the pair. */
  sy: Float64Array
  yy: Float64Array
}

function solve(block: BlockProblem, { memory, tolerance, maxIterations }: Required<LbfgsOptions>): Solution {
  const { batch: B, P } = block
  const dot = (u: Float64Array, v: Float64Array): Float64Array => {
    const out = new Float64Array(B)
    for (let i = 0; i < u.length; i++) out[Math.floor(i / P)] += u[i] * v[i]
    return out
  }
  let point = block.at(block.start())
  const first = point.mismatch
  const floor = block.goalNorms().map(g => 4 * block.epsilon * g)
  const status = new Array<SolveStatus | undefined>(B).fill(undefined)
  const done = (b: number): boolean => point.mismatch[b] <= Math.max(tolerance * first[b], floor[b])
  /** A sample whose last step failed: it forgets its pairs and tries the gradient, once. */
  const failed = new Array<boolean>(B).fill(false)
  /** Minus the gradient. */
  let g = block.applyT(point, point.residual)
  let pairs: Pair[] = []
  let iterations = 0
  for (; iterations < maxIterations; iterations++) {
    for (let b = 0; b < B; b++)
      if (!status[b] && !Number.isFinite(point.mismatch[b])) status[b] = 'not finite'
      else if (!status[b] && done(b)) status[b] = 'converged'
    const active = status.map(s => !s)
    if (!active.some(Boolean)) break
    const step = direction(g, pairs, dot, block, point)
    const next = backtrack(block, point, step, active)
    const gNext = block.applyT(next.point, next.point.residual)
    let rounding: Float64Array | undefined
    for (let b = 0; b < B; b++) {
      if (!active[b]) continue
      if (next.moved[b]) {
        failed[b] = false
        continue
      }
      if (!failed[b] && pairs.length > 0) {
        failed[b] = true
        for (const pair of pairs) pair.sy[b] = 0
        continue
      }
      rounding ??= block.rounding(point)
      status[b] =
        point.mismatch[b] <= Math.max(1e-6 * first[b], rounding[b])
          ? 'converged'
          : stationary(block, point, g)[b]
            ? 'unreachable'
            : 'no descent'
    }
    const s = next.point.x.map((v, i) => v - point.x[i])
    const y = g.map((v, i) => v - gNext[i])
    pairs = [...pairs, { s, y, sy: dot(s, y), yy: dot(y, y) }].slice(-memory)
    point.tape.dispose()
    point = next.point
    g = gNext
  }
  point.tape.dispose()
  return { x: point.x, mismatch: point.mismatch, status: status.map(s => s ?? 'max iterations'), iterations }
}

/** The two loops: H g, every coefficient per sample; along the gradient where a sample has no pair, or H g ascends. */
function direction(
  g: Float64Array,
  pairs: readonly Pair[],
  dot: (u: Float64Array, v: Float64Array) => Float64Array,
  block: BlockProblem,
  point: Point
): Float64Array {
  const { batch: B, P } = block
  const q = g.slice()
  const coefficients: Float64Array[] = []
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, sy } = pairs[k]
    const a = dot(s, q).map((v, b) => (sy[b] > 0 ? v / sy[b] : 0))
    for (let i = 0; i < q.length; i++) q[i] -= a[Math.floor(i / P)] * y[i]
    coefficients[k] = a
  }
  const scale = Float64Array.from({ length: B }, (_, b) => {
    const last = pairs.findLast(p => p.sy[b] > 0)
    return last ? last.sy[b] / last.yy[b] : Number.NaN
  })
  const bare = scale.map(v => (v > 0 ? 0 : 1))
  const gradientStep = bare.some(Boolean) ? cauchy(g, block, point) : undefined
  for (let i = 0; i < q.length; i++) q[i] *= bare[Math.floor(i / P)] ? 1 : scale[Math.floor(i / P)]
  for (let k = 0; k < pairs.length; k++) {
    const { s, y, sy } = pairs[k]
    const c = dot(y, q).map((v, b) => (sy[b] > 0 ? coefficients[k][b] - v / sy[b] : 0))
    for (let i = 0; i < q.length; i++) q[i] += c[Math.floor(i / P)] * s[i]
  }
  const slope = dot(q, g)
  for (let b = 0; b < B; b++) {
    const length = bare[b] ? gradientStep![b] : slope[b] > 0 ? 0 : 1
    if (length > 0) for (let i = b * P; i < (b + 1) * P; i++) q[i] = length * g[i]
  }
  return q
}

/** ‖g‖² / ‖J g‖², the step that minimises the linearised mismatch along the gradient. */
function cauchy(g: Float64Array, block: BlockProblem, point: Point): Float64Array {
  const Jg = block.norms(block.apply(point, g))
  return block.norms(g).map((n, b) => (Jg[b] > 0 ? (n / Jg[b]) ** 2 : 1))
}

/** Along the gradient J reaches less than a thousandth of the mismatch: as near to the goal as one gets. */
function stationary(block: BlockProblem, point: Point, g: Float64Array): boolean[] {
  const Jg = block.norms(block.apply(point, g))
  // The Cauchy step removes ‖g‖²/‖J g‖ from the mismatch, in the direction J g.
  return Array.from(block.norms(g), (n, b) => !(n * n > 1e-3 * Jg[b] * point.mismatch[b]))
}
