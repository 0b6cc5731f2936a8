import { sizeOf } from './data.js'
import type { Edge } from './sampleLinear.js'

/** The wave equation u'' = c² Σ_i ∂_i² u on a grid, as the leapfrog steps it. */
export interface WaveGrid {
  readonly cells: readonly number[]
  readonly boundary: readonly Edge[]
  /** c² / dx², for each axis. */
  readonly stiffness: readonly number[]
}

/**
 * Steps of u' = v, v' = c² L u, in place, for each state (u, v) of [states, 2, ...cells]: half a kick, then drifts with whole
 * kicks between them, and half a kick. The two halves of neighbouring steps are one; with dt reversed the same additions come
 * in the opposite order, so that only rounding separates the way back from the way there.
 */
export function leapfrog(state: Float64Array, dt: number, steps: number, grid: WaveGrid): void {
  const n = sizeOf(grid.cells)
  for (let at = 0; at < state.length; at += 2 * n) {
    const u = state.subarray(at, at + n)
    const v = state.subarray(at + n, at + 2 * n)
    kick(u, v, dt / 2, grid)
    for (let step = 1; step <= steps; step++) {
      for (let i = 0; i < n; i++) u[i] += dt * v[i]
      kick(u, v, step < steps ? dt : dt / 2, grid)
    }
  }
}

/** v += t c² L u, axis by axis: neighbours' differences, beyond the ends those that the boundary says. */
function kick(u: Float64Array, v: Float64Array, t: number, { cells, boundary, stiffness }: WaveGrid): void {
  for (let axis = 0, inner = u.length; axis < cells.length; axis++) {
    const n = cells[axis]
    const k = t * stiffness[axis]
    const block = inner
    inner /= n
    for (let from = 0; from < u.length; from += block) {
      for (let j = 0; j < n; j++) {
        const here = from + j * inner
        const low = j > 0 ? here - inner : beyond(boundary[axis], from + (n - 1) * inner, here)
        const high = j < n - 1 ? here + inner : beyond(boundary[axis], from, here)
        // Nothing beyond: the value 0.
        const below = low < 0 ? 0 : 1
        const above = high < 0 ? 0 : 1
        const a = below ? low : here
        const b = above ? high : here
        for (let i = 0; i < inner; i++) v[here + i] += k * (below * u[a + i] - 2 * u[here + i] + above * u[b + i])
      }
    }
  }
}

/** Where the cell beyond an end lies: at the other end, nowhere (-1), or where the last one is. */
const beyond = (boundary: Edge, otherEnd: number, here: number): number =>
  boundary === 'periodic' ? otherEnd : boundary === 'dirichlet' ? -1 : here
