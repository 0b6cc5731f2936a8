import { Tensor } from '../core/tensor.js'
import { checkGradient, checkState, moved, norm, type Optimizer } from './optimizer.js'
import { checkRate, type Rate, rateAt } from './schedules.js'
import { dot, minus, vector } from './vectors.js'

export interface BfgsState {
  readonly t: number
  /** H ≈ (∂²L/∂θ²)⁻¹, `[P, P]` in f64; null before there is a pair. */
  readonly H: Tensor | null
  /** Where the last step came from, in f64. */
  readonly theta: Tensor | null
  readonly gradient: Tensor | null
}

/**
 * BFGS: Δθ = -lr H g with an approximate inverse Hessian H, learned from how the gradient changed (Nocedal & Wright 2006,
 * chapter 6). s = θ - θ_old, y = g - g_old: the mean Hessian along the step maps s to y. The new H is the one nearest to
 * the old that is symmetric and maps y to s (the secant condition; nearest in the norm weighted by that mean Hessian):
 *
 *     H ← (I - ρ s yᵀ) H (I - ρ y sᵀ) + ρ s sᵀ,   ρ = 1/sᵀy       (6.17)
 *
 * which stays positive exactly if sᵀy > 0: what a search for the strong Wolfe conditions gives. Otherwise the pair
 * is left out. Before the first pair H = I, held to a step of length 1; at it, H = sᵀy/yᵀy I (6.20).
 *
 *     withSearch(bfgsMethod(), strongWolfe())
 *
 * It takes P² numbers. Its steps come to have the units of θ, its first one does not.
 */
export function bfgsMethod({ lr = 1 }: { lr?: Rate } = {}): Optimizer<Tensor, BfgsState> {
  checkRate('bfgs', lr)
  return {
    name: 'bfgs',
    needs: 'gradient',
    init: () => ({ t: 0, H: null, theta: null, gradient: null }),
    step(theta, g, state) {
      checkGradient('bfgs', theta, g)
      checkState('bfgs', theta, state, [])
      const n = theta.size
      const H = learned(state, theta, g)
      const direction = new Float64Array(n)
      const gradientNorm = norm(g)
      if (H) for (let i = 0; i < n; i++) direction[i] = dot(H.subarray(i * n, (i + 1) * n), g.data)
      else for (let i = 0; i < n; i++) direction[i] = g.data[i] * Math.min(1, 1 / gradientNorm || 1)
      const end = moved(theta, direction, rateAt('bfgs', lr, state.t))
      return {
        ...end,
        state: {
          t: state.t + 1,
          H: H && new Tensor([n, n], H),
          theta: vector(Float64Array.from(theta.data)),
          gradient: vector(Float64Array.from(g.data))
        },
        report: { status: 'ok', gradientNorm, stepNorm: norm(end.delta) }
      }
    }
  }
}

/** H with what the last step has shown. */
function learned(state: BfgsState, theta: Tensor, g: Tensor): Float64Array | null {
  if (!state.theta || !state.gradient) return null
  const old = state.H ? (state.H.data as Float64Array) : null
  const s = minus(theta.data, state.theta.data)
  const y = minus(g.data, state.gradient.data)
  const [sy, yy] = [dot(s, y), dot(y, y)]
  if (!(sy > CURVED * norm2(s) * Math.sqrt(yy))) return old
  const n = s.length
  const H = old ? old.slice() : new Float64Array(n * n)
  if (!old) for (let i = 0; i < n; i++) H[i * n + i] = sy / yy
  const Hy = new Float64Array(n)
  for (let i = 0; i < n; i++) Hy[i] = dot(H.subarray(i * n, (i + 1) * n), y)
  // Expanded: H - ρ (s (Hy)ᵀ + (Hy) sᵀ) + ρ (1 + ρ yᵀHy) s sᵀ.
  const rho = 1 / sy
  const outer = rho * (1 + rho * dot(y, Hy))
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) H[i * n + j] += outer * s[i] * s[j] - rho * (s[i] * Hy[j] + Hy[i] * s[j])
  return H
}

/** A pair counts where the cosine of s and y is above it: below, sᵀy is rounding. */
export const CURVED = 1e-10

const norm2 = (v: Float64Array): number => Math.sqrt(dot(v, v))
