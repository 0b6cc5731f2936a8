import type { Tensor } from '../../core/tensor.js'
import { linearCombination } from '../../ops/elementwise/linearCombination.js'

/**
 * One step of the classical Runge-Kutta method for s' = f(s), order 4:
 * s + dt/6 (k1 + 2 k2 + 2 k3 + k4), k1 = f(s), k2 = f(s + dt/2 k1), k3 = f(s + dt/2 k2), k4 = f(s + dt k3).
 */
export function rungeKutta4Step(f: (s: Tensor) => Tensor, s: Tensor, dt: number): Tensor {
  const from = (k: Tensor, h: number) => linearCombination([s, k], [1, h])
  const k1 = f(s)
  const k2 = f(from(k1, dt / 2))
  const k3 = f(from(k2, dt / 2))
  const k4 = f(from(k3, dt))
  return linearCombination([s, k1, k2, k3, k4], [1, dt / 6, dt / 3, dt / 3, dt / 6])
}
