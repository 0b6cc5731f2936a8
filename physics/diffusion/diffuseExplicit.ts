import { apply } from '../../core/apply.js'
import { addLaplacian } from '../../core/backends/plain/stencil.js'
import { OptionError } from '../../core/errors.js'
import type { Op } from '../../core/op.js'
import { checkNumbers, checkOptions } from '../../core/options.js'
import { size } from '../../core/shape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { type Trust, trustOf } from '../../ops/fourier/stabilised.js'
import { axesOf, GRID_OPTIONS, type Grid, type GridOptions, gridOf } from '../grid.js'
import { type SpectralAttrs, spectralOperator } from '../spectral/spectralOperator.js'

export interface DiffuseExplicitAttrs extends SpectralAttrs, Required<Trust> {
  /** ν t: diffusivity times time, a length². */
  readonly amount: number
  /** Steps of Euler's method, each of ν Δt = amount / steps. */
  readonly steps: number
}

export interface DiffuseExplicitOptions extends GridOptions, Trust {
  /** As many as stability needs by default. */
  steps?: number
}

/** The largest stable ν Δt: 1 / (2 Σ 1/dx²), with which the roughest mode changes its sign in every step. */
export const stableAmount = ({ dx }: Grid): number => 0.5 / dx.reduce((sum, d) => sum + 1 / (d * d), 0)

/** Rounding of amount / steps must not make the limit itself unstable. */
const ROUNDING = 1 + 1e-12

const stepsFor = (amount: number, grid: Grid): number =>
  Math.max(1, Math.ceil(amount / (stableAmount(grid) * ROUNDING)))

function checkStable({ amount, steps, grid }: DiffuseExplicitAttrs): void {
  const limit = stableAmount(grid)
  if (amount / steps > limit * ROUNDING)
    throw new OptionError(
      'diffuseExplicit',
      `${steps === 1 ? 'a step' : `${steps} steps`} of ν Δt = ${amount / steps}, above the limit of stability 1/(2 Σ 1/dx²) = ${limit}`,
      `Give at least ${stepsFor(amount, grid)} steps, or none and as many are taken; diffuseImplicit has no limit`
    )
}

const attrs = (amount: number, options: DiffuseExplicitOptions = {}): DiffuseExplicitAttrs => {
  const grid = gridOf(options, 'diffuseExplicit')
  checkNumbers('diffuseExplicit', 'notNegative', { amount })
  const { steps = stepsFor(amount, grid) } = options
  return { amount, steps, grid, ...trustOf(options, 'diffuseExplicit') }
}

export const diffuseExplicitOp: Op<DiffuseExplicitAttrs> = spectralOperator<DiffuseExplicitAttrs>({
  name: 'diffuseExplicit',
  doc: `heat conduction ∂u/∂t = ν ∇²u by explicit finite differences: n steps y = x + ν Δt Δx, Δ the second difference, ν Δt = ν t/n
  tangent  dy = diffuseExplicit(dx): the operator is linear
  adjoint  diffuseExplicit(ct): it is symmetric
  inverse  regularised, as that of diffuse, with the factor (1 - ν Δt λ)^n of a mode of -Δ with eigenvalue λ: the backward
           step is unstable, and a mode with ν Δt λ = 1 is gone after a step
  domain   ν Δt ≤ 1/(2 Σ 1/dx²), above which the roughest mode grows: an OptionError names limit and steps
  cost     n stencils, 6 flops per cell and axis; its inverse two transforms
  caveats  of first order in Δt and second in dx; trust the inverse as that of diffuse
  source   Morton & Mayers 2005, "Numerical Solution of Partial Differential Equations", 2.4 and 3.1`,
  tex: {
    y: String.raw`y = (1 + \nu \Delta t\,\Delta)^n x`,
    tangent: String.raw`dy = (1 + \nu \Delta t\,\Delta)^n dx`,
    adjoint: String.raw`\bar x = (1 + \nu \Delta t\,\Delta)^n \bar y`,
    inverse: String.raw`\tilde x = x + P^{-1}_{\text{stable}}(\tilde y - y)`
  },
  check: a => {
    checkNumbers('diffuseExplicit', 'notNegative', { amount: a.amount })
    checkNumbers('diffuseExplicit', 'count', { steps: a.steps })
    trustOf(a, 'diffuseExplicit')
    checkStable(a)
  },
  scheme: () => 'differences',
  transfer:
    ({ amount, steps }) =>
    l =>
      (1 - (amount / steps) * l) ** steps,
  forward: (x, y, { cells, grid }, { amount, steps }) => {
    const axes = axesOf(cells, grid)
    const fields = x.length / size(cells)
    const before = new Float64Array(x.length)
    y.set(x)
    for (let k = 0; k < steps; k++) {
      before.set(y)
      addLaplacian(before, y, fields, axes, amount / steps)
    }
  },
  trust: ({ uncertainty, noise, signal }) => ({ uncertainty, noise, signal }),
  examples: r => [
    { inputs: [r.normal([2, 4, 6])], attrs: attrs(0.5) },
    { inputs: [r.normal([5, 3])], attrs: attrs(0.1, { dx: [1, 0.5], steps: 4 }), note: 'cells that are no squares' },
    { inputs: [r.normal([2, 1, 4])], attrs: attrs(0), note: 'no time' },
    { inputs: [r.normal([3, 7])], attrs: attrs(0.5, { dimensions: 1, steps: 1 }), note: 'at the limit' },
    {
      inputs: [r.normal([2, 3, 4, 2])],
      attrs: attrs(0.4, { boundary: ['neumann', 'periodic', 'dirichlet'] }),
      note: 'a box with three kinds of walls'
    },
    {
      inputs: [r.normal([4, 5])],
      attrs: attrs(0.3, { boundary: 'neumann', noise: 0.1 }),
      note: 'noise of a known size'
    },
    { inputs: [r.normal([3, 5])], attrs: attrs(0.3, { boundary: 'dirichlet' }), note: 'walls of value 0' }
  ]
})

const OPTIONS = [...GRID_OPTIONS, 'uncertainty', 'noise', 'signal', 'steps']

/**
 * Heat conduction for ν t = `amount` on a grid by explicit steps: x [..., cells] → [..., cells].
 *
 * Throws OptionError where a step is unstable, naming the limit 1/(2 Σ 1/dx²) and how many steps keep it.
 */
export function diffuseExplicit(x: Tensor, amount: number, options: DiffuseExplicitOptions = {}): Tensor {
  checkTensor(x, 'diffuseExplicit')
  checkOptions('diffuseExplicit', options, OPTIONS)
  return apply(diffuseExplicitOp, [x], attrs(amount, options))
}
