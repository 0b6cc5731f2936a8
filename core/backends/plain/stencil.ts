import type { Data } from './data.js'

/** An axis of fields [fields, outer, n, inner], with the distance of its cells and what lies beyond its ends. */
export interface StencilAxis {
  readonly outer: number
  readonly n: number
  readonly inner: number
  readonly dx: number
  readonly boundary: 'periodic' | 'dirichlet' | 'neumann'
}

/**
 * y += f Σ_axes (u_{i-1} - 2u_i + u_{i+1}) / dx², the second difference of every field: u_{-1} is the last cell
 * (periodic), 0 (dirichlet) or u_0 (neumann), and so at the other end.
 */
export function addLaplacian(u: Data, y: Float64Array, fields: number, axes: readonly StencilAxis[], f: number): void {
  for (const { outer, n, inner, dx, boundary } of axes) {
    const c = f / (dx * dx)
    for (let o = 0; o < fields * outer; o++) {
      const start = o * n * inner
      const end = start + (n - 1) * inner
      for (let i = 0; i < n; i++) {
        const row = start + i * inner
        const below = i > 0 ? row - inner : boundary === 'periodic' ? end : row
        const above = i < n - 1 ? row + inner : boundary === 'periodic' ? start : row
        // Where the value beyond is 0, u_i - 0 is left of the difference.
        const walls = boundary === 'dirichlet' ? Number(i === 0) + Number(i === n - 1) : 0
        for (let k = 0; k < inner; k++) {
          const v = u[row + k]
          y[row + k] += c * (u[below + k] - v + (u[above + k] - v) - walls * v)
        }
      }
    }
  }
}

/**
 * The faces of one field along an axis, from cell to neighbour; at a wall with the value 0 beyond it, from the cell to
 * nothing (-1). A wall without flux is no face.
 */
function eachFace({ outer, n, inner, boundary }: StencilAxis, f: (cell: number, next: number) => void): void {
  for (let o = 0; o < outer; o++)
    for (let k = 0; k < inner; k++) {
      const first = o * n * inner + k
      const last = first + (n - 1) * inner
      for (let at = first; at < last; at += inner) f(at, at + inner)
      if (boundary === 'periodic') f(last, first)
      if (boundary === 'dirichlet') {
        f(first, -1)
        f(last, -1)
      }
    }
}

/**
 * y += ∇·(a∇u) of one field, in flux form: a on a face is the mean of both cells (of a wall: that of the cell), the flux
 * a (u_next - u_cell)/dx leaves one cell and enters the other, so nothing is lost. Offsets say where the fields begin.
 */
export function addDivGrad(
  a: Data,
  atA: number,
  u: Data,
  atU: number,
  y: Float64Array,
  atY: number,
  axes: readonly StencilAxis[]
): void {
  for (const axis of axes) {
    const c = 1 / (axis.dx * axis.dx)
    eachFace(axis, (i, j) => {
      if (j < 0) y[atY + i] -= c * a[atA + i] * u[atU + i]
      else {
        const flux = c * (a[atA + i] / 2 + a[atA + j] / 2) * (u[atU + j] - u[atU + i])
        y[atY + i] += flux
        y[atY + j] -= flux
      }
    })
  }
}

/**
 * y += ∇u·∇v of one field, half of each face's product to either cell (of a wall: all of it to the only cell): the adjoint
 * of -∇·(a∇u) with respect to a, so that Σ a (∇u·∇v) = -Σ v ∇·(a∇u) exactly.
 */
export function addGradientDot(
  u: Data,
  atU: number,
  v: Data,
  atV: number,
  y: Float64Array,
  atY: number,
  axes: readonly StencilAxis[]
): void {
  for (const axis of axes) {
    const c = 1 / (axis.dx * axis.dx)
    eachFace(axis, (i, j) => {
      if (j < 0) y[atY + i] += c * u[atU + i] * v[atV + i]
      else {
        const half = 0.5 * c * (u[atU + j] - u[atU + i]) * (v[atV + j] - v[atV + i])
        y[atY + i] += half
        y[atY + j] += half
      }
    })
  }
}
