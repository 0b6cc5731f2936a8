import { checkNumbers } from '../options.js'
import type { BlockProblem } from './blockProblem.js'
import type { Rung, Solution, SolveStatus } from './rung.js'
import { backtrack } from './search.js'

export interface AdjointOptions {
  /** A fixed step instead of Cauchy's: x̃ = x + step · Jᵀ(ỹ - y), plain gradient descent. */
  step?: number
}

/**
 * The rung `adjoint`, the last one: "In the worst case, we can therefore fall back to the regular gradient."
 * x̃ = x + t g, g = Jᵀ(ỹ - y), with the Cauchy step t = ‖g‖² / ‖J g‖² per sample, which minimises the linearised mismatch
 * along g; halved where the mismatch would grow.
 */
export function adjoint(options: AdjointOptions = {}): Rung {
  if (options.step !== undefined) checkNumbers('adjoint', 'positive', { step: options.step })
  return { name: 'adjoint', solve: block => solve(block, options) }
}

function solve(block: BlockProblem, { step: fixed }: AdjointOptions): Solution {
  const { P } = block
  const point = block.at(block.start())
  const g = block.applyT(point, point.residual)
  const gNorm = block.norms(g)
  const t = fixed === undefined ? cauchy(gNorm, block.norms(block.apply(point, g))) : gNorm.map(() => fixed)
  const step = g.map((v, i) => v * t[Math.floor(i / P)])
  const able = Array.from(t, (v, b) => v > 0 && Number.isFinite(v) && gNorm[b] > 0 && Number.isFinite(gNorm[b]))
  const { point: end, moved } =
    fixed === undefined
      ? backtrack(block, point, step, able)
      : { point: block.at(point.x.map((v, i) => (able[Math.floor(i / P)] ? v + step[i] : v))), moved: able }
  const status = moved.map(
    (m, b): SolveStatus =>
      !Number.isFinite(end.mismatch[b]) || !Number.isFinite(gNorm[b])
        ? 'not finite'
        : m
          ? 'one step'
          : point.mismatch[b] === 0
            ? 'converged'
            : 'unreachable'
  )
  for (const p of [point, end]) p.tape.dispose()
  return { x: end.x, mismatch: end.mismatch, status, iterations: 1 }
}

const cauchy = (g: Float64Array, Jg: Float64Array): Float64Array => g.map((n, b) => (Jg[b] > 0 ? (n / Jg[b]) ** 2 : 0))
