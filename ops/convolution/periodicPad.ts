import { apply } from '../../core/apply.js'
import { indexMatrix } from '../../core/backends/plain/sparseAlong.js'
import { alongAxisOp } from '../../core/families/alongAxis.js'
import type { Shape } from '../../core/shape.js'
import type { Tensor } from '../../core/tensor.js'

/** x with entries from its other end added on both sides of its last axes. */
export const periodicPad = (x: Tensor, border: Shape): Tensor =>
  border.reduce((h, p, d) => {
    const length = x.shape[x.rank - border.length + d]
    const index = Array.from({ length: length + 2 * p }, (_, i) => (((i - p) % length) + length) % length)
    return p === 0 ? h : apply(alongAxisOp, [h], { axis: d - border.length, matrix: indexMatrix(index, length) })
  }, x)

export const zerosAfter = (x: Tensor, after: Shape): Tensor =>
  after.reduce((h, p, d) => {
    const length = x.shape[x.rank - after.length + d]
    const index = Array.from({ length: length + p }, (_, i) => (i < length ? i : -1))
    return p === 0 ? h : apply(alongAxisOp, [h], { axis: d - after.length, matrix: indexMatrix(index, length) })
  }, x)
