import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import { OptionError } from '../../core/errors.js'
import type { Op } from '../../core/op.js'
import { checkNumbers, checkOptions } from '../../core/options.js'
import { size } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, mapData, type Tensor, tensor, zeros } from '../../core/tensor.js'
import { add, mul, neg, square } from '../../ops/elementwise/index.js'
import { spectralFilter } from '../../ops/fourier/index.js'
import { at, concat, flip, slice, stack } from '../../ops/shape/index.js'
import { centralDifferenceOp } from '../centralDifference.js'
import { velocityGrid } from '../fluid/velocityGrid.js'
import { inBox } from '../fluid/walls.js'
import { checkAmplification, viscousGain } from '../fluid/waves.js'
import { cellsOf, GRID_OPTIONS, type Grid, type GridOptions, gridOf } from '../grid.js'
import { rungeKutta4Step } from '../ode/rungeKutta4.js'
import { type Simulator, simulator } from '../simulator.js'

interface BurgersSettings {
  /** Length of a step; negative runs time backwards. */
  readonly dt: number
  readonly steps: number
  /** ν, in units of dx²/dt. */
  readonly viscosity: number
  /** The most that the way back may amplify a mode in all: what viscosity has damped by more is given up. Default 100. */
  readonly amplification: number
}

export interface BurgersAttrs extends BurgersSettings {
  readonly grid: Grid
}

/** ∂_j along each axis of a periodic grid; made once, so that its matrix is. */
type Slopes = readonly ((t: Tensor) => Tensor)[]

const slopesOf = (dx: readonly number[]): Slopes =>
  dx.map((h, j) => {
    const attrs = { axis: j - dx.length, dx: h, boundary: 'periodic' } as const
    return t => apply(centralDifferenceOp, [t], attrs)
  })

/**
 * (u·∇) u_i by central differences. u_i ∂_i u_i is the mean of its forms, ⅓ u ∂u + ⅓ ∂(u²): in one dimension that keeps both the
 * sum of u and the sum of u².
 */
function transport(u: Tensor, slopes: Slopes): Tensor {
  const d = slopes.length
  const components = slopes.map((_, i) => at(u, i, -1 - d))
  return stack(
    components.map((ui, i) =>
      components
        .map((uj, j) => {
          const term = mul(uj, slopes[j](ui))
          return i === j ? mul(add(term, slopes[i](square(ui))), 1 / 3) : term
        })
        .reduce((a, b) => add(a, b))
    ),
    -1 - d
  )
}

/** All steps in a periodic box: transport by RK4, viscosity exactly, half of it before and half after (Strang). */
function run(u: Tensor, dx: readonly number[], { dt, steps, viscosity, amplification }: BurgersAttrs): Tensor {
  const cells = u.shape.slice(-dx.length)
  const slopes = slopesOf(dx)
  const viscous = (part: number) => {
    if (viscosity === 0) return (v: Tensor) => v
    const gain = viscousGain(cells, dx, { amount: viscosity * dt * part, steps: steps / part, amplification })
    const transfer = tensor(gain, { shape: cells, dtype: u.dtype })
    return (v: Tensor) => spectralFilter(v, transfer)
  }
  const [half, whole] = [viscous(0.5), viscous(1)]
  let v = half(u)
  for (let step = 1; step <= steps; step++) {
    v = rungeKutta4Step(w => neg(transport(w, slopes)), v, dt)
    v = step < steps ? whole(v) : half(v)
  }
  return v
}

/** Between walls where u is 0, one dimension: a ring of the walls, the field, and its negative mirror image. */
function betweenZeros(u: Tensor, f: (u: Tensor) => Tensor): Tensor {
  const n = u.shape[u.rank - 1]
  const wall = zeros([...u.shape.slice(0, -1), 1], u.dtype)
  return slice(f(concat([wall, u, wall, neg(flip(u, -1))], -1)), -1, 1, n + 1)
}

function simulate(u: Tensor, attrs: BurgersAttrs): Tensor {
  const { grid } = attrs
  const { dx } = grid
  if (dx.length > 1) {
    velocityGrid('burgers', u.shape, grid)
    return inBox(grid, [u], ([v]) => run(v, dx, attrs))
  }
  cellsOf(u.shape, grid, 'burgers')
  const column = reshape(u, [...u.shape.slice(0, -1), 1, u.shape[u.rank - 1]])
  const y =
    grid.boundary[0] === 'dirichlet'
      ? betweenZeros(column, v => run(v, dx, attrs))
      : inBox(grid, [column], ([v]) => run(v, dx, attrs))
  return reshape(y, u.shape)
}

export const burgersOp: Op<BurgersAttrs> = defineBlock<BurgersAttrs>({
  name: 'burgers',
  doc: `Burgers' equation ∂u/∂t + (u·∇) u = ν ∇² u: steps of half the viscosity, transport by RK4, half the viscosity (Strang)
  tangent  dy = the tangents of the steps, one after the other
  adjoint  the adjoints of the steps, backwards
  inverse  approximate: x̃ = u + R(ỹ) - R(y), R the steps with -dt, viscosity undone up to the amplification allowed. Its
           error falls like dt⁵ in a step, dt⁴ over a time. Trust it before shocks form, and where e^(k² ν t) stays below that:
           a shock forgets what ran into it
  domain   u [..., n], in more dimensions [..., d, n1 … nd]; periodic, between walls where u = 0 (dirichlet, one dimension), or a
           closed box (neumann). Stable for |dt| Σ max|u_i|/dx_i ≤ 2.8; no wiggles for |u| dx ≤ 2ν
  cost     per step d² products and differences in each of four stages, and two transforms
  caveats  central differences: a shock thinner than a cell rings, but never grows in one dimension, where Σu is kept exactly and Σu²
           up to the error of RK4 (without viscosity)
  source   Burgers 1948; Strang 1968, "On the Construction and Comparison of Difference Schemes"`,
  tex: {
    y: String.raw`y = \bigl(e^{\frac12 \nu \Delta t \nabla^2}\,T_{\Delta t}\,e^{\frac12 \nu \Delta t \nabla^2}\bigr)^n u,\; T:\ \dot u = -(u \cdot \nabla) u`,
    tangent: String.raw`dy = S'_n \cdots S'_1\,du`,
    adjoint: String.raw`\bar u = S_1'^\top \cdots S_n'^\top\,\bar y`,
    inverse: String.raw`\tilde u = u + R(\tilde y) - R(y),\; R = S_{-\Delta t}^n`
  },
  forward: ([u], attrs) => simulate(u, attrs),
  inverse: {
    kind: 'approximate',
    order: 4,
    refine: (attrs, factor) => ({ ...attrs, dt: attrs.dt / factor }),
    apply: ({ inputs: [u], out, attrs }, claimed) => {
      const back = (y: Tensor): Tensor => simulate(y, { ...attrs, dt: -attrs.dt })
      const [now, asked] = [back(out), back(wanted(claimed, out))]
      return [{ value: mapData(u, (v, i) => v + asked.data[i] - now.data[i]), weight: null }]
    }
  },
  examples: r => {
    const at = (boundary: Grid['boundary'], more: Partial<BurgersAttrs> = {}): BurgersAttrs => ({
      grid: { dx: boundary.map(() => 1), boundary },
      dt: 0.3,
      steps: 1,
      viscosity: 0,
      amplification: 100,
      ...more
    })
    const viscosity = 0.1
    return [
      { inputs: [r.normal([2, 3])], attrs: at(['periodic'], { steps: 2 }) },
      { inputs: [r.normal([2, 4])], attrs: at(['periodic'], { viscosity }), note: 'viscous, even' },
      { inputs: [r.normal([2, 3])], attrs: at(['dirichlet'], { viscosity }), note: 'between zeros' },
      { inputs: [r.normal([2, 3])], attrs: at(['neumann'], { dt: -0.3, viscosity }), note: 'a closed box, backwards' },
      { inputs: [r.normal([1, 2, 2, 3])], attrs: at(['periodic', 'periodic']), note: 'two dimensions' },
      {
        inputs: [r.normal([2, 1, 2])],
        attrs: at(['neumann', 'periodic'], { viscosity }),
        note: 'a channel, one cell wide'
      },
      { inputs: [r.normal([0, 4])], attrs: at(['periodic']), note: 'no fields' },
      { inputs: [mapData(r.normal([2, 3]), v => 1e-300 * v)], attrs: at(['periodic']), extreme: true, note: 'small' }
    ]
  }
})

export interface BurgersOptions extends GridOptions, Partial<BurgersSettings> {}

/** RK4 is stable on the imaginary axis up to 2√2, where central differences have their eigenvalues. */
const STABLE = 2 * Math.SQRT2

/**
 * A simulator of Burgers' equation: u → u `steps` of `dt` later, u [..., n] in one dimension, [..., d, n1 … nd] in more (component i
 * along axis i). Its inverse runs time backwards, as does `timeReversed`. Settings: `{ dt, steps, viscosity, amplification, dx,
 * boundary, dimensions }`.
 *
 *     const simulate = burgers({ dimensions: 1, dt: 0.1, steps: 20, viscosity: 0.2 })
 *
 * Throws OptionError for settings out of range; the simulator for a step beyond the limit of stability for the velocities that
 * it is given, which it names.
 */
export function burgers(options: BurgersOptions = {}): Simulator<BurgersAttrs> {
  checkOptions('burgers', options, ['dt', 'steps', 'viscosity', 'amplification', ...GRID_OPTIONS])
  const { dt = 1, steps = 1, viscosity = 0, amplification = 100 } = options
  checkNumbers('burgers', 'finite', { dt })
  checkNumbers('burgers', 'count', { steps })
  checkNumbers('burgers', 'notNegative', { viscosity })
  checkAmplification('burgers', amplification)
  const grid = gridOf(options, 'burgers')
  const { op, attrs } = simulator(burgersOp, { grid, dt, steps, viscosity, amplification })
  const run = (u: Tensor): Tensor => {
    checkTensor(u, 'burgers', 'its velocity')
    if (grid.dx.length > 1) velocityGrid('burgers', u.shape, grid)
    else cellsOf(u.shape, grid, 'burgers')
    checkStep(u, grid, dt)
    return apply(op, [u], attrs)
  }
  return Object.assign(run, { op, attrs })
}

function checkStep(u: Tensor, { dx }: Grid, dt: number): void {
  const d = dx.length
  const cells = Math.max(1, size(u.shape.slice(-d)))
  const fastest = new Float64Array(d)
  u.data.forEach((v, i) => {
    const component = Math.floor(i / cells) % d
    fastest[component] = Math.max(fastest[component], Math.abs(v))
  })
  const limit = STABLE / fastest.reduce((sum, v, i) => sum + v / dx[i], 0)
  if (Math.abs(dt) > limit)
    throw new OptionError(
      'burgers',
      `a step of ${dt}, beyond the limit of ${limit.toPrecision(4)} for speeds up to ${Math.max(...fastest).toPrecision(4)}`,
      'Take shorter steps, and more of them'
    )
}
