import { apply } from '../../core/apply.js'
import { checkNumbers } from '../../core/options.js'
import { fromEnd } from '../../core/shape.js'
import { checkTensor, type Tensor, tensor } from '../../core/tensor.js'
import { indexList, indexMap } from './indexMap.js'
import type { TimesAttrs } from './tile.js'

export const repeatOp = indexMap<TimesAttrs>({
  name: 'repeat',
  doc: 'y_i = x_{⌊i/times⌋}: every entry several times, a a b b',
  y: String.raw`y_i = x_{\lfloor i/m \rfloor}`,
  index: (n, { times }) => indexList(n * times, i => Math.floor(i / times)),
  examples: r => [
    { inputs: [r.normal([2, 2])], attrs: { axis: -1, times: 3 } },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, times: 2 } },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, times: 2 }, note: 'one entry' },
    { inputs: [r.normal([3])], attrs: { axis: -1, times: 0 }, note: 'no copies' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, times: 2 }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300])], attrs: { axis: -1, times: 2 }, extreme: true }
  ]
})

/** Every entry `times` times along an axis: [a, b] becomes [a, a, b, b] (NumPy's repeat). */
export function repeat(x: Tensor, times: number, axis = -1): Tensor {
  checkTensor(x, 'repeat')
  checkNumbers('repeat', 'whole', { times })
  return apply(repeatOp, [x], { axis: fromEnd(axis, x.rank, 'repeat'), times })
}
