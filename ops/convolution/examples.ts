import type { Example } from '../../core/op.js'
import type { Random } from '../../core/random.js'
import type { Shape } from '../../core/shape.js'
import { type ConvAttrs, outSize } from './geometry.js'

/** One convolution: shapes of x, w and y, from which the examples of all three operators are drawn. */
interface ConvExample {
  x: Shape
  w: Shape
  y: Shape
  attrs: ConvAttrs
  note?: string
  /** One weight for all samples. */
  shared: boolean
  /** Of the two inputs, near the ends of the range. */
  scales: readonly [number, number]
  extreme: boolean
}

interface Case {
  note?: string
  /** Leading axes of x, of w and of y. */
  samples?: Shape
  weights?: Shape
  out?: Shape
  channels: readonly [number, number]
  size: Shape
  kernel: Shape
  stride?: number
  padding?: number
  dilation?: number
  groups?: number
  scales?: readonly [number, number]
}

/** Written for three axes: with fewer, the last ones. */
const cases: readonly Case[] = [
  { channels: [2, 2], size: [1, 3, 2], kernel: [2, 3, 2], padding: 1 },
  { note: 'stride 2', channels: [1, 1], size: [2, 4, 5], kernel: [1, 2, 3], stride: 2, padding: 1 },
  { note: 'dilation 2', channels: [1, 1], size: [2, 3, 4], kernel: [2, 2, 2], dilation: 2, padding: 1 },
  { note: 'stride 2, dilation 3', channels: [1, 1], size: [4, 4, 5], kernel: [2, 2, 2], stride: 2, dilation: 3 },
  { note: 'stride beyond the kernel', channels: [1, 1], size: [2, 4, 6], kernel: [1, 1, 2], stride: 3 },
  { note: 'two groups', channels: [4, 2], size: [1, 2, 3], kernel: [1, 1, 2], groups: 2 },
  { note: 'depthwise', channels: [2, 2], size: [1, 2, 3], kernel: [1, 2, 2], groups: 2, padding: 1 },
  { note: 'depthwise, two outputs each', channels: [2, 4], size: [1, 2, 2], kernel: [1, 1, 2], groups: 2 },
  { note: 'one sample, 1×1', samples: [], channels: [2, 1], size: [1, 2, 3], kernel: [1, 1, 1] },
  { note: 'a weight per sample', weights: [2], channels: [1, 2], size: [2, 2, 3], kernel: [2, 1, 2] },
  {
    note: 'a weight per sample, groups',
    weights: [2],
    channels: [2, 2],
    size: [1, 2, 3],
    kernel: [1, 2, 2],
    groups: 2
  },
  {
    note: 'leading axes that broadcast from both sides',
    samples: [2, 1],
    weights: [3],
    out: [2, 3],
    channels: [1, 1],
    size: [1, 2, 2],
    kernel: [1, 1, 2]
  },
  { note: 'kernel as large as the image', channels: [1, 2], size: [2, 2, 3], kernel: [2, 2, 3] },
  { note: 'axes of length 1', channels: [1, 2], size: [1, 1, 1], kernel: [1, 3, 3], padding: 1 },
  { note: 'empty batch', samples: [0], channels: [1, 1], size: [3, 3, 3], kernel: [2, 3, 3], padding: 1 },
  { note: 'large times small', channels: [1, 1], size: [1, 2, 3], kernel: [1, 1, 2], scales: [1e300, 1e-300] },
  { note: 'small times large', channels: [1, 1], size: [1, 2, 3], kernel: [1, 1, 2], scales: [1e-300, 1e300] }
]

/** Examples over n spatial axes. */
export const convExamples = (n: number): ConvExample[] =>
  cases.map(
    ({ note, samples = [2], weights = [], out = samples, channels: [C, O], size, kernel, scales, ...given }) => {
      const { stride = 1, padding = 0, dilation = 1, groups = 1 } = given
      const all = (v: number) => Array<number>(n).fill(v)
      const attrs: ConvAttrs = {
        stride: all(stride),
        padding: all(padding),
        dilation: all(dilation),
        groups,
        size: size.slice(-n),
        kernel: kernel.slice(-n)
      }
      return {
        x: [...samples, C, ...attrs.size],
        w: [...weights, O, C / groups, ...attrs.kernel],
        y: [...out, O, ...outSize(attrs)],
        attrs,
        note,
        shared: weights.length === 0,
        scales: scales ?? [1, 1],
        extreme: scales !== undefined
      }
    }
  )

/** The example of an operator of two of the three tensors. */
export const exampleOf = <A extends ConvAttrs>(
  r: Random,
  [a, b]: readonly [Shape, Shape],
  { note, scales: [p, q], extreme }: ConvExample,
  attrs: A
): Example<A> => ({ inputs: [r.normal(a, 0, p), r.normal(b, 0, q)], attrs, note, extreme })
