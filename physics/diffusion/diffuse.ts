import { apply } from '../../core/apply.js'
import type { Example, Op } from '../../core/op.js'
import { checkChoice, checkNumbers, checkOptions } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { type Trust, trustOf } from '../../ops/fourier/stabilised.js'
import { GRID_OPTIONS, type GridOptions, gridOf } from '../grid.js'
import { eigenvaluesOf, type Modes } from '../spectral/modes.js'
import { type SpectralAttrs, type SpectralRules, spectralOperator } from '../spectral/spectralOperator.js'

export interface DiffuseAttrs extends SpectralAttrs, Required<Trust> {
  /** ν t: diffusivity times time, a length². */
  readonly amount: number
}

export interface DiffuseOptions extends GridOptions, Trust {
  /** What the target sweep does: weigh signal against noise (by default), or divide whatever comes out. */
  inverse?: 'stabilised' | 'naive'
}

/** Of every mode, e^(-ν t k²): the exact solution of the heat equation. */
export const diffusionFactors = (modes: Modes, amount: number): Float64Array =>
  eigenvaluesOf(modes, 'spectral').map(k2 => Math.exp(-amount * k2))

const tex = {
  y: String.raw`\hat y = e^{-k^2 \nu t}\,\hat x`,
  tangent: String.raw`d\hat y = e^{-k^2 \nu t}\,d\hat x`,
  adjoint: String.raw`\hat{\bar x} = e^{-k^2 \nu t}\,\hat{\bar y}`
}

const shared: Omit<SpectralRules<DiffuseAttrs>, 'name' | 'doc' | 'tex' | 'examples'> = {
  check: ({ amount, uncertainty, noise, signal }) => {
    checkNumbers('diffuse', 'notNegative', { amount })
    trustOf({ uncertainty, noise, signal }, 'diffuse')
  },
  scheme: () => 'spectral',
  transfer:
    ({ amount }) =>
    k2 =>
      Math.exp(-amount * k2)
}

const attrs = (amount: number, options: DiffuseOptions = {}): DiffuseAttrs => ({
  amount,
  grid: gridOf(options, 'diffuse'),
  ...trustOf(options, 'diffuse')
})

/** Little diffusion, so that the exact inverse can be checked to rounding. */
const gentle = (r: Random): Example<DiffuseAttrs>[] => [
  { inputs: [r.normal([2, 4, 6])], attrs: attrs(0.5) },
  { inputs: [r.normal([5, 3])], attrs: attrs(0.2, { dx: [1, 0.5] }), note: 'odd sizes, cells that are no squares' },
  { inputs: [r.normal([2, 1, 4])], attrs: attrs(0), note: 'no time' },
  { inputs: [r.normal([3, 7])], attrs: attrs(0.1, { dimensions: 1 }), note: 'a line' },
  {
    inputs: [r.normal([2, 3, 4, 2])],
    attrs: attrs(0.1, { boundary: ['neumann', 'periodic', 'dirichlet'] }),
    note: 'a box with three kinds of walls'
  },
  { inputs: [r.normal([3, 5])], attrs: attrs(0.3, { boundary: 'dirichlet' }), note: 'walls of value 0' },
  { inputs: [r.normal([4, 5])], attrs: attrs(0.3, { boundary: 'neumann' }), note: 'walls without flux' }
]

export const diffuseOp: Op<DiffuseAttrs> = spectralOperator<DiffuseAttrs>({
  ...shared,
  name: 'diffuse',
  doc: `heat conduction ∂u/∂t = ν ∇²u over the cells of a grid, exact for waves: ŷ = x̂ e^(-k² ν t); between walls the waves are
sines (value 0) or cosines (no flux)
  tangent  dy = diffuse(dx): the operator is linear
  adjoint  diffuse(ct): it is symmetric, so its gradient diffuses once more
  inverse  regularised: x̃ = x + stabilised inverse of ỹ - y. Every mode is amplified as far as it is more likely signal than
           noise; the exact inverse would amplify by up to e^(2π² ν t), 1e68 for ν t = 8 on unit cells
  domain   fields [..., n], [..., n1, n2] or [..., n1, n2, n3] with 1 cell or more along each axis; ν t ≥ 0
  cost     two transforms per field, n log n, in each rule
  caveats  trust the inverse as far as the noise it is told is the noise there is: told too little (the notebook's 1e-6 of
           the wish), it amplifies what is above. It looks for changes of x of the size signal (1)
  source   the book's "Learning to Invert Heat Conduction": PhiFlow's diffuse.fourier and the notebook's inv_diffuse`,
  tex: { ...tex, inverse: String.raw`\tilde x = x + P^{-1}_{\text{stable}}(\tilde y - y)` },
  trust: ({ uncertainty, noise, signal }) => ({ uncertainty, noise, signal }),
  examples: r => [
    ...gentle(r),
    { inputs: [r.normal([1, 8, 8])], attrs: attrs(8), note: "the notebook's ν t = 8" },
    { inputs: [r.normal([2, 6])], attrs: attrs(0.3, { dimensions: 1, noise: 0.1 }), note: 'noise of a known size' }
  ]
})

export const diffuseNaiveOp: Op<DiffuseAttrs> = spectralOperator<DiffuseAttrs>({
  ...shared,
  name: 'diffuseNaive',
  doc: `diffuse, with the exact inverse: ŷ = x̂ e^(-k² ν t)
  tangent  dy = diffuse(dx)
  adjoint  diffuse(ct)
  inverse  x̃ = x + F⁻¹((F(ỹ - y)) e^(k² ν t)); a mode whose factor is beyond 1e308 stays
  domain   as diffuse
  cost     two transforms per field, n log n, in each rule
  caveats  trust the inverse where e^(k² ν t) times the noise of ỹ is small for the highest mode: on unit cells in two
           dimensions rounding alone is as large as the signal from ν t = 1.8 on
  source   the book's "Learning to Invert Heat Conduction"`,
  tex: { ...tex, inverse: String.raw`\hat{\tilde x} = \hat x + e^{k^2 \nu t}(\hat{\tilde y} - \hat y)` },
  examples: gentle
})

const OPTIONS = [...GRID_OPTIONS, 'uncertainty', 'noise', 'signal', 'inverse']

/**
 * Heat conduction for ν t = `amount` on a grid (by default periodic unit cells over the last two axes), exact for every
 * wave: x [..., cells] → [..., cells]. The target sweep inverts it by the stabilised inverse, or by the naive one.
 *
 * Throws OptionError for ν t < 0 and settings out of range, ShapeError for what is no field on the grid.
 */
export function diffuse(x: Tensor, amount: number, options: DiffuseOptions = {}): Tensor {
  checkTensor(x, 'diffuse')
  checkOptions('diffuse', options, OPTIONS)
  const { inverse = 'stabilised' } = options
  checkChoice('diffuse', 'inverse', inverse, ['stabilised', 'naive'])
  return apply(inverse === 'naive' ? diffuseNaiveOp : diffuseOp, [x], attrs(amount, options))
}
