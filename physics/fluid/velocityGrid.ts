import { OptionError, ShapeError } from '../../core/errors.js'
import { type Shape, show } from '../../core/shape.js'
import { cellsOf, type Grid, type GridOptions, gridOf } from '../grid.js'

/**
 * The grid of a velocity [..., d, n1 … nd]. Throws ShapeError where it has no d components, OptionError for walls that let
 * something through.
 */
export function velocityGrid(asked: string, s: Shape, options: GridOptions): Grid {
  const grid = gridOf(options, asked)
  const cells = cellsOf(s, grid, asked)
  const d = cells.length
  if (s[s.length - 1 - d] !== d)
    throw new ShapeError(
      `${asked} of ${show(s)}`,
      `no ${d} components along axis ${-1 - d}`,
      `Velocities are [..., ${d}, ${cells.join(', ')}], component i along axis i`
    )
  if (grid.boundary.includes('dirichlet'))
    throw new OptionError(
      asked,
      "a boundary that is 'dirichlet'",
      "Give 'periodic', or 'neumann' for a closed box: nothing passes its walls, and flow slips along them"
    )
  return grid
}
