import { apply } from '../../core/apply.js'
import { addLaplacian } from '../../core/backends/plain/stencil.js'
import type { Example, Op } from '../../core/op.js'
import { checkChoice, checkOptions } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { size } from '../../core/shape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { axesOf, GRID_OPTIONS, type GridOptions, gridOf } from '../grid.js'
import { filtered, type Modes, type Scheme } from '../spectral/modes.js'
import { type SpectralAttrs, spectralOperator, transferOf } from '../spectral/spectralOperator.js'

export interface LaplaceAttrs extends SpectralAttrs {
  readonly scheme: Scheme
}

export interface LaplaceOptions extends GridOptions {
  /** Second differences of neighbouring cells (by default), of second order in dx; or the exact -k² of every mode. */
  scheme?: Scheme
}

const attrs = (options: LaplaceOptions, asked: string): LaplaceAttrs => ({
  grid: gridOf(options, asked),
  scheme: options.scheme ?? 'differences'
})

const SCHEMES: readonly Scheme[] = ['differences', 'spectral']

/** Both operators at the same points. */
const examples = (r: Random): Example<LaplaceAttrs>[] => {
  const on = (options: LaplaceOptions = {}) => attrs(options, 'laplace')
  return [
    { inputs: [r.normal([2, 4, 6])], attrs: on() },
    { inputs: [r.normal([5, 3])], attrs: on({ dx: [1, 0.5] }), note: 'cells that are no squares' },
    { inputs: [r.normal([3, 7])], attrs: on({ dimensions: 1, boundary: 'dirichlet' }), note: 'a line' },
    { inputs: [r.normal([2, 1, 4])], attrs: on({ boundary: 'neumann' }), note: 'one row between walls without flux' },
    {
      inputs: [r.normal([2, 3, 4, 2])],
      attrs: on({ boundary: ['neumann', 'periodic', 'dirichlet'] }),
      note: 'a box with three kinds of walls'
    },
    { inputs: [r.normal([4, 5])], attrs: on({ boundary: 'dirichlet', scheme: 'spectral' }), note: 'exact for sines' },
    { inputs: [r.normal([6, 5])], attrs: on({ scheme: 'spectral' }), note: 'exact for waves' }
  ]
}

const addStencil = (u: Float64Array | Float32Array, y: Float64Array, { cells, grid }: Modes): void =>
  addLaplacian(u, y, u.length / size(cells), axesOf(cells, grid), 1)

const minus = (): ((l: number) => number) => l => -l

export const laplaceOp: Op<LaplaceAttrs> = spectralOperator<LaplaceAttrs>({
  name: 'laplace',
  doc: `y = ∇²u on a grid: y_i = Σ_axes (u_{i-1} - 2u_i + u_{i+1})/dx², or the factor -k² of every mode
  tangent  dy = ∇²du: the operator is linear
  adjoint  ∇²ct: it is symmetric
  inverse  ũ = u + poisson(ỹ - y). Where no wall holds the value, constants are not seen: the mean of u stays, and that of
           ỹ counts as 0: the smallest change
  cost     6 flops per cell and axis (spectral: two transforms); its inverse two transforms
  caveats  trust the inverse: it amplifies by 1/λ of -∇² only, most in the smoothest mode: L²/π² on a length L
           between walls, L²/4π² on a ring`,
  tex: {
    y: String.raw`y = \nabla^2 u`,
    tangent: String.raw`dy = \nabla^2 du`,
    adjoint: String.raw`\bar u = \nabla^2 \bar y`,
    inverse: String.raw`\tilde u = u + (\nabla^2)^{+} (\tilde y - y)`
  },
  check: ({ scheme }) => checkChoice('laplace', 'scheme', scheme, SCHEMES),
  scheme: a => a.scheme,
  transfer: minus,
  forward: (u, y, modes, a) => {
    if (a.scheme === 'differences') addStencil(u, y, modes)
    else filtered(u, modes, transferOf(a.scheme, minus(), modes), y)
  },
  examples
})

export const poissonOp: Op<LaplaceAttrs> = spectralOperator<LaplaceAttrs>({
  name: 'poisson',
  doc: `u with ∇²u = b on a grid: every mode of b divided by -λ, its eigenvalue of the second difference, or by -k²
  tangent  du = poisson(db): the operator is linear
  adjoint  poisson(ct): it is symmetric, so the adjoint solve is a solve
  inverse  b̃ = b + ∇²(ũ - u)
  domain   any b; where no wall holds the value a solution exists only for b of mean 0: the mean of b counts as 0, and u
           has the mean 0 (the least-squares solution of least norm)
  cost     two transforms per field, n log n: sines between walls of value 0, cosines between walls without flux
  caveats  trust the inverse up to noise in ũ times λ, 4 Σ 1/dx² in the roughest mode
  source   Swarztrauber 1977, "The methods of cyclic reduction, Fourier analysis and the FACR algorithm for the discrete
           solution of Poisson's equation on a rectangle", SIAM Review 19(3)`,
  tex: {
    y: String.raw`u = (\nabla^2)^{+} b`,
    tangent: String.raw`du = (\nabla^2)^{+} db`,
    adjoint: String.raw`\bar b = (\nabla^2)^{+} \bar u`,
    inverse: String.raw`\tilde b = b + \nabla^2 (\tilde u - u)`
  },
  check: ({ scheme }) => checkChoice('poisson', 'scheme', scheme, SCHEMES),
  scheme: a => a.scheme,
  transfer: () => l => (l === 0 ? 0 : -1 / l),
  backward: (du, db, modes, a) => {
    if (a.scheme === 'differences') addStencil(du, db, modes)
    else filtered(du, modes, transferOf(a.scheme, minus(), modes), db)
  },
  examples
})

const OPTIONS = [...GRID_OPTIONS, 'scheme']

/**
 * ∇²u of fields u [..., cells] on a grid (by default periodic unit cells over the last two axes).
 *
 * Throws OptionError for a grid that is none, ShapeError for what is no field on it.
 */
export function laplace(u: Tensor, options: LaplaceOptions = {}): Tensor {
  checkTensor(u, 'laplace')
  checkOptions('laplace', options, OPTIONS)
  return apply(laplaceOp, [u], attrs(options, 'laplace'))
}

/**
 * The u with ∇²u = b, for fields b [..., cells] on a grid; without a wall of value 0 the mean of b is left out, and that of
 * u is 0. A direct solver: `laplace` undone to rounding.
 *
 * Throws OptionError for a grid that is none, ShapeError for what is no field on it.
 */
export function poisson(b: Tensor, options: LaplaceOptions = {}): Tensor {
  checkTensor(b, 'poisson')
  checkOptions('poisson', options, OPTIONS)
  return apply(poissonOp, [b], attrs(options, 'poisson'))
}
