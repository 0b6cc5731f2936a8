import { checkNumbers } from '../core/options.js'
import type { Tensor } from '../core/tensor.js'
import { CURVED } from './bfgsMethod.js'
import { checkGradient, checkState, moved, norm, type Optimizer } from './optimizer.js'
import { checkRate, type Rate, rateAt } from './schedules.js'
import { axpy, dot, minus, vector } from './vectors.js'

export interface LbfgsState {
  readonly t: number
  /** The last pairs s = θ - θ_old, y = g - g_old with sᵀy > 0, oldest first, in f64. */
  readonly pairs: readonly { readonly s: Tensor; readonly y: Tensor }[]
  readonly theta: Tensor | null
  readonly gradient: Tensor | null
}

/**
 * L-BFGS (Liu & Nocedal 1989): BFGS of the last `memory` pairs, applied to g without ever making H. Unrolled, (6.17) is a
 * loop from the newest pair to the oldest, γI in the middle, and a loop back: the two-loop recursion, Nocedal & Wright
 * 2006, algorithm 7.4, with γ = sᵀy/yᵀy of the newest pair (7.20), the scale of H along the last step.
 *
 *     withSearch(lbfgsMethod(), strongWolfe())
 *
 * It takes 2 · memory vectors like θ. Without a search lr = 1 can go too far; pairs with sᵀy ≤ 0 are left out.
 */
export function lbfgsMethod({
  lr = 1,
  memory = 10
}: {
  lr?: Rate
  memory?: number
} = {}): Optimizer<Tensor, LbfgsState> {
  checkRate('lbfgs', lr)
  checkNumbers('lbfgs', 'count', { memory })
  return {
    name: 'lbfgs',
    needs: 'gradient',
    init: () => ({ t: 0, pairs: [], theta: null, gradient: null }),
    step(theta, g, state) {
      checkGradient('lbfgs', theta, g)
      checkState('lbfgs', theta, state, [])
      const pairs = withLast(state, theta, g).slice(-memory)
      const gradientNorm = norm(g)
      const direction = twoLoops(Float64Array.from(g.data), pairs, gradientNorm)
      const end = moved(theta, direction, rateAt('lbfgs', lr, state.t))
      return {
        ...end,
        state: {
          t: state.t + 1,
          pairs,
          theta: vector(Float64Array.from(theta.data)),
          gradient: vector(Float64Array.from(g.data))
        },
        report: { status: 'ok', gradientNorm, stepNorm: norm(end.delta) }
      }
    }
  }
}

function withLast(state: LbfgsState, theta: Tensor, g: Tensor): LbfgsState['pairs'] {
  if (!state.theta || !state.gradient) return state.pairs
  const s = minus(theta.data, state.theta.data)
  const y = minus(g.data, state.gradient.data)
  const curved = dot(s, y) > CURVED * Math.sqrt(dot(s, s) * dot(y, y))
  return curved ? [...state.pairs, { s: vector(s), y: vector(y) }] : state.pairs
}

/** H g. Overwrites q, which is g. */
function twoLoops(q: Float64Array, pairs: LbfgsState['pairs'], gradientNorm: number): Float64Array {
  const alpha: number[] = []
  for (let k = pairs.length - 1; k >= 0; k--) {
    const [s, y] = [pairs[k].s.data, pairs[k].y.data]
    alpha[k] = dot(s, q) / dot(s, y)
    axpy(-alpha[k], y, q)
  }
  const last = pairs.at(-1)
  // No pair yet: along the gradient, no further than 1.
  const gamma = last
    ? dot(last.s.data, last.y.data) / dot(last.y.data, last.y.data)
    : Math.min(1, 1 / gradientNorm || 1)
  for (let i = 0; i < q.length; i++) q[i] *= gamma
  for (let k = 0; k < pairs.length; k++) {
    const [s, y] = [pairs[k].s.data, pairs[k].y.data]
    axpy(alpha[k] - dot(y, q) / dot(s, y), s, q)
  }
  return q
}
