import { apply } from '../../core/apply.js'
import * as kernels from '../../core/backends/kernels.js'
import { OptionError } from '../../core/errors.js'
import { allocUnset } from '../../core/memory.js'
import type { Op } from '../../core/op.js'
import { checkNumbers } from '../../core/options.js'
import { size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { activeTapes } from '../../core/tape.js'
import { Tensor, tensor } from '../../core/tensor.js'
import { div } from '../elementwise/div.js'
import { sqrt } from '../elementwise/sqrt.js'
import { sub } from '../elementwise/sub.js'
import { mean } from '../reductions/mean.js'
import { variance } from '../reductions/variance.js'
import { constant } from './initialisers.js'
import { type Network, network } from './network.js'
import { checkChannels, normalise, perChannel } from './normalise.js'
import { normBlock } from './normBlock.js'

/** All axes but the channels', which are axis 1. */
const others = (x: Tensor): number[] => x.shape.map((_, k) => k).filter(k => k !== 1)

/** Mean and (biased) variance of each channel over the batch and all positions, `[C]`. */
export function batchStatistics(x: Tensor): { mean: Tensor; variance: Tensor } {
  checkChannels('batchStatistics', x, {}, 0)
  return { mean: mean(x, others(x)), variance: variance(x, others(x)) }
}

const composed = normBlock<{ eps: number }>({
  name: 'batchNorm',
  over: 'the batch and all positions of a channel',
  rows: 'none: the statistics mix samples, so per-sample Jacobians do not exist through it',
  source: 'Ioffe and Szegedy 2015, algorithm 1',
  index: '_c',
  normalised: (x, _, { eps }) => normalise(x, others(x), eps),
  spread: perChannel,
  examples: r => [
    { inputs: [r.normal([4, 2]), r.uniform([2], 0.5, 1.5), r.normal([2])], attrs: { eps: 1e-5 } },
    { inputs: [r.normal([2, 2, 2, 3]), r.uniform([2], 0.5, 1.5), r.normal([2])], attrs: { eps: 1e-5 } },
    {
      inputs: [r.normal([3, 1, 1]), r.uniform([1], 0.5, 1.5), r.normal([1])],
      attrs: { eps: 1e-5 },
      note: 'size-1 axes'
    },
    { inputs: [r.normal([2, 0]), r.normal([0]), r.normal([0])], attrs: { eps: 1e-5 }, note: 'no channels' },
    {
      inputs: [
        tensor([
          [1e300, 1e-300],
          [-2e300, -2e-300],
          [2e300, 5e-300]
        ]),
        tensor([1, 1]),
        tensor([0, 0])
      ],
      attrs: { eps: 1e-5 },
      extreme: true
    }
  ]
})

/** Positions of a channel in a sample: x is [B, C, n]. */
const positions = (x: Tensor): number => size(x.shape.slice(2))

/**
 * The block, with forward and adjoint as one kernel each: a network spends half of its time in the twenty passes of the
 * composition. The composition says what it is, gives the tangent, and every derivative of the adjoint: where a tape
 * records the adjoint, and where squares leave the range, it runs instead.
 */
export const batchNormOp: Op<{ eps: number }> = {
  ...composed,
  device: (inputs, attrs, shape, saved) => composed.forward(inputs, attrs, shape, saved),
  forward(inputs, attrs, shape, saved) {
    const [x, weight, bias] = inputs
    checkChannels('batchNorm', x, { weight, bias }, attrs.eps)
    const y = allocUnset(x.size, x.dtype)
    const statistics =
      x.size > 0 ? kernels.batchNorm(x.data, weight.data, bias.data, y, x.shape[0], positions(x), attrs.eps) : undefined
    if (!statistics) return composed.forward(inputs, attrs, shape, saved)
    saved.statistics = statistics
    return new Tensor(x.shape, y)
  },
  vjp(ct, v) {
    const { statistics } = v.saved
    if (!statistics || v.lead > 0 || activeTapes().length > 0) return composed.vjp(ct, v)
    const [x, w] = v.x
    const [dx, dw, db] = v.x.map(t => new Tensor(t.shape, allocUnset(t.size, t.dtype)))
    kernels.batchNormAdjoint(x.data, w.data, ct.data, statistics, positions(x), dx.data, dw.data, db.data)
    return [dx, dw, db]
  }
}

/**
 * Batch normalisation with the statistics of this batch: x [B, C, ...], weight and bias [C] → [B, C, ...].
 * Throws ShapeError for an x without channels and weights of another size.
 */
export function batchNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  checkChannels('batchNorm', x, { weight, bias }, eps)
  return apply(batchNormOp, [x, weight, bias], { eps })
}

/** The same with given statistics (`[C]`, the running ones): for use after training; every sample on its own. */
export function batchNormFixed(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  statistics: { mean: Tensor; variance: Tensor },
  eps = 1e-5
): Tensor {
  checkChannels('batchNormFixed', x, { weight, bias, mean: statistics?.mean, variance: statistics?.variance }, eps)
  const scale = div(weight, sqrt(add(statistics.variance, eps)))
  return add(mul(sub(x, perChannel(statistics.mean, x)), perChannel(scale, x)), perChannel(bias, x))
}

/**
 * Batch norm as a layer: x [B, C, ...] → [B, C, ...]; `weight` [C] starts at 1, `bias` [C] at 0. Normalises with the
 * statistics of the batch, or, where the context has `statistics`, with those of its own path; `observe` sees its input.
 *
 * Throws OptionError where statistics are given and its own are not among them.
 */
export function batchNormLayer(channels: number, { eps = 1e-5 }: { eps?: number } = {}): Network {
  checkNumbers('batchNormLayer', 'count', { channels })
  checkNumbers('batchNormLayer', 'notNegative', { eps })
  return network(affine([channels]), ({ path, context, read }, x) => {
    context.observe?.(path, x)
    const { statistics } = context
    if (!statistics) return batchNorm(x, read('weight'), read('bias'), eps)
    if (!statistics[path])
      throw new OptionError(
        'batchNormLayer',
        `no statistics of layer '${path}'`,
        'Give mean and variance of every batch norm'
      )
    return batchNormFixed(x, read('weight'), read('bias'), statistics[path], eps)
  })
}

/** Weight and bias of a norm. */
export const affine = (shape: readonly number[]) => ({
  weight: { shape, init: constant(1) },
  bias: { shape, init: constant(0) }
})
