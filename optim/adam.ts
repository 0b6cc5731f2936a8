import { checkFlags, checkNumbers } from '../core/options.js'
import type { Tensor } from '../core/tensor.js'
import { type FirstOrderOptions, type FirstOrderState, firstOrder } from './firstOrder.js'
import type { Optimizer } from './optimizer.js'

export interface AdamOptions extends FirstOrderOptions {
  beta1?: number
  beta2?: number
  /** Default 1e-7, as in the book and in Keras; PyTorch's is 1e-8. */
  eps?: number
  /**
   * Where ε stands. false: m̂/(√v̂ + ε), the paper's algorithm 1 and PyTorch. true: ε̂ beside the uncorrected √v, the
   * paper's remark after algorithm 1 and Keras.
   */
  epsilonHat?: boolean
  /** Divide by the largest v so far instead of v (Reddi et al. 2018): a rare large gradient is not forgotten. */
  amsgrad?: boolean
}

export type AdamState = FirstOrderState<'m' | 'v'>

/**
 * Adam (Kingma and Ba 2015, algorithm 1): running means m of g and v of g², both from zero. After t steps the weights of a
 * mean add up to 1 - β^t, so m̂ = m/(1 - β1^t) and v̂ = v/(1 - β2^t) are means that do not lean towards that zero, and
 *
 *     θ ← θ - lr m̂/(√v̂ + ε)
 *
 * The division by √v̂ takes the scale out of each parameter on its own: a diagonal normalisation, blind to how parameters
 * are coupled. The step has no units: lr is what a parameter moves by.
 */
export function adam(options: AdamOptions = {}): Optimizer<Tensor, AdamState> {
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-7, epsilonHat = false, amsgrad = false } = options
  checkNumbers('adam', 'notNegative', { eps })
  checkNumbers('adam', 'fraction', { beta1, beta2 })
  checkFlags('adam', { epsilonHat, amsgrad })
  return firstOrder(
    {
      name: 'adam',
      moments: (amsgrad ? ['m', 'v', 'vMax'] : ['m', 'v']) as ('m' | 'v')[],
      rule({ t, d, moments: [m, v, vMax], from, to }) {
        for (let i = from; i < to; i++) {
          m[i] = beta1 * m[i] + (1 - beta1) * d[i]
          v[i] = beta2 * v[i] + (1 - beta2) * d[i] * d[i]
        }
        if (amsgrad) for (let i = from; i < to; i++) vMax[i] = Math.max(vMax[i], v[i])
        const seen = amsgrad ? vMax : v
        // m̂/(√v̂ + ε) = (m/c1)/(√v/√c2 + ε), and with ε̂: (√c2/c1) m/(√v + ε̂).
        const c1 = 1 - beta1 ** t
        const root = Math.sqrt(1 - beta2 ** t)
        const [above, below] = epsilonHat ? [root / c1, 1] : [1 / c1, 1 / root]
        // Nothing has come yet: 0, also where ε is 0.
        for (let i = from; i < to; i++) d[i] = m[i] === 0 ? 0 : (above * m[i]) / (below * Math.sqrt(seen[i]) + eps)
      }
    },
    options
  )
}

/** Adam with decoupled weight decay, 0.01 by default (Loshchilov & Hutter 2019, algorithm 2): θ ← θ - lr (m̂/(√v̂ + ε) + λθ). */
export const adamW = (options: Omit<AdamOptions, 'decoupled'> = {}): Optimizer<Tensor, AdamState> => ({
  ...adam({ weightDecay: 0.01, ...options, decoupled: true }),
  name: 'adamW'
})

/** Adam that divides by the largest v̂ so far (Reddi, Kale, Kumar 2018, algorithm 2), without which it need not converge. */
export const amsgrad = (options: Omit<AdamOptions, 'amsgrad'> = {}): Optimizer<Tensor, AdamState> => ({
  ...adam({ ...options, amsgrad: true }),
  name: 'amsgrad'
})
