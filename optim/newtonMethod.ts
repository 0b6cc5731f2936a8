import { ShapeError } from '../core/errors.js'
import { lstsqMinNorm } from '../core/linalg/lstsq.js'
import { checkNumbers } from '../core/options.js'
import { show } from '../core/shape.js'
import { checkTensor, mapData, type Tensor } from '../core/tensor.js'
import { checkFinite, checkGradient, norm, type Optimizer } from './optimizer.js'

export interface NewtonMethodOptions {
  /** Step in θ: Δθ = -lr H⁻¹ g. */
  lr?: number
  /** Singular values of H at or below rcond times the largest count as zero: no step along them. */
  rcond?: number
}

/**
 * Newton's method: Δθ = -lr H⁻¹ g (the book's "Scale-Invariance and Inversion", eq. 21; there η), by least squares where H
 * is singular, so that flat directions get no step instead of an infinite one. Right in units; but the Hessian of a
 * composition mixes the functions before and after.
 */
export function newtonMethod({
  lr = 1,
  rcond = 1e-12
}: NewtonMethodOptions = {}): Optimizer<{ gradient: Tensor; hessian: Tensor }, null> {
  checkNumbers('newton', 'notNegative', { lr, rcond })
  return {
    name: 'newton',
    needs: 'hessian',
    init: () => null,
    step(theta, input) {
      const { gradient, hessian } = input ?? {}
      checkGradient('newton', theta, gradient)
      checkTensor(hessian, 'a step of newton', 'the Hessian')
      const n = theta.size
      if (hessian.size !== n * n)
        throw new ShapeError(
          'a step of newton',
          `a Hessian of shape ${show(hessian.shape)} for ${n} parameters`,
          'Give hessian(f)(theta)'
        )
      checkFinite('newton', hessian, 'the Hessian')
      const { x, rank } = lstsqMinNorm(Float64Array.from(hessian.data), n, n, Float64Array.from(gradient.data), {
        rcond
      })
      const delta = mapData(theta, (_, i) => lr * x[i])
      return {
        theta: mapData(theta, (v, i) => v - delta.data[i]),
        delta,
        state: null,
        report: { status: rank < n ? 'singular' : 'ok', gradientNorm: norm(gradient), stepNorm: norm(delta) }
      }
    }
  }
}
