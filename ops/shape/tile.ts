import { apply } from '../../core/apply.js'
import { ShapeError } from '../../core/errors.js'
import type { AlongAxisAttrs } from '../../core/families/alongAxis.js'
import { show } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type Tensor, tensor } from '../../core/tensor.js'
import { indexList, indexMap } from './indexMap.js'

export interface TimesAttrs extends AlongAxisAttrs {
  readonly times: number
}

export const tileOp = indexMap<TimesAttrs>({
  name: 'tile',
  doc: 'y_i = x_{i mod n}, i < n times: the whole axis again and again, a b a b',
  y: String.raw`y_i = x_{i \bmod n}`,
  index: (n, { times }) => indexList(n * times, i => i % n),
  examples: r => [
    { inputs: [r.normal([2, 2])], attrs: { axis: -1, times: 3 } },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, times: 2 } },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, times: 2 }, note: 'one entry' },
    { inputs: [r.normal([3])], attrs: { axis: -1, times: 0 }, note: 'no copies' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, times: 2 }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300])], attrs: { axis: -1, times: 2 }, extreme: true }
  ]
})

/**
 * x side by side with itself: `tile([a, b], 2)` is [a, b, a, b]. A number of copies for each axis, aligned at the right:
 * axes without one stay, and numbers beyond the rank make new axes in front (NumPy's tile, PyTorch's `repeat`).
 */
export function tile(x: Tensor, times: number | readonly number[]): Tensor {
  checkTensor(x, 'tile')
  const list: readonly number[] = typeof times === 'number' ? [times] : times
  if (!Array.isArray(list) || !list.every(n => Number.isSafeInteger(n) && n >= 0))
    throw new ShapeError(
      `tile of ${show(x.shape)}`,
      `${JSON.stringify(times)} copies`,
      'Give a whole number, 0 or more, for each axis from the last on'
    )
  const fresh = Math.max(0, list.length - x.rank)
  const whole = fresh > 0 ? reshape(x, [...Array<number>(fresh).fill(1), ...x.shape]) : x
  return list.reduce((y, n, k) => (n === 1 ? y : apply(tileOp, [y], { axis: k - list.length, times: n })), whole)
}
