import { checkNumbers } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { sum } from '../../core/structural/sum.js'
import type { Tensor } from '../../core/tensor.js'
import { grad } from '../../core/verbs/grad.js'
import { neg } from '../../ops/elementwise/neg.js'
import { concat } from '../../ops/shape/concat.js'
import { slice } from '../../ops/shape/slice.js'
import type { System } from './system.js'

export interface HamiltonianOptions {
  name: string
  /** Length of q, and of p. */
  degrees: number
  /** H(s, u): an energy [...] for states (q, p) [..., 2n], written with operators; u only where there are controls. */
  H(s: Tensor, u?: Tensor): Tensor
  controls?: number
  /** H = T(p) + V(q): then leapfrog can integrate it. */
  separable?: boolean
}

/**
 * Hamilton's equations q' = ∂H/∂p, p' = -∂H/∂q as a system to integrate, the derivatives found by this library.
 *
 *     const system = hamiltonianSystem({ name: 'kepler', degrees: 2, H, separable: true })
 *     integrate(system, { method: 'leapfrog', dt: 0.01, steps: 100 })
 */
export function hamiltonianSystem({
  name,
  degrees: n,
  H,
  controls = 0,
  separable = false
}: HamiltonianOptions): System {
  checkNumbers(name, 'count', { degrees: n })
  checkNumbers(name, 'whole', { controls })
  return {
    name,
    states: 2 * n,
    controls,
    separable,
    rate: u => {
      const slope = grad((s: Tensor) => sum(H(s, u)))
      return s => {
        const dH = slope(s)
        return concat([slice(dH, -1, n, 2 * n), neg(slice(dH, -1, 0, n))], -1)
      }
    },
    invariant: s => H(s),
    doc: {
      equation: "Hamilton's equations q' = ∂H/∂p, p' = -∂H/∂q",
      tex: String.raw`\dot q = \partial_p H,\; \dot p = -\partial_q H`,
      lines: '  source   Hairer, Lubich, Wanner 2006, "Geometric Numerical Integration", VI.1'
    },
    examples: { state: (r: Random, batch: number) => r.uniform([batch, 2 * n], -1, 1), extremes: [1e-300], dt: 0.1 }
  }
}
