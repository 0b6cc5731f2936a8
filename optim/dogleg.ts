import { lstsq } from '../core/linalg/lstsq.js'
import { checkNumbers } from '../core/options.js'
import { mapData, type Tensor } from '../core/tensor.js'
import { checkEvaluation, type Evaluation } from './evaluation.js'
import { scaledLeastSquaresForm } from './leastSquaresForm.js'
import { checkState, checkTheta, moved, norm, normOf, type Optimizer } from './optimizer.js'
import { dot, minus, vector } from './vectors.js'

export interface DoglegState {
  /** How far a step may go, |D Δ|; null before the first. */
  readonly radius: number | null
  readonly scale: Tensor | null
}

export interface DoglegOptions {
  /** At the start. Default: that of the first Gauss-Newton step. */
  radius?: number
  /** Singular values at or below rcond times the largest count as zero. Default 1e-10. */
  rcond?: number
  maxTrials?: number
}

/**
 * Powell's dogleg (1970): within the radius that the model A Δ ≈ r can be trusted (leastSquaresForm), the lowest point on a path of
 * two legs, from 0 along the gradient to the Cauchy point, its minimum there, and from that to the Gauss-Newton step. Along
 * the path the model falls and the length grows (Nocedal & Wright 2006, lemma 4.2), so the point is where it leaves the
 * ball. Lengths are |D Δ| with D as in levenbergMarquardt, so that the step does not depend on units.
 *
 * ρ = (what L fell by)/(what the model promised): a step if above 1e-4; the radius shrinks to a quarter of the step below
 * 1/4, and doubles above 3/4 where the step was cut by it (algorithm 4.1). The model shows y: `{ loss, y }`.
 */
export function dogleg({
  radius,
  rcond = 1e-10,
  maxTrials = 20
}: DoglegOptions = {}): Optimizer<Evaluation, DoglegState> {
  const name = 'dogleg'
  if (radius !== undefined) checkNumbers(name, 'positive', { radius })
  checkNumbers(name, 'notNegative', { rcond })
  checkNumbers(name, 'count', { maxTrials })
  return {
    name,
    needs: 'search',
    init: () => ({ radius: radius ?? null, scale: null }),
    step(theta, e, state) {
      checkTheta(name, theta)
      checkEvaluation(name, e)
      checkState(name, theta, state, [])
      const { A, r, m, P, D } = scaledLeastSquaresForm(e, state.scale)
      const times = (v: Float64Array) =>
        Float64Array.from({ length: m }, (_, i) => dot(A.subarray(i * P, (i + 1) * P), v))
      const g = new Float64Array(P)
      for (let i = 0; i < m; i++) for (let j = 0; j < P; j++) g[j] += A[i * P + j] * r[i]
      const newton = lstsq(A, m, P, r, { rcond }).x
      const Ag = times(g)
      const cauchy = g.map(v => v * (dot(g, g) / dot(Ag, Ag) || 0))
      const gradientNorm = norm(e.gradient)
      let reach = state.radius ?? normOf(newton)
      for (let trial = 1; trial <= maxTrials; trial++) {
        const scaled = along(cauchy, newton, reach)
        const As = times(scaled)
        const promised = dot(r, As) - dot(As, As) / 2
        const length = normOf(scaled)
        const end = moved(
          theta,
          scaled.map((v, j) => v / D[j]),
          1
        )
        using there = e.at(end.theta)
        const ratio = (e.loss - there.loss) / promised
        const cut = length >= (1 - 1e-9) * reach
        const next = !(ratio >= 0.25) ? length / 4 : ratio > 0.75 && cut ? 2 * reach : reach
        if (ratio > 1e-4 && Number.isFinite(there.loss))
          return {
            ...end,
            state: { radius: next, scale: vector(D) },
            report: { status: 'ok', gradientNorm, stepNorm: norm(end.delta), iterations: trial }
          }
        reach = next
      }
      return {
        theta,
        delta: mapData(theta, () => 0),
        state: { radius: reach, scale: vector(D) },
        report: { status: 'no descent', gradientNorm, stepNorm: 0, iterations: maxTrials }
      }
    }
  }
}

/** Where the path 0 → cauchy → newton leaves the ball; its end, if it does not. */
function along(cauchy: Float64Array, newton: Float64Array, radius: number): Float64Array {
  if (normOf(newton) <= radius) return newton
  const first = normOf(cauchy)
  if (first >= radius) return cauchy.map(v => (v * radius) / first)
  // |c + τ d|² = radius², the root in (0, 1).
  const d = minus(newton, cauchy)
  const [a, b, c] = [dot(d, d), dot(cauchy, d), first * first - radius * radius]
  const root = Math.sqrt(Math.max(0, b * b - a * c))
  const tau = b > 0 ? -c / (b + root) : (root - b) / a
  return cauchy.map((v, i) => v + tau * d[i])
}
