import { layeredJacobian, random, type Tensor } from '../../core/index.js'
import { makeNet } from '../../experiments/oscillators.js'
import { matmul, mlp, type Network, relu } from '../../ops/index.js'
import { partialInverse, type RouteOptions } from '../../optim/index.js'
import { oscillators } from '../../physics/index.js'
import { type Case, type Cases, uniform } from '../case.js'

/** Network, physics and batch of a problem of half-inverse gradients. */
interface Problem {
  name: string
  net: Network
  physics: (u: Tensor, x: Tensor) => Tensor
  inputs: number
  batch: number
  outputs: number
  truncation: number
  /** The routes that are measured. */
  routes: Record<string, RouteOptions>
  torch: readonly ('step' | 'jacobian' | 'svd')[]
}

/** A random linear map in the place of the physics: rows of J as many and as long, and nothing of the physics' time. */
const linear = (from: number, to: number) => {
  const A = random(from).normal([from, to])
  return (u: Tensor) => matmul(u, A)
}

const problems: Problem[] = [
  {
    name: 'oscillators',
    net: makeNet(),
    physics: (
      simulate => (u: Tensor, x: Tensor) =>
        simulate(x, u)
    )(oscillators({ masses: 2, steps: 24, dt: 0.5 })),
    inputs: 4,
    batch: 32,
    outputs: 4,
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
    name: 'oscillators-nonlinear, a linear map for its physics,',
    net: mlp([4, 20, 20, 20, 96], { activation: relu }),
    physics: linear(96, 4),
    inputs: 4,
    batch: 128,
    outputs: 4,
    truncation: 1e-6,
    routes: { svd: { route: 'svd' }, 'chosen by itself': {} },
    torch: ['step', 'svd']
  },
  {
    name: 'quantum-dipole, a linear map for its physics,',
    net: mlp([28, 20, 20, 20, 384]),
    physics: linear(384, 28),
    inputs: 28,
    batch: 16,
    outputs: 28,
    truncation: 1e-5,
    routes: { svd: { route: 'svd' }, 'chosen by itself': {} },
    torch: ['step', 'svd']
  },
  {
    name: 'poisson-hig, a linear map for its physics,',
    net: mlp([64, 64, 128, 64, 64]),
    physics: linear(64, 64),
    inputs: 64,
    batch: 64,
    outputs: 64,
    truncation: 1e-5,
    routes: { gram: { route: 'gram', tolerance: Number.MAX_VALUE }, 'krylov, k = 100': { steps: 100 } },
    torch: []
  }
]

/**
 * One step of half-inverse gradients: forward pass, Jacobian, half-inverse times dL/dy. Split in a note: Jacobian, Gram
 * matrix, rest. The first problem has its physics; of the others, only network and sizes.
 */
export const higCases: Cases = extent => {
  const few = { quick: 1, usual: 3, full: 4 }[extent]
  return problems.slice(0, few).flatMap(problem => {
    const { net, physics, inputs, batch, outputs, truncation } = problem
    const theta = net.init(random(0))
    const [x, g] = [uniform([batch, inputs], 'f64'), uniform([batch, outputs], 'f64')]
    const jacobian = layeredJacobian((th, x) => physics(net(th, x), x), { wrt: 0 })
    const size = `${batch * outputs}×${theta.size}`
    const key = problem.name.split(',')[0]
    const python = (part: Problem['torch'][number]): Pick<Case, 'python'> =>
      problem.torch.includes(part) ? { python: { script: 'torch', key: `hig ${key} ${part}` } } : {}
    const steps = Object.entries(problem.routes).map(([route, options]): Case => {
      const step = () => partialInverse(jacobian(theta, x).J, g, { truncation, ...options })
      return {
        name: `HIG step of ${problem.name} ${size}: ${route}`,
        setup: () => step,
        ...python('step'),
        note: () => {
          const { route, error, kept, because, steps } = step().report
          const most = (process.resourceUsage().maxRSS / 2 ** 10).toFixed(0)
          return `${route}${steps ? ` (${steps})` : ''}: ${because}; error ${error.toExponential(1)}, ${kept} kept; peak memory of the process so far ${most} MiB`
        }
      }
    })
    const { J } = jacobian(theta, x)
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
