import type { StepOf } from '../core/check/scaleCheck.js'
import { mul } from '../core/structural/mul.js'
import { reshape } from '../core/structural/reshape.js'
import { onesLike, type Tensor } from '../core/tensor.js'
import { l2 } from '../ops/loss/l2.js'
import { evaluate } from './evaluation.js'
import type { Optimizer } from './optimizer.js'
import { feed } from './withSearch.js'

/**
 * The first step of any method towards P(x) = target, L = ½|P(x) - target|², x itself in the place of θ. What its length
 * has to do with units, scaleCheck says:
 *
 *     scaleCheck(firstStep(adam()))          // p ≈ 0, q ≈ 0
 *
 * P: [B, n] → [B, m]; x `[1, n]`, target `[1, m]`. What is subtracted from x, as `[1, n]`.
 */
export const firstStep =
  (method: Optimizer<any, any>): StepOf =>
  (P, x, target) => {
    // θ has no sample axis; the sample that it makes has one.
    const theta = reshape(x, [x.size])
    const model = (th: Tensor) => {
      const sample = mul(onesLike(x), th)
      const y = P(sample)
      return { loss: l2(y, target), y, x: sample }
    }
    using e = evaluate(model, theta)
    return reshape(method.step(theta, feed(method, e), method.init(theta)).delta, x.shape)
  }
