import { fftfreq } from '../../core/backends/plain/fft.js'
import { defineBlock } from '../../core/defineBlock.js'
import { OptionError } from '../../core/errors.js'
import type { Op } from '../../core/op.js'
import { checkNumbers, checkOptions, display } from '../../core/options.js'
import { size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import type { Tensor } from '../../core/tensor.js'
import { cos } from '../../ops/elementwise/cos.js'
import { sin } from '../../ops/elementwise/sin.js'
import { complex } from '../../ops/fourier/complex.js'
import { complexMul } from '../../ops/fourier/complexMul.js'
import { fftn, ifftn } from '../../ops/fourier/fft.js'
import { constant } from '../ode/system.js'
import { pieces } from '../pieces.js'
import { type Simulator, simulator } from '../simulator.js'
import { checkWave, profile, type SchroedingerAttrs } from './potentials.js'
import { unitaryInverse, waveExamples } from './schroedinger.js'

export interface SplitStepOptions extends Partial<SchroedingerAttrs> {
  /** Points along each of one to three axes. Default [16]. */
  grid?: readonly number[]
  /** Period of each axis, or of all. Default 2π. */
  length?: number | readonly number[]
  /** V at the points, the last axis fastest; 0 by default. */
  potential?: ArrayLike<number>
  /** What a control multiplies, at the points. Left out: there is no control, and u is no input. */
  control?: ArrayLike<number>
}

/**
 * The Schrödinger equation i ψ_t = -½ ∇²ψ + (V + u(t) W) ψ on a periodic grid of one, two or three axes, by Strang's splitting
 * with Fourier transforms: (ψ [B, ...grid, 2], u [B, steps]) → ψ, pairs (re, im). Unitary, so the steps with -dt are the exact
 * inverse; the kinetic part is exact, so that free waves are, too.
 *
 *     splitStep({ grid: [64, 64], length: 10, potential, dt: 0.01, steps: 100 })
 *
 * Throws OptionError for settings out of range, ShapeError where ψ or u do not fit.
 */
export function splitStep(options: SplitStepOptions = {}): Simulator<SchroedingerAttrs> {
  const asked = 'splitStep'
  checkOptions(asked, options, ['grid', 'length', 'potential', 'control', 'dt', 'steps'])
  const { grid = [16], length = 2 * Math.PI, dt = 0.05, steps = 1 } = options
  if (!Array.isArray(grid) || grid.length < 1 || grid.length > 3)
    throw new OptionError(asked, `grid is ${display(grid)}`, 'Give the number of points along one to three axes')
  grid.forEach((n, i) => {
    checkNumbers(asked, 'count', { [`grid[${i}]`]: n })
  })
  const periods: readonly number[] = typeof length === 'number' ? grid.map(() => length) : length
  if (!Array.isArray(periods) || periods.length !== grid.length || !periods.every(l => Number.isFinite(l) && l > 0))
    throw new OptionError(asked, `length is ${display(length)}`, 'Give a number above 0, or one for each axis')
  checkNumbers(asked, 'count', { steps })
  checkNumbers(asked, 'finite', { dt })
  const n = size(grid)
  const V = profile(asked, 'potential', options.potential, n, () => 0)
  const W = options.control === undefined ? undefined : profile(asked, 'control', options.control, n, () => 0)
  return simulator(splitStepOp(grid, kinetic(grid, periods), V, W), { dt, steps })
}

/** ½ k² of every bin of the spectrum. */
function kinetic(grid: readonly number[], periods: readonly number[]): Float64Array {
  let energy = new Float64Array(1)
  grid.forEach((n, axis) => {
    const k = fftfreq(n).map(f => (2 * Math.PI * f * n) / periods[axis])
    const before = energy
    energy = Float64Array.from({ length: before.length * n }, (_, i) => before[Math.floor(i / n)] + k[i % n] ** 2 / 2)
  })
  return energy
}

function splitStepOp(
  grid: readonly number[],
  T: Float64Array,
  V: Float64Array,
  W: Float64Array | undefined
): Op<SchroedingerAttrs> {
  const axes = grid.map((_, i) => i - grid.length)
  /** e^(-i angle) of an array of angles. */
  const turns = (angles: Float64Array) =>
    constant(
      [...grid, 2],
      Float64Array.from({ length: 2 * angles.length }, (_, i) =>
        i % 2 ? -Math.sin(angles[i >> 1]) : Math.cos(angles[i >> 1])
      )
    )
  const run = ([psi, u]: readonly Tensor[], attrs: SchroedingerAttrs): Tensor => {
    checkWave('splitStep', psi, grid, u, attrs, W !== undefined)
    const { dt, steps } = attrs
    const drift = turns(T.map(e => e * dt))[psi.dtype]
    const own = constant(
      grid,
      V.map(v => (-v * dt) / 2)
    )[psi.dtype]
    const driven =
      W &&
      constant(
        grid,
        W.map(w => (-w * dt) / 2)
      )[psi.dtype]
    const still = u ? undefined : turns(V.map(v => (v * dt) / 2))[psi.dtype]
    const acting = u && pieces(u, -1, steps)
    let s = psi
    for (let k = 0; k < steps; k++) {
      const now = acting?.[dt < 0 ? steps - 1 - k : k]
      const kick = now ? phase(add(own, mul(spread(now, grid.length), driven!))) : still!
      s = complexMul(ifftn(complexMul(fftn(complexMul(s, kick), axes), drift), axes), kick)
    }
    return s
  }
  return defineBlock<SchroedingerAttrs>({
    name: 'splitStep',
    doc: `i ψ_t = H ψ, H = -½ ∇² + V(x)${W ? ' + u(t) W(x)' : ''}, periodic: e^(-i dt V/2) F⁻¹ e^(-i dt k²/2) F e^(-i dt V/2) each step, order 2
  tangent  the same steps, which are linear in ψ${W ? '; du_k turns the phases' : ''}
  adjoint  the steps back in time: they are unitary
  inverse  exact in ψ: the same steps with -dt, the last control first. No noise is amplified: trust it always${W ? '.\n           In u the ladder solves' : ''}
  domain   ψ [..., ...grid, 2], pairs (re, im), one to three axes${W ? '; u [..., steps] constant over each step' : ''}
  cost     two FFTs per step, O(n log n)
  caveats  exact for V = 0; phases that V dt or k² dt turn by more than π are not seen as such
  source   Strang 1968; Feit, Fleck, Steiger 1982`,
    tex: {
      y: String.raw`\psi_{k+1} = e^{-i\,dt V/2} F^{-1} e^{-i\,dt\,k^2/2} F\,e^{-i\,dt V/2} \psi_k`,
      tangent: String.raw`d\psi_{k+1} = U_k\,d\psi_k`,
      adjoint: String.raw`\bar\psi_k = U_k^{H}\,\bar\psi_{k+1}`,
      inverse: String.raw`\tilde\psi_k = U_k^{H}\,\tilde\psi_{k+1}`
    },
    forward: run,
    inverse: unitaryInverse(run),
    examples: r => waveExamples(r, grid, W !== undefined)
  })
}

/** e^(i angle), written with operators. */
const phase = (angle: Tensor): Tensor => complex(cos(angle), sin(angle))

/** [..., 1] with as many axes of length 1 as the grid has. */
const spread = (u: Tensor, axes: number): Tensor =>
  reshape(u, [...u.shape.slice(0, -1), ...Array<number>(axes).fill(1)])
