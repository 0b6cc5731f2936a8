import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { Tensor } from '../../core/tensor.js'

/**
 * One step of leapfrog (Störmer-Verlet) for a separable s = (q, p), q' = f_q(p), p' = f_p(q), order 2:
 *
 *     p½ = p + dt/2 f_p(q),   q₁ = q + dt f_q(p½),   p₁ = p½ + dt/2 f_p(q₁)
 *
 * Each part is a shear, so a step with -dt undoes it to rounding, volume in phase space is kept exactly, and the energy of
 * a Hamiltonian system stays within O(dt²) of its value for very long times (Hairer, Lubich, Wanner 2006, I.1.4 and IX.8).
 */
export function leapfrogStep(f: (s: Tensor) => Tensor, s: Tensor, dt: number): Tensor {
  const kick = onHalf(s, 1, dt / 2)
  const half = add(s, mul(f(s), kick))
  const drifted = add(half, mul(f(half), onHalf(s, 0, dt)))
  return add(drifted, mul(f(drifted), kick))
}

/** [n]: h for the first (0) or the second (1) half of a state, 0 for the other. */
function onHalf(s: Tensor, which: 0 | 1, h: number): Tensor {
  const n = s.shape[s.rank - 1]
  const numbers = s.dtype === 'f64' ? new Float64Array(n) : new Float32Array(n)
  return new Tensor([n], numbers.fill(h, (which * n) / 2, ((which + 1) * n) / 2))
}
