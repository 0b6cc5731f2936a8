import { checkNumbers } from '../core/options.js'
import { Random, type RandomState, random } from '../core/random.js'
import { type Data, Tensor } from '../core/tensor.js'
import {
  arrayLike,
  checkGradient,
  checkInput,
  checkProduct,
  checkState,
  moved,
  norm,
  type Optimizer
} from './optimizer.js'
import { checkRate, type Rate, rateAt } from './schedules.js'
import type { ProductInput } from './truncatedNewton.js'

export interface AdaHessianState {
  readonly t: number
  readonly m: Tensor
  readonly v: Tensor
  /** Where the signs come from. */
  readonly random: RandomState
}

export interface AdaHessianOptions {
  /** Default 0.15, the paper's. */
  lr?: Rate
  beta1?: number
  beta2?: number
  eps?: number
  /** Entries of θ in a row over which |D| is averaged (the paper's spatial averaging, for a kernel's entries). Default 1. */
  block?: number
  /** Of the random signs. Default 0. */
  seed?: number
}

/**
 * AdaHessian (Yao et al. 2021, algorithm 1): Adam with the diagonal of the Hessian in the place of the gradient's size.
 * D = z ∘ Hz with random signs z has the mean diag(H), since E[z_i z_j] is 0 for i ≠ j and z_i² = 1 (Hutchinson's
 * estimate, by Bekas et al. 2007): one product with H a step. Then as in Adam, m the mean of g, v that of D²:
 *
 *     θ ← θ - lr m̂/(√v̂ + ε)
 *
 * a Newton step where H is diagonal, in the units of θ; and blind, as Adam, to how parameters are coupled.
 */
export function adaHessian({
  lr = 0.15,
  beta1 = 0.9,
  beta2 = 0.999,
  eps = 1e-4,
  block = 1,
  seed = 0
}: AdaHessianOptions = {}): Optimizer<ProductInput, AdaHessianState> {
  const name = 'adaHessian'
  checkRate(name, lr)
  checkNumbers(name, 'fraction', { beta1, beta2 })
  checkNumbers(name, 'notNegative', { eps })
  checkNumbers(name, 'count', { block })
  const zeros = (theta: Tensor) => new Tensor(theta.shape, arrayLike(theta))
  return {
    name,
    needs: 'products',
    init: theta => ({ t: 0, m: zeros(theta), v: zeros(theta), random: random(seed).split(name).state }),
    step(theta, input, state) {
      checkInput(name, input, 'the gradient and hessianProduct')
      const g = input.gradient
      checkGradient(name, theta, g)
      checkState(name, theta, state, ['m', 'v'])
      checkProduct(name, input.hessianProduct, 'hessianProduct')
      const stream = Random.restore(state.random)
      const z = arrayLike(theta)
      for (let i = 0; i < z.length; i++) z[i] = stream.next() < 0.5 ? -1 : 1
      const Hz = input.hessianProduct!(new Tensor(theta.shape, z)).data
      const D = averaged(
        z.map((s, i) => Math.abs(s * Hz[i])),
        block
      )
      const t = state.t + 1
      const [m, v] = [arrayLike(theta), arrayLike(theta)]
      const [c1, c2] = [1 - beta1 ** t, 1 - beta2 ** t]
      const direction = new Float64Array(theta.size)
      for (let i = 0; i < m.length; i++) {
        m[i] = beta1 * state.m.data[i] + (1 - beta1) * g.data[i]
        v[i] = beta2 * state.v.data[i] + (1 - beta2) * D[i] * D[i]
        direction[i] = m[i] === 0 ? 0 : m[i] / c1 / (Math.sqrt(v[i] / c2) + eps)
      }
      const end = moved(theta, direction, rateAt(name, lr, state.t))
      return {
        ...end,
        state: { t, m: new Tensor(theta.shape, m), v: new Tensor(theta.shape, v), random: stream.state },
        report: { status: 'ok', gradientNorm: norm(g), stepNorm: norm(end.delta) }
      }
    }
  }
}

/** Means over `block` entries in a row. */
function averaged(a: Data, block: number): Data {
  for (let from = 0; block > 1 && from < a.length; from += block) {
    const part = a.subarray(from, from + block)
    let sum = 0
    for (const x of part) sum += x
    part.fill(sum / part.length)
  }
  return a
}
