import { apply } from '../../core/apply.js'
import { addDivGrad } from '../../core/backends/plain/stencil.js'
import { wanted } from '../../core/claim.js'
import { norm2 } from '../../core/linalg/scaling.js'
import { type Claim, defineOp, type Op, type Refusal, type Site } from '../../core/op.js'
import { checkNumbers, checkOptions } from '../../core/options.js'
import { size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { checkTensor, mapData, Tensor } from '../../core/tensor.js'
import { neg } from '../../ops/elementwise/neg.js'
import { cellsOf, GRID_OPTIONS, type GridOptions, gridOf } from '../grid.js'
import { ACCURATE, conjugateSolve, removeMeans, type SolveSettings } from './conjugateSolve.js'
import { divGradOp, type FluxAttrs, gradDotOp, pairExamples, positive } from './divGrad.js'
import { carryPairs, isShared, onPairs, pairShape, starts } from './pairs.js'
import { smallestChange } from './smallestChange.js'

export interface SolveDivGradAttrs extends FluxAttrs, SolveSettings {}

export interface SolveDivGradOptions extends GridOptions, Partial<SolveSettings> {}

const settings = ({ tolerance, maxIterations }: Partial<SolveSettings>): SolveSettings => ({
  tolerance: tolerance ?? ACCURATE.tolerance,
  maxIterations: maxIterations ?? ACCURATE.maxIterations
})

export const solveDivGradOp: Op<SolveDivGradAttrs> = defineOp<SolveDivGradAttrs>({
  name: 'solveDivGrad',
  doc: `u with ∇·(a∇u) = b on a grid, the inputs a and b: conjugate gradients, preconditioned by the direct solver for a = 1
  tangent  du = solve(db - ∇·(da∇u))
  adjoint  b̄ = solve(ct) to b, ∇u·∇b̄ to a: one more solve, whatever the iterations of the first; summed over broadcast axes
  inverse  b̃ = b + ∇·(a∇(ũ - u)), exact. In a the smallest change with ∇·(ã∇ũ) = b (LSMR); none where there is none above 0,
           refused where one a is shared by several fields
  domain   a > 0. Where no wall holds the value, the mean of b counts as 0, and u has the mean 0
  cost     two transforms and 9 flops per face for each iteration: 20 to 30 for a smooth a between 1 and 10, on any grid
  caveats  iterations grow with the roughness of a: 50, 90, 140 where it jumps by 10, 100, 1000, and 100 to 170 where it is
           random between 1 and 10, cell by cell. Trust the inverse in b up to noise in ũ times 4 a Σ 1/dx²; in a only
           where u has a gradient everywhere, and noise is small against it
  source   Concus & Golub 1973, SIAM J. Numer. Anal. 10(6); Golub & Van Loan, algorithm 11.5.1`,
  tex: {
    y: String.raw`u = A_a^{-1} b,\; A_a u = \nabla\!\cdot(a\,\nabla u)`,
    tangent: String.raw`du = A_a^{-1}\bigl(db - \nabla\!\cdot(da\,\nabla u)\bigr)`,
    adjoint: String.raw`\bar b = A_a^{-1} \bar u,\; \bar a = \nabla u\cdot\nabla\bar b`,
    inverse: String.raw`\tilde b = b + A_a(\tilde u - u)`
  },
  outShape: ([a, b], { grid, tolerance, maxIterations }) => {
    checkNumbers('solveDivGrad', 'positive', { tolerance })
    checkNumbers('solveDivGrad', 'count', { maxIterations })
    return pairShape(a, b, gridOf(grid, 'solveDivGrad'), 'solveDivGrad')
  },
  forward: ([a, b], attrs, shape) => {
    const { u } = conjugateSolve(a, b, shape, attrs.grid, attrs)
    return new Tensor(shape, a.dtype === 'f64' ? u : Float32Array.from(u))
  },
  jvp: ([da, db], { x: [a], y, attrs }) => {
    const moved = da && apply(divGradOp, [da, y], { grid: attrs.grid })
    const rhs = both(db, moved && neg(moved))
    return rhs && apply(solveDivGradOp, [a, rhs], attrs)
  },
  vjp: (ct, v) => {
    const back = apply(solveDivGradOp, [v.x[0], ct], v.attrs)
    return [
      v.wants(0) ? v.fold(apply(gradDotOp, [v.y, back], { grid: v.attrs.grid }), 0) : null,
      v.wants(1) ? v.fold(back, 1) : null
    ]
  },
  carry: carryPairs,
  inverse: {
    kind: 'exact',
    apply: (site, claimed, active) =>
      active[0] ? coefficientFor(site, claimed) : [null, { value: rightSideFor(site, claimed), weight: null }],
    lawless: site => (isShared(site, 1) ? 'b is shared by several fields: only least squares' : undefined)
  },
  examples: r =>
    pairExamples(r, positive, [1e301, 1e-301]).map(e => ({ ...e, attrs: { ...e.attrs!, ...settings({}) } }))
})

/** b̃ = b + ∇·(a∇(ũ - u)); of one b for several fields, the one that comes nearest. */
function rightSideFor(site: Site<SolveDivGradAttrs>, claimed: Claim): Tensor {
  const { inputs, out, attrs } = site
  const du = Float64Array.from(wanted(claimed, out).data, (v, k) => v - out.data[k])
  const change = isShared(site, 1)
    ? smallestChange(site, 1, du)
    : onPairs(addDivGrad, inputs[0], new Tensor(out.shape, du), out.shape, attrs.grid).data
  return mapData(inputs[1], (v, k) => v + change[k])
}

/** ‖∇·(ã∇ũ) - b‖ relative to what it was: above it ũ is out of reach, and the misfit in u unknown. */
const REACHED = 1e-8

/**
 * ã = a + δ, δ the smallest solution of ∇·(δ∇ũ) = b - ∇·(a∇ũ): then u is ũ. None (NaN) in a field where it has no
 * solution, or ã is not above 0; refused where that is so in all fields.
 */
function coefficientFor(site: Site<SolveDivGradAttrs>, claimed: Claim): (Claim | null)[] | Refusal {
  if (isShared(site, 0)) return { refuse: 'one coefficient is shared by several fields' }
  const { inputs, out, attrs } = site
  const [a, b] = inputs
  const { grid } = attrs
  const target = wanted(claimed, out)
  const n = size(cellsOf(out.shape, grid, 'solveDivGrad'))
  const misfit = (coefficient: Tensor): Float64Array => {
    const now = onPairs(addDivGrad, coefficient, target, out.shape, grid).data
    const ofB = starts(b.shape, out.shape, grid)
    const r = Float64Array.from(now, (v, k) => b.data[ofB[Math.floor(k / n)] + (k % n)] - v)
    return grid.boundary.includes('dirichlet') ? r : removeMeans(n)(r)
  }
  const r = misfit(a)
  const change = smallestChange({ op: divGradOp, inputs: [a, target], out, attrs: { grid }, saved: {} }, 0, r)
  const value = mapData(a, (v, k) => v + change[k])
  const left = misfit(value)
  const rounding = (a.dtype === 'f64' ? 1e-12 : 1e-4) * norm2(Float64Array.from(b.data))
  const fields = out.size / n
  let reached = 0
  for (let at = 0; at < out.size; at += n) {
    const fits = norm2(left, at, at + n) <= REACHED * norm2(r, at, at + n) + rounding
    if (fits && value.data.subarray(at, at + n).every(v => v > 0 && v < Number.POSITIVE_INFINITY)) reached++
    else value.data.fill(Number.NaN, at, at + n)
  }
  return fields > 0 && reached === 0
    ? { refuse: 'no coefficient above 0 gives the target' }
    : [{ value, weight: null }, null]
}

const OPTIONS = [...GRID_OPTIONS, 'tolerance', 'maxIterations']

/**
 * The u with ∇·(a∇u) = b on a grid (by default periodic unit cells over the last two axes): a, b [..., cells] → [..., cells],
 * leading axes broadcast. Derivatives go through one more solve, never through the iterations.
 *
 * Throws InverseError where a is not above 0, NonFiniteError where it is not finite, ConvergenceError where the iteration
 * does not reach its tolerance, ShapeError for fields that are not on one grid, OptionError for settings out of range.
 */
export function solveDivGrad(a: Tensor, b: Tensor, options: SolveDivGradOptions = {}): Tensor {
  checkTensor(a, 'solveDivGrad', 'the coefficient')
  checkTensor(b, 'solveDivGrad', 'the right-hand side')
  checkOptions('solveDivGrad', options, OPTIONS)
  return apply(solveDivGradOp, [a, b], { grid: gridOf(options, 'solveDivGrad'), ...settings(options) })
}
