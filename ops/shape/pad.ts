import { apply } from '../../core/apply.js'
import { OptionError, ShapeError } from '../../core/errors.js'
import type { AlongAxisAttrs } from '../../core/families/alongAxis.js'
import { checkChoice, checkOptions, describe, display } from '../../core/options.js'
import { axesFromEnd, fromEnd, show } from '../../core/shape.js'
import { checkTensor, type Tensor, tensor } from '../../core/tensor.js'
import { indexMap } from './indexMap.js'
import { padOp } from './slice.js'

/** Where beyond the ends (i < 0 or i ≥ n) an entry is read from, for n ≥ 1. */
const beyond = {
  periodic: (i: number, n: number) => modulo(i, n),
  reflect: (i: number, n: number) => (n === 1 ? 0 : n - 1 - Math.abs(n - 1 - modulo(i, 2 * (n - 1)))),
  edge: (i: number, n: number) => Math.min(Math.max(i, 0), n - 1)
} as const

const modulo = (i: number, n: number): number => ((i % n) + n) % n

interface ExtendAttrs extends AlongAxisAttrs {
  readonly before: number
  readonly after: number
  readonly mode: keyof typeof beyond
}

export const extendOp = indexMap<ExtendAttrs>({
  name: 'extend',
  doc: `y_i = x_{e(i - before)} along an axis, x continued beyond its ends: e(i) = i mod n (periodic), i mirrored at the first
  and the last entry, which are not repeated (reflect), or the nearest of 0 … n-1 (edge)
  domain   an empty axis cannot be continued`,
  y: 'y_i = x_{e(i - b)}',
  index: (n, { before, after, mode }) => {
    if (n === 0 && before + after > 0)
      throw new ShapeError(
        `pad, mode '${mode}'`,
        'an axis of length 0',
        "There is no entry to repeat: use mode 'constant'"
      )
    return Int32Array.from({ length: before + n + after }, (_, i) => beyond[mode](i - before, n))
  },
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, before: 1, after: 2, mode: 'periodic' } },
    { inputs: [r.normal([2, 4])], attrs: { axis: -1, before: 2, after: 1, mode: 'reflect' } },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, before: 1, after: 2, mode: 'edge' } },
    { inputs: [r.normal([2])], attrs: { axis: -1, before: 5, after: 3, mode: 'periodic' }, note: 'wider than x' },
    { inputs: [r.normal([1, 3])], attrs: { axis: -1, before: 4, after: 5, mode: 'reflect' }, note: 'wider than x' },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, before: 1, after: 1, mode: 'reflect' }, note: 'one entry' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, before: 0, after: 0, mode: 'edge' }, note: 'empty axis' },
    {
      inputs: [tensor([1e300, -1e-300])],
      attrs: { axis: -1, before: 1, after: 0, mode: 'periodic' },
      extreme: true
    }
  ]
})

export interface PadOptions {
  /** All axes by default. */
  axes?: number | readonly number[]
  /**
   * What stands beyond the ends of a b c d, two entries wide: 'constant' (default) 0 0, 'periodic' c d | a b c d | a b,
   * 'reflect' c b | a b c d | c b (the ends are not repeated), 'edge' a a | a b c d | d d.
   */
  mode?: 'constant' | keyof typeof beyond
  /** Of mode 'constant': any number, -Infinity before a maximum. Default 0. */
  value?: number
}

/** Entries before and after. */
type Width = readonly [number, number]

/**
 * x with entries added before and after, along some axes or all of them (NumPy's pad). The width is one number, a pair
 * [before, after], or a pair for each of the axes:
 *
 *     pad(x, 1)                                                    // a border of zeros around [H, W]
 *     pad(x, [1, 2], { axes: -1, mode: 'periodic' })
 *     pad(x, [[1, 1], [0, 2]], { axes: [-2, -1], mode: 'edge' })
 *
 * Throws ShapeError for widths that are not whole numbers or do not fit the axes, and for an empty axis that a mode
 * other than 'constant' should continue; OptionError for an unknown mode.
 */
export function pad(x: Tensor, width: number | Width | readonly Width[], options: PadOptions = {}): Tensor {
  checkTensor(x, 'pad')
  checkOptions('pad', options, ['axes', 'mode', 'value'])
  const { axes, mode = 'constant', value } = options
  checkChoice('pad', 'mode', mode, ['constant', ...Object.keys(beyond)])
  if (value !== undefined && (typeof value !== 'number' || Number.isNaN(value) || mode !== 'constant'))
    throw new OptionError(
      `pad, mode '${mode}'`,
      `value is ${typeof value === 'number' ? value : describe(value)}`,
      "A value is a number, and belongs to mode 'constant'"
    )
  const sorted = axesFromEnd(axes, x.rank, 'pad')
  const list = Array.isArray(axes) ? axes.map((a: number) => fromEnd(a, x.rank, 'pad')) : sorted
  const widths = widthsOf(width, list, x)
  return list.reduce((y: Tensor, axis: number, k: number) => {
    const [before, after] = widths[k]
    if (before + after === 0) return y
    if (mode !== 'constant') return apply(extendOp, [y], { axis, before, after, mode })
    const count = y.shape[y.rank + axis]
    return apply(padOp, [y], { axis, start: before, step: 1, count, length: before + count + after, value })
  }, x)
}

/** A pair for each axis. */
function widthsOf(width: number | Width | readonly Width[], axes: readonly number[], x: Tensor): readonly Width[] {
  const isWidth = (v: unknown): boolean => typeof v === 'number' && Number.isInteger(v) && v >= 0
  const isPair = (v: unknown): v is Width => Array.isArray(v) && v.length === 2 && v.every(isWidth)
  if (isWidth(width)) return axes.map(() => [width as number, width as number])
  if (isPair(width)) return axes.map(() => width)
  if (Array.isArray(width) && width.length === axes.length && width.every(isPair)) return width as readonly Width[]
  throw new ShapeError(
    `pad of ${show(x.shape)} along ${axes.length} axes`,
    `width ${display(width)}`,
    'Give a whole number, 0 or more, a pair [before, after], or a pair for each axis'
  )
}
