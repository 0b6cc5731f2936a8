import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import type { Tensor } from '../../core/tensor.js'

/** One step of the explicit midpoint method for s' = f(s), order 2: s + dt f(s + dt/2 f(s)). */
export const midpointStep = (f: (s: Tensor) => Tensor, s: Tensor, dt: number): Tensor =>
  add(s, mul(f(add(s, mul(f(s), dt / 2))), dt))
