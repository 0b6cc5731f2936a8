import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import type { Tensor } from '../../core/tensor.js'

/**
 * One step of the classical Runge-Kutta method for s' = f(s), order 4:
 * s + dt/6 (k1 + 2 k2 + 2 k3 + k4), k1 = f(s), k2 = f(s + dt/2 k1), k3 = f(s + dt/2 k2), k4 = f(s + dt k3).
 */
export function rungeKutta4Step(f: (s: Tensor) => Tensor, s: Tensor, dt: number): Tensor {
  const k1 = f(s)
  const k2 = f(add(s, mul(k1, dt / 2)))
  const k3 = f(add(s, mul(k2, dt / 2)))
  const k4 = f(add(s, mul(k3, dt)))
  return add(s, mul(add(add(k1, k4), mul(add(k2, k3), 2)), dt / 6))
}
