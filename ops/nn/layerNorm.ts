import { apply } from '../../core/apply.js'
import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { checkShape, show } from '../../core/shape.js'
import { checkTensor, full, mapData, type Tensor } from '../../core/tensor.js'
import { affine } from './batchNorm.js'
import { type Network, network } from './network.js'
import { checkWeight, normalise } from './normalise.js'
import { normBlock } from './normBlock.js'

export const layerNormOp = normBlock<{ eps: number }>({
  name: 'layerNorm',
  over: 'the last axes of x, those that w and b have',
  rows: 'as usual: every sample has statistics of its own',
  source: 'Ba, Kiros, Hinton 2016, eqs. (3), (4)',
  index: '',
  normalised: (x, w, { eps }) =>
    normalise(
      x,
      w.shape.map((_, k) => k - w.rank),
      eps
    ),
  spread: t => t,
  examples: r => [
    { inputs: [r.normal([3, 4]), r.uniform([4], 0.5, 1.5), r.normal([4])], attrs: { eps: 1e-5 } },
    { inputs: [r.normal([2, 2, 3]), r.uniform([2, 3], 0.5, 1.5), r.normal([2, 3])], attrs: { eps: 1e-5 } },
    { inputs: [r.normal([0, 3]), r.normal([3]), r.normal([3])], attrs: { eps: 1e-5 }, note: 'empty batch' },
    { inputs: [r.normal([3, 1]), r.normal([1]), r.normal([1])], attrs: { eps: 1e-5 }, note: 'size-1 axis' },
    { inputs: [full([2, 3], 0.1), r.normal([3]), r.normal([3])], attrs: { eps: 0.01 }, note: 'constant' },
    {
      inputs: [mapData(r.normal([3, 4]), (v, i) => [1e300, 1, 1e-301][i >> 2] * v), r.normal([4]), r.normal([4])],
      attrs: { eps: 1e-5 },
      extreme: true,
      note: 'a large sample, a small one'
    }
  ]
})

/**
 * Layer normalisation: x [..., ...S], weight and bias [...S] → [..., ...S], statistics over the last axes S.
 * Throws ShapeError where x does not end in S.
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  checkTensor(x, 'layerNorm')
  checkTensor(weight, 'layerNorm', 'its weight')
  checkNumbers('layerNorm', 'notNegative', { eps })
  if (weight.rank === 0 || weight.rank > x.rank)
    throw new ShapeError(
      `layerNorm of ${show(x.shape)}`,
      `a weight of shape ${show(weight.shape)}`,
      'Give it the last axes of x'
    )
  for (const [name, t] of Object.entries({ weight, bias }))
    checkWeight('layerNorm', x, name, t, x.shape.slice(-weight.rank), 'the axes that are normalised')
  return apply(layerNormOp, [x, weight, bias], { eps })
}

/** Layer norm as a layer over last axes of this shape: x [..., ...shape] → the same; `weight` starts at 1, `bias` at 0. */
export function layerNormLayer(shape: number | readonly number[], { eps = 1e-5 }: { eps?: number } = {}): Network {
  const axes = typeof shape === 'number' ? [shape] : shape
  checkShape(axes, 'layerNormLayer')
  checkNumbers('layerNormLayer', 'notNegative', { eps })
  return network(affine(axes), ({ read }, x) => layerNorm(x, read('weight'), read('bias'), eps))
}
