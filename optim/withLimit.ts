import { OptionError } from '../core/errors.js'
import { checkNumbers, checkOptions, describe } from '../core/options.js'
import { mapData } from '../core/tensor.js'
import { norm, type Optimizer, type StepReport } from './optimizer.js'

export interface LimitOptions {
  /** No step is longer than this, ‖Δθ‖, in units of θ. */
  stepNorm: number
}

/**
 * Any method whose length is its own, its steps held to ‖Δθ‖ ≤ stepNorm: longer ones are shortened, the direction stays.
 *
 *     Δθ ← Δθ min(1, stepNorm / ‖Δθ‖)
 *
 *     withLimit(hig(), { stepNorm: 0.1 })
 *     withLimit(newtonMethod(), { stepNorm: 1 })
 *
 * What clipping the gradient (`clipNorm` of the first-order methods) is for where a step follows the gradient. A method that
 * divides by curvature or by singular values makes its longest steps of small gradients, so that there the step is what has to be held. Methods
 * of secants (BFGS, L-BFGS) learn from the step that was taken. Those that search for their length, or have a region of
 * trust, refuse: they have tried the step that they return.
 *
 * Throws OptionError for such a method, and unless stepNorm is positive.
 */
export function withLimit<I, S, R extends StepReport>(
  method: Optimizer<I, S, R>,
  options: LimitOptions
): Optimizer<I, S, R> {
  if (typeof method?.step !== 'function')
    throw new OptionError('withLimit', `${describe(method)} as the method`, 'Give a method, such as hig()')
  if (method.needs === 'search')
    throw new OptionError(
      `withLimit of ${method.name}`,
      'it looks for its length itself',
      'Limit the search, or the region of trust, by its own options'
    )
  checkOptions('withLimit', options, ['stepNorm'])
  const { stepNorm } = options
  checkNumbers('withLimit', 'positive', { stepNorm })
  return {
    ...method,
    name: `${method.name} with limit`,
    step(theta, input, state, given) {
      const whole = method.step(theta, input, state, given)
      const length = norm(whole.delta)
      if (!(length > stepNorm)) return whole
      const delta = mapData(whole.delta, v => v * (stepNorm / length))
      return {
        ...whole,
        delta,
        theta: mapData(theta, (v, i) => v - delta.data[i]),
        report: { ...whole.report, status: 'truncated', stepNorm: norm(delta) }
      }
    }
  }
}
