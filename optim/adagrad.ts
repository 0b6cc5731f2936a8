import { checkNumbers } from '../core/options.js'
import type { Tensor } from '../core/tensor.js'
import { type FirstOrderOptions, type FirstOrderState, firstOrder } from './firstOrder.js'
import type { Optimizer } from './optimizer.js'

export interface AdagradOptions extends FirstOrderOptions {
  /** Default 1e-10, PyTorch's; Keras has 1e-7. */
  eps?: number
  /** What the sums start from. Default 0, PyTorch's; Keras has 0.1. */
  initial?: number
}

export type AdagradState = FirstOrderState<'sum'>

/**
 * Adagrad (Duchi, Hazan, Singer 2011, with the diagonal of eq. 1): s ← s + g², θ ← θ - lr g/(√s + ε). Sums, not means: steps
 * shrink like 1/√t, fast for parameters that move often and slowly for rare ones.
 */
export function adagrad(options: AdagradOptions = {}): Optimizer<Tensor, AdagradState> {
  const { eps = 1e-10, initial = 0 } = options
  checkNumbers('adagrad', 'notNegative', { eps, initial })
  return firstOrder(
    {
      name: 'adagrad',
      moments: ['sum'],
      start: initial,
      rule({ d, moments: [sum], from, to }) {
        for (let i = from; i < to; i++) {
          sum[i] += d[i] * d[i]
          // 0/0 where nothing has come yet and ε is 0.
          d[i] = d[i] === 0 ? 0 : d[i] / (Math.sqrt(sum[i]) + eps)
        }
      }
    },
    { lr: 1e-2, ...options }
  )
}
