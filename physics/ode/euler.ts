import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import type { Tensor } from '../../core/tensor.js'

/** One step of Euler's explicit method for s' = f(s), order 1: s + dt f(s). Oscillations grow: for comparison. */
export const eulerStep = (f: (s: Tensor) => Tensor, s: Tensor, dt: number): Tensor => add(s, mul(f(s), dt))
