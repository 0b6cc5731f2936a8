import { ShapeError } from '../../core/errors.js'
import { display } from '../../core/options.js'
import { fromEnd, show } from '../../core/shape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { slice } from './slice.js'

/**
 * x cut along an axis into a number of equal parts, or into parts of these sizes: what `concat` puts together again.
 * `split(x, 2, -1)` of states [B, 2n] is their two halves [B, n]. Claims on the parts meet at x, each on its own entries.
 *
 * Throws ShapeError where equal parts leave a rest, or the sizes do not add up to the axis.
 */
export function split(x: Tensor, parts: number | readonly number[], axis = -1): Tensor[] {
  checkTensor(x, 'split')
  const a = fromEnd(axis, x.rank, 'split')
  const length = x.shape[x.rank + a]
  const count = typeof parts === 'number' && Number.isSafeInteger(parts) && parts > 0 ? parts : 0
  const sizes: readonly number[] = Array.isArray(parts) ? parts : Array<number>(count).fill(length / count)
  const whole = sizes.every(n => Number.isInteger(n) && n >= 0)
  if (!whole || sizes.length === 0 || sizes.reduce((n, d) => n + d, 0) !== length)
    throw new ShapeError(
      `split of ${show(x.shape)} along axis ${display(axis)} into ${display(parts)}`,
      `the axis has length ${length}`,
      'Give a number of parts that divides it, or sizes that add up to it'
    )
  let at = 0
  return sizes.map(n => {
    at += n
    return slice(x, a, at - n, at)
  })
}
