import { OptionError, ShapeError } from '../core/errors.js'
import { checkChoice, checkNumbers, display } from '../core/options.js'
import type { Shape } from '../core/shape.js'
import { show } from '../core/shape.js'

/**
 * What lies beyond the first and the last cell of an axis:
 *
 * - periodic: the axis closes to a ring, u_{-1} = u_{n-1};
 * - dirichlet: the value 0, u_{-1} = u_n = 0, at the centre of the cell that would come next;
 * - neumann: no flux through the wall, u_{-1} = u_0, so the wall is the face of the last cell.
 */
export type Boundary = 'periodic' | 'dirichlet' | 'neumann'

const BOUNDARIES: readonly Boundary[] = ['periodic', 'dirichlet', 'neumann']

/** What the last axes of a field mean, as a caller says it; see `Grid`. */
export interface GridOptions {
  /** How many of the last axes are space: 1, 2 or 3. As many as dx or boundary list, otherwise 2. */
  dimensions?: number
  /** The distance of neighbouring cells: one for all axes (1 by default), or one for each. */
  dx?: number | readonly number[]
  /** One for all axes (periodic by default), or one for each: a channel is ['periodic', 'dirichlet']. */
  boundary?: Boundary | readonly Boundary[]
}

/**
 * Equal cells along one to three axes, which are the last ones of a field: [..., n1, n2] in two dimensions. Axes in front
 * are a batch; every field of it is alone. Axes have any length from 1 on. A Grid is a GridOptions with everything said.
 */
export interface Grid {
  readonly dx: readonly number[]
  readonly boundary: readonly Boundary[]
}

/** The names of GridOptions, for `checkOptions` of what is on a grid. */
export const GRID_OPTIONS: readonly string[] = ['dimensions', 'dx', 'boundary']

/**
 * The options of a grid, completed. Throws OptionError for a dimension other than 1, 2, 3, a distance that is not above 0,
 * an unknown boundary, and lists of different length.
 */
export function gridOf(options: GridOptions, asked: string): Grid {
  if (typeof options !== 'object' || options === null)
    throw new OptionError(
      asked,
      `${display(options)} for its grid`,
      'Give { dimensions, dx, boundary }, or leave it out'
    )
  const { dx = 1, boundary = 'periodic' } = options
  const listed = Array.isArray(dx) ? dx.length : Array.isArray(boundary) ? boundary.length : 2
  const { dimensions = listed } = options
  if (![1, 2, 3].includes(dimensions))
    throw new OptionError(asked, `a grid of ${display(dimensions)} dimensions`, 'Give 1, 2 or 3 dimensions')
  const each = <T>(name: string, v: T | readonly T[]): readonly T[] => {
    const list = Array.isArray(v) ? v : Array<T>(dimensions).fill(v as T)
    if (list.length !== dimensions)
      throw new OptionError(
        asked,
        `${name} of ${list.length} axes on a grid of ${dimensions} dimensions`,
        `Give one ${name} for all axes, or one for each`
      )
    return list
  }
  const grid = { dx: each<number>('dx', dx), boundary: each<Boundary>('boundary', boundary) }
  for (const d of grid.dx) checkNumbers(asked, 'positive', { dx: d })
  for (const b of grid.boundary) checkChoice(asked, 'boundary', b, BOUNDARIES)
  return grid
}

/** The cells along the axes of the grid, of a field of shape `s`. Throws ShapeError where the last axes are none. */
export function cellsOf(s: Shape, { dx }: Grid, asked: string): Shape {
  const cells = s.slice(-dx.length)
  if (s.length < dx.length || cells.includes(0))
    throw new ShapeError(
      `${asked} of ${show(s)}`,
      `no field of ${dx.length} dimensions`,
      `Its last ${dx.length === 1 ? 'axis is' : `${dx.length} axes are`} space, with one cell or more along each; for other dimensions give { dimensions }`
    )
  return cells
}

/** How many cells lie before, along and behind each axis of the grid, in fields of these cells. */
export interface Along {
  readonly outer: number
  readonly n: number
  readonly inner: number
}

export const alongEach = (cells: Shape): Along[] =>
  cells.map((n, axis) => ({
    outer: cells.slice(0, axis).reduce((a, b) => a * b, 1),
    n,
    inner: cells.slice(axis + 1).reduce((a, b) => a * b, 1)
  }))

/** The same with what a stencil needs to know of each axis. */
export interface GridAxis extends Along {
  readonly dx: number
  readonly boundary: Boundary
}

export const axesOf = (cells: Shape, { dx, boundary }: Grid): GridAxis[] =>
  alongEach(cells).map((along, axis) => ({ ...along, dx: dx[axis], boundary: boundary[axis] }))
