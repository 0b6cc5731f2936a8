import { apply } from '../core/apply.js'
import { weightedMatrix } from '../core/backends/plain/sparseAlong.js'
import { type AlongAxisAttrs, alongAxis } from '../core/families/alongAxis.js'
import type { Op } from '../core/op.js'
import { checkChoice, checkNumbers } from '../core/options.js'
import { fromEnd } from '../core/shape.js'
import { checkTensor, type Tensor, tensor } from '../core/tensor.js'
import type { Boundary } from './grid.js'

interface CentralDifferenceAttrs extends AlongAxisAttrs {
  readonly dx: number
  readonly boundary: Boundary
}

export const centralDifferenceOp: Op<CentralDifferenceAttrs> = alongAxis<CentralDifferenceAttrs>({
  name: 'centralDifference',
  doc: `y_i = (u_{i+1} - u_{i-1}) / (2 dx) along one axis: its first derivative, second order. Beyond the ends lie the other end
(periodic), 0 (dirichlet), or the last value (neumann)
  tangent  dy = D du
  adjoint  Dᵀ ct: -D ct on a periodic axis
  inverse  the smallest change x̃ = u + D⁺ (ỹ - y): what has no difference stays, the mean and, of an even number of periodic
           cells, what alternates. Trust it for smooth wishes: D⁺ adds up, so it amplifies slow modes
  cost     2 flops per cell`,
  tex: {
    y: String.raw`y_i = \frac{u_{i+1} - u_{i-1}}{2\,\Delta x}`,
    tangent: 'dy = D\\,du',
    adjoint: String.raw`\bar u = D^\top \bar y`,
    inverse: String.raw`\tilde u = u + D^{+}(\tilde y - y)`
  },
  kind: 'exact',
  matrix: (n, { dx, boundary }) => {
    const w = 0.5 / dx
    /** Where the cell next to an end lies, if anywhere. */
    const cell = (i: number): number | undefined => {
      if (i >= 0 && i < n) return i
      if (boundary === 'periodic') return (i + n) % n
      return boundary === 'neumann' ? Math.min(n - 1, Math.max(0, i)) : undefined
    }
    const rows = Array.from({ length: n }, (_, i) =>
      [
        [cell(i - 1), -w],
        [cell(i + 1), w]
      ].filter((entry): entry is [number, number] => entry[0] !== undefined)
    )
    return weightedMatrix(rows, n)
  },
  examples: r => [
    { inputs: [r.normal([2, 5])], attrs: { axis: -1, dx: 0.5, boundary: 'periodic' } },
    { inputs: [r.normal([2, 4, 2])], attrs: { axis: -2, dx: 2, boundary: 'dirichlet' } },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, dx: 1, boundary: 'neumann' }, note: 'axis 0' },
    {
      inputs: [r.normal([2, 4])],
      attrs: { axis: -1, dx: 1, boundary: 'periodic' },
      note: 'even: what alternates is lost'
    },
    { inputs: [r.normal([2, 1])], attrs: { axis: -1, dx: 1, boundary: 'dirichlet' }, note: 'one cell' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, dx: 1, boundary: 'periodic' }, note: 'empty axis' },
    { inputs: [tensor([1e300, -2e300, 3e-300])], attrs: { axis: -1, dx: 1, boundary: 'dirichlet' }, extreme: true }
  ]
})

/**
 * The first derivative along one axis (the last by default): (u_{i+1} - u_{i-1}) / (2 dx), second order, same shape. Beyond the
 * ends as `boundary` says. Throws ShapeError for an axis that is not there, OptionError for dx ≤ 0 and an unknown boundary.
 */
export function centralDifference(
  u: Tensor,
  { axis = -1, dx = 1, boundary = 'periodic' }: Partial<CentralDifferenceAttrs> = {}
): Tensor {
  checkTensor(u, 'centralDifference')
  checkNumbers('centralDifference', 'positive', { dx })
  checkChoice('centralDifference', 'boundary', boundary, ['periodic', 'dirichlet', 'neumann'])
  return apply(centralDifferenceOp, [u], { axis: fromEnd(axis, u.rank, 'centralDifference'), dx, boundary })
}
