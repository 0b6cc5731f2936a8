import { norm2 } from '../../core/linalg/scaling.js'
import type { Random } from '../../core/random.js'
import { type Answers, missed } from './answers.js'
import type { PointOf } from './point.js'
import { minus } from './vectors.js'

/** How near the inverse comes to a target ỹ = y + h ‖y‖ d, d of length 1. */
export interface RoundTrip {
  /** h, relative to ‖y‖ (to 1 where y is 0). */
  readonly step: number
  /** d: random, of several the worst; or to what another sample gives. */
  readonly toward: 'random' | 'sample'
  /** ‖P(x̃) - ỹ‖ / ‖ỹ - y‖: 0 the target is met, 1 nothing was gained. NaN where there was no answer. */
  readonly error: number
  /** The same where the solvers go on from an approximate answer; only where the plan has one. */
  readonly refined?: number
  /** ‖x̃ - x‖ / ‖ỹ - y‖: by how much the step was amplified. */
  readonly amplified: number
}

export const STEPS: readonly number[] = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]

/** Of every step in random directions, and toward the output of another sample where that is another one. */
export function roundTrips(
  point: PointOf,
  answers: Answers,
  other: Float64Array,
  random: Random,
  directions: number,
  refine: boolean
): RoundTrip[] {
  const { y, x } = point
  const unit = norm2(y) || 1
  const there = minus(other, y)
  const drawn = Array.from({ length: directions }, () => random.normal([y.length]).data as Float64Array)
  const ways = { random: drawn, sample: norm2(there) > 0 ? [there] : [] }
  return (['random', 'sample'] as const).flatMap(toward =>
    STEPS.filter(() => ways[toward].length > 0).map(step => {
      const trips = ways[toward].map(d => {
        const [length, size] = [norm2(d), step * unit]
        const target = y.map((v, i) => v + (size / length) * d[i])
        // What was asked in f64, where y + step d is rounded.
        const asked = norm2(minus(target, y))
        const [found, better] = [answers.planned(target), refine ? answers.refined(target) : undefined]
        const error = (v: Float64Array | undefined) => (v ? missed(point, v, target) / asked : Number.NaN)
        return {
          error: error(found),
          refined: error(better),
          amplified: found ? norm2(minus(found, Float64Array.from(x.data))) / asked : Number.NaN
        }
      })
      const worst = (key: keyof (typeof trips)[0]) => trips.reduce((m, t) => larger(m, t[key]), 0)
      return {
        step,
        toward,
        error: worst('error'),
        ...(refine ? { refined: worst('refined') } : {}),
        amplified: worst('amplified')
      }
    })
  )
}

/** NaN counts as the largest. */
const larger = (a: number, b: number): number => (b > a || Number.isNaN(b) ? b : a)
