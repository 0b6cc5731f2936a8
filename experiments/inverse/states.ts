import { type Random, type Tensor, tensor } from '../../core/index.js'
import { exp } from '../../ops/index.js'
import {
  lotkaVolterra,
  type MethodName,
  meanAnomaly,
  nBody,
  oscillators,
  pendulum,
  schroedinger,
  sineMap,
  splitStep,
  squareMap
} from '../../physics/index.js'
import { count, oneOf, real } from '../shell/settings.js'
import { both, type InverseCase, inverseCase, near } from './case.js'

const METHODS: MethodName[] = ['euler', 'midpoint', 'rungeKutta4', 'leapfrog', 'implicitMidpoint']
const method = (usual: MethodName, others = METHODS) => oneOf('integrator', others, { default: usual })
const dt = (d: number) => real('length of a step', { default: d })
const steps = (d: number) => count('steps', { default: d })
const asked = (usual: 'state' | 'control' = 'state') =>
  oneOf('what is asked for', ['state', 'control'], { default: usual })

/** A simulator (state, control) → state, inverted in one of the two. */
function inOneOf(
  x: 'state' | 'control',
  run: (state: Tensor, control: Tensor) => Tensor,
  random: Random,
  state: (r: Random) => Tensor,
  control: (r: Random) => Tensor
) {
  const [s, u] = [state(random.split('state')), control(random.split('control'))]
  return x === 'state'
    ? { P: (v: Tensor) => run(v, u), ...both(random, state) }
    : { P: (v: Tensor) => run(s, v), ...near(random, control) }
}

/** What acts on states of few numbers, and on wave functions. */
export const stateCases: Readonly<Record<string, InverseCase>> = {
  oscillators: inverseCase({
    about: 'coupled oscillators under a control; x is the initial state, or the control',
    settings: {
      masses: count('', { default: 2 }),
      spring: oneOf('', ['linear', 'cubic'], { default: 'linear' }),
      method: method('rungeKutta4'),
      dt: dt(0.5),
      steps: steps(24),
      x: asked()
    },
    at: ({ x, ...options }, random) =>
      inOneOf(
        x,
        oscillators(options),
        random,
        r => r.uniform([1, 2 * options.masses]),
        r => r.normal([1, options.steps], 0, 0.3)
      )
  }),
  pendulum: inverseCase({
    about: 'a pendulum under a torque; x is the initial state, or the torque',
    settings: { method: method('leapfrog'), dt: dt(0.1), steps: steps(30), x: asked() },
    at: ({ x, ...options }, random) =>
      inOneOf(
        x,
        pendulum(options),
        random,
        r => r.uniform([1, 2], -1, 1),
        r => r.normal([1, options.steps], 0, 0.3)
      )
  }),
  lotkaVolterra: inverseCase({
    about: 'prey and predators; x are their numbers at the beginning',
    settings: {
      method: method(
        'rungeKutta4',
        METHODS.filter(m => m !== 'leapfrog')
      ),
      dt: dt(0.1),
      steps: steps(20)
    },
    at: (options, random) => {
      const P = lotkaVolterra(options)
      return { P: s => P(s, tensor([1.1, 0.4, 0.4, 0.1])), ...both(random, r => r.uniform([1, 2], 2, 6)) }
    }
  }),
  nBody: inverseCase({
    about: 'three bodies under their gravity; x are their places and velocities at the beginning',
    settings: { method: method('leapfrog'), dt: dt(0.02), steps: steps(40), softening: real('', { default: 0.2 }) },
    at: (options, random) => ({
      P: nBody({ masses: [1, 1, 1], ...options }),
      ...near(random, r => r.uniform([1, 12], -1, 1), 0.05)
    })
  }),
  schroedinger: inverseCase({
    about: 'a particle in a box, pushed by a field (Crank-Nicolson); x is its wave function, or the field',
    settings: { points: count('inside', { default: 14 }), dt: dt(0.05), steps: steps(20), x: asked() },
    at: ({ x, ...options }, random) =>
      inOneOf(
        x,
        schroedinger(options),
        random,
        r => r.normal([1, options.points, 2]),
        r => r.normal([1, options.steps])
      )
  }),
  splitStep: inverseCase({
    about: 'a particle in a periodic potential, by split steps; x is its wave function',
    settings: { points: count('', { default: 32 }), dt: dt(0.05), steps: steps(20) },
    at: ({ points, ...options }, random) => {
      const potential = Float64Array.from({ length: points }, (_, j) => 2 * Math.cos((2 * Math.PI * j) / points))
      return { P: splitStep({ grid: [points], potential, ...options }), ...both(random, r => r.normal([1, points, 2])) }
    }
  }),
  sineMap: inverseCase({
    about: "the text's map (sin(10/ξ x̂1), 10 ξ x̂2), x̂ turned by φ",
    settings: {
      xi: real('ξ, conditioning', { default: 32, above: 0 }),
      phi: real('φ in degrees, coupling', { default: 45 })
    },
    at: (options, random) => ({ P: sineMap(options), ...near(random, r => r.uniform([1, 2], -0.1, 0.1)) })
  }),
  squareMap: inverseCase({
    about: 'y = (x0, x1²)',
    settings: {},
    at: (_, random) => ({ P: squareMap, ...near(random, r => r.uniform([1, 2], 0.5, 2)) })
  }),
  meanAnomaly: inverseCase({
    about: "Kepler's equation y = x - e sin x",
    settings: { e: real('eccentricity', { default: 0.5, min: 0, max: 1 }) },
    at: ({ e }, random) => ({ P: E => meanAnomaly(E, tensor([e])), ...both(random, r => r.uniform([1, 1], -3, 3)) })
  }),
  exp: inverseCase({
    about: 'y = e^x, entry by entry',
    settings: { low: real('smallest x', { default: -12 }), high: real('largest x', { default: 0 }) },
    at: ({ low, high }, random) => ({ P: exp, ...both(random, r => r.uniform([16], low, high)) })
  })
}
