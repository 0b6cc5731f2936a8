import { checkNumbers } from '../core/options.js'
import type { Tensor } from '../core/tensor.js'
import { type FirstOrderOptions, type FirstOrderState, firstOrder } from './firstOrder.js'
import type { Optimizer } from './optimizer.js'

export interface AdadeltaOptions extends FirstOrderOptions {
  /** How slowly both means forget. Default 0.9, PyTorch's; Keras has 0.95. */
  rho?: number
  /** Default 1e-6. It sets the first steps, √ε/√(g² (1 - ρ)) g. */
  eps?: number
}

export type AdadeltaState = FirstOrderState<'v' | 'u'>

/**
 * Adadelta (Zeiler 2012, algorithm 1): v a running mean of g², u one of the steps' squares,
 *
 *     d = √(u + ε)/√(v + ε) g,  θ ← θ - lr d
 *
 * RMSprop's g/√v has no units; a step has those of θ, and so do former steps: their size stands in front. Hence lr = 1.
 */
export function adadelta(options: AdadeltaOptions = {}): Optimizer<Tensor, AdadeltaState> {
  const { rho = 0.9, eps = 1e-6 } = options
  checkNumbers('adadelta', 'fraction', { rho })
  checkNumbers('adadelta', 'positive', { eps })
  return firstOrder(
    {
      name: 'adadelta',
      moments: ['v', 'u'],
      rule({ d, moments: [v, u], from, to }) {
        for (let i = from; i < to; i++) {
          v[i] = rho * v[i] + (1 - rho) * d[i] * d[i]
          d[i] *= Math.sqrt(u[i] + eps) / Math.sqrt(v[i] + eps)
          u[i] = rho * u[i] + (1 - rho) * d[i] * d[i]
        }
      }
    },
    { lr: 1, ...options }
  )
}
