import { apply } from '../../core/apply.js'
import { weightedMatrix } from '../../core/backends/plain/sparseAlong.js'
import { type AlongAxisAttrs, alongAxis } from '../../core/families/alongAxis.js'
import type { Op } from '../../core/op.js'
import { Tensor } from '../../core/tensor.js'
import type { PerAxis } from './geometry.js'
import { type PoolAttrs, poolSettings } from './maxPool.js'

interface AvgPoolAttrs extends AlongAxisAttrs {
  readonly window: number
  readonly stride: number
}

export const avgPoolOp: Op<AvgPoolAttrs> = alongAxis<AvgPoolAttrs>({
  name: 'avgPool',
  doc: `y[X] = the mean of x[X s + j], j < window, along one axis
  tangent  dy = the means of dx
  adjoint  ct / window to each entry of its window
  inverse  the smallest change x̃ = x + M⁺ (ỹ - y): where windows do not overlap, the difference added to each entry
  cost     window flops per output entry`,
  tex: {
    y: String.raw`y_X = \tfrac1n \sum_{j<n} x_{sX+j}`,
    tangent: String.raw`dy_X = \tfrac1n \sum_{j<n} dx_{sX+j}`,
    adjoint: String.raw`\bar x_i = \tfrac1n \sum_{i - sX < n} \bar y_X`,
    inverse: String.raw`\tilde x = x + M^{+}(\tilde y - y)`
  },
  kind: 'exact',
  matrix: (length, { window, stride }) => {
    const share = 1 / window
    const rows = Array.from({ length: Math.floor((length - window) / stride) + 1 }, (_, i) =>
      Array.from({ length: window }, (_, j) => [i * stride + j, share] as const)
    )
    return weightedMatrix(rows, length)
  },
  examples: r => [
    { inputs: [r.normal([2, 4])], attrs: { axis: -1, window: 2, stride: 2 } },
    { inputs: [r.normal([2, 5, 2])], attrs: { axis: -2, window: 3, stride: 1 }, note: 'overlapping windows' },
    { inputs: [r.normal([2, 5])], attrs: { axis: -1, window: 1, stride: 2 }, note: 'stride beyond the window' },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, window: 3, stride: 3 }, note: 'one window; axis 0' },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, window: 1, stride: 1 }, note: 'an axis of length 1' },
    { inputs: [r.normal([0, 4])], attrs: { axis: -1, window: 2, stride: 2 }, note: 'empty batch' },
    {
      inputs: [new Tensor([4], Float64Array.of(1e300, -1.5e300, 2e-300, 1e-300))],
      attrs: { axis: -1, window: 2, stride: 2 },
      extreme: true,
      note: 'ends of the range'
    }
  ]
})

const avgPool =
  (n: number) =>
  (x: Tensor, window: PerAxis, stride: PerAxis = window): Tensor => {
    const settings: PoolAttrs = poolSettings(`avgPool${n}d`, x, n, window, stride)
    return settings.window.reduce(
      (h, m, d) =>
        m * settings.stride[d] === 1
          ? h
          : apply(avgPoolOp, [h], { axis: d - n, window: m, stride: settings.stride[d] }),
      x
    )
  }

/**
 * The mean of each window of the last axis: x [..., L] → [..., ⌊(L - window) / stride⌋ + 1]. Windows lie side by side by
 * default, and entries that fill no window are left away. Throws ShapeError for a window larger than the axis.
 */
export const avgPool1d: (x: Tensor, window: PerAxis, stride?: PerAxis) => Tensor = avgPool(1)

/** The mean of each window of the last two axes, one axis after the other; window and stride a number, or one per axis. */
export const avgPool2d: (x: Tensor, window: PerAxis, stride?: PerAxis) => Tensor = avgPool(2)

/** The mean of each window of the last three axes, one axis after the other. */
export const avgPool3d: (x: Tensor, window: PerAxis, stride?: PerAxis) => Tensor = avgPool(3)
