import { apply } from '../../core/apply.js'
import { defineBlock } from '../../core/defineBlock.js'
import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { div } from '../elementwise/div.js'
import { sqrt } from '../elementwise/sqrt.js'
import { sub } from '../elementwise/sub.js'
import { mean } from '../reductions/mean.js'
import { variance } from '../reductions/variance.js'

interface BatchNormAttrs {
  eps: number
}

/** All axes but the channels', which are axis 1. */
const others = (x: Tensor): number[] => x.shape.map((_, k) => k).filter(k => k !== 1)
const perChannel = (t: Tensor, x: Tensor): Tensor => reshape(t, [t.size, ...Array<number>(x.rank - 2).fill(1)])

/** Mean and (biased) variance of each channel over the batch and all positions, `[C]`. */
export function batchStatistics(x: Tensor): { mean: Tensor; variance: Tensor } {
  checkNorm(x, {}, 0)
  return { mean: mean(x, others(x)), variance: variance(x, others(x)) }
}

export const batchNormOp = defineBlock<BatchNormAttrs>({
  name: 'batchNorm',
  doc: `y = w (x - μ_c)/√(σ²_c + ε) + b, μ_c and σ²_c (biased) over the batch and all positions of channel c
  rules    follow from its composition
  rows     none: the statistics mix samples, so per-sample Jacobians do not exist through it
  source   Ioffe and Szegedy 2015, algorithm 1`,
  forward: ([x, w, b], { eps }) => {
    const axes = others(x)
    const deviation = sqrt(add(variance(x, axes, true), eps))
    return add(mul(sub(x, mean(x, axes, true)), div(perChannel(w, x), deviation)), perChannel(b, x))
  },
  examples: r => [
    { inputs: [r.normal([4, 2]), r.uniform([2], 0.5, 1.5), r.normal([2])], attrs: { eps: 1e-5 } },
    { inputs: [r.normal([2, 2, 2, 3]), r.uniform([2], 0.5, 1.5), r.normal([2])], attrs: { eps: 1e-5 } }
  ]
})

/** Batch normalisation with the statistics of this batch: x [B, C, ...], weight and bias [C]. */
export function batchNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  checkNorm(x, { weight, bias }, eps)
  return apply(batchNormOp, [x, weight, bias], { eps })
}

function checkNorm(x: Tensor, perChannel: Record<string, Tensor>, eps: number): void {
  checkTensor(x, 'batchNorm')
  checkNumbers('batchNorm', 'notNegative', { eps })
  if (x.rank < 2) throw new ShapeError(`batchNorm of ${show(x.shape)}`, 'no axis of channels', 'Give [B, C, ...]')
  for (const name in perChannel) {
    checkTensor(perChannel[name], 'batchNorm', `its ${name}`)
    if (perChannel[name].size !== x.shape[1])
      throw new ShapeError(
        `batchNorm of ${show(x.shape)}`,
        `a ${name} of shape ${show(perChannel[name].shape)} for ${x.shape[1]} channels`,
        `Give [${x.shape[1]}], a number per channel`
      )
  }
}

/** The same with given statistics (`[C]`, the running ones): for use after training; every sample on its own. */
export function batchNormFixed(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  statistics: { mean: Tensor; variance: Tensor },
  eps = 1e-5
): Tensor {
  checkNorm(x, { weight, bias, mean: statistics?.mean, variance: statistics?.variance }, eps)
  const scale = div(weight, sqrt(add(statistics.variance, eps)))
  return add(mul(sub(x, perChannel(statistics.mean, x)), perChannel(scale, x)), perChannel(bias, x))
}
