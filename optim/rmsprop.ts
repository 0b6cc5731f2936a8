import { checkFlags, checkNumbers } from '../core/options.js'
import type { Tensor } from '../core/tensor.js'
import { type FirstOrderOptions, type FirstOrderState, firstOrder } from './firstOrder.js'
import type { Optimizer } from './optimizer.js'

export interface RmspropOptions extends FirstOrderOptions {
  /** How slowly the mean of g² forgets. Default 0.99, PyTorch's; Keras has 0.9. */
  rho?: number
  /** Default 1e-8. */
  eps?: number
  /** Divide by the deviation √(v - m²) instead, m the running mean of g (Graves 2013, eq. 38 ff.). */
  centred?: boolean
}

export type RmspropState = FirstOrderState<'v'>

/**
 * RMSprop (Hinton 2012, "Neural Networks for Machine Learning", lecture 6e): v ← ρ v + (1 - ρ) g², θ ← θ - lr g/(√v + ε).
 * The sign of the gradient, averaged over neighbouring batches: Adam without a mean of g and without correction of the start.
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer<Tensor, RmspropState> {
  const { rho = 0.99, eps = 1e-8, centred = false } = options
  checkNumbers('rmsprop', 'fraction', { rho })
  checkNumbers('rmsprop', 'notNegative', { eps })
  checkFlags('rmsprop', { centred })
  return firstOrder(
    {
      name: 'rmsprop',
      moments: (centred ? ['v', 'm'] : ['v']) as 'v'[],
      rule({ d, moments: [v, m], from, to }) {
        for (let i = from; i < to; i++) v[i] = rho * v[i] + (1 - rho) * d[i] * d[i]
        if (!centred) for (let i = from; i < to; i++) d[i] = d[i] === 0 ? 0 : d[i] / (Math.sqrt(v[i]) + eps)
        else
          for (let i = from; i < to; i++) {
            m[i] = rho * m[i] + (1 - rho) * d[i]
            // A variance; rounding can make it negative.
            const deviation = Math.sqrt(Math.max(0, v[i] - m[i] * m[i]))
            d[i] = d[i] === 0 ? 0 : d[i] / (deviation + eps)
          }
      }
    },
    { lr: 1e-2, ...options }
  )
}
