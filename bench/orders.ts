import { exponent } from '../core/check/probe.js'
import { random, type Tensor, tensor } from '../core/index.js'
import { norm2 } from '../core/linalg/scaling.js'
import { reshape, stack } from '../ops/index.js'
import {
  boxState,
  burgers,
  centralDifference,
  diffuseExplicit,
  diffuseImplicit,
  flow,
  laplace,
  type MethodName,
  macCormack,
  pendulum,
  poisson,
  schroedinger,
  semiLagrangian,
  splitStep,
  wave
} from '../physics/index.js'

/** A simulator that is refined: steps, cells, or both together, n of them. */
export interface OrderCase {
  readonly name: string
  readonly refined: 'time' | 'space' | 'both'
  /** Where the slope lies by theory. */
  readonly expected: readonly [number, number]
  readonly sizes: readonly number[]
  /** √mean square of the error with n steps or cells. */
  error(n: number): number
}

export interface OrderRow extends Omit<OrderCase, 'error'> {
  readonly errors: readonly number[]
  /** Of log error over log 1/n. */
  readonly slope: number
}

const TURN = 2 * Math.PI
const about = (order: number): [number, number] => [order - 0.15, order + 0.15]
const DOUBLED = [16, 32, 64, 128]

/** √mean (a - b)² */
const distance = (a: Tensor, b: Tensor): number =>
  norm2(Float64Array.from(a.data, (v, i) => v - b.data[i])) / Math.sqrt(a.size)

/** f at 0, dx, … on a ring of length 2π. */
const ring = (n: number, f: (x: number) => number): Tensor =>
  tensor(Float64Array.from({ length: n }, (_, j) => f((TURN * j) / n)))

/** The same on a square, first index x. */
const square = (n: number, f: (x: number, y: number) => number): Tensor =>
  tensor(
    Float64Array.from({ length: n * n }, (_, i) => f((TURN * Math.floor(i / n)) / n, (TURN * (i % n)) / n)),
    { shape: [n, n] }
  )

const line = (n: number) => ({ dimensions: 1, dx: TURN / n })

/** Integrators on the pendulum, against RK4 with steps 16 times shorter than its own. */
function integrators(): OrderCase[] {
  const orders: Record<MethodName, number> = { euler: 1, midpoint: 2, leapfrog: 2, implicitMidpoint: 2, rungeKutta4: 4 }
  const s0 = random(0).uniform([4, 2], -1, 1)
  const u = random(1).normal([4, 2], 0, 0.3)
  const end = (method: MethodName, substeps: number) => pendulum({ method, dt: 1, steps: 2, substeps })(s0, u)
  let exact: Tensor | undefined
  return (Object.keys(orders) as MethodName[]).map(method => ({
    name: method,
    refined: 'time',
    expected: about(orders[method]),
    sizes: method === 'rungeKutta4' ? [8, 16, 32, 64] : [32, 64, 128, 256],
    error: n => distance(end(method, n), (exact ??= end('rungeKutta4', 1024)))
  }))
}

/** Steps of diffusion against the decay of a wave: of the grid's, and of the equation's. */
function diffusions(): OrderCase[] {
  const ways: [string, number, (u: Tensor, amount: number, dx: number, steps: number) => Tensor][] = [
    ['diffuseExplicit', 1, (u, amount, dx, steps) => diffuseExplicit(u, amount, { dimensions: 1, dx, steps })],
    ['diffuseImplicit, Euler', 1, (u, amount, dx, steps) => diffuseImplicit(u, amount, { dimensions: 1, dx, steps })],
    [
      'diffuseImplicit, Crank-Nicolson',
      2,
      (u, amount, dx, steps) => diffuseImplicit(u, amount, { dimensions: 1, dx, steps, method: 'crankNicolson' })
    ]
  ]
  const wave = (n: number, decay: number) => ring(n, x => Math.exp(-decay) * Math.cos(2 * x))
  const eigenvalue = (n: number) => ((2 * n) / TURN) ** 2 * Math.sin(TURN / n) ** 2
  return ways.flatMap(([name, order, f]): OrderCase[] => [
    {
      name,
      refined: 'time',
      expected: about(order),
      sizes: [16, 32, 64, 128],
      error: steps => distance(f(wave(16, 0), 1, TURN / 16, steps), wave(16, eigenvalue(16)))
    },
    {
      name,
      refined: 'space',
      expected: about(2),
      sizes: DOUBLED,
      error: n => distance(f(wave(n, 0), 0.1, TURN / n, 20_000), wave(n, 0.4))
    }
  ])
}

function stencils(): OrderCase[] {
  const f = (n: number) => ring(n, x => Math.exp(Math.sin(x)))
  const second = (n: number) => ring(n, x => Math.exp(Math.sin(x)) * (Math.cos(x) ** 2 - Math.sin(x)))
  const withoutMean = (u: Tensor): Tensor => {
    const mean = Float64Array.from(u.data).reduce((a, b) => a + b, 0) / u.size
    return tensor(Float64Array.from(u.data, v => v - mean))
  }
  const space = { refined: 'space', expected: about(2), sizes: DOUBLED } as const
  return [
    {
      name: 'centralDifference',
      ...space,
      error: n =>
        distance(
          centralDifference(f(n), { dx: TURN / n }),
          ring(n, x => Math.cos(x) * Math.exp(Math.sin(x)))
        )
    },
    { name: 'laplace', ...space, error: n => distance(laplace(f(n), line(n)), second(n)) },
    { name: 'poisson', ...space, error: n => distance(poisson(second(n), line(n)), withoutMean(f(n))) }
  ]
}

/** Where a particle in the wind was a time T ago, by short Runge-Kutta steps. */
export function upstream(x: number, v: (x: number) => number, T: number): number {
  const h = -T / 400
  for (let k = 0; k < 400; k++) {
    const k1 = v(x)
    const k2 = v(x + (h / 2) * k1)
    const k3 = v(x + (h / 2) * k2)
    x += (h / 6) * (k1 + 2 * k2 + 2 * k3 + v(x + h * k3))
  }
  return x
}

function transport(): OrderCase[] {
  const wind = (x: number) => 1 + 0.4 * Math.sin(x)
  const start = (x: number) => Math.exp(Math.sin(x))
  const carried = (scheme: typeof semiLagrangian) => (n: number) => {
    const dx = TURN / n
    const v = reshape(ring(n, wind), [1, n])
    let u = ring(n, start)
    for (let k = 0; k < n / 4; k++) u = scheme(u, v, { dt: dx, ...line(n) })
    return distance(
      u,
      ring(n, x => start(upstream(x, wind, (n / 4) * dx)))
    )
  }
  const [nu, T] = [0.5, 0.5]
  /** Cole and Hopf: u = -2ν ∂φ/φ where φ solves the heat equation. */
  const coleHopf = (n: number, t: number) => {
    const a = 0.8 * Math.exp(-nu * t)
    return ring(n, x => (2 * nu * a * Math.sin(x)) / (1 + a * Math.cos(x)))
  }
  /** Taylor and Green's vortices in a wind (1, ½). */
  const vortices = (n: number, t: number) => {
    const decay = Math.exp(-2 * 0.1 * t)
    return stack(
      [
        square(n, (x, y) => 1 + decay * Math.sin(x - t) * Math.cos(y - t / 2)),
        square(n, (x, y) => 0.5 - decay * Math.cos(x - t) * Math.sin(y - t / 2))
      ],
      0
    )
  }
  const standing = (n: number, t: number) =>
    stack([ring(n, x => Math.cos(2 * x) * Math.cos(2 * t)), ring(n, x => -2 * Math.cos(2 * x) * Math.sin(2 * t))], 0)
  const flowing = (order: 1 | 2) => (n: number) => {
    const simulate = flow({ dx: TURN / n, dt: T / (n / 4), steps: n / 4, order, viscosity: 0.1 })
    return distance(simulate(vortices(n, 0)), vortices(n, T))
  }
  return [
    {
      name: 'semiLagrangian',
      refined: 'both',
      expected: [0.9, 2.1],
      sizes: [64, 128, 256],
      error: carried(semiLagrangian)
    },
    { name: 'macCormack', refined: 'both', expected: about(2), sizes: [64, 128, 256], error: carried(macCormack) },
    {
      name: 'burgers',
      refined: 'both',
      expected: about(2),
      sizes: [16, 32, 64],
      error: n =>
        distance(burgers({ ...line(n), dt: T / (n / 4), steps: n / 4, viscosity: nu })(coleHopf(n, 0)), coleHopf(n, T))
    },
    {
      name: 'wave (leapfrog)',
      refined: 'both',
      expected: about(2),
      sizes: [32, 64, 128],
      error: n => distance(wave({ ...line(n), dt: 2 / n, steps: n / 2 })(standing(n, 0)), standing(n, 1))
    },
    { name: 'flow, order 1', refined: 'both', expected: [0.85, 2.1], sizes: [16, 32, 64], error: flowing(1) },
    { name: 'flow, order 2', refined: 'both', expected: about(2), sizes: [16, 32, 64], error: flowing(2) }
  ]
}

function waves(): OrderCase[] {
  const [n, T] = [14, 1]
  const dx = 2 / (n + 1)
  /** Two states of the box after a time t, which turn each at its own speed on the grid. */
  const turned = (t: number): Tensor => {
    const data = new Float64Array(2 * n)
    for (const k of [1, 2]) {
      const energy = (1 - Math.cos((Math.PI * k) / (n + 1))) / dx ** 2
      const state = boxState(n, k).data
      for (let j = 0; j < n; j++) {
        data[2 * j] += state[2 * j] * Math.cos(energy * t)
        data[2 * j + 1] -= state[2 * j] * Math.sin(energy * t)
      }
    }
    return tensor(data, { shape: [1, n, 2] })
  }
  const potential = Float64Array.from({ length: 16 }, (_, j) => 2 * Math.cos((TURN * j) / 16))
  const psi = random(2).normal([1, 16, 2])
  const split = (steps: number) => splitStep({ grid: [16], potential, dt: T / steps, steps })(psi)
  let exact: Tensor | undefined
  return [
    {
      name: 'schroedinger (Crank-Nicolson)',
      refined: 'time',
      expected: about(2),
      sizes: [16, 32, 64, 128],
      error: steps => distance(schroedinger({ dt: T / steps, steps, controlled: false })(turned(0)), turned(T))
    },
    {
      name: 'splitStep (Strang)',
      refined: 'time',
      expected: about(2),
      sizes: [64, 128, 256],
      error: steps => distance(split(steps), (exact ??= split(4096)))
    }
  ]
}

/** Every simulator that approximates: the exact ones (diffuse, spectralShift) have no order. */
export const orderCases = (): OrderCase[] => [
  ...integrators(),
  ...waves(),
  ...diffusions(),
  ...stencils(),
  ...transport()
]

export function measureOrder({ error, ...rest }: OrderCase): OrderRow {
  const errors = rest.sizes.map(error)
  return { ...rest, errors, slope: -exponent(rest.sizes, errors) }
}

export const inRange = ({ slope, expected: [low, high] }: OrderRow): boolean => slope >= low && slope <= high
