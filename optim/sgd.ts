import { checkNumbers } from '../core/options.js'
import { mapData, type Tensor } from '../core/tensor.js'
import { checkGradient, checkState, norm, type Optimizer } from './optimizer.js'

export interface SgdOptions {
  lr: number
  /** μ: the step goes along b ← μ b + g, b = g at first. */
  momentum?: number
  /** Along g + μ b instead. */
  nesterov?: boolean
}

export interface SgdState {
  readonly velocity: Tensor | null
}

/**
 * Gradient descent, θ ← θ - lr g, on whatever batch the gradient comes from; with momentum as PyTorch has it (b without
 * the factor 1 - μ). Its step has the units of 1/θ (the book, "Units"): one lr cannot suit parameters in different units.
 */
export function sgd(
  { lr, momentum = 0, nesterov = false }: SgdOptions = {} as SgdOptions
): Optimizer<Tensor, SgdState> {
  checkNumbers('sgd', 'notNegative', { lr, momentum })
  return {
    name: 'sgd',
    needs: 'gradient',
    init: () => ({ velocity: null }),
    step(theta, g, state) {
      checkGradient('sgd', theta, g)
      checkState('sgd', theta, state, ['velocity'])
      const { velocity } = state
      // The state is an array of its own: a gradient's buffer may be used again.
      const b = momentum === 0 ? g : mapData(g, velocity ? (v, i) => momentum * velocity.data[i] + v : v => v)
      const along = nesterov ? mapData(g, (v, i) => v + momentum * b.data[i]) : b
      const delta = mapData(along, v => lr * v)
      return {
        theta: mapData(theta, (v, i) => v - delta.data[i]),
        delta,
        state: { velocity: momentum === 0 ? null : b },
        report: { status: 'ok', gradientNorm: norm(g), stepNorm: norm(delta) }
      }
    }
  }
}
