import { type Tensor, tensor } from '../../core/tensor.js'
import { mul } from '../../ops/elementwise/index.js'
import { concat, flip, slice } from '../../ops/shape/index.js'
import type { Grid } from '../grid.js'

/**
 * A closed box is a periodic one with its mirror image: the velocity across a wall changes sign in the mirror, the others do not,
 * and neither symmetry is ever lost. So what is known of periodic boxes holds for closed ones, in 2^walls times the cells.
 */
export function inBox(
  { boundary }: Grid,
  velocities: readonly Tensor[],
  f: (velocities: readonly Tensor[]) => Tensor
): Tensor {
  const d = boundary.length
  const walls = boundary.flatMap((b, axis) => (b === 'periodic' ? [] : [axis]))
  const mirrored = velocities.map(u => walls.reduce((v, axis) => withImage(v, axis, d), u))
  return walls.reduce((y, axis) => slice(y, axis - d, 0, y.shape[y.rank + axis - d] / 2), f(mirrored))
}

/** [..., d, n1 … nd] twice as long along one axis. */
function withImage(u: Tensor, axis: number, d: number): Tensor {
  const signs = tensor(
    Array.from({ length: d }, (_, i) => (i === axis ? -1 : 1)),
    { shape: [d, ...Array<number>(d).fill(1)], dtype: u.dtype }
  )
  return concat([u, mul(flip(u, axis - d), signs)], axis - d)
}
