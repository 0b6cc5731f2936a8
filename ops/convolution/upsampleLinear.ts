import { apply } from '../../core/apply.js'
import { type Sparse, weightedMatrix } from '../../core/backends/plain/sparseAlong.js'
import { OptionError } from '../../core/errors.js'
import { type AlongAxisAttrs, alongAxis } from '../../core/families/alongAxis.js'
import type { Op } from '../../core/op.js'
import { describe } from '../../core/options.js'
import { Tensor } from '../../core/tensor.js'
import type { PerAxis } from './geometry.js'
import { factorsOf } from './upsampleNearest.js'

interface UpsampleLinearAttrs extends AlongAxisAttrs {
  readonly factor: number
  readonly alignCorners: boolean
}

/** The matrix [length factor, length] of linear interpolation. */
export function linearMatrix(length: number, factor: number, alignCorners = false): Sparse {
  const rows = Array.from({ length: length * factor }, (_, i) => {
    const s = alignCorners
      ? (i * (length - 1)) / Math.max(1, length * factor - 1)
      : Math.max(0, (i + 0.5) / factor - 0.5)
    const low = Math.min(Math.floor(s), length - 1)
    const lambda = low === length - 1 ? 0 : s - low
    return lambda === 0 ? [[low, 1] as const] : [[low, 1 - lambda] as const, [low + 1, lambda] as const]
  })
  return weightedMatrix(rows, length)
}

export const upsampleLinearOp: Op<UpsampleLinearAttrs> = alongAxis<UpsampleLinearAttrs>({
  name: 'upsampleLinear',
  doc: `y[X] = (1 - λ) x[⌊s⌋] + λ x[⌊s⌋ + 1], λ = s - ⌊s⌋, along one axis, f times as long
  s = (X + ½)/f - ½, constant beyond the outer cell centres; corners aligned: s = X (n - 1)/(n f - 1)
  tangent  dy = the same of dx
  adjoint  each ct spread over the two entries it was read from
  inverse  least squares x̃ = x + M⁺ (ỹ - y): there are more outputs than inputs
  cost     4 flops per output entry`,
  tex: {
    y: String.raw`y_X = (1-\lambda)\, x_{\lfloor s \rfloor} + \lambda\, x_{\lfloor s \rfloor + 1},\quad s = \tfrac{X + 1/2}{f} - \tfrac12`,
    tangent: 'dy = M\\,dx',
    adjoint: String.raw`\bar x = M^\top \bar y`,
    inverse: String.raw`\tilde x = x + M^{+}(\tilde y - y)`
  },
  kind: 'exact',
  matrix: (length, { factor, alignCorners }) => linearMatrix(length, factor, alignCorners),
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, factor: 2, alignCorners: false } },
    { inputs: [r.normal([2, 3, 2])], attrs: { axis: -2, factor: 3, alignCorners: false } },
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, factor: 2, alignCorners: true }, note: 'corners aligned' },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, factor: 2, alignCorners: true }, note: 'axis 0' },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, factor: 3, alignCorners: false }, note: 'an axis of length 1' },
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, factor: 1, alignCorners: false }, note: 'as it is' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, factor: 2, alignCorners: false }, note: 'empty axis' },
    {
      inputs: [new Tensor([3], Float64Array.of(1e300, -1.5e300, 1e-300))],
      attrs: { axis: -1, factor: 2, alignCorners: false },
      extreme: true,
      note: 'ends of the range'
    }
  ]
})

export interface UpsampleOptions {
  /** The outer entries of x and y lie at the same places, not the outer edges of their cells. */
  alignCorners?: boolean
}

const upsample =
  (n: number, name: string) =>
  (x: Tensor, factor: PerAxis, { alignCorners = false }: UpsampleOptions = {}): Tensor => {
    const factors = factorsOf(name, x, n, factor)
    if (typeof alignCorners !== 'boolean')
      throw new OptionError(name, `alignCorners is ${describe(alignCorners)}`, 'Give true or false')
    // The last axis first: what is left to do then has contiguous rows.
    return factors.reduceRight(
      (h, f, d) => (f === 1 ? h : apply(upsampleLinearOp, [h], { axis: d - n, factor: f, alignCorners })),
      x
    )
  }

type Upsample = (x: Tensor, factor: PerAxis, options?: UpsampleOptions) => Tensor

/**
 * The last axis `factor` times as long, x [..., L] → [..., L factor], interpolated linearly between cell centres and
 * constant beyond the outer ones (`alignCorners: false`, as in PyTorch and in image processing).
 */
export const upsampleLinear1d: Upsample = upsample(1, 'upsampleLinear1d')

/** The last two axes: bilinear interpolation, x [..., H, W] → [..., H factor, W factor]; one factor, or one per axis. */
export const upsampleBilinear2d: Upsample = upsample(2, 'upsampleBilinear2d')

/** The last three axes: trilinear interpolation. */
export const upsampleTrilinear3d: Upsample = upsample(3, 'upsampleTrilinear3d')
