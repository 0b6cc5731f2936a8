import { wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import type { Example, Op } from '../../core/op.js'
import { checkFlags, checkNumbers, checkOptions } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { unseen } from '../../core/tape.js'
import { type DType, mapData, Tensor } from '../../core/tensor.js'
import { sub } from '../../ops/elementwise/sub.js'
import { complexTridiagonalSolve } from '../../ops/fourier/complexTridiagonalSolve.js'
import { pieces } from '../pieces.js'
import { type Simulator, simulator } from '../simulator.js'
import { checkWave, profile, type SchroedingerAttrs } from './potentials.js'

export interface SchroedingerOptions extends Partial<SchroedingerAttrs> {
  /** Points inside; the wave function is 0 at both walls. Default 14. */
  points?: number
  /** Distance of the walls. Default 2. Point j = 1 … n lies at x = j · length / (n + 1). */
  length?: number
  /** m of -1/(2m) ∂²/∂x². Default 1. */
  mass?: number
  /** V at the points; 0 by default. */
  potential?: ArrayLike<number>
  /** What the control multiplies, at the points; x by default: a dipole in a field. */
  dipole?: ArrayLike<number>
  /** false: without a control; u is then no input. Default true. */
  controlled?: boolean
}

/**
 * The Schrödinger equation i ψ_t = -1/(2m) ψ_xx + V(x) ψ + u(t) x ψ between walls: (ψ [B, n, 2], u [B, steps]) → ψ [B, n, 2],
 * pairs (re, im), u constant over each step. By Crank and Nicolson's rule, which is unitary: the norm Σ|ψ|² stays to
 * rounding, and the steps with -dt are the exact inverse.
 *
 *     schroedinger({ points: 14, length: 2, mass: 0.5, dt: 0.05, steps: 384 })   // the dipole in the code of the HIG paper
 *     boxState(14, 1)                                                             // its ground state [14, 2]
 *
 * Throws OptionError for settings out of range, ShapeError where ψ or u do not fit.
 */
export function schroedinger(options: SchroedingerOptions = {}): Simulator<SchroedingerAttrs> {
  const asked = 'schroedinger'
  checkOptions(asked, options, ['points', 'length', 'mass', 'potential', 'dipole', 'controlled', 'dt', 'steps'])
  const { points: n = 14, length = 2, mass = 1, dt = 0.05, steps = 1, controlled = true } = options
  checkNumbers(asked, 'count', { points: n, steps })
  checkNumbers(asked, 'positive', { length, mass })
  checkNumbers(asked, 'finite', { dt })
  checkFlags(asked, { controlled })
  const dx = length / (n + 1)
  const V = profile(asked, 'potential', options.potential, n, () => 0)
  const W = profile(asked, 'dipole', options.dipole, n, j => (j + 1) * dx)
  return simulator(schroedingerOp(n, mass * dx * dx, V, W, controlled), { dt, steps })
}

const made = (shape: number[], dtype: DType, f: (i: number) => number): Tensor => {
  const data = dtype === 'f64' ? new Float64Array(shape[0] * 2) : new Float32Array(shape[0] * 2)
  return new Tensor(
    shape,
    data.map((_, i) => f(i))
  )
}

function schroedingerOp(
  n: number,
  mdx2: number,
  V: Float64Array,
  W: Float64Array,
  controlled: boolean
): Op<SchroedingerAttrs> {
  const run = ([psi, u]: readonly Tensor[], attrs: SchroedingerAttrs): Tensor => {
    checkWave('schroedinger', psi, [n], u, attrs, controlled)
    const { dt, steps } = attrs
    // A = 1 + i dt/2 H, H tridiagonal: V + 1/(m dx²) on the diagonal, half of that, negative, beside it.
    const beside = made([n - 1, 2], psi.dtype, i => (i % 2) * (-dt / (4 * mdx2)))
    const free = made([n, 2], psi.dtype, i => (i % 2 ? (dt / 2) * (V[i >> 1] + 1 / mdx2) : 1))
    const driven = made([n, 2], psi.dtype, i => (i % 2) * (dt / 2) * W[i >> 1])
    const acting = u && pieces(u, -1, steps)
    let s = psi
    for (let k = 0; k < steps; k++) {
      const now = acting?.[dt < 0 ? steps - 1 - k : k]
      const diagonal = now ? add(free, mul(strengths(now), driven)) : free
      // A⁻¹ A* = 2 A⁻¹ - 1
      s = sub(mul(complexTridiagonalSolve(beside, diagonal, beside, s), 2), s)
    }
    return s
  }
  return defineBlock<SchroedingerAttrs>({
    name: 'schroedinger',
    doc: `i ψ_t = H ψ, H = -1/(2m) ∂²/∂x² + V(x)${controlled ? ' + u(t) x' : ''} between walls, ψ 0 there: ψ_(k+1) = (1 + i dt/2 H)⁻¹ (1 - i dt/2 H) ψ_k, order 2
  tangent  the same steps, which are linear in ψ${controlled ? '; du_k moves the diagonal of H' : ''}
  adjoint  the steps back in time: they are unitary
  inverse  exact in ψ: the same steps with -dt, the last control first. No noise is amplified: trust it always${controlled ? '.\n           In u the ladder solves' : ''}
  domain   ψ [..., n, 2], pairs (re, im)${controlled ? ', u [..., steps] constant over each step' : ''}
  cost     one complex tridiagonal solve per step, O(n)
  caveats  stable for any dt, yet what turns faster than 1/dt turns at the wrong speed
  source   Crank and Nicolson 1947; Schnell, Holl, Thuerey 2022, "Half-Inverse Gradients", the quantum dipole`,
    tex: {
      y: String.raw`\psi_{k+1} = \bigl(1 + \tfrac{i\,dt}{2} H_k\bigr)^{-1} \bigl(1 - \tfrac{i\,dt}{2} H_k\bigr) \psi_k`,
      tangent: String.raw`d\psi_{k+1} = U_k\,d\psi_k${controlled ? String.raw` - \tfrac{i\,dt}{2} A_k^{-1} x\,(\psi_{k+1} + \psi_k)\,du_k` : ''}`,
      adjoint: String.raw`\bar\psi_k = U_k^{H}\,\bar\psi_{k+1}`,
      inverse: String.raw`\tilde\psi_k = U_k^{H}\,\tilde\psi_{k+1}`
    },
    forward: run,
    inverse: unitaryInverse(run),
    examples: r => waveExamples(r, [n], controlled)
  })
}

/** [..., 1] → [..., 1, 1], so that it meets a wave function. */
const strengths = (u: Tensor): Tensor => reshape(u, [...u.shape, 1])

/** The inverse of what is unitary: the same with time reversed. */
export const unitaryInverse = (run: (inputs: readonly Tensor[], attrs: SchroedingerAttrs) => Tensor) => ({
  kind: 'exact' as const,
  inputs: [0],
  apply: (
    { inputs: [, ...given], out, attrs }: Parameters<NonNullable<Op<SchroedingerAttrs>['inverse']>['apply']>[0],
    claimed: Parameters<NonNullable<Op<SchroedingerAttrs>['inverse']>['apply']>[1]
  ) =>
    unseen(() => [
      { value: run([wanted(claimed, out), ...given], { ...attrs, dt: -attrs.dt }), weight: null },
      ...given.map(() => null)
    ])
})

/** Points for a wave function on a grid. */
export function waveExamples(
  r: Random,
  grid: readonly number[],
  controlled: boolean
): readonly Example<SchroedingerAttrs>[] {
  const attrs = { dt: 0.05, steps: 2 }
  const point = (batch: number) => [r.normal([batch, ...grid, 2]), ...(controlled ? [r.normal([batch, 2])] : [])]
  const [psi, ...u] = point(2)
  const ends = mapData(psi, (v, i) => v * (i < psi.size / 2 ? 1e300 : 1e-301))
  return [
    { inputs: point(2), attrs },
    { inputs: point(1), attrs, note: 'one sample' },
    { inputs: point(0), attrs, note: 'no samples' },
    { inputs: point(2), attrs: { ...attrs, dt: -0.05 }, note: 'back in time' },
    { inputs: [ends, ...u], attrs, extreme: true }
  ]
}
