import type { Op } from '../../core/op.js'
import { lotkaVolterra } from './lotkaVolterra.js'
import { nBody } from './nBody.js'
import { oscillators } from './oscillators.js'
import { pendulum } from './pendulum.js'

export { eulerStep } from './euler.js'
export { type HamiltonianOptions, hamiltonianSystem } from './hamiltonian.js'
export { type IntegrateAttrs, type IntegrateOptions, integrate } from './integrate.js'
export { leapfrogStep } from './leapfrog.js'
export { lotkaVolterra, lotkaVolterraSystem } from './lotkaVolterra.js'
export type { MethodName } from './methods.js'
export { midpointStep } from './midpoint.js'
export { type NBodyParameters, nBody, nBodySystem } from './nBody.js'
export {
  type OscillatorChain,
  type OscillatorOptions,
  oscillatorMatrix,
  oscillatorSystem,
  oscillators
} from './oscillators.js'
export { type PendulumParameters, pendulum, pendulumSystem } from './pendulum.js'
export { rungeKutta4Step } from './rungeKutta4.js'
export type { Rate, System } from './system.js'

/** One operator for each system; together they use each integrator. */
export const odeOps: readonly Op[] = [
  oscillators(),
  oscillators({ spring: 'cubic', push: [0, 3], method: 'leapfrog' }),
  pendulum({ method: 'implicitMidpoint' }),
  lotkaVolterra({ method: 'midpoint' }),
  nBody({ method: 'leapfrog' })
].map(P => P.op)
