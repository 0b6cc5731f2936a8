import { apply } from '../../core/apply.js'
import { divergenceFree as kernel } from '../../core/backends/plain/divergenceFree.js'
import { wanted } from '../../core/claim.js'
import { alloc } from '../../core/memory.js'
import { carryInFront, defineOp, type Op, type Site } from '../../core/op.js'
import { checkOptions } from '../../core/options.js'
import type { Shape } from '../../core/shape.js'
import { checkTensor, mapData, Tensor } from '../../core/tensor.js'
import { GRID_OPTIONS, type GridOptions } from '../grid.js'
import { velocityGrid } from './velocityGrid.js'
import { inBox } from './walls.js'
import { type Damping, slopesAlong, viscousGain } from './waves.js'

interface DivergenceFreeAttrs {
  readonly dx: readonly number[]
  /** Viscosity, which acts bin by bin too. */
  readonly damping?: Damping
}

/** A gain at or below this part of the largest counts as 0 in the inverse: rounding. */
const LOST = 1e-13

const cellsFor = (s: Shape, { dx }: DivergenceFreeAttrs): Shape => s.slice(-dx.length)

const gainOf = (s: Shape, attrs: DivergenceFreeAttrs): Float64Array | undefined =>
  attrs.damping && viscousGain(cellsFor(s, attrs), attrs.dx, attrs.damping)

function run(u: Tensor, attrs: DivergenceFreeAttrs, gain: Float64Array | undefined): Tensor {
  const cells = cellsFor(u.shape, attrs)
  const work = new Float64Array(u.data)
  kernel(
    work,
    cells,
    cells.map((n, i) => slopesAlong(n, attrs.dx[i])),
    gain
  )
  const y = alloc(u.size, u.dtype)
  y.set(work)
  return new Tensor(u.shape, y)
}

export const divergenceFreeOp: Op<DivergenceFreeAttrs> = defineOp<DivergenceFreeAttrs>({
  name: 'divergenceFree',
  doc: `y = u - ∇p with ∇² p = ∇·u: the part of a periodic velocity that has no divergence, ŷ = û - k (k·û)/|k|² in Fourier space; with
viscosity, times e^(-k² ν t)
  tangent  dy = divergenceFree(du): the operator is linear
  adjoint  divergenceFree(ct): a symmetric projection, so the gradient has no divergence either
  inverse  exact as far as there is one: x̃ = u + divergenceFree(ỹ - y), the smallest change. A divergence that is asked for cannot
           be reached, and that of u stays
  domain   u [..., d, n1 … nd], periodic, component i along axis i
  cost     two transforms of half as many complex fields as there are components
  caveats  derivatives are those of the modes; of the highest mode of an even number of cells they are 0 on the grid
  source   Chorin 1968, "Numerical Solution of the Navier-Stokes Equations"`,
  tex: {
    y: String.raw`\hat y = \Bigl(1 - \frac{k k^\top}{|k|^2}\Bigr)\hat u`,
    tangent: String.raw`dy = \Pi\,du`,
    adjoint: String.raw`\bar u = \Pi\,\bar y`,
    inverse: String.raw`\tilde u = u + \Pi(\tilde y - y)`
  },
  outShape: ([s], { dx }) => {
    velocityGrid('divergenceFree', s, { dx })
    return s
  },
  forward: ([u], attrs) => run(u, attrs, gainOf(u.shape, attrs)),
  jvp: ([du], v) => du && apply(divergenceFreeOp, [du], v.attrs),
  vjp: (ct, v) => [apply(divergenceFreeOp, [ct], v.attrs)],
  carry: (site: Site<DivergenceFreeAttrs>) => carryInFront(1 + site.attrs.dx.length)(site),
  inverse: {
    kind: 'exact',
    apply: ({ inputs: [u], out, attrs }, claimed) => {
      const asked = mapData(wanted(claimed, out), (t, i) => t - out.data[i])
      const change = run(asked, attrs, pseudoInverse(gainOf(u.shape, attrs)))
      return [{ value: mapData(u, (v, i) => v + change.data[i]), weight: null }]
    },
    lawless: () => 'no output has a divergence: the nearest one is reached'
  },
  examples: r => {
    const scaled = (factor: number) => mapData(r.normal([2, 2, 3, 2]), v => factor * (v + Math.sign(v)))
    const damping = { amount: 0.1, steps: 1, amplification: 1 }
    return [
      { inputs: [r.normal([2, 2, 3, 4])], attrs: { dx: [1, 2] } },
      { inputs: [r.normal([2, 2, 5, 3])], attrs: { dx: [1, 1], damping }, note: 'viscous' },
      { inputs: [r.normal([3, 2, 3, 4])], attrs: { dx: [1, 0.5, 1] }, note: 'three dimensions, no batch' },
      { inputs: [r.normal([3, 1, 4])], attrs: { dx: [1] }, note: 'one dimension: the mean' },
      { inputs: [r.normal([2, 2, 1, 3])], attrs: { dx: [1, 1] }, note: 'one cell along an axis' },
      { inputs: [r.normal([0, 2, 3, 3])], attrs: { dx: [1, 1] }, note: 'no fields' },
      { inputs: [scaled(1e300)], attrs: { dx: [1, 1] }, extreme: true, note: 'large' },
      { inputs: [scaled(1e-301)], attrs: { dx: [1, 1] }, extreme: true, note: 'small' }
    ]
  }
})

function pseudoInverse(gain: Float64Array | undefined): Float64Array | undefined {
  const floor = LOST * (gain?.reduce((a, b) => Math.max(a, b), 0) ?? 0)
  return gain?.map(g => (g <= floor ? 0 : 1 / g))
}

/**
 * The part of a velocity that has no divergence: u [..., d, n1 … nd] (component i along axis i) → the same shape. Periodic, or in
 * a closed box (`boundary: 'neumann'`: nothing passes a wall, and flow slips along it). `{ dx, boundary, dimensions }`.
 *
 * Throws ShapeError where there are no d components, OptionError for a boundary that is 'dirichlet'.
 */
export function divergenceFree(u: Tensor, options: GridOptions = {}): Tensor {
  checkTensor(u, 'divergenceFree', 'its velocity')
  checkOptions('divergenceFree', options, GRID_OPTIONS)
  const grid = velocityGrid('divergenceFree', u.shape, options)
  return inBox(grid, [u], ([all]) => apply(divergenceFreeOp, [all], { dx: grid.dx }))
}
