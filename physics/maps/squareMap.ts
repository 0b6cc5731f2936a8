import { claim, wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import { ShapeError } from '../../core/errors.js'
import type { Op } from '../../core/op.js'
import { show } from '../../core/shape.js'
import { mapData, tensor } from '../../core/tensor.js'
import { square } from '../../ops/elementwise/square.js'
import { at } from '../../ops/shape/at.js'
import { stack } from '../../ops/shape/concat.js'
import { type Simulator, simulator } from '../simulator.js'

export const squareMapOp: Op<undefined> = defineBlock({
  name: 'squareMap',
  doc: `y = (x0, x1²): the smallest problem in which the spaces x and y differ
  tangent  dy = (dx0, 2 x1 dx1)
  adjoint  (ct0, 2 x1 ct1)
  inverse  local: (ỹ0, ±√ỹ1), the sign that of x1. Trust it everywhere but across x1 = 0; ỹ1 below 0 counts as 0
  domain   x [..., 2]
  cost     one product per sample
  source   the book's "Simple Example comparing Different Optimizers"`,
  tex: {
    y: 'y = (x_0, x_1^2)',
    tangent: String.raw`dy = (dx_0, 2 x_1\,dx_1)`,
    adjoint: String.raw`\bar x = (\bar y_0, 2 x_1 \bar y_1)`,
    inverse: String.raw`\tilde x = (\tilde y_0, \pm\sqrt{\tilde y_1})`
  },
  forward: ([x]) => {
    if (x.shape[x.rank - 1] !== 2) throw new ShapeError('squareMap', `x of shape ${show(x.shape)}`, 'Give x [..., 2]')
    return stack([at(x, 0), square(at(x, 1))])
  },
  inverse: {
    kind: 'local',
    apply: ({ inputs: [x], out }, claimed) => {
      const target = wanted(claimed, out).data
      const root = (v: number, i: number) =>
        target[i] === out.data[i] ? v : (v < 0 ? -1 : 1) * Math.sqrt(Math.max(0, target[i]))
      return [claim(mapData(x, (v, i) => (i % 2 === 0 ? target[i] : root(v, i))))]
    }
  },
  examples: r => [
    { inputs: [r.uniform([3, 2], 0.5, 2)] },
    { inputs: [r.uniform([3, 2], -2, -0.5)], note: 'the other branch' },
    { inputs: [r.uniform([1, 2], 0.5, 2)], note: 'one sample' },
    { inputs: [r.uniform([0, 2])], note: 'no samples' },
    {
      inputs: [
        tensor([
          [1e300, 1e150],
          [-1e-300, 1e-150]
        ])
      ],
      extreme: true
    }
  ]
})

/** (x0, x1²): [..., 2] → [..., 2], with its local inverse. */
export const squareMap: Simulator<undefined> = simulator(squareMapOp)
