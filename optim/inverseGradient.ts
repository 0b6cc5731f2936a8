import { lstsq } from '../core/linalg/lstsq.js'
import { checkNumbers } from '../core/options.js'
import { unseen } from '../core/tape.js'
import { checkEvaluation, type Evaluation } from './evaluation.js'
import { lossTarget } from './lossTarget.js'
import { checkTheta, moved, norm, type Optimizer } from './optimizer.js'
import { checkRate, type Rate, rateAt } from './schedules.js'

export interface InverseGradientOptions {
  /** Step in y: Δy = η times the loss's Newton step. Default 1. */
  eta?: number
  /** Step in θ. Default 1. */
  lr?: Rate
  /** Singular values at or below rcond times the largest count as zero. Default 1e-10. */
  rcond?: number
}

/**
 * Inverse gradients: Δθ = (∂θ/∂y) Δy, by the inverse of the Jacobian, least squares where it is not square (the book,
 * "Scale-Invariance and Inversion", "Inverse gradients"). The step is set by what is wanted of the output, Δy, here the
 * Newton step of the loss in y; its units are those of θ, it does not vanish near the optimum, and to first order it
 * changes y by Δy whatever came before. It is the linear part of what SIP does with an inverse function. The model shows y: `{ loss, y }`.
 */
export function inverseGradient({
  eta = 1,
  lr = 1,
  rcond = 1e-10
}: InverseGradientOptions = {}): Optimizer<Evaluation, number> {
  const name = 'inverseGradient'
  checkNumbers(name, 'finite', { eta })
  checkNumbers(name, 'notNegative', { rcond })
  checkRate(name, lr)
  return {
    name,
    needs: 'targets',
    init: () => 0,
    step(theta, e, k) {
      checkTheta(name, theta)
      checkEvaluation(name, e)
      const { tape, loss } = e.record()
      const { y } = e
      const [, { value, weight }] = unseen(() => lossTarget(tape, loss, { y, eta }))
      const dy = Float64Array.from(y.data, (v, i) => (weight && weight.data[i] === 0 ? 0 : v - value.data[i]))
      const m = y.size
      const P = theta.size
      const J = Float64Array.from(e.J.data)
      if (weight) for (let i = 0; i < m; i++) if (weight.data[i] === 0) J.fill(0, i * P, (i + 1) * P)
      const { x, rank } = lstsq(J, m, P, dy, { rcond })
      const end = moved(theta, x, rateAt(name, lr, k ?? 0))
      return {
        ...end,
        state: (k ?? 0) + 1,
        report: {
          status: rank < Math.min(m, P) ? 'singular' : 'ok',
          gradientNorm: norm(e.gradient),
          stepNorm: norm(end.delta)
        }
      }
    }
  }
}
