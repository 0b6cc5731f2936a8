import type { Tensor } from '../../core/tensor.js'
import { eulerStep } from './euler.js'
import { implicitMidpointStep, implicitStage } from './implicitMidpoint.js'
import { leapfrogStep } from './leapfrog.js'
import { midpointStep } from './midpoint.js'
import { rungeKutta4Step } from './rungeKutta4.js'
import type { Rate } from './system.js'

/** A step of length dt, for as long as what is `given` (controls and parameters) stays constant. */
type Step = (s: Tensor, dt: number) => Tensor

export interface Method {
  readonly title: string
  readonly order: number
  /** A step with -dt undoes a step, to rounding. */
  readonly symmetric: boolean
  /** Cost of a step. */
  readonly cost: string
  stepper(rate: Rate): (given: readonly Tensor[]) => Step
}

const explicit =
  (step: (f: (s: Tensor) => Tensor, s: Tensor, dt: number) => Tensor) => (rate: Rate) => (given: readonly Tensor[]) => {
    const f = rate(...given)
    return (s: Tensor, dt: number) => step(f, s, dt)
  }

/** The integrators by name. */
export const methods = {
  euler: { title: 'Euler', order: 1, symmetric: false, cost: 'one evaluation of f', stepper: explicit(eulerStep) },
  midpoint: {
    title: 'the explicit midpoint rule',
    order: 2,
    symmetric: false,
    cost: 'two evaluations of f',
    stepper: explicit(midpointStep)
  },
  rungeKutta4: {
    title: 'RK4',
    order: 4,
    symmetric: false,
    cost: 'four evaluations of f',
    stepper: explicit(rungeKutta4Step)
  },
  leapfrog: {
    title: 'leapfrog',
    order: 2,
    symmetric: true,
    cost: 'three evaluations of f',
    stepper: explicit(leapfrogStep)
  },
  implicitMidpoint: {
    title: 'the implicit midpoint rule',
    order: 2,
    symmetric: true,
    cost: 'about ten evaluations of f for a small dt, a few Newton steps of n³ for a large one; one solve of n³ per rule',
    stepper: rate => {
      const stage = implicitStage(rate)
      return given => (s, dt) => implicitMidpointStep(stage, given, s, dt)
    }
  }
} as const satisfies Readonly<Record<string, Method>>

export type MethodName = keyof typeof methods
