import { checkNumbers } from '../core/options.js'
import { mapData, type Tensor, zerosLike } from '../core/tensor.js'
import { checkGradient, checkState, norm, type Optimizer } from './optimizer.js'

export interface AdamOptions {
  /** Step in θ. Default 1e-3. */
  lr?: number
  beta1?: number
  beta2?: number
  /** Default 1e-7, as in the book and in Keras; PyTorch's is 1e-8. */
  eps?: number
  /**
   * Where ε stands. false: m̂/(√v̂ + ε), the paper's algorithm 1 and PyTorch. true: ε̂ beside the uncorrected √v, the
   * paper's remark after algorithm 1 and Keras.
   */
  epsilonHat?: boolean
}

export interface AdamState {
  readonly t: number
  readonly m: Tensor
  readonly v: Tensor
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1): m and v are running means of g and g², corrected for their start at zero, and
 * θ ← θ - lr m̂/(√v̂ + ε). The division by √v̂ takes the scale out of each parameter on its own: a diagonal
 * normalisation, blind to how parameters are coupled.
 */
export function adam({
  lr = 1e-3,
  beta1 = 0.9,
  beta2 = 0.999,
  eps = 1e-7,
  epsilonHat = false
}: AdamOptions = {}): Optimizer<Tensor, AdamState> {
  checkNumbers('adam', 'notNegative', { lr, eps })
  checkNumbers('adam', 'fraction', { beta1, beta2 })
  return {
    name: 'adam',
    needs: 'gradient',
    init: theta => ({ t: 0, m: zerosLike(theta), v: zerosLike(theta) }),
    step(theta, g, state) {
      checkGradient('adam', theta, g)
      checkState('adam', theta, state, ['m', 'v'])
      const t = state.t + 1
      const m = mapData(g, (d, i) => beta1 * state.m.data[i] + (1 - beta1) * d)
      const v = mapData(g, (d, i) => beta2 * state.v.data[i] + (1 - beta2) * d * d)
      const [c1, c2] = [1 - beta1 ** t, 1 - beta2 ** t]
      const delta = mapData(m, (mi, i) =>
        epsilonHat
          ? (lr * (Math.sqrt(c2) / c1) * mi) / (Math.sqrt(v.data[i]) + eps)
          : (lr * (mi / c1)) / (Math.sqrt(v.data[i] / c2) + eps)
      )
      return {
        theta: mapData(theta, (p, i) => p - delta.data[i]),
        delta,
        state: { t, m, v },
        report: { status: 'ok', gradientNorm: norm(g), stepNorm: norm(delta) }
      }
    }
  }
}
