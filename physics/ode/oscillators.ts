import { OptionError } from '../../core/errors.js'
import { checkChoice, checkNumbers, display } from '../../core/options.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { sum } from '../../core/structural/sum.js'
import { matmul } from '../../ops/linear/matmul.js'
import type { Simulator } from '../simulator.js'
import { checkSystemOptions, type IntegrateAttrs, type IntegrateOptions, integrate } from './integrate.js'
import { constant, type System } from './system.js'

export interface OscillatorChain {
  masses?: number
  /** Spring to the neighbours, against 1 for the spring to the rest position: .2 by default, 1 for cubic springs. */
  coupling?: number
  /** Force between neighbours: c (x_j - x_i), or c (x_j - x_i)³. */
  spring?: 'linear' | 'cubic'
  /** How the control acts on each mass; by default with weight 1 on the last. */
  push?: readonly number[]
}

export interface OscillatorOptions extends OscillatorChain, IntegrateOptions {}

/**
 * A chain of unit masses on springs, the last one pushed: x_i'' = -x_i + c Σ_neighbours (x_j - x_i) + δ_{i,last} u(t).
 * States s = (x_1 … x_n, v_1 … v_n), so s' = A s + e u with this A, row-major [2n, 2n].
 */
export function oscillatorMatrix(masses: number, coupling: number): Float64Array {
  const n = masses
  const A = new Float64Array(4 * n * n)
  for (let i = 0; i < n; i++) {
    A[i * 2 * n + n + i] = 1
    const row = (n + i) * 2 * n
    A[row + i] = -1
    for (const j of [i - 1, i + 1])
      if (j >= 0 && j < n) {
        A[row + j] += coupling
        A[row + i] -= coupling
      }
  }
  return A
}

/** d_k = x_{k+1} - x_k of a state, as a matrix on row vectors [2n, n-1]. */
const differences = (n: number): Float64Array =>
  Float64Array.from({ length: 2 * n * (n - 1) }, (_, at) => {
    const [i, k] = [Math.floor(at / (n - 1)), at % (n - 1)]
    return i === k + 1 ? 1 : i === k ? -1 : 0
  })

/** Spring k pulls mass k forward and mass k+1 back: what it adds to s', as a matrix on row vectors [n-1, 2n]. */
const pulls = (n: number, coupling: number): Float64Array =>
  Float64Array.from({ length: 2 * n * (n - 1) }, (_, at) => {
    const [k, i] = [Math.floor(at / (2 * n)), at % (2 * n)]
    return i === n + k ? coupling : i === n + k + 1 ? -coupling : 0
  })

/** The equations of a chain of oscillators, with its energy; see `oscillators`. */
export function oscillatorSystem({
  masses = 2,
  spring = 'linear',
  coupling = spring === 'cubic' ? 1 : 0.2,
  push
}: OscillatorChain = {}): System {
  checkNumbers('oscillators', 'count', { masses })
  checkNumbers('oscillators', 'finite', { coupling })
  checkChoice('oscillators', 'spring', spring, ['linear', 'cubic'])
  const weights = push ?? Array.from({ length: masses }, (_, i) => (i === masses - 1 ? 1 : 0))
  if (!Array.isArray(weights) || weights.length !== masses || !weights.every(Number.isFinite))
    throw new OptionError(
      'oscillators',
      `push is ${display(weights)}`,
      `Give a finite weight for each of ${masses} masses`
    )
  const n = 2 * masses
  const cubic = spring === 'cubic' && masses > 1
  const A = oscillatorMatrix(masses, cubic ? 0 : coupling)
  // Samples are row vectors, so the matrix stands on the right, transposed.
  const At = constant(
    [n, n],
    Float64Array.from({ length: n * n }, (_, i) => A[(i % n) * n + Math.floor(i / n)])
  )
  const e = constant([n], [...new Array(masses).fill(0), ...weights])
  const D = cubic ? constant([n, masses - 1], differences(masses)) : undefined
  const F = cubic ? constant([masses - 1, n], pulls(masses, coupling)) : undefined
  const half = constant([n], new Float64Array(n).fill(0.5))
  const apart = constant([n, Math.max(1, masses - 1)], masses > 1 ? differences(masses) : new Float64Array(n))
  const force = cubic ? 'c Σ (x_j - x_i)³' : 'c Σ (x_j - x_i)'
  return {
    name: cubic ? 'cubicOscillators' : 'oscillators',
    states: n,
    controls: 1,
    separable: true,
    rate: u => {
      const pushed = mul(u, e[u.dtype])
      return s => {
        const rest = add(matmul(s, At[s.dtype]), pushed)
        if (!D || !F) return rest
        const d = matmul(s, D[s.dtype])
        return add(rest, matmul(mul(mul(d, d), d), F[s.dtype]))
      }
    },
    invariant: s => {
      const d = matmul(s, apart[s.dtype])
      const d2 = mul(d, d)
      const springs = cubic ? mul(sum(mul(d2, d2), -1), coupling / 4) : mul(sum(d2, -1), coupling / 2)
      return add(sum(mul(mul(s, s), half[s.dtype]), -1), springs)
    },
    doc: {
      equation: `${masses} coupled oscillators: x_i'' = -x_i + ${force} over the neighbours j + w_i u, c = ${coupling}`,
      tex: String.raw`\ddot x_i = -x_i + c \textstyle\sum_j (x_j - x_i)${cubic ? '^3' : ''} + w_i u`,
      lines: cubic
        ? `  caveats  far out the springs are stiff: with h the time step, explicit methods need h² 3c (x_j - x_i)² well below 1
  source   Schnell, Holl, Thuerey 2022, "Half-Inverse Gradients": H = Σ (x_i² + p_i²)/2 + α (x_i - x_{i+1})⁴ + u c_i x_i has
           coupling 4α and push -c`
        : `  caveats  linear: one step of the newton rung in u is exact
  source   the example of the book's "Half-Inverse Gradients"`
    },
    examples: {
      state: (r, batch) => r.uniform([batch, n]),
      extremes: cubic ? [1e-300] : [1e300, 1e-300],
      dt: cubic ? 0.125 : 0.25
    }
  }
}

/**
 * Coupled oscillators x_i'' = -x_i + c Σ_neighbours (x_j - x_i)^(1 or 3) + w_i u(t), open at both ends, under a control that
 * is constant over each step: (x0 [B, 2n], u [B, steps]) → [B, 2n], states (x_1 … x_n, v_1 … v_n).
 *
 *     oscillators({ masses: 2, steps: 24, dt: 0.5 })                                                   // linear, c = .2, by RK4
 *     oscillators({ spring: 'cubic', push: [0, 3], steps: 96, dt: 0.125 })
 *     oscillators({ spring: 'cubic', coupling: 4 * alpha, push: c.map(v => -v), method: 'leapfrog' })  // the text's Hamiltonian
 *
 * Throws OptionError for settings out of range, ShapeError where states or controls have other lengths.
 */
export function oscillators(options: OscillatorOptions = {}): Simulator<IntegrateAttrs> {
  checkSystemOptions('oscillators', options, ['masses', 'coupling', 'spring', 'push'])
  const { method, dt = 0.5, steps = 24, substeps } = options
  return integrate(oscillatorSystem(options), { method, dt, steps, substeps })
}
