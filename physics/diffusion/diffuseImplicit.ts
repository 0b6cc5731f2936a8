import { apply } from '../../core/apply.js'
import { addLaplacian } from '../../core/backends/plain/stencil.js'
import type { Op } from '../../core/op.js'
import { checkChoice, checkNumbers, checkOptions } from '../../core/options.js'
import { size } from '../../core/shape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { axesOf, GRID_OPTIONS, type GridOptions, gridOf } from '../grid.js'
import { type SpectralAttrs, spectralOperator } from '../spectral/spectralOperator.js'

export interface DiffuseImplicitAttrs extends SpectralAttrs {
  /** ν t: diffusivity times time, a length². */
  readonly amount: number
  /** Steps, each of ν Δt = amount / steps. */
  readonly steps: number
}

export interface DiffuseImplicitOptions extends GridOptions {
  /** 1 by default. */
  steps?: number
  /** Backward Euler (by default), of first order in time; or Crank-Nicolson, of second. */
  method?: 'euler' | 'crankNicolson'
}

const attrs = (amount: number, options: DiffuseImplicitOptions = {}): DiffuseImplicitAttrs => ({
  amount,
  steps: options.steps ?? 1,
  grid: gridOf(options, 'diffuseImplicit')
})

const check = ({ amount, steps }: DiffuseImplicitAttrs): void => {
  checkNumbers('diffuseImplicit', 'notNegative', { amount })
  checkNumbers('diffuseImplicit', 'count', { steps })
}

export const diffuseImplicitOp: Op<DiffuseImplicitAttrs> = spectralOperator<DiffuseImplicitAttrs>({
  name: 'diffuseImplicit',
  doc: `heat conduction ∂u/∂t = ν ∇²u by backward Euler: n steps y - ν Δt Δy = x, Δ the second difference, ν Δt = ν t/n
  tangent  dy = diffuseImplicit(dx): the operator is linear
  adjoint  diffuseImplicit(ct): it is symmetric
  inverse  x̃ = x + (1 - ν Δt Δ)^n (ỹ - y): n explicit steps backward, exact
  domain   ν t ≥ 0, whatever the step: stable, and no mode changes its sign
  cost     two transforms per field for all steps together; its inverse n stencils
  caveats  of first order in Δt and second in dx. The inverse amplifies the roughest mode by (1 + 4 ν Δt Σ 1/dx²)^n, a
           polynomial in ν t: trust it where that times the noise of ỹ is small, with few steps
  source   Morton & Mayers 2005, "Numerical Solution of Partial Differential Equations", 2.8 and 3.2`,
  tex: {
    y: String.raw`y = (1 - \nu \Delta t\,\Delta)^{-n} x`,
    tangent: String.raw`dy = (1 - \nu \Delta t\,\Delta)^{-n} dx`,
    adjoint: String.raw`\bar x = (1 - \nu \Delta t\,\Delta)^{-n} \bar y`,
    inverse: String.raw`\tilde x = x + (1 - \nu \Delta t\,\Delta)^n (\tilde y - y)`
  },
  check,
  scheme: () => 'differences',
  transfer:
    ({ amount, steps }) =>
    l =>
      (1 + (amount / steps) * l) ** -steps,
  backward: (dy, dx, { cells, grid }, { amount, steps }) => {
    const axes = axesOf(cells, grid)
    const fields = dy.length / size(cells)
    const after = new Float64Array(dy.length)
    dx.set(dy)
    for (let k = 0; k < steps; k++) {
      after.set(dx)
      addLaplacian(after, dx, fields, axes, -amount / steps)
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 4, 6])], attrs: attrs(0.5) },
    { inputs: [r.normal([5, 3])], attrs: attrs(2, { dx: [1, 0.5], steps: 3 }), note: 'cells that are no squares' },
    { inputs: [r.normal([2, 1, 4])], attrs: attrs(0), note: 'no time' },
    { inputs: [r.normal([3, 7])], attrs: attrs(8, { dimensions: 1 }), note: 'a step far beyond the explicit limit' },
    {
      inputs: [r.normal([2, 3, 4, 2])],
      attrs: attrs(0.4, { boundary: ['neumann', 'periodic', 'dirichlet'], steps: 2 }),
      note: 'a box with three kinds of walls'
    },
    { inputs: [r.normal([3, 5])], attrs: attrs(1, { boundary: 'dirichlet' }), note: 'walls of value 0' },
    { inputs: [r.normal([4, 5])], attrs: attrs(1, { boundary: 'neumann' }), note: 'walls without flux' }
  ]
})

/** A mode with |1 - ν Δt λ/2| below it is gone to rounding. */
const GONE = 1e-13

export const diffuseCrankNicolsonOp: Op<DiffuseImplicitAttrs> = spectralOperator<DiffuseImplicitAttrs>({
  name: 'diffuseCrankNicolson',
  doc: `heat conduction ∂u/∂t = ν ∇²u by Crank-Nicolson: n steps (1 - ν Δt Δ/2) y = (1 + ν Δt Δ/2) x, Δ the second difference
  tangent  dy = the same steps on dx: the operator is linear
  adjoint  the same steps on ct: it is symmetric
  inverse  the steps with -Δt: a mode of -Δ with eigenvalue λ is divided by ((1 - ν Δt λ/2)/(1 + ν Δt λ/2))^n; one with
           ν Δt λ = 2 is gone, and stays
  domain   ν t ≥ 0, whatever the step: stable
  cost     two transforms per field for all steps together, in each rule
  caveats  of second order in Δt and dx. Modes with ν Δt λ > 2 change their sign in every step and decay slowly: take steps
           below that. Trust the inverse where no mode comes close to ν Δt λ = 2, where it amplifies without bound
  source   Crank & Nicolson 1947; Morton & Mayers 2005, "Numerical Solution of Partial Differential Equations", 2.10`,
  tex: {
    y: String.raw`y = \Bigl(\frac{1 + \nu \Delta t\,\Delta/2}{1 - \nu \Delta t\,\Delta/2}\Bigr)^n x`,
    tangent: String.raw`dy = \Bigl(\frac{1 + \nu \Delta t\,\Delta/2}{1 - \nu \Delta t\,\Delta/2}\Bigr)^n dx`,
    adjoint: String.raw`\bar x = \Bigl(\frac{1 + \nu \Delta t\,\Delta/2}{1 - \nu \Delta t\,\Delta/2}\Bigr)^n \bar y`,
    inverse: String.raw`\tilde x = x + \Bigl(\frac{1 - \nu \Delta t\,\Delta/2}{1 + \nu \Delta t\,\Delta/2}\Bigr)^n (\tilde y - y)`
  },
  check,
  scheme: () => 'differences',
  transfer:
    ({ amount, steps }) =>
    l => {
      const z = ((amount / steps) * l) / 2
      return Math.abs(1 - z) < GONE ? 0 : ((1 - z) / (1 + z)) ** steps
    },
  examples: r => [
    { inputs: [r.normal([2, 4, 6])], attrs: attrs(0.3) },
    { inputs: [r.normal([5, 3])], attrs: attrs(1.1, { dx: [1, 0.5], steps: 3 }), note: 'cells that are no squares' },
    { inputs: [r.normal([2, 1, 4])], attrs: attrs(0), note: 'no time' },
    { inputs: [r.normal([3, 8])], attrs: attrs(0.5, { dimensions: 1 }), note: 'a mode that is gone after a step' },
    {
      inputs: [r.normal([2, 3, 4, 2])],
      attrs: attrs(0.4, { boundary: ['neumann', 'periodic', 'dirichlet'], steps: 2 }),
      note: 'a box with three kinds of walls'
    },
    { inputs: [r.normal([3, 5])], attrs: attrs(0.3, { boundary: 'dirichlet' }), note: 'walls of value 0' }
  ]
})

const OPTIONS = [...GRID_OPTIONS, 'steps', 'method']

/**
 * Heat conduction for ν t = `amount` on a grid by implicit steps, of any length: x [..., cells] → [..., cells]. The linear
 * systems are solved in the modes of the second difference.
 *
 * Throws OptionError for ν t < 0 and settings out of range, ShapeError for what is no field on the grid.
 */
export function diffuseImplicit(x: Tensor, amount: number, options: DiffuseImplicitOptions = {}): Tensor {
  checkTensor(x, 'diffuseImplicit')
  checkOptions('diffuseImplicit', options, OPTIONS)
  const { method = 'euler' } = options
  checkChoice('diffuseImplicit', 'method', method, ['euler', 'crankNicolson'])
  return apply(method === 'euler' ? diffuseImplicitOp : diffuseCrankNicolsonOp, [x], attrs(amount, options))
}
