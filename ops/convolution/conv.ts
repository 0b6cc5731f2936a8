import { apply } from '../../core/apply.js'
import { OptionError, ShapeError } from '../../core/errors.js'
import { checkChoice, describe } from '../../core/options.js'
import { type Shape, show } from '../../core/shape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { pad } from '../shape/pad.js'
import { type Convolution, checkRanks, convolution } from './convolution.js'
import { lastAxes, type PerAxis, perAxis } from './geometry.js'

/** The operators over 1, 2 and 3 spatial axes. */
export const convolutions: readonly Convolution[] = [1, 2, 3].map(convolution)

export interface ConvOptions {
  /** Every how manieth position has an output. */
  stride?: PerAxis
  /** Entries added on both sides; 'same': so many that with stride 1 the output is as large as the image. */
  padding?: PerAxis | 'same'
  /** Distance of the kernel's entries. */
  dilation?: PerAxis
  /** Channels in so many groups, each convolved by itself; as many as channels: depthwise. */
  groups?: number
  /** What the padding holds: zeros, or the image's other end. */
  mode?: 'zeros' | 'periodic'
}

function convFunction({ n, conv }: Convolution): (x: Tensor, w: Tensor, options?: ConvOptions) => Tensor {
  const { name } = conv
  return (x, w, options = {}) => {
    checkTensor(x, name)
    checkTensor(w, name, 'its weight')
    const asked = `${name} of ${show(x.shape)} with weights ${show(w.shape)}`
    checkRanks(asked, n, x.shape, w.shape)
    const { stride, dilation, groups } = convSettings(asked, n, options)
    const { padding = 0, mode = 'zeros' } = options
    checkChoice(asked, 'mode', mode, ['zeros', 'periodic'])
    const kernel = w.shape.slice(-n)
    const border =
      padding === 'same' ? samePadding(asked, kernel, stride, dilation) : perAxis(asked, 'padding', padding, n, 0)
    const sides = border.map(p => [p, p] as const)
    const image = mode === 'periodic' ? pad(x, sides, { axes: lastAxes(n), mode }) : x
    return apply(conv, [image, w], {
      stride,
      padding: mode === 'periodic' ? border.map(() => 0) : border,
      dilation,
      groups,
      size: image.shape.slice(-n),
      kernel
    })
  }
}

/** Stride, dilation and groups: of a convolution and of a transposed one. */
export function convSettings(
  asked: string,
  n: number,
  options: { [K in 'stride' | 'dilation']?: PerAxis } & { groups?: number }
) {
  if (typeof options !== 'object' || options === null)
    throw new OptionError(asked, `${describe(options)} for its options`, 'Give { stride, padding, dilation, groups }')
  const { stride = 1, dilation = 1, groups = 1 } = options
  return {
    stride: perAxis(asked, 'stride', stride, n, 1),
    dilation: perAxis(asked, 'dilation', dilation, n, 1),
    groups: perAxis(asked, 'groups', groups, 1, 1)[0]
  }
}

function samePadding(asked: string, kernel: Shape, stride: Shape, dilation: Shape): number[] {
  const reach = kernel.map((k, d) => dilation[d] * (k - 1))
  if (stride.some(s => s !== 1) || reach.some(r => r % 2 !== 0))
    throw new ShapeError(
      asked,
      `padding 'same' with stride ${show(stride)}, kernel ${show(kernel)}, dilation ${show(dilation)}`,
      'It takes stride 1 and dilation × (kernel - 1) even, so that both sides get as much; otherwise give a number'
    )
  return reach.map(r => r / 2)
}

const [one, two, three] = convolutions.map(convFunction)

/**
 * Convolution along one axis (cross-correlation, as everywhere in machine learning):
 *
 *     y[..., o, X] = Σ_{c, j} w[o, c, j] x[..., c, X stride + j dilation - padding]
 *
 * x [..., C, L], w [O, C/groups, k] → [..., O, L'], L' = ⌊(L + 2 padding - dilation (k - 1) - 1) / stride⌋ + 1. Leading
 * axes of w, where it has any, broadcast against those of x: a weight per sample. Throws ShapeError where channels,
 * groups, kernel or settings do not fit, OptionError for an unknown mode. As `torch.nn.functional.conv1d`.
 */
export const conv1d = one

/** Convolution over two axes: x [..., C, H, W], w [O, C/groups, h, w] → [..., O, H', W']. Everything else as `conv1d`. */
export const conv2d = two

/**
 * Convolution over three axes: x [..., C, D, H, W], w [O, C/groups, d, h, w] → [..., O, D', H', W']. Everything else as
 * `conv1d`.
 */
export const conv3d = three
