import type { Tensor } from '../../core/tensor.js'
import { linearCombination } from '../../ops/elementwise/linearCombination.js'

/** One step of the explicit midpoint method for s' = f(s), order 2: s + dt f(s + dt/2 f(s)). */
export function midpointStep(f: (s: Tensor) => Tensor, s: Tensor, dt: number): Tensor {
  const half = linearCombination([s, f(s)], [1, dt / 2])
  return linearCombination([s, f(half)], [1, dt])
}
