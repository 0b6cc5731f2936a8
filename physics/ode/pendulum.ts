import { checkNumbers } from '../../core/options.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { cos } from '../../ops/elementwise/cos.js'
import { sin } from '../../ops/elementwise/sin.js'
import { sub } from '../../ops/elementwise/sub.js'
import { at } from '../../ops/shape/at.js'
import { concat } from '../../ops/shape/concat.js'
import { slice } from '../../ops/shape/slice.js'
import type { Simulator } from '../simulator.js'
import { checkSystemOptions, type IntegrateAttrs, type IntegrateOptions, integrate } from './integrate.js'
import type { System } from './system.js'

export interface PendulumParameters {
  /** Gravity over length, ω₀². Default 1. */
  gravity?: number
  /** The torque of friction per angular velocity. Default 0. */
  friction?: number
}

/** The equations of a pendulum, with its energy; see `pendulum`. */
export function pendulumSystem({ gravity = 1, friction = 0 }: PendulumParameters = {}): System {
  checkNumbers('pendulum', 'finite', { gravity, friction })
  return {
    name: 'pendulum',
    states: 2,
    controls: 1,
    separable: friction === 0,
    rate: u => s => {
      const velocity = slice(s, -1, 1, 2)
      const torque = sub(u, mul(sin(slice(s, -1, 0, 1)), gravity))
      return concat([velocity, friction === 0 ? torque : sub(torque, mul(velocity, friction))], -1)
    },
    invariant: s => {
      const velocity = at(s, 1)
      return add(mul(mul(velocity, velocity), 0.5), mul(cos(at(s, 0)), -gravity))
    },
    doc: {
      equation: `a pendulum pushed by a torque: φ'' = -g sin φ - k φ' + u, g = ${gravity}, k = ${friction}`,
      tex: String.raw`\ddot\varphi = -g \sin\varphi - k \dot\varphi + u`,
      lines: `  caveats  near the upright position neighbouring states part like e^(√g t), and the inverse with them
  source   Hairer, Lubich, Wanner 2006, "Geometric Numerical Integration", I.1.2`
    },
    examples: { state: (r, batch) => r.uniform([batch, 2], -1, 1), extremes: [1e-300], dt: 0.2 }
  }
}

/**
 * A pendulum φ'' = -g sin φ - k φ' + u(t): (s0 [B, 2], u [B, steps]) → [B, 2], states (φ, φ'), u constant over each step.
 *
 *     pendulum({ steps: 100, dt: 0.1, method: 'leapfrog' })
 */
export function pendulum(options: PendulumParameters & IntegrateOptions = {}): Simulator<IntegrateAttrs> {
  checkSystemOptions('pendulum', options, ['gravity', 'friction'])
  return integrate(pendulumSystem(options), methodOptions(options))
}

/** What of the options goes to the integrator. */
export const methodOptions = ({ method, dt, steps, substeps }: IntegrateOptions): IntegrateOptions => ({
  method,
  dt,
  steps,
  substeps
})
