import { apply } from '../../core/apply.js'
import { checkNumbers } from '../../core/options.js'
import { size } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { mapData, type Tensor } from '../../core/tensor.js'
import { affine } from './batchNorm.js'
import { type Network, network } from './network.js'
import { checkChannels, checkGroups, normalise, perChannel } from './normalise.js'
import { normBlock } from './normBlock.js'

export const groupNormOp = normBlock<{ groups: number; eps: number }>({
  name: 'groupNorm',
  over: 'the channels of a group and all positions, per sample',
  rows: 'as usual: every sample has statistics of its own, so it stands in for batchNorm where rows are needed',
  source: 'Wu and He 2018, eqs. (1), (7)',
  index: '_g',
  normalised: (x, _, { groups, eps }) => {
    const [B, ...rest] = x.shape
    return reshape(normalise(reshape(x, [B, groups, size(rest) / groups]), [-1], eps), x.shape)
  },
  spread: perChannel,
  examples: r => [
    { inputs: [r.normal([2, 4, 3]), r.uniform([4], 0.5, 1.5), r.normal([4])], attrs: { groups: 2, eps: 1e-5 } },
    {
      inputs: [r.normal([2, 2, 2, 3]), r.uniform([2], 0.5, 1.5), r.normal([2])],
      attrs: { groups: 2, eps: 1e-5 },
      note: 'a group per channel'
    },
    { inputs: [r.normal([3, 4]), r.normal([4]), r.normal([4])], attrs: { groups: 1, eps: 1e-5 }, note: 'one group' },
    {
      inputs: [r.normal([0, 2, 3]), r.normal([2]), r.normal([2])],
      attrs: { groups: 1, eps: 1e-5 },
      note: 'no samples'
    },
    {
      inputs: [r.normal([2, 2, 1]), r.normal([2]), r.normal([2])],
      attrs: { groups: 1, eps: 1e-5 },
      note: 'size-1 axis'
    },
    {
      inputs: [
        mapData(r.normal([2, 2, 3]), (v, i) => [3e300, 1, 1e-301, 1][Math.floor(i / 3)] * v),
        r.normal([2]),
        r.normal([2])
      ],
      attrs: { groups: 2, eps: 1e-5 },
      extreme: true,
      note: 'a large group, a small one'
    }
  ]
})

/**
 * Group normalisation: x [B, C, ...], weight and bias [C] → [B, C, ...], statistics over each of `groups` groups of
 * neighbouring channels. Throws OptionError where `groups` does not divide C, ShapeError for weights of another size.
 */
export function groupNorm(x: Tensor, groups: number, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  checkChannels('groupNorm', x, { weight, bias }, eps)
  checkGroups('groupNorm', x.shape[1], groups)
  return apply(groupNormOp, [x, weight, bias], { groups, eps })
}

/** Group norm as a layer: x [B, C, ...] → [B, C, ...]; `weight` [C] starts at 1, `bias` [C] at 0. */
export function groupNormLayer(groups: number, channels: number, { eps = 1e-5 }: { eps?: number } = {}): Network {
  checkGroups('groupNormLayer', channels, groups)
  checkNumbers('groupNormLayer', 'notNegative', { eps })
  return network(affine([channels]), ({ read }, x) => groupNorm(x, groups, read('weight'), read('bias'), eps))
}
