import { NonFiniteError, ShapeError } from '../../core/errors.js'
import { norm2 } from '../../core/linalg/scaling.js'
import { checkNumbers, checkOptions } from '../../core/options.js'
import { type Random, random as stream } from '../../core/random.js'
import { scoped } from '../../core/scope.js'
import { sameShape, show } from '../../core/shape.js'
import { unseen } from '../../core/tape.js'
import { planTargets } from '../../core/targets/plan.js'
import { defaultPolicy, type Policy } from '../../core/targets/policy.js'
import { checkTensor, mapData, type Tensor } from '../../core/tensor.js'
import { checkFunction, trace } from '../../core/verbs/trace.js'
import { answersOf } from './answers.js'
import { type JacobianSpectrum, jacobianSpectrum } from './jacobianSpectrum.js'
import { type NoiseLevels, noiseLevels } from './noiseLevels.js'
import { pointOf } from './point.js'
import { type RoundTrip, roundTrips } from './roundTrip.js'
import { minus, rms } from './vectors.js'

/** What the target sweep will do with a site or a block, and why. */
export interface QualityRung {
  readonly rung: string
  readonly ops: string
  readonly sites: number
  readonly reason: string
}

/** What is known of the inverse of a function near a point; `showQuality` prints it. */
export interface InverseQuality {
  readonly inputs: number
  readonly outputs: number
  readonly spectrum: JacobianSpectrum
  /** Which rung the target sweep takes, from the output back to the input. */
  readonly plan: readonly QualityRung[]
  readonly roundTrip: readonly RoundTrip[]
  readonly noise: NoiseLevels
}

export interface QualityOptions {
  /** Another sample x', of the shape of x: what x should become. By default x and a tenth of its size in normal numbers. */
  toward?: Tensor
  /** How the target sweep goes about it, as `targetSweep` takes it. */
  policy?: Partial<Policy>
  /** Random directions of which the worst counts. Default 3. */
  directions?: number
  /** Draws of the noise of which the errors are the root of the mean square. Default 2. */
  draws?: number
  /** The Jacobian is stored and decomposed up to so many entries. Default 2^18: 512 × 512. */
  dense?: number
  /** Golub-Kahan steps for a larger one. Default 60. */
  steps?: number
  /** Of directions and noise. Default random(0). */
  random?: Random
}

const OPTIONS = ['toward', 'policy', 'directions', 'draws', 'dense', 'steps', 'random']

/**
 * How well P can be inverted near x, whatever P is made of: the singular values of its Jacobian, by which the inverse
 * amplifies noise, and the condition number; which rung the target sweep takes; how near its answer comes to targets at
 * growing distances; and from which noise on the exact inverse is worse than a regularised one, and than doing nothing.
 *
 *     const q = inverseQuality(u => diffuse(u, 0.5), x, { toward: another })
 *     q.spectrum.condition            // e^((2π)² ½ · 0.5)
 *     console.log(showQuality(q))
 *
 * All of x is one point: a batch counts as one long vector. The exact answer is P's own rule (of a regularised one on modes
 * of a grid, division by its factors), refined by the newton rung where it is approximate; the regularised one is the
 * stabilised inverse on modes of a grid and elsewhere the most likely x̃ for the noise (`mostLikely`).
 *
 * Throws ShapeError for a `toward` of another shape or none that differs from x, OptionError for settings out of range.
 */
export function inverseQuality(P: (x: Tensor) => Tensor, x: Tensor, options: QualityOptions = {}): InverseQuality {
  const asked = 'inverseQuality'
  checkFunction(asked, P)
  checkTensor(x, asked, 'the point')
  checkOptions(asked, options, OPTIONS)
  const { policy = {}, directions = 3, draws = 2, dense = 2 ** 18, steps = 60, random = stream(0) } = options
  checkNumbers(asked, 'count', { directions, draws, steps })
  checkNumbers(asked, 'limit', { dense })
  if (x.size === 0) throw new ShapeError(asked, `a point of shape ${show(x.shape)}`, 'Give one with entries')
  const other = options.toward ?? nearby(x, random.split('toward'))
  checkTensor(other, asked, 'the other sample')
  const xOther = Float64Array.from(other.data)
  if (!sameShape(other.shape, x.shape) || norm2(minus(xOther, Float64Array.from(x.data))) === 0)
    throw new ShapeError(
      asked,
      sameShape(other.shape, x.shape)
        ? 'another sample that is x itself'
        : `another sample of shape ${show(other.shape)}`,
      `Give one of shape ${show(x.shape)} that differs from x`
    )
  return scoped(() => {
    const point = pointOf(P, x, dense)
    const plan = planOf(P, x, policy)
    const answers = answersOf(point, policy)
    const yOther = Float64Array.from(P(other).data)
    if (!yOther.every(Number.isFinite))
      throw new NonFiniteError(asked, 'NaN or infinity in P of the other sample', 'Give one in the domain of P')
    const refine = plan.some(({ rung }) => rung === 'approximate')
    return {
      inputs: x.size,
      outputs: point.y.length,
      spectrum: jacobianSpectrum(point, random.split('spectrum'), steps),
      plan,
      roundTrip: roundTrips(point, answers, yOther, random.split('directions'), directions, refine),
      noise: noiseLevels(point, answers, xOther, yOther, random.split('noise'), draws)
    }
  })
}

const nearby = (x: Tensor, random: Random): Tensor => {
  const size = 0.1 * (rms(Float64Array.from(x.data)) || 1)
  const n = random.normal(x.shape)
  return mapData(x, (v, i) => v + size * n.data[i])
}

const planOf = (P: (x: Tensor) => Tensor, x: Tensor, policy: Partial<Policy>): QualityRung[] =>
  unseen(() => {
    const { tape, watched, y } = trace('inverseQuality', P, [x], [0])
    const solver = (policy.ladder ?? defaultPolicy.ladder).find(rung => rung.solve)?.name ?? 'none'
    try {
      return planTargets(tape, [y], watched, policy).map(({ ops, sites, decision: d }) => ({
        rung: d.how === 'rule' ? d.rung : d.how === 'choose' ? 'choice' : solver,
        ops,
        sites,
        reason: d.reason
      }))
    } finally {
      tape.dispose()
    }
  })
