import { addLaplacian, type StencilAxis } from './stencil.js'

/**
 * Steps of u' = v, v' = f L u, L the sum of second differences, in place, for each state (u, v) of [states, 2, n]: half a kick,
 * then drifts with whole kicks between them, and half a kick. The two halves of neighbouring steps are one; with dt reversed the
 * same additions come in the opposite order, so that only rounding separates the way back from the way there.
 */
export function leapfrog(
  state: Float64Array,
  n: number,
  dt: number,
  steps: number,
  f: number,
  axes: readonly StencilAxis[]
): void {
  if (steps === 0) return
  for (let at = 0; at < state.length; at += 2 * n) {
    const u = state.subarray(at, at + n)
    const v = state.subarray(at + n, at + 2 * n)
    addLaplacian(u, v, 1, axes, (f * dt) / 2)
    for (let step = 1; step <= steps; step++) {
      for (let i = 0; i < n; i++) u[i] += dt * v[i]
      addLaplacian(u, v, 1, axes, step < steps ? f * dt : (f * dt) / 2)
    }
  }
}
