import { exponent } from '../core/check/probe.js'
import { random, type Tensor, tensor, withThreads } from '../core/index.js'
import { exp, mul } from '../ops/index.js'
import {
  burgers,
  centralDifference,
  diffuse,
  diffuseExplicit,
  diffuseImplicit,
  divergenceFree,
  flow,
  gridOf,
  laplace,
  lotkaVolterra,
  macCormack,
  nBody,
  oscillators,
  pendulum,
  poisson,
  schroedinger,
  semiLagrangian,
  solveDivGrad,
  spectralShift,
  splitStep,
  wave
} from '../physics/index.js'
import { conjugateSolve } from '../physics/poisson/conjugateSolve.js'
import type { Extent } from './case.js'
import { alternate, cpuClock } from './measure.js'

/** How the time of one step of a simulator grows. */
export interface CostCase {
  readonly name: string
  /** By theory, in the number of unknowns N. */
  readonly law: string
  /** What `step` takes along an axis, or in all. */
  readonly sizes: readonly number[]
  /** Unknowns for a size. */
  unknowns(size: number): number
  /** What is timed: a step for a batch. */
  step(size: number, batch: number): () => void
  /** To be said of the largest size besides. */
  note?(size: number): string
}

export interface CostRow {
  readonly name: string
  readonly law: string
  readonly unknowns: readonly number[]
  /** Medians, CPU seconds per step, of a batch of 1. */
  readonly seconds: readonly number[]
  /** Of seconds over unknowns. */
  readonly exponent: number
  readonly batches: readonly number[]
  readonly batchSeconds: readonly number[]
  /** Of seconds over the batch: 1, less where there is a price per call. */
  readonly batchExponent: number
  readonly note: string
}

const field = (batch: number, ...cells: number[]): Tensor => random(1).normal([batch, ...cells])
const cells2 = (n: number): number => n * n
const PLANE = [64, 128, 256, 512]
const LINE = [1024, 4096, 16384, 65536]

const onPlane = (name: string, law: string, f: (u: Tensor) => unknown, sizes = PLANE): CostCase => ({
  name,
  law,
  sizes,
  unknowns: cells2,
  step: (n, batch) => {
    const u = field(batch, n, n)
    return () => void f(u)
  }
})

const FFT = 'N log N'
const STENCIL = 'N'

/** A smooth coefficient between about 0.1 and 10. */
const coefficient = (n: number): Tensor =>
  exp(
    mul(
      tensor(
        Float64Array.from(
          { length: n * n },
          (_, i) => Math.sin((2 * Math.PI * (i % n)) / n) * Math.cos((2 * Math.PI * Math.floor(i / n)) / n)
        ),
        { shape: [1, n, n] }
      ),
      2
    )
  )

const carried = (name: string, scheme: typeof semiLagrangian): CostCase => ({
  ...onPlane(name, STENCIL, u => u),
  step: (n, batch) => {
    const [u, v] = [field(batch, n, n), field(1, 2, n, n)]
    return () => void scheme(u, v, { dt: 0.3 })
  }
})

export const costCases = (): CostCase[] => [
  onPlane('diffuse', FFT, u => diffuse(u, 1)),
  onPlane('diffuse, walls', FFT, u => diffuse(u, 1, { boundary: 'neumann' })),
  onPlane('diffuseExplicit', STENCIL, u => diffuseExplicit(u, 0.2, { steps: 1 })),
  onPlane('diffuseImplicit', FFT, u => diffuseImplicit(u, 1)),
  onPlane('laplace', STENCIL, u => laplace(u)),
  onPlane('poisson', FFT, u => poisson(u)),
  onPlane('poisson, dirichlet, 2ⁿ - 1 cells', FFT, u => poisson(u, { boundary: 'dirichlet' }), [63, 127, 255, 511]),
  onPlane('poisson, dirichlet, 2ⁿ cells', FFT, u => poisson(u, { boundary: 'dirichlet' })),
  {
    ...onPlane('solveDivGrad', `${FFT} per iteration`, u => u, [16, 32, 64, 128]),
    step: (n, batch) => {
      const [a, b] = [coefficient(n), field(batch, n, n)]
      return () => void solveDivGrad(a, b, { boundary: 'dirichlet' })
    },
    note: n => {
      const counts = [16, 32, 64, n].map(m => {
        const b = field(1, m, m)
        const grid = gridOf({ boundary: 'dirichlet' }, 'cost')
        return conjugateSolve(coefficient(m), b, b.shape, grid, { tolerance: 1e-14, maxIterations: 1000 }).iterations[0]
      })
      return `${counts.join(', ')} iterations`
    }
  },
  onPlane('centralDifference', STENCIL, u => centralDifference(u)),
  carried('semiLagrangian', semiLagrangian),
  carried('macCormack', macCormack),
  onPlane('spectralShift', FFT, u => spectralShift(u, tensor([0.3, 0.4]))),
  {
    ...onPlane('burgers', STENCIL, u => u, LINE),
    unknowns: n => n,
    step: (n, batch) => {
      const [P, u] = [burgers({ dimensions: 1, dt: 0.1 }), field(batch, n)]
      return () => void P(u)
    }
  },
  {
    ...onPlane('wave', STENCIL, u => u),
    step: (n, batch) => {
      const [P, u] = [wave({ dt: 0.5 }), field(batch, 2, n, n)]
      return () => void P(u)
    }
  },
  ...(
    [
      ['divergenceFree', divergenceFree],
      ['flow', flow({ dt: 0.1 })]
    ] as const
  ).map(
    ([name, P]): CostCase => ({
      ...onPlane(name, FFT, u => u, [32, 64, 128, 256]),
      step: (n, batch) => {
        const u = field(batch, 2, n, n)
        return () => void P(u)
      }
    })
  ),
  {
    ...onPlane('schroedinger', 'N', u => u, LINE),
    unknowns: n => n,
    step: (n, batch) => {
      const [P, psi] = [schroedinger({ points: n, controlled: false }), field(batch, n, 2)]
      return () => void P(psi)
    }
  },
  {
    ...onPlane('splitStep', FFT, u => u, [64, 128, 256]),
    step: (n, batch) => {
      const [P, psi] = [splitStep({ grid: [n, n] }), field(batch, n, n, 2)]
      return () => void P(psi)
    }
  },
  {
    ...onPlane('oscillators, RK4', 'N² (a dense matrix)', u => u, [64, 128, 256, 512]),
    unknowns: n => n,
    step: (masses, batch) => {
      const P = oscillators({ masses, steps: 1, dt: 0.1 })
      const [s, u] = [field(batch, 2 * masses), field(batch, 1)]
      return () => void P(s, u)
    }
  },
  {
    ...onPlane('nBody, leapfrog', 'N² (all pairs)', u => u, [32, 64, 128, 256]),
    unknowns: n => n,
    step: (bodies, batch) => {
      const P = nBody({ masses: Array<number>(bodies).fill(1), method: 'leapfrog', dt: 0.01 })
      const s = field(batch, 4 * bodies)
      return () => void P(s)
    }
  },
  ...(['pendulum', 'lotkaVolterra'] as const).map(
    (name): CostCase => ({
      ...onPlane(`${name}, RK4, many samples`, 'N', u => u, [1024, 4096, 16384, 65536]),
      unknowns: n => n,
      step: (n, batch) => {
        const s = random(1).uniform([n * batch, 2], 0.5, 2)
        if (name === 'pendulum') {
          const [P, u] = [pendulum(), field(n * batch, 1)]
          return () => void P(s, u)
        }
        const [P, theta] = [lotkaVolterra(), tensor([1.1, 0.4, 0.4, 0.1])]
        return () => void P(s, theta)
      }
    })
  )
]

const BATCHES = [1, 4, 16]
/** Milliseconds for the sizes, and again for the batches, of a simulator. */
const BUDGET: Record<Extent, number> = { quick: 100, usual: 1500, full: 6000 }

/** The sizes of a simulator in turn, then the batches at its second size. */
export function measureCost(one: CostCase, extent: Extent): CostRow {
  const medians = (runs: (() => void)[]): number[] =>
    withThreads(1, () => alternate(runs, BUDGET[extent], cpuClock)).map(t => t.median / 1000)
  const seconds = medians(one.sizes.map(n => one.step(n, 1)))
  const batchSeconds = medians(BATCHES.map(batch => one.step(one.sizes[1], batch)))
  const unknowns = one.sizes.map(one.unknowns)
  return {
    name: one.name,
    law: one.law,
    unknowns,
    seconds,
    exponent: exponent(unknowns, seconds),
    batches: BATCHES,
    batchSeconds,
    batchExponent: exponent(BATCHES, batchSeconds),
    note: one.note?.(one.sizes[one.sizes.length - 1]) ?? ''
  }
}
