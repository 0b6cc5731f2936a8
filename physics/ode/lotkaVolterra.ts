import { mul } from '../../core/structural/mul.js'
import { tensor } from '../../core/tensor.js'
import { log } from '../../ops/elementwise/log.js'
import { sub } from '../../ops/elementwise/sub.js'
import { at } from '../../ops/shape/at.js'
import { stack } from '../../ops/shape/concat.js'
import type { Simulator } from '../simulator.js'
import { checkSystemOptions, type IntegrateAttrs, type IntegrateOptions, integrate } from './integrate.js'
import { methodOptions } from './pendulum.js'
import type { System } from './system.js'

/** The equations of prey and predators, with what they keep; see `lotkaVolterra`. */
export const lotkaVolterraSystem: System = {
  name: 'lotkaVolterra',
  states: 2,
  parameters: 1,
  rate: p => {
    const [a, b, c, d] = [0, 1, 2, 3].map(i => at(p, i))
    return s => {
      const [x, y] = [at(s, 0), at(s, 1)]
      return stack([mul(x, sub(a, mul(b, y))), mul(y, sub(mul(d, x), c))])
    }
  },
  invariant: (s, p) => {
    const [x, y] = [at(s, 0), at(s, 1)]
    const [a, b, c, d] = [0, 1, 2, 3].map(i => at(p, i))
    return sub(sub(mul(d, x), mul(c, log(x))), sub(mul(a, log(y)), mul(b, y)))
  },
  doc: {
    equation: "prey x and predators y: x' = x (a - b y), y' = y (d x - c), θ = (a, b, c, d)",
    tex: String.raw`\dot x = x (a - b y),\; \dot y = y (d x - c)`,
    lines: `  caveats  numbers below 0 mean nothing, and a large step can lead there
  source   Hairer, Lubich, Wanner 2006, "Geometric Numerical Integration", I.1.1`
  },
  examples: {
    state: (r, batch) => r.uniform([batch, 2], 0.5, 2),
    parameters: (r, batch) => [batch === 3 ? r.uniform([3, 4], 0.5, 1.5) : tensor([1.1, 0.4, 0.4, 0.1])],
    extremes: [1e-301],
    dt: 0.1
  }
}

/**
 * Lotka and Volterra's prey x and predators y: (s0 [B, 2], θ) → [B, 2], states (x, y). The parameters θ = (a, b, c, d), [4] or
 * [B, 4], are an input, so that they can be learned from data.
 *
 *     lotkaVolterra({ steps: 100, dt: 0.05 })(tensor([[10, 5]]), tensor([1.1, 0.4, 0.4, 0.1]))
 */
export function lotkaVolterra(options: IntegrateOptions = {}): Simulator<IntegrateAttrs> {
  checkSystemOptions('lotkaVolterra', options, [])
  return integrate(lotkaVolterraSystem, methodOptions(options))
}
