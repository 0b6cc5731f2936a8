import { checkOptions } from '../../core/options.js'
import { checkTensor, type Tensor, tensor } from '../../core/tensor.js'
import { add } from '../../ops/elementwise/index.js'
import { complexMul, irfft, rfft } from '../../ops/fourier/index.js'
import { at } from '../../ops/shape/index.js'
import { GRID_OPTIONS, type GridOptions } from '../grid.js'
import { velocityGrid } from './velocityGrid.js'
import { inBox } from './walls.js'
import { slopesAlong } from './waves.js'

/** ∂x along one axis of a periodic grid: every bin times ik. */
function derivative(x: Tensor, axis: number, dx: number): Tensor {
  const n = x.shape[x.rank + axis]
  const k = slopesAlong(n, dx)
  const bins = Math.floor(n / 2) + 1
  const ik = tensor(
    Float64Array.from({ length: 2 * bins }, (_, j) => (j % 2 ? k[j >> 1] : 0)),
    { shape: [bins, ...Array<number>(-1 - axis).fill(1), 2], dtype: x.dtype }
  )
  return irfft(complexMul(rfft(x, axis), ik), n, axis)
}

/**
 * ∇·u of a velocity, with the derivatives of its modes: u [..., d, n1 … nd] → [..., n1 … nd]; what `divergenceFree` makes 0.
 * `{ dx, boundary, dimensions }` as there.
 */
export function divergence(u: Tensor, options: GridOptions = {}): Tensor {
  checkTensor(u, 'divergence', 'its velocity')
  checkOptions('divergence', options, GRID_OPTIONS)
  const grid = velocityGrid('divergence', u.shape, options)
  const d = grid.dx.length
  return inBox(grid, [u], ([v]) =>
    grid.dx.map((h, i) => derivative(at(v, i, -1 - d), i - d, h)).reduce((a, b) => add(a, b))
  )
}
