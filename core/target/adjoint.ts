import { checkNumbers } from '../options.js'
import type { Block } from './block.js'
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

function solve(block: Block, { step: fixed }: AdjointOptions): Solution {
  const { batch: B, P } = block
  const point = block.at(block.start())
  const g = block.applyT(point, point.residual)
  const gNorm = block.norms(g)
  const JgNorm = fixed === undefined ? block.norms(block.apply(point, g)) : undefined
  const t = Array.from({ length: B }, (_, b) => fixed ?? (JgNorm![b] > 0 ? (gNorm[b] / JgNorm![b]) ** 2 : 0))
  const step = g.map((v, i) => v * t[Math.floor(i / P)])
  const able = t.map((v, b) => Number.isFinite(v) && v > 0 && gNorm[b] > 0)
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
  return { x: end.x, mismatch: end.mismatch, status, iterations: 1 }
}
