import { ShapeError } from '../../core/errors.js'
import { type Shape, show } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { cellsOf, type Grid } from '../grid.js'

/**
 * Velocities are [..., d, n1 … nd], component i along axis i of the grid. Their leading axes are the first ones of the
 * field's: velocities [B, d, n1, n2] move all channels of fields [B, C, n1, n2].
 */
export function alignBatch(v: Tensor, behind: number, fieldBatch: number): Tensor {
  const front = v.rank - behind
  if (front >= fieldBatch || front === 0) return v
  return reshape(v, [...v.shape.slice(0, front), ...Array(fieldBatch - front).fill(1), ...v.shape.slice(front)])
}

/** Throws ShapeError unless v is a velocity on the grid of the field. */
export function checkVelocity(asked: string, field: Shape, v: Shape, grid: Grid): void {
  const cells = cellsOf(field, grid, asked)
  const d = cells.length
  const own = v.slice(-d)
  if (v.length <= d || v[v.length - 1 - d] !== d || own.some((n, i) => n !== cells[i]))
    throw new ShapeError(
      `${asked} of ${show(field)}`,
      `velocities ${show(v)}`,
      `On a grid ${show(cells)} velocities are [..., ${d}, ${cells.join(', ')}], component i along axis i`
    )
}

/** How far v dt moves along each axis, in cells, times a factor. */
export function displacement(v: Tensor, { dx }: Grid, dt: number): Tensor {
  if (dx.every(h => h === dx[0])) return mul(v, dt / dx[0])
  const d = dx.length
  const perAxis = tensor(
    dx.map(h => dt / h),
    { shape: [d, ...Array<number>(d).fill(1)], dtype: v.dtype }
  )
  return mul(v, perAxis)
}
