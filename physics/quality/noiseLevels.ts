import { norm2 } from '../../core/linalg/scaling.js'
import type { Random } from '../../core/random.js'
import type { Answers } from './answers.js'
import type { PointOf } from './point.js'
import { minus, rms } from './vectors.js'

/** How large the answers' errors are over the noise in the target: ỹ = P(x') + σ n for another sample x'. */
export interface NoiseLevels {
  /** Standard deviation of the noise in each entry of ỹ. */
  readonly sigma: readonly number[]
  /** ‖x̃ - x'‖ / ‖x - x'‖ of each answer, √mean² over the draws of n: 1 is that of doing nothing. */
  readonly exact: readonly number[]
  readonly regularised: readonly number[]
  readonly planned: readonly number[]
  /**
   * σ from which on an answer is worse than another one, by bisection: 0 where it is so for any σ (rounding alone does
   * it), Infinity where it is not for any σ that was looked at.
   */
  readonly from: {
    /** Exact worse than doing nothing. */
    readonly exactWorseThanNothing: number
    /** Exact worse than the regularised one, which is told σ, by a tenth. */
    readonly exactWorseThanRegularised: number
    /** What the plan does worse than doing nothing. */
    readonly plannedWorseThanNothing: number
  }
}

/** Decades of σ, from that of the change of y. */
const [LOWEST, HIGHEST] = [-12, 1]
/** Halvings of a decade: to 8 %. */
const HALVINGS = 5
/** "Worse" than the regularised answer, which is a little better wherever there is noise at all. */
const NOTICEABLY = 1.1

export function noiseLevels(
  point: PointOf,
  answers: Answers,
  xOther: Float64Array,
  yOther: Float64Array,
  random: Random,
  draws: number
): NoiseLevels {
  const start = Float64Array.from(point.x.data)
  const apart = norm2(minus(start, xOther))
  const signal = rms(minus(start, xOther))
  const decade = Math.round(Math.log10(rms(minus(yOther, point.y)) || rms(yOther) || 1))
  const noises = Array.from({ length: draws }, () => random.normal([yOther.length]).data as Float64Array)
  const error = (answer: (target: Float64Array, sigma: number) => Float64Array | undefined) => (sigma: number) => {
    const each = noises.map(n => {
      const found = answer(
        yOther.map((v, i) => v + sigma * n[i]),
        sigma
      )
      // No answer leaves x as it is.
      return found ? norm2(minus(found, xOther)) / apart : 1
    })
    return rms(Float64Array.from(each))
  }
  const exact = error(answers.exact)
  const regularised = error((target, sigma) => answers.regularised(target, sigma, signal))
  const planned = error(answers.planned)
  const sigma = Array.from({ length: HIGHEST - LOWEST + 1 }, (_, k) => Number(`1e${decade + LOWEST + k}`))
  const curves = { exact: sigma.map(exact), regularised: sigma.map(regularised), planned: sigma.map(planned) }
  return {
    sigma,
    ...curves,
    from: {
      exactWorseThanNothing: from(
        sigma,
        curves.exact.map(e => e > 1),
        s => exact(s) > 1
      ),
      exactWorseThanRegularised: from(
        sigma,
        curves.exact.map((e, i) => e > NOTICEABLY * curves.regularised[i]),
        s => exact(s) > NOTICEABLY * regularised(s)
      ),
      plannedWorseThanNothing: from(
        sigma,
        curves.planned.map(e => e > 1),
        s => planned(s) > 1
      )
    }
  }
}

/** Where `worse` begins to hold for good: between the last σ of the list where it does not and the next one. */
function from(sigma: readonly number[], seen: readonly boolean[], worse: (s: number) => boolean): number {
  const last = seen.lastIndexOf(false)
  if (last < 0) return 0
  if (last === sigma.length - 1) return Number.POSITIVE_INFINITY
  let [low, high] = [Math.log(sigma[last]), Math.log(sigma[last + 1])]
  for (let k = 0; k < HALVINGS; k++) {
    const middle = (low + high) / 2
    if (worse(Math.exp(middle))) high = middle
    else low = middle
  }
  return Math.exp((low + high) / 2)
}
