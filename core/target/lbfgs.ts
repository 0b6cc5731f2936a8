import { checkNumbers } from '../options.js'
import type { Block } from './block.js'
import type { Rung, Solution, SolveStatus } from './rung.js'
import { backtrack } from './search.js'

export interface LbfgsOptions {
  /** Pairs (s, y) kept. */
  memory?: number
  tolerance?: number
  maxIterations?: number
}

/**
 * The rung `lbfgs`: minimises ½‖ỹ - P(x)‖² from the current x with gradients only, per sample. The two-loop recursion
 * of Nocedal & Wright, Numerical Optimization, algorithm 7.4, with γ from (7.20).
 */
export function lbfgs(options: LbfgsOptions = {}): Rung {
  const { memory = 1, tolerance = 0, maxIterations = 0 } = options
  checkNumbers('lbfgs', 'count', { memory })
  checkNumbers('lbfgs', 'notNegative', { tolerance })
  checkNumbers('lbfgs', 'whole', { maxIterations })
  return { name: 'lbfgs', solve: block => solve(block, options) }
}

interface Pair {
  s: Float64Array
  y: Float64Array
  /** sᵀy and yᵀy per sample; a sample with sᵀy ≤ 0 skips the pair. */
  sy: Float64Array
  yy: Float64Array
}

function solve(block: Block, { memory = 10, tolerance = 1e-12, maxIterations = 500 }: LbfgsOptions): Solution {
  const { batch: B, P } = block
  const dot = (u: Float64Array, v: Float64Array): Float64Array => {
    const out = new Float64Array(B)
    for (let i = 0; i < u.length; i++) out[Math.floor(i / P)] += u[i] * v[i]
    return out
  }
  let point = block.at(block.start())
  const first = point.mismatch
  const floor = block.goalNorms().map(g => 1e-15 * g)
  const status = new Array<SolveStatus | undefined>(B).fill(undefined)
  const done = (b: number): boolean => point.mismatch[b] <= Math.max(tolerance * first[b], floor[b])
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
    const step = direction(g, pairs, dot, P, block, point)
    // A direction that does not descend: start again from the gradient.
    const slope = dot(step, g)
    for (let b = 0; b < B; b++) if (!(slope[b] > 0)) for (let i = b * P; i < (b + 1) * P; i++) step[i] = g[i]
    const next = backtrack(block, point, step, active)
    const gNext = block.applyT(next.point, next.point.residual)
    active.forEach((a, b) => {
      if (a && !next.moved[b])
        status[b] =
          point.mismatch[b] <= 1e-6 * first[b]
            ? 'converged'
            : stationary(g, point.mismatch[b], b, P)
              ? 'unreachable'
              : 'no descent'
    })
    const s = next.point.x.map((v, i) => v - point.x[i])
    const y = g.map((v, i) => v - gNext[i])
    pairs = [...pairs, { s, y, sy: dot(s, y), yy: dot(y, y) }].slice(-memory)
    point = next.point
    g = gNext
  }
  return { x: point.x, mismatch: point.mismatch, status: status.map(s => s ?? 'max iterations'), iterations }
}

/** The two loops: H g, every coefficient per sample. */
function direction(
  g: Float64Array,
  pairs: readonly Pair[],
  dot: (u: Float64Array, v: Float64Array) => Float64Array,
  P: number,
  block: Block,
  point: ReturnType<Block['at']>
): Float64Array {
  const q = g.slice()
  const coefficients: Float64Array[] = []
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, sy } = pairs[k]
    const a = dot(s, q).map((v, b) => (sy[b] > 0 ? v / sy[b] : 0))
    for (let i = 0; i < q.length; i++) q[i] -= a[Math.floor(i / P)] * y[i]
    coefficients[k] = a
  }
  const last = pairs.at(-1)
  const scale = last ? last.sy.map((v, b) => (v > 0 ? v / last.yy[b] : 1)) : cauchy(g, block, point)
  for (let i = 0; i < q.length; i++) q[i] *= scale[Math.floor(i / P)]
  for (let k = 0; k < pairs.length; k++) {
    const { s, y, sy } = pairs[k]
    const c = dot(y, q).map((v, b) => (sy[b] > 0 ? coefficients[k][b] - v / sy[b] : 0))
    for (let i = 0; i < q.length; i++) q[i] += c[Math.floor(i / P)] * s[i]
  }
  return q
}

/** ‖g‖² / ‖J g‖²: the length of the first step. */
function cauchy(g: Float64Array, block: Block, point: ReturnType<Block['at']>): Float64Array {
  const Jg = block.norms(block.apply(point, g))
  return block.norms(g).map((n, b) => (Jg[b] > 0 ? (n / Jg[b]) ** 2 : 1))
}

function stationary(g: Float64Array, mismatch: number, b: number, P: number): boolean {
  let n = 0
  for (let i = b * P; i < (b + 1) * P; i++) n += g[i] * g[i]
  return Math.sqrt(n) <= 1e-6 * mismatch
}
