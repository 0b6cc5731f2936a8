import { apply } from '../../core/apply.js'
import { defineBlock } from '../../core/defineBlock.js'
import { ShapeError } from '../../core/errors.js'
import { powerOfTwoScale } from '../../core/linalg/scaling.js'
import { checkNumbers } from '../../core/options.js'
import { show, size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, mapData, Tensor, tensor } from '../../core/tensor.js'
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
  tangent  dy = w/s (dx - mean dx - z mean(z dx)) + z dw + db, z = (x - μ)/s, s = √(σ² + ε), means over the channel
  adjoint  w/s (ct - mean ct - z mean(z ct)) to x, Σ z ct to w, Σ ct to b
  inverse  not declared: shift and scale of a channel are lost; the target sweep solves the block
  rows     none: the statistics mix samples, so per-sample Jacobians do not exist through it
  domain   x [B, C, ...] with at least one entry per channel
  caveats  with ε = 0 a channel of equal entries is 0/0
  cost     about 10 flops per entry of x
  source   Ioffe and Szegedy 2015, algorithm 1`,
  tex: {
    y: String.raw`y = w z + b,\; z = \frac{x - \mu_c}{\sqrt{\sigma_c^2 + \varepsilon}}`,
    tangent: String.raw`dy = \frac{w}{s}(dx - \langle dx \rangle - z \langle z\,dx \rangle) + z\,dw + db,\; s = \sqrt{\sigma_c^2 + \varepsilon}`,
    adjoint: String.raw`\bar x = \frac{w}{s}(\bar y - \langle \bar y \rangle - z \langle z \bar y \rangle),\; \bar w = \textstyle\sum z \bar y,\; \bar b = \textstyle\sum \bar y`
  },
  forward: ([x, w, b], { eps }) => {
    const axes = others(x)
    const shifted = sub(x, mean(x, axes, true))
    // Channels whose squares would overflow in units of their own, on which y does not depend.
    const unit = unitsOf(shifted)
    const centred = unit ? div(shifted, unit) : shifted
    const floor = unit ? mapData(unit, u => eps / u / u) : eps
    const deviation = sqrt(add(variance(centred, axes, true), floor))
    return add(mul(centred, div(perChannel(w, x), deviation)), perChannel(b, x))
  },
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

/** Per channel 1, or a power of two where the square of its largest entry is out of range; undefined if all are 1. */
function unitsOf(t: Tensor): Tensor | undefined {
  const limit = t.dtype === 'f64' ? 2 ** 500 : 2 ** 60
  if (t.data.every(v => Math.abs(v) < limit)) return undefined
  const largest = new Float64Array(t.shape[1])
  const inner = size(t.shape.slice(2))
  t.data.forEach((v, i) => {
    const c = Math.floor(i / inner) % largest.length
    largest[c] = Math.max(largest[c], Math.abs(v))
  })
  const units = largest.map(v => (v > limit && v < Infinity ? powerOfTwoScale(v) : 1))
  return perChannel(new Tensor([units.length], t.dtype === 'f64' ? units : Float32Array.from(units)), t)
}

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
