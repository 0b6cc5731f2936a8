import { type Random, Tensor, tensor, zeros } from '../core/index.js'
import { add, l2, mlp, mul, type Network, reshape, roll, stack, sum } from '../ops/index.js'
import { diffuse, diffuseImplicit, oscillators, semiLagrangian, spectralShift } from '../physics/index.js'

/** All that a network does in the course of a simulation, u_t = f(s_t; θ) and s_{t+1} = P(s_t, u_t). */
export interface Course {
  /** s_1, s_2, ... */
  readonly states: Tensor[]
  /** u_0, u_1, ... */
  readonly x: Tensor[]
  /** Σ_t L_t, `[B]`. */
  readonly loss: Tensor
}

/** A task over time: what is simulated, and what the network should do. */
export interface Task<B> {
  /** Whose parameters are trained. */
  readonly net: Network
  /** Steps of a course in training. */
  readonly steps: number
  /** Starts, and whatever else a course is compared with. */
  draw(r: Random, samples: number, steps?: number): B
  run(theta: Tensor, batch: B, steps?: number): Course
}

const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b))

/**
 * Two coupled oscillators are brought to rest by a force on the second one, which the network sets at every step from the
 * state (x1, x2, v1, v2) [B, 4]. L = ½ |s_T|² + ε Σ_t ½ u_t²: the first one can be stopped only through the weak spring.
 */
const FORCE_COST = 1e-3
export const TIME_STEP = 0.5
export const rest: Task<Tensor> = {
  net: mlp([4, 16, 16, 1]),
  steps: 12,
  draw: (r, samples) => r.uniform([samples, 4], -1, 1),
  run(theta, s0, steps = rest.steps) {
    const P = oscillators({ masses: 2, steps: 1, dt: TIME_STEP })
    const [x, states, terms]: Tensor[][] = [[], [], []]
    let s = s0
    for (let k = 0; k < steps; k++) {
      const u = rest.net(theta, s)
      s = P(s, u)
      x.push(u)
      states.push(s)
      terms.push(mul(l2(u, zeros(u.shape)), FORCE_COST))
    }
    return { x, states, loss: add(l2(s, zeros(s.shape)), total(terms)) }
  }
}

/**
 * A coarse solver of advection and diffusion on a ring, s_{t+1} = P(s_t) + u_t, one low-order step of each, is corrected towards
 * the exact solution s*_t at every step: L = Σ_t ½ |s_t - s*_t|². The network is the same at every cell: it sees five
 * neighbouring values and returns the correction of the middle one.
 */
const CELLS = 24
const MODES = 4
const SHIFT = 0.5
const DIFFUSION = 0.2
const NEIGHBOURS = [-2, -1, 0, 1, 2]
const onRing = { dimensions: 1 } as const
const wind = tensor(new Float64Array(CELLS).fill(SHIFT), { shape: [1, CELLS] })

const coarse = (s: Tensor): Tensor => diffuseImplicit(semiLagrangian(s, wind, onRing), DIFFUSION, onRing)
const exactly = (s: Tensor): Tensor => diffuse(spectralShift(s, tensor([SHIFT]), onRing), DIFFUSION, onRing)

const atCells = mlp([NEIGHBOURS.length, 12, 1])

/** Corrections are small against the field. */
function correct(theta: Tensor, s: Tensor): Tensor {
  const seen = stack(NEIGHBOURS.map(j => roll(s, j, -1)))
  return mul(reshape(atCells(theta, reshape(seen, [s.size, NEIGHBOURS.length])), s.shape), 0.3)
}

/** The exact solution s*_0, s*_1, ..., each [B, cells]. */
export const correction: Task<Tensor[]> = {
  net: atCells,
  steps: 6,
  draw(r, samples, steps = correction.steps) {
    const course = [waves(r, samples)]
    for (let k = 0; k < steps; k++) course.push(exactly(course[k]))
    return course
  },
  run(theta, exact, steps = correction.steps) {
    const [x, states, terms]: Tensor[][] = [[], [], []]
    let s = exact[0]
    for (let k = 0; k < steps; k++) {
      const u = correct(theta, s)
      s = add(coarse(s), u)
      x.push(u)
      states.push(s)
      terms.push(l2(s, exact[k + 1]))
    }
    return { x, states, loss: total(terms) }
  }
}

/** The coarse solver alone. */
export function uncorrected(exact: readonly Tensor[]): Tensor[] {
  const states = [coarse(exact[0])]
  for (let k = 2; k < exact.length; k++) states.push(coarse(states[k - 2]))
  return states
}

/** Sums of a few long waves with random coefficients, of variance 1/2. */
function waves(r: Random, samples: number): Tensor {
  const c = r.normal([samples, 2 * MODES], 0, 1 / Math.sqrt(2 * MODES)).data
  const s = new Float64Array(samples * CELLS)
  for (let b = 0; b < samples; b++)
    for (let i = 0; i < CELLS; i++)
      for (let k = 1; k <= MODES; k++) {
        const phase = (2 * Math.PI * k * i) / CELLS
        const at = 2 * (b * MODES + k - 1)
        s[b * CELLS + i] += c[at] * Math.cos(phase) + c[at + 1] * Math.sin(phase)
      }
  return new Tensor([samples, CELLS], s)
}

/** Mean over the samples. */
export const meanLoss = ({ loss }: Course): number => sum(loss).item() / loss.size

/** √ of the mean square of s - s* over cells and samples. */
export const rms = (s: Tensor, exact: Tensor): number => Math.sqrt((2 * sum(l2(s, exact)).item()) / s.size)
