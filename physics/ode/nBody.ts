import { OptionError } from '../../core/errors.js'
import { checkNumbers, display } from '../../core/options.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { sum } from '../../core/structural/sum.js'
import type { Tensor } from '../../core/tensor.js'
import { rsqrt } from '../../ops/elementwise/rsqrt.js'
import { sub } from '../../ops/elementwise/sub.js'
import { concat } from '../../ops/shape/concat.js'
import { slice } from '../../ops/shape/slice.js'
import type { Simulator } from '../simulator.js'
import { checkSystemOptions, type IntegrateAttrs, type IntegrateOptions, integrate } from './integrate.js'
import { methodOptions } from './pendulum.js'
import { constant, type System } from './system.js'

export interface NBodyParameters {
  /** One for each body; two of mass 1 by default. */
  masses?: readonly number[]
  /** Axes of space: 2 by default, or 1, 3. */
  dimensions?: number
  /** The constant of gravity. Default 1. */
  gravity?: number
  /** ε: distances count as √(r² + ε²). Above 0; .1 by default. */
  softening?: number
}

/** The equations of bodies that attract each other, with their energy; see `nBody`. */
export function nBodySystem({
  masses = [1, 1],
  dimensions = 2,
  gravity = 1,
  softening = 0.1
}: NBodyParameters = {}): System {
  checkNumbers('nBody', 'count', { dimensions })
  checkNumbers('nBody', 'finite', { gravity })
  checkNumbers('nBody', 'positive', { softening })
  if (!Array.isArray(masses) || masses.length === 0 || !masses.every(m => Number.isFinite(m) && m > 0))
    throw new OptionError('nBody', `masses are ${display(masses)}`, 'Give a list of numbers above 0')
  const N = masses.length
  const half = N * dimensions
  // What body j does to body i, [N, N]; its own share is 0, since the distance is.
  const pull = constant(
    [N, N],
    Float64Array.from({ length: N * N }, (_, k) => gravity * masses[k % N])
  )
  const pairs = constant(
    [N, N],
    Float64Array.from({ length: N * N }, (_, k) => {
      const [i, j] = [Math.floor(k / N), k % N]
      return i < j ? gravity * masses[i] * masses[j] : 0
    })
  )
  const inertia = constant(
    [half],
    Float64Array.from({ length: half }, (_, k) => masses[Math.floor(k / dimensions)] / 2)
  )
  /** q_j - q_i, [..., N, N, D], and 1/√(r² + ε²), [..., N, N]. */
  const between = (q: Tensor) => {
    const front = q.shape.slice(0, -1)
    const apart = sub(reshape(q, [...front, 1, N, dimensions]), reshape(q, [...front, N, 1, dimensions]))
    return { apart, inverse: rsqrt(add(sum(mul(apart, apart), -1), softening * softening)) }
  }
  return {
    name: 'nBody',
    states: 2 * half,
    separable: true,
    rate: () => s => {
      const q = slice(s, -1, 0, half)
      const { apart, inverse } = between(q)
      const weight = mul(mul(mul(inverse, inverse), inverse), pull[s.dtype])
      const acceleration = sum(mul(apart, reshape(weight, [...weight.shape, 1])), -2)
      return concat([slice(s, -1, half, 2 * half), reshape(acceleration, q.shape)], -1)
    },
    invariant: s => {
      const v = slice(s, -1, half, 2 * half)
      const { inverse } = between(slice(s, -1, 0, half))
      return sub(sum(mul(mul(v, v), inertia[s.dtype]), -1), sum(mul(inverse, pairs[s.dtype]), [-2, -1]))
    },
    doc: {
      equation: `${N} bodies in ${dimensions} dimensions that attract each other: q_i'' = G Σ_j m_j (q_j - q_i) / (r_ij² + ε²)^(3/2)`,
      tex: String.raw`\ddot q_i = G \textstyle\sum_j m_j \frac{q_j - q_i}{(r_{ij}^2 + \varepsilon^2)^{3/2}}`,
      lines: `  caveats  states part exponentially in time where three or more bodies meet: then no inverse holds for long.
           The time step must be small against ε over the speed at a close encounter
  source   Aarseth 1963; Hairer, Lubich, Wanner 2006, "Geometric Numerical Integration", I.2`
    },
    examples: { state: (r, batch) => r.uniform([batch, 2 * half], -1, 1), extremes: [1e-300], dt: 0.05 }
  }
}

/**
 * Bodies under their gravity, softened: (s0 [B, 2ND]) → [B, 2ND], states (q_1 … q_N, v_1 … v_N) with D numbers for each body.
 *
 *     nBody({ masses: [1, 3e-6], dimensions: 2, softening: 1e-3, method: 'leapfrog', dt: 0.01, steps: 628 })
 */
export function nBody(options: NBodyParameters & IntegrateOptions = {}): Simulator<IntegrateAttrs> {
  checkSystemOptions('nBody', options, ['masses', 'dimensions', 'gravity', 'softening'])
  return integrate(nBodySystem(options), methodOptions(options))
}
