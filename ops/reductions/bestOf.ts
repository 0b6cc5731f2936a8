import { gpuMap2 } from '../../core/backends/gpu/kernels.js'
import type { Data } from '../../core/backends/plain/data.js'
import { stretch } from '../../core/claim.js'
import { reduction } from '../../core/families/reduction.js'
import type { Op } from '../../core/op.js'
import type { Shape } from '../../core/shape.js'
import { type ReduceAttrs, sum } from '../../core/structural/sum.js'
import { mapData, type Tensor, tensor } from '../../core/tensor.js'
import { div } from '../elementwise/div.js'

export interface BestOf {
  name: string
  /** What wins: 'largest' or 'smallest'. */
  wins: 'largest' | 'smallest'
  kernel(x: Data, y: Data, shape: Shape, keep: readonly boolean[]): void
  /** The same on a GPU. */
  gpu(x: Tensor, keep: readonly boolean[], shape: Shape): Tensor
}

function hits(x: Tensor, y: Tensor): Tensor {
  const best = stretch(y, x.shape)
  return mapData(x, (v, i) => (v === best.data[i] ? 1 : 0))
}

/** The family of max and min: y is one of the entries, and where several are equal each counts alike, as in PyTorch's amax. */
export function bestOf({ name, wins, kernel, gpu }: BestOf): Op<ReduceAttrs> {
  const bound = wins === 'largest' ? Math.min : Math.max
  const [best, other] = wins === 'largest' ? ['max', 'min'] : ['min', 'max']
  return reduction({
    name,
    doc: `y = the ${wins} x_i over axes; NaN where one of them is NaN
  tangent  dy = the mean of dx_i over all i with x_i = y
  adjoint  ct/n to each of the n entries with x_i = y, 0 to the others
  inverse  the entries that are y become ỹ; of the others those that would win over ỹ become ỹ too, the rest stays
  domain   at least one entry
  cost     one comparison per entry
  caveats  ties: all of them move together, and the tangent is that of such a move`,
    tex: {
      y: String.raw`y = \operatorname{${best}}_i x_i`,
      slope: String.raw`\frac{[x_i = y]}{\#\{j : x_j = y\}}`,
      inverse: String.raw`\tilde x_i = \tilde y \text{ where } x_i = y,\; \operatorname{${other}}(x_i, \tilde y) \text{ elsewhere}`
    },
    kernel,
    gpu,
    // A constant: which entries win does not change when they move a little.
    slope: (x, y, { axes }) => {
      const hit = gpuMap2(x, y, 'a === b ? 1 : 0') ?? hits(x, y)
      return div(hit, sum(hit, axes, true))
    },
    least: () => 1,
    inverse: {
      kind: 'local',
      at: (x, target, y) => {
        for (let i = 0; i < x.length; i++) x[i] = x[i] === y ? target : bound(x[i], target)
      }
    },
    examples: r => [
      { inputs: [r.normal([2, 3, 4])], attrs: { axes: [-2], keepDims: false } },
      { inputs: [r.normal([2, 3])], attrs: { axes: [-2, -1], keepDims: true } },
      { inputs: [r.normal([3, 1])], attrs: { axes: [-1], keepDims: false }, note: 'size-1 axis' },
      {
        inputs: [
          tensor([
            [1, 3, 3, 0],
            [2, 2, 2, 2]
          ])
        ],
        attrs: { axes: [-1], keepDims: false },
        smooth: false,
        note: 'ties'
      },
      { inputs: [tensor([-1e300, 1e-300, 1e300])], attrs: { axes: [-1], keepDims: false }, extreme: true },
      { inputs: [r.normal([0, 3])], attrs: { axes: [-1], keepDims: false }, note: 'empty axis' },
      { inputs: [r.normal([])], attrs: { axes: [], keepDims: false }, note: 'scalar' }
    ]
  })
}
