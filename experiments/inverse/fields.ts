import { type Random, type Tensor, tensor } from '../../core/index.js'
import { exp, mul } from '../../ops/index.js'
import {
  type Boundary,
  burgers,
  centralDifference,
  diffuse,
  diffuseExplicit,
  diffuseImplicit,
  divergenceFree,
  divGrad,
  flow,
  laplace,
  macCormack,
  poisson,
  randomRectangles,
  semiLagrangian,
  solveDivGrad,
  spectralShift,
  wave
} from '../../physics/index.js'
import { count, oneOf, real } from '../shell/settings.js'
import { both, type InverseCase, inverseCase, near, smooth } from './case.js'

const cells = (n: number) => count('cells along each axis', { default: n, max: 512 })
const beyond = (usual: Boundary) =>
  oneOf<Boundary>('beyond the last cell', ['periodic', 'dirichlet', 'neumann'], { default: usual })
const boundary = beyond('periodic')
const amount = (d: number) => real('ν t, in cells²', { default: d, min: 0 })
const dt = (d: number) => real('length of a step', { default: d })
const steps = (d: number) => count('steps', { default: d })

/** Hot rectangles, as in the heat experiment. */
const heat = (random: Random, n: number) => both(random, r => randomRectangles(r, 1, n))

const fieldOf = (random: Random, n: number, walls: Boundary = 'periodic') =>
  both(random, r => smooth(r, [1], [n, n], walls))

const advected = (
  scheme: (u: Tensor, v: Tensor, o: { dimensions: number; dt: number }) => Tensor,
  name: string
): InverseCase =>
  inverseCase({
    about: `a field on a ring carried by a smooth wind, by ${name}; x is the field`,
    settings: { cells: cells(48), dt: dt(0.5), speed: real('of the wind, cells per unit of time', { default: 1 }) },
    at: (s, random) => {
      const wind = mul(smooth(random.split('wind'), [1, 1], [s.cells]), s.speed)
      return {
        P: u => scheme(u, wind, { dimensions: 1, dt: s.dt }),
        ...both(random, r => smooth(r, [1], [s.cells]))
      }
    }
  })

/** What acts on fields. */
export const fieldCases: Readonly<Record<string, InverseCase>> = {
  diffuse: inverseCase({
    about: 'heat conduction, exact for waves; x is the initial temperature',
    settings: {
      cells: cells(64),
      amount: amount(8),
      boundary,
      inverse: oneOf('rule of the target sweep', ['stabilised', 'naive'], { default: 'stabilised' })
    },
    at: ({ cells, amount, ...options }, random) => ({ P: u => diffuse(u, amount, options), ...heat(random, cells) })
  }),
  diffuseExplicit: inverseCase({
    about: 'heat conduction by explicit steps, as many as stability needs',
    settings: { cells: cells(64), amount: amount(2), boundary },
    at: ({ cells, amount, boundary }, random) => ({
      P: u => diffuseExplicit(u, amount, { boundary }),
      ...heat(random, cells)
    })
  }),
  diffuseImplicit: inverseCase({
    about: 'heat conduction by implicit steps',
    settings: {
      cells: cells(64),
      amount: amount(2),
      steps: steps(4),
      boundary,
      method: oneOf('of a step', ['euler', 'crankNicolson'], { default: 'euler' })
    },
    at: ({ cells, amount, ...options }, random) => ({
      P: u => diffuseImplicit(u, amount, options),
      ...heat(random, cells)
    })
  }),
  laplace: inverseCase({
    about: 'y = ∇²x',
    settings: { cells: cells(32), boundary },
    at: ({ cells, boundary }, random) => ({ P: u => laplace(u, { boundary }), ...fieldOf(random, cells, boundary) })
  }),
  poisson: inverseCase({
    about: '∇²y = x',
    settings: { cells: cells(32), boundary: beyond('dirichlet') },
    at: ({ cells, boundary }, random) => ({ P: b => poisson(b, { boundary }), ...fieldOf(random, cells, boundary) })
  }),
  divGrad: inverseCase({
    about: 'y = ∇·(a∇x), a smooth between 0.2 and 5',
    settings: { cells: cells(8), boundary },
    at: ({ cells, boundary }, random) => {
      const a = exp(mul(smooth(random.split('a'), [1], [cells, cells], boundary), 0.5))
      return { P: u => divGrad(a, u, { boundary }), ...fieldOf(random, cells, boundary) }
    }
  }),
  solveDivGrad: inverseCase({
    about: '∇·(a∇y) = b by conjugate gradients',
    settings: {
      cells: cells(8),
      boundary: beyond('dirichlet'),
      x: oneOf('what is asked for', ['source', 'coefficient'], { default: 'source' })
    },
    at: ({ cells, boundary, x }, random) => {
      const field = (name: string): Tensor => smooth(random.split(name), [1], [cells, cells], boundary)
      const [a, b] = [exp(mul(field('a'), 0.5)), field('b')]
      return x === 'source'
        ? { P: u => solveDivGrad(a, u, { boundary }), ...fieldOf(random, cells, boundary) }
        : {
            P: u => solveDivGrad(u, b, { boundary }),
            ...near(random, r => exp(mul(smooth(r, [1], [cells, cells], boundary), 0.5)))
          }
    }
  }),
  centralDifference: inverseCase({
    about: 'y_i = (x_{i+1} - x_{i-1})/2 along a line',
    settings: { cells: cells(64), boundary },
    at: ({ cells, boundary }, random) => ({
      P: u => centralDifference(u, { boundary }),
      ...both(random, r => smooth(r, [1], [cells], boundary))
    })
  }),
  semiLagrangian: advected(semiLagrangian, 'a semi-Lagrangian step'),
  macCormack: advected(macCormack, "MacCormack's step"),
  spectralShift: inverseCase({
    about: 'a periodic field moved by a part of a cell, exactly for waves',
    settings: { cells: cells(8), shift: real('along both axes, in cells', { default: 0.3 }) },
    at: ({ cells, shift }, random) => ({
      P: u => spectralShift(u, tensor([shift, shift])),
      ...fieldOf(random, cells)
    })
  }),
  burgers: inverseCase({
    about: "Burgers' equation on a ring; x is the initial velocity",
    settings: {
      cells: cells(24),
      dt: dt(0.2),
      steps: steps(8),
      viscosity: real('ν', { default: 0.1, min: 0 })
    },
    at: ({ cells, ...options }, random) => ({
      P: burgers({ dimensions: 1, ...options }),
      ...both(random, r => smooth(r, [1], [cells]))
    })
  }),
  wave: inverseCase({
    about: 'the wave equation by leapfrog; x is displacement and velocity',
    settings: { cells: cells(12), dt: dt(0.5), steps: steps(40), boundary },
    at: ({ cells, ...options }, random) => ({
      P: wave(options),
      ...both(random, r => smooth(r, [1, 2], [cells, cells], options.boundary))
    })
  }),
  divergenceFree: inverseCase({
    about: 'the part of a velocity that has no divergence',
    settings: { cells: cells(8) },
    at: ({ cells }, random) => ({ P: u => divergenceFree(u), ...both(random, r => smooth(r, [1, 2], [cells, cells])) })
  }),
  flow: inverseCase({
    about: 'incompressible flow in a periodic box; x is the initial velocity',
    settings: { cells: cells(6), dt: dt(0.25), steps: steps(2), viscosity: real('ν', { default: 0, min: 0 }) },
    at: ({ cells, ...options }, random) => ({
      P: flow(options),
      ...both(random, r => divergenceFree(smooth(r, [1, 2], [cells, cells])))
    })
  })
}
