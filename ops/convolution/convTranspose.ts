import { apply } from '../../core/apply.js'
import { ShapeError } from '../../core/errors.js'
import { show } from '../../core/shape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { pad } from '../shape/pad.js'
import { convolutions, convSettings } from './conv.js'
import { type Convolution, checkRanks } from './convolution.js'
import { lastAxes, type PerAxis, perAxis } from './geometry.js'

export interface ConvTransposeOptions {
  stride?: PerAxis
  /** Entries left away on both sides: what was padding to the convolution. */
  padding?: PerAxis
  /** Further entries at the end of each axis: a stride maps several lengths to one, this says which. */
  outputPadding?: PerAxis
  dilation?: PerAxis
  groups?: number
}

function transposed({ n, input }: Convolution): (x: Tensor, w: Tensor, options?: ConvTransposeOptions) => Tensor {
  const name = `convTranspose${n}d`
  return (x, w, options = {}) => {
    checkTensor(x, name)
    checkTensor(w, name, 'its weight')
    const asked = `${name} of ${show(x.shape)} with weights ${show(w.shape)}`
    checkRanks(asked, n, x.shape, w.shape)
    const { stride, dilation, groups } = convSettings(asked, n, options)
    const padding = perAxis(asked, 'padding', options.padding ?? 0, n, 0)
    const extra = perAxis(asked, 'outputPadding', options.outputPadding ?? 0, n, 0)
    const C = x.shape[x.rank - n - 1]
    if (C !== w.shape[w.rank - n - 2] || C % groups !== 0)
      throw new ShapeError(
        asked,
        `${C} channels of x, weights for ${w.shape[w.rank - n - 2]}, groups ${groups}`,
        `Axis ${-n - 1} of x and axis ${-n - 2} of w are equal, and the groups divide them`
      )
    if (extra.some((e, d) => e >= Math.max(stride[d], dilation[d])))
      throw new ShapeError(
        asked,
        `outputPadding ${show(extra)} with stride ${show(stride)}, dilation ${show(dilation)}`,
        'It is smaller than the stride or the dilation of its axis'
      )
    const kernel = w.shape.slice(-n)
    const given = x.shape.slice(-n)
    const size = given.map(
      (m, d) => (m - 1) * stride[d] - 2 * padding[d] + dilation[d] * (kernel[d] - 1) + extra[d] + 1
    )
    if (size.some(m => m < 1) || [...given, ...kernel].some(m => m < 1))
      throw new ShapeError(asked, `an output of ${show(size)}`, 'Use less padding, and axes that are not empty')
    // With outputPadding ≥ stride the convolution of that output has outputs after the last of x: zeros.
    const after = extra.map((e, d) => [0, Math.floor(e / stride[d])] as const)
    return apply(input, [pad(x, after, { axes: lastAxes(n) }), w], { stride, padding, dilation, groups, size, kernel })
  }
}

const [one, two, three] = convolutions.map(transposed)

/**
 * Transposed convolution along one axis: the adjoint of `conv1d` in its image, as a map of its own. Each entry of x puts
 * the kernel into y, at its place times the stride:
 *
 *     y[..., o, X] = Σ w[c, o, j] x[..., c, X']   over all c, j, X' with X' stride + j dilation - padding = X
 *
 * x [..., C, L], w [C, O/groups, k] → [..., O, (L - 1) stride - 2 padding + dilation (k - 1) + outputPadding + 1]. Throws
 * ShapeError where channels, groups or settings do not fit. As `torch.nn.functional.conv_transpose1d`.
 */
export const convTranspose1d = one

/** Transposed convolution over two axes: x [..., C, H, W], w [C, O/groups, h, w]. Everything else as `convTranspose1d`. */
export const convTranspose2d = two

/** Over three axes: x [..., C, D, H, W], w [C, O/groups, d, h, w]. Everything else as `convTranspose1d`. */
export const convTranspose3d = three
