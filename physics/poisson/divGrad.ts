import { apply } from '../../core/apply.js'
import { addDivGrad, addGradientDot } from '../../core/backends/plain/stencil.js'
import { wanted } from '../../core/claim.js'
import { type Claim, defineOp, type Example, type Op, type Site, type View } from '../../core/op.js'
import { checkOptions } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { both } from '../../core/structural/add.js'
import { checkTensor, mapData, Tensor } from '../../core/tensor.js'
import { neg } from '../../ops/elementwise/neg.js'
import { GRID_OPTIONS, type Grid, type GridOptions, gridOf } from '../grid.js'
import { ACCURATE, conjugateSolve } from './conjugateSolve.js'
import { carryPairs, isShared, onPairs, pairShape } from './pairs.js'
import { smallestChange } from './smallestChange.js'

export interface FluxAttrs {
  readonly grid: Grid
}

/** x̃_i = x_i + the smallest change that makes up for ỹ - y, everything else as it is. */
function linearTarget(site: Site<FluxAttrs>, claimed: Claim, active: readonly boolean[]): (Claim | null)[] {
  const i = active.indexOf(true)
  const { inputs, out, attrs } = site
  const now = out.data
  const r = Float64Array.from(wanted(claimed, out).data, (v, k) => v - now[k])
  // In u, with a > 0, the system is definite: conjugate gradients with a good preconditioner instead of LSMR with none.
  const definite = site.op === divGradOp && i === 1 && !isShared(site, 1) && inputs[0].data.every(v => v > 0)
  const change = definite
    ? conjugateSolve(inputs[0], new Tensor(out.shape, r), out.shape, attrs.grid, ACCURATE).u
    : smallestChange(site, i, r)
  return inputs.map((t, k) => (k === i ? { value: mapData(t, (v, j) => v + change[j]), weight: null } : null))
}

const lawless = (site: Site): string | undefined =>
  site.inputs.some((_, i) => isShared(site, i))
    ? 'a field is shared by several: in general only least squares'
    : undefined

export const divGradOp: Op<FluxAttrs> = defineOp<FluxAttrs>({
  name: 'divGrad',
  doc: `y = ∇·(a∇u) on a grid, in flux form: the flux a (u_{i+1} - u_i)/dx through a face, a the mean of both cells, leaves one
cell and enters the other
  tangent  dy = ∇·(da∇u) + ∇·(a∇du)
  adjoint  -∇u·∇ct to a (gradDot), ∇·(a∇ct) to u: it is symmetric in u; summed over broadcast axes
  inverse  the smallest change of u, or of a, that gives ỹ, or comes nearest (LSMR); in u that is solveDivGrad where a > 0
  domain   fields on one grid, leading axes broadcast; any a, of both signs
  cost     8 flops per face; its inverses one product with it and one with its adjoint per iteration
  caveats  of second order where a is smooth. Trust the inverse in u where a is above 0; in a, where u has a gradient: a
           change of a on a plateau of u is not seen, and not made`,
  tex: {
    y: String.raw`y = \nabla\!\cdot(a\,\nabla u)`,
    tangent: String.raw`dy = \nabla\!\cdot(da\,\nabla u) + \nabla\!\cdot(a\,\nabla du)`,
    adjoint: String.raw`\bar a = -\nabla u\cdot\nabla\bar y,\; \bar u = \nabla\!\cdot(a\,\nabla\bar y)`,
    inverse: String.raw`\tilde u = u + A_a^{+}(\tilde y - y),\; \tilde a = a + C_u^{+}(\tilde y - y)`
  },
  outShape: ([a, u], { grid }) => pairShape(a, u, gridOf(grid, 'divGrad'), 'divGrad'),
  forward: ([a, u], { grid }, shape) => onPairs(addDivGrad, a, u, shape, grid),
  jvp: ([da, du], v) => both(da && flux(divGradOp, da, v.x[1], v), du && flux(divGradOp, v.x[0], du, v)),
  vjp: (ct, v) => [
    v.wants(0) ? v.fold(neg(flux(gradDotOp, v.x[1], ct, v)), 0) : null,
    v.wants(1) ? v.fold(flux(divGradOp, v.x[0], ct, v), 1) : null
  ],
  carry: carryPairs,
  inverse: { kind: 'exact', apply: linearTarget, lawless },
  examples: r => pairExamples(r, positive)
})

export const gradDotOp: Op<FluxAttrs> = defineOp<FluxAttrs>({
  name: 'gradDot',
  doc: `y = ∇u·∇v on a grid: over the faces of a cell, half of the product of both differences; at a wall of value 0, all of it.
With it Σ a (∇u·∇v) = -Σ v ∇·(a∇u) holds to rounding
  tangent  dy = ∇du·∇v + ∇u·∇dv
  adjoint  -∇·(ct∇v) to u (divGrad), -∇·(ct∇u) to v, summed over broadcast axes
  inverse  the smallest change of u, or of v, that gives ỹ, or comes nearest (LSMR)
  domain   fields on one grid, leading axes broadcast
  cost     8 flops per face; its inverses one product with it and one with its adjoint per iteration
  caveats  trust the inverse where the other field has a gradient: it is not seen on its plateaus`,
  tex: {
    y: String.raw`y = \nabla u\cdot\nabla v`,
    tangent: String.raw`dy = \nabla du\cdot\nabla v + \nabla u\cdot\nabla dv`,
    adjoint: String.raw`\bar u = -\nabla\!\cdot(\bar y\,\nabla v),\; \bar v = -\nabla\!\cdot(\bar y\,\nabla u)`,
    inverse: String.raw`\tilde u = u + (\nabla v\cdot\nabla)^{+}(\tilde y - y)`
  },
  outShape: ([u, v], { grid }) => pairShape(u, v, gridOf(grid, 'gradDot'), 'gradDot'),
  forward: ([u, v], { grid }, shape) => onPairs(addGradientDot, u, v, shape, grid),
  jvp: ([du, dv], v) => both(du && flux(gradDotOp, du, v.x[1], v), dv && flux(gradDotOp, v.x[0], dv, v)),
  vjp: (ct, v) => [
    v.wants(0) ? v.fold(neg(flux(divGradOp, ct, v.x[1], v)), 0) : null,
    v.wants(1) ? v.fold(neg(flux(divGradOp, ct, v.x[0], v)), 1) : null
  ],
  carry: carryPairs,
  inverse: { kind: 'exact', apply: linearTarget, lawless },
  examples: r => pairExamples(r, (_, t) => t)
})

const flux = (op: Op<FluxAttrs>, a: Tensor, u: Tensor, { attrs: { grid } }: View<FluxAttrs>): Tensor =>
  apply(op, [a, u], { grid })

/** Points for operators on two fields; `first` makes the first of a normal field, `second` is the size of the other beside 1e±301. */
export function pairExamples(
  r: Random,
  first: (r: Random, t: Tensor) => Tensor,
  second: readonly [large: number, small: number] = [1e-10, 1e10]
): Example<FluxAttrs>[] {
  const on = (options: GridOptions = {}): FluxAttrs => ({ grid: gridOf(options, 'an example') })
  const field = (shape: number[]): Tensor => first(r, r.normal(shape))
  const line = on({ dimensions: 1, boundary: 'dirichlet' })
  const scaled = (a: number, b: number): Tensor[] => {
    const [p, q] = [field([2, 3]), r.normal([2, 3])]
    return [mapData(p, v => v * a), mapData(q, v => v * b)]
  }
  return [
    { inputs: [field([2, 3, 4]), r.normal([2, 3, 4])], attrs: on() },
    {
      inputs: [field([3, 3]), r.normal([3, 3])],
      attrs: on({ dx: [1, 0.5], boundary: 'dirichlet' }),
      note: 'walls of value 0'
    },
    { inputs: [field([4, 3]), r.normal([4, 3])], attrs: on({ boundary: 'neumann' }), note: 'walls without flux' },
    { inputs: [field([5]), r.normal([3, 5])], attrs: line, note: 'one coefficient for a batch' },
    { inputs: [field([2, 1, 4]), r.normal([3, 4])], attrs: line, note: 'broadcast from both sides' },
    {
      inputs: [field([2, 3, 2]), r.normal([2, 3, 2])],
      attrs: on({ boundary: ['neumann', 'periodic', 'dirichlet'] }),
      note: 'a box with three kinds of walls'
    },
    { inputs: [field([1, 3]), r.normal([1, 3])], attrs: on({ boundary: 'dirichlet' }), note: 'one row' },
    { inputs: [new Tensor([0, 3], new Float64Array(0)), r.normal([3])], attrs: line, note: 'no fields' },
    { inputs: scaled(1e301, second[0]), attrs: line, extreme: true, note: 'large' },
    { inputs: scaled(1e-301, second[1]), attrs: line, extreme: true, note: 'small' }
  ]
}

/** 0.5 to 2. */
export const positive = (r: Random, t: Tensor): Tensor => r.uniform(t.shape, 0.5, 2)

function checked(op: Op<FluxAttrs>, a: Tensor, u: Tensor, options: GridOptions, roles: readonly string[]): Tensor {
  checkTensor(a, op.name, roles[0])
  checkTensor(u, op.name, roles[1])
  checkOptions(op.name, options, GRID_OPTIONS)
  return apply(op, [a, u], { grid: gridOf(options, op.name) })
}

/**
 * ∇·(a∇u) on a grid (by default periodic unit cells over the last two axes): a, u [..., cells] → [..., cells], leading
 * axes broadcast.
 *
 * Throws OptionError for a grid that is none, ShapeError for fields that are not on it or not on the same.
 */
export const divGrad = (a: Tensor, u: Tensor, options: GridOptions = {}): Tensor =>
  checked(divGradOp, a, u, options, ['the coefficient', 'the field'])

/** ∇u·∇v on a grid: u, v [..., cells] → [..., cells], leading axes broadcast. Errors as `divGrad`. */
export const gradDot = (u: Tensor, v: Tensor, options: GridOptions = {}): Tensor =>
  checked(gradDotOp, u, v, options, ['the first field', 'the second field'])
