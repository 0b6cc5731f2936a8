import { layeredJacobian, random, type Tensor } from '../../core/index.js'
import * as chain from '../../experiments/oscillators.js'
import * as cubic from '../../experiments/oscillatorsNonlinear.js'
import * as poisson from '../../experiments/poissonHig.js'
import * as dipole from '../../experiments/quantumDipole.js'
import type { Network } from '../../ops/index.js'
import { partialInverse, type RouteOptions } from '../../optim/index.js'
import { oscillators } from '../../physics/index.js'
import { type Case, type Cases, uniform } from '../case.js'

/** A problem of half-inverse gradients, as its experiment has it. */
interface Problem {
  name: string
  net: Network
  physics: (u: Tensor, x: Tensor) => Tensor
  /** Of a sample: of the network's input, and of y. */
  inputs: number
  outputs: number
  batch: number
  truncation: number
  /** The routes that are measured. */
  routes: Record<string, RouteOptions>
  torch: readonly ('step' | 'jacobian' | 'svd')[]
}

const linear = oscillators({ masses: 2, steps: 24, dt: 0.5 })

const problems: Problem[] = [
  {
    name: 'oscillators',
    net: chain.makeNet(),
    physics: (u, x) => linear(x, u),
    inputs: 4,
    outputs: 4,
    batch: 32,
    truncation: 1e-10,
    routes: {
      svd: { route: 'svd' },
      'chosen by itself': {},
      'krylov, k = 20': { steps: 20 },
      'krylov, k = 40': { steps: 40 }
    },
    torch: ['step', 'jacobian', 'svd']
  },
  {
    name: 'oscillators-nonlinear',
    net: cubic.makeNet(),
    physics: cubic.physics,
    inputs: 4,
    outputs: 4,
    batch: 128,
    truncation: 1e-6,
    routes: { svd: { route: 'svd' }, 'chosen by itself': cubic.settingsOf('HIG', 128) },
    torch: ['step', 'jacobian', 'svd']
  },
  {
    name: 'quantum-dipole',
    net: dipole.makeNet(),
    physics: dipole.physics,
    inputs: 28,
    outputs: 28,
    batch: 16,
    truncation: 1e-5,
    routes: { svd: { route: 'svd' }, 'chosen by itself': dipole.settingsOf('HIG', 16) },
    torch: ['step', 'jacobian', 'svd']
  },
  {
    name: 'poisson-hig',
    net: poisson.makeNet(),
    physics: poisson.physics,
    inputs: 64,
    outputs: 64,
    batch: 64,
    truncation: 1e-5,
    routes: { 'krylov, k = 60': poisson.settingsOf('HIG, k = 60', 64), gram: poisson.settingsOf('HIG', 64) },
    torch: ['jacobian']
  }
]

/**
 * One step of half-inverse gradients: forward pass, Jacobian, half-inverse times dL/dy. And its parts: Jacobian, Gram
 * matrix, half-inverse.
 */
export const higCases: Cases = extent => {
  const few = { quick: 1, usual: 3, full: 4 }[extent]
  return problems.slice(0, few).flatMap(problem => {
    const { name, net, physics, inputs, batch, outputs, truncation } = problem
    const theta = net.init(random(0))
    const x = uniform([batch, inputs], 'f64')
    const jacobian = layeredJacobian((th, x) => physics(net(th, x), x), { wrt: 0 })
    const { value, J } = jacobian(theta, x)
    const g = uniform(value.shape, 'f64')
    const size = `${batch * outputs}×${theta.size}`
    const python = (part: Problem['torch'][number]): Pick<Case, 'python'> =>
      problem.torch.includes(part) ? { python: { script: 'torch', key: `hig ${name} ${part}` } } : {}
    const steps = Object.entries(problem.routes).map(([route, options]): Case => {
      const step = () => partialInverse(jacobian(theta, x).J, g, { truncation, ...options })
      return {
        name: `HIG step of ${name} ${size}: ${route}`,
        setup: () => step,
        ...python('step'),
        note: () => {
          const { route, error, kept, because, steps } = step().report
          const most = (process.resourceUsage().maxRSS / 2 ** 10).toFixed(0)
          return `${route}${steps ? ` (${steps})` : ''}: ${because}; error ${error.toExponential(1)}, ${kept} kept; peak memory of the process so far ${most} MiB`
        }
      }
    })
    return [
      ...steps,
      { name: `  its Jacobian, in layers`, setup: () => () => jacobian(theta, x), ...python('jacobian') },
      { name: `  its Gram matrix`, setup: () => () => J.gram() },
      ...(problem.routes.svd
        ? [
            {
              name: `  half-inverse by svd`,
              setup: () => () => partialInverse(J, g, { truncation, route: 'svd' }),
              ...python('svd')
            }
          ]
        : [])
    ]
  })
}
