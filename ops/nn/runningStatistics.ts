import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { stopGradient } from '../../core/structural/identity.js'
import { mapData, type Tensor } from '../../core/tensor.js'
import { batchStatistics } from './batchNorm.js'

/** Mean and variance `[C]` per batch-norm layer, by the layer's path: the state of running statistics. */
export type Statistics = Readonly<Record<string, { readonly mean: Tensor; readonly variance: Tensor }>>

/**
 * Running statistics after one more batch: s ← (1 - momentum) s + momentum · (that of the batch), with the unbiased
 * variance (n - 1), as PyTorch keeps them. A layer that is new starts at mean 0 and variance 1. Pure, and unrecorded.
 *
 *     const seen: Record<string, Tensor> = {}
 *     const y = net(theta, x, { observe: (path, h) => { seen[path] = keep(h) } })
 *     statistics = runningStatistics(statistics, seen)
 *     net(theta, x, { statistics })                        // use after training
 *
 * `seen`: the input [B, C, ...] of each layer, copied out of the tape or verb that made it. Throws ShapeError where a channel holds a single number.
 */
export function runningStatistics(
  statistics: Statistics,
  seen: Readonly<Record<string, Tensor>>,
  { momentum = 0.1 }: { momentum?: number } = {}
): Statistics {
  checkNumbers('runningStatistics', 'notNegative', { momentum })
  const next = { ...statistics }
  for (const path in seen) {
    const batch = batchStatistics(stopGradient(seen[path]))
    const n = seen[path].size / seen[path].shape[1]
    if (n < 2)
      throw new ShapeError(
        `runningStatistics of layer '${path}'`,
        `an input of shape ${show(seen[path].shape)}, one number per channel`,
        'An unbiased variance needs two: give more samples or positions'
      )
    const old = statistics[path]
    const blend = (now: Tensor, before: Tensor | undefined, start: number, factor: number) =>
      mapData(now, (v, i) => (1 - momentum) * (before ? before.data[i] : start) + momentum * factor * v)
    next[path] = {
      mean: blend(batch.mean, old?.mean, 0, 1),
      variance: blend(batch.variance, old?.variance, 1, n / (n - 1))
    }
  }
  return next
}
