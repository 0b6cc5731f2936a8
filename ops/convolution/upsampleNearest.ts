import { apply } from '../../core/apply.js'
import { indexMatrix } from '../../core/backends/plain/sparseAlong.js'
import { ShapeError } from '../../core/errors.js'
import { type AlongAxisAttrs, alongAxis } from '../../core/families/alongAxis.js'
import type { Op } from '../../core/op.js'
import type { Shape } from '../../core/shape.js'
import { show } from '../../core/shape.js'
import { checkTensor, Tensor } from '../../core/tensor.js'
import { type PerAxis, perAxis } from './geometry.js'

interface UpsampleAttrs extends AlongAxisAttrs {
  readonly factor: number
}

export const upsampleNearestOp: Op<UpsampleAttrs> = alongAxis<UpsampleAttrs>({
  name: 'upsampleNearest',
  doc: `y[X] = x[⌊X / f⌋], along one axis: each entry f times
  tangent  dy = each entry of dx f times
  adjoint  the sum of ct over the copies
  inverse  the weighted mean of the claims on all copies
  cost     a copy per output entry`,
  tex: {
    y: String.raw`y_X = x_{\lfloor X/f \rfloor}`,
    tangent: String.raw`dy_X = dx_{\lfloor X/f \rfloor}`,
    adjoint: String.raw`\bar x_i = \sum_{\lfloor X/f \rfloor = i} \bar y_X`,
    inverse: String.raw`\tilde x_i = \tfrac1f \sum_{\lfloor X/f \rfloor = i} \tilde y_X`
  },
  kind: 'structural',
  matrix: (length, { factor }) =>
    indexMatrix(
      Int32Array.from({ length: length * factor }, (_, i) => Math.floor(i / factor)),
      length
    ),
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, factor: 2 } },
    { inputs: [r.normal([2, 2, 2])], attrs: { axis: -2, factor: 3 } },
    { inputs: [r.normal([2, 1])], attrs: { axis: -2, factor: 2 }, note: 'axis 0' },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, factor: 1 }, note: 'an axis of length 1, as it is' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, factor: 2 }, note: 'empty axis' },
    { inputs: [new Tensor([2], Float64Array.of(1e300, -1e-300))], attrs: { axis: -1, factor: 2 }, extreme: true }
  ]
})

/** Factors for the last n axes of x: a whole number, or one per axis. */
export function factorsOf(asked: string, x: Tensor, n: number, factor: PerAxis): Shape {
  checkTensor(x, asked)
  const of = `${asked} of ${show(x.shape)}`
  if (x.rank < n) throw new ShapeError(of, `fewer than ${n} axes`, `Give [..., ${n} spatial axes]`)
  return perAxis(of, 'factor', factor, n, 1)
}

const upsample =
  (n: number) =>
  (x: Tensor, factor: PerAxis): Tensor =>
    // The last axis first: what is left to do then has contiguous rows.
    factorsOf(`upsampleNearest${n}d`, x, n, factor).reduceRight(
      (h, f, d) => (f === 1 ? h : apply(upsampleNearestOp, [h], { axis: d - n, factor: f })),
      x
    )

/** Each entry of the last axis `factor` times: x [..., L] → [..., L factor]. */
export const upsampleNearest1d: (x: Tensor, factor: PerAxis) => Tensor = upsample(1)

/** The same along the last two axes: x [..., H, W] → [..., H factor, W factor]; one factor, or one per axis. */
export const upsampleNearest2d: (x: Tensor, factor: PerAxis) => Tensor = upsample(2)

/** The same along the last three axes. */
export const upsampleNearest3d: (x: Tensor, factor: PerAxis) => Tensor = upsample(3)
