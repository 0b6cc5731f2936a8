import { checkFlags, checkNumbers } from '../core/options.js'
import type { Tensor } from '../core/tensor.js'
import { type FirstOrderOptions, type FirstOrderState, firstOrder } from './firstOrder.js'
import type { Optimizer } from './optimizer.js'
import { checkRate, type Rate } from './schedules.js'

export interface SgdOptions extends FirstOrderOptions {
  lr: Rate
  /** μ: the step goes along b ← μ b + g, b = g at first. */
  momentum?: number
  /** Along g + μ b instead. */
  nesterov?: boolean
}

export type SgdState = FirstOrderState<'velocity'>

/**
 * Gradient descent, θ ← θ - lr g, on whatever batch the gradient comes from. Its step has the units of 1/θ (the book,
 * "Units"): one lr cannot suit parameters in different units.
 *
 * With `momentum` the heavy ball (Polyak 1964) as PyTorch has it: b ← μ b + g without the factor 1 - μ, and lr outside of b,
 * so that a schedule acts at once; along a slope that stays the same the step grows to lr g/(1 - μ). `nesterov`: the
 * gradient is meant where the momentum is about to carry θ; written at the point already looked ahead to, as
 * Sutskever et al. (2013) do, that is a step along g + μ b.
 */
export function sgd(options: SgdOptions = {} as SgdOptions): Optimizer<Tensor, SgdState> {
  const { momentum = 0, nesterov = false } = options
  checkRate('sgd', options.lr)
  checkNumbers('sgd', 'notNegative', { momentum })
  checkFlags('sgd', { nesterov })
  return firstOrder(
    {
      name: 'sgd',
      moments: momentum === 0 ? [] : ['velocity'],
      rule({ d, moments: [b], from, to }) {
        if (momentum === 0) return
        for (let i = from; i < to; i++) b[i] = momentum * b[i] + d[i]
        if (nesterov) for (let i = from; i < to; i++) d[i] += momentum * b[i]
        else for (let i = from; i < to; i++) d[i] = b[i]
      }
    },
    options
  )
}
