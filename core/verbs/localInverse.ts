import { InverseError, NonFiniteError } from '../errors.js'
import { checkNumbers } from '../options.js'
import { scoped } from '../scope.js'
import type { Policy } from '../targets/policy.js'
import { targetSweep } from '../targets/targetSweep.js'
import { allFinite, checkLike, type Tensor } from '../tensor.js'
import { trace } from './trace.js'

export interface LocalInverseOptions extends Partial<Policy> {
  /**
   * Largest ‖P(x̃) - ỹ‖ per sample, relative to ‖P(x) - ỹ‖ and rounding; beyond it the verb throws. Default 1e-9; 1e-5
   * where x or ỹ is f32, whose rounding is 6e-8.
   */
  tolerance?: number
}

/**
 * P⁻¹(ỹ; x): the input near x whose output is ỹ, by the target sweep over P recorded at x. Unlike in training it throws
 * InverseError where the target is out of reach, by a chain of blocks and then by all of P as one block; the message holds
 * the report of every rung. Approximate rules are refined by the solvers.
 *
 *     localInverse(square)(tensor([4]), tensor([-1]))   // [-2]
 */
export function localInverse(
  P: (x: Tensor) => Tensor,
  { tolerance: asked, ...policy }: LocalInverseOptions = {}
): (target: Tensor, x: Tensor) => Tensor {
  if (asked !== undefined) checkNumbers('localInverse', 'notNegative', { tolerance: asked })
  return (target, x) =>
    scoped(() => {
      const { tape, watched, y } = trace('localInverse', P, [x], [0])
      checkLike(y, target, 'localInverse', 'a target')
      if (!allFinite(target.data) || !allFinite(x.data))
        throw new NonFiniteError('localInverse', 'NaN or infinity in the target or in x', 'Give finite numbers')
      const { targets, report } = targetSweep(tape, [[y, target]], watched, {
        whole: 'missed',
        refine: true,
        ...policy
      })
      for (const { sample, reason } of report.failed)
        throw new InverseError(
          'localInverse',
          `sample ${sample} has no output near the target: ${reason}\n${report}`,
          'Start nearer, or use targetSweep, which leaves such samples as they are'
        )
      const tolerance = asked ?? (x.dtype === 'f64' && y.dtype === 'f64' ? 1e-9 : 1e-5)
      let scale = 0
      for (const v of target.data) scale = Math.max(scale, Math.abs(v))
      report.mismatch.forEach((m, b) => {
        if (
          !(m < Number.POSITIVE_INFINITY && m <= tolerance * Math.max(report.before[b], 1e-3 * scale, Number.MIN_VALUE))
        )
          throw new InverseError(
            'localInverse',
            `sample ${b} misses the target by ${m.toExponential(2)}, before it was ${report.before[b].toExponential(2)}\n${report}`,
            'The target is out of reach from this x: start nearer, or use targetSweep, which gives the nearest one'
          )
      })
      return targets[0].value
    })
}
