import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import { ShapeError } from '../../core/errors.js'
import type { Op } from '../../core/op.js'
import { checkChoice, checkNumbers } from '../../core/options.js'
import { sameShape, show } from '../../core/shape.js'
import { checkTensor, mapData, type Tensor } from '../../core/tensor.js'
import { add, mul } from '../../ops/elementwise/index.js'
import { macCormackStep, type Scheme, semiLagrangianStep } from '../advection/schemes.js'
import { alignBatch, displacement } from '../advection/velocity.js'
import { type Grid, type GridOptions, gridOf } from '../grid.js'
import { divergenceFreeOp } from './divergenceFree.js'
import { velocityGrid } from './velocityGrid.js'
import { inBox } from './walls.js'

const SCHEMES: Readonly<Record<string, Scheme>> = { macCormack: macCormackStep, semiLagrangian: semiLagrangianStep }

interface FlowSettings {
  /** Length of a step; negative runs time backwards. */
  readonly dt: number
  readonly steps: number
  /** ν, in units of dx²/dt. */
  readonly viscosity: number
  readonly advection: 'macCormack' | 'semiLagrangian'
  /** Relative size of the noise in a state from which time runs backwards: what viscosity has damped below it is given up. */
  readonly noise: number
}

interface FlowAttrs extends FlowSettings {
  readonly grid: Grid
}

/** All steps, forward or backward in time, on the velocity and force of a periodic box. */
function run(u: Tensor, force: Tensor | undefined, dx: readonly number[], attrs: FlowAttrs): Tensor {
  const { dt, steps, viscosity, advection, noise } = attrs
  const d = dx.length
  const grid: Grid = { dx, boundary: dx.map(() => 'periodic') }
  const solenoidal = (v: Tensor, viscous: boolean): Tensor =>
    apply(
      divergenceFreeOp,
      [v],
      viscous && viscosity > 0 ? { dx, damping: { amount: viscosity * dt, steps, noise } } : { dx }
    )
  const carried = (v: Tensor): Tensor =>
    SCHEMES[advection](v, alignBatch(displacement(v, grid, dt), d + 1, v.rank - d), grid.boundary)
  const pushed = (v: Tensor): Tensor => (force ? add(v, mul(force, dt)) : v)
  let v = solenoidal(u, false)
  for (let step = 0; step < steps; step++)
    // The way back takes the parts of a step in the opposite order.
    v = dt >= 0 ? solenoidal(pushed(carried(v)), true) : carried(pushed(solenoidal(v, true)))
  return dt >= 0 ? v : solenoidal(v, false)
}

/** The same in a closed box, where the grid has walls. */
function simulate(inputs: readonly Tensor[], attrs: FlowAttrs): Tensor {
  velocityGrid('flow', inputs[0].shape, attrs.grid)
  return inBox(attrs.grid, inputs, ([u, force]) => run(u, force, attrs.grid.dx, attrs))
}

export const flowOp: Op<FlowAttrs> = defineBlock<FlowAttrs>({
  name: 'flow',
  doc: `incompressible flow ∂u/∂t + (u·∇) u = ν ∇² u - ∇p + f, ∇·u = 0: steps of advection by u itself, the force f, then viscosity and
projection together, exactly in Fourier space. The start is projected first
  tangent  dy = the tangents of the steps, one after the other
  adjoint  the adjoints of the steps, backwards
  inverse  approximate, in u: x̃ = u + R(ỹ) - R(y), R the steps with -dt, their parts in the opposite order, and viscosity undone as
           far as 1/(2 noise) allows (Tikhonov). Its error falls like dt²
           (dt with semi-Lagrangian advection). Trust it while the flow is smooth over a few cells and
           k² ν t below ln(1/noise) for what matters: finer parts are gone. In f it is left to the ladder
  domain   u [..., d, n1 … nd], f of its shape or one for all samples; periodic, or a closed box; d = 2, 3
  cost     per step two warps of d fields and four transforms of d/2 complex fields; 2^walls times the cells in a box
  caveats  first order in dt, second in dx; MacCormack has no limiter here, so a jump rings
  source   Stam 1999, "Stable Fluids"; Selle et al. 2008; time reversal as in Holl, Koltun and Thuerey 2022, "Scale-invariant
           Learning by Physics Inversion"`,
  tex: {
    y: String.raw`y = S^n \Pi u,\; S u = \Pi\,e^{
u \Delta t 
abla^2}igl(A_{\Delta t}(u)\,u + \Delta t\,figr)`,
    tangent: String.raw`dy = S'_n \cdots S'_1\,\Pi\,du`,
    adjoint: String.raw`ar u = \Pi\,S_1'^	op \cdots S_n'^	op ar y`,
    inverse: String.raw`	ilde u = u + R(	ilde y) - R(y),\; R = \Pi\,S_{-\Delta t}^n`
  },
  forward: simulate,
  inverse: {
    kind: 'approximate',
    inputs: [0],
    // With semi-Lagrangian advection; 2 with MacCormack's.
    order: 1,
    refine: (attrs, factor) => ({ ...attrs, dt: attrs.dt / factor }),
    apply: ({ inputs: [u, ...force], out, attrs }, claimed) => {
      if (!sameShape(u.shape, out.shape)) return { refuse: 'the velocity is shared by several forces' }
      const back = (y: Tensor): Tensor => simulate([y, ...force], { ...attrs, dt: -attrs.dt })
      const [now, asked] = [back(out), back(wanted(claimed, out))]
      const value = mapData(u, (v, i) => v + asked.data[i] - now.data[i])
      return [{ value, weight: null }, ...force.map(() => null)]
    }
  },
  examples: r => {
    // Near a mean wind of .3 to .6 cells per unit of time: no cell is at rest, where the advection has a kink.
    const wind = (shape: readonly number[]) => mapData(r.uniform(shape, -0.1, 0.1), v => 0.45 + v)
    const at = (more: Partial<FlowAttrs>): FlowAttrs => ({
      grid: { dx: [1, 1], boundary: ['periodic', 'periodic'] },
      dt: 0.2,
      steps: 1,
      viscosity: 0,
      advection: 'macCormack',
      noise: 1e-6,
      ...more
    })
    const walls: Grid = { dx: [1, 1], boundary: ['periodic', 'neumann'] }
    const space: Grid = { dx: [1, 1, 2], boundary: ['periodic', 'periodic', 'periodic'] }
    const tiny = mapData(wind([1, 2, 3, 3]), v => 1e-300 * v)
    return [
      { inputs: [wind([2, 2, 2, 3])], attrs: at({ steps: 2 }) },
      { inputs: [wind([1, 2, 3, 3]), r.normal([1, 2, 3, 3])], attrs: at({ viscosity: 0.1 }), note: 'viscous, forced' },
      { inputs: [wind([1, 2, 3, 2])], attrs: at({ dt: -0.2, viscosity: 0.05 }), note: 'backwards' },
      {
        inputs: [wind([2, 2, 2, 3]), r.normal([2, 2, 3])],
        attrs: at({ advection: 'semiLagrangian' }),
        note: 'one force'
      },
      { inputs: [wind([2, 3, 2]), wind([2, 3, 2])], attrs: at({ grid: walls }), smooth: false, note: 'a channel' },
      { inputs: [wind([3, 2, 1, 2])], attrs: at({ grid: space }), note: 'three dimensions, no batch' },
      { inputs: [wind([0, 2, 3, 3])], attrs: at({}), note: 'no samples' },
      { inputs: [tiny], attrs: at({}), extreme: true, note: 'small' }
    ]
  }
})

export interface FlowOptions extends GridOptions, Partial<FlowSettings> {}

/**
 * A simulator of incompressible flow: a function (u [..., d, n1 … nd], force?) → velocity `steps` of `dt` later; its inverse runs time
 * backwards, as does the same simulator with -dt.
 *
 *     const simulate = flow({ steps: 8, dt: 0.25, dx: 2 })
 *     const rewind = flow({ steps: 8, dt: -0.25, dx: 2 })
 *
 * The force is an acceleration of the velocity's shape (or one for all samples), constant over all steps: for buoyancy that
 * follows the smoke, one step at a time. `{ dt, steps, viscosity, advection, noise, dx, boundary, dimensions }`.
 */
export function flow({
  dt = 1,
  steps = 1,
  viscosity = 0,
  advection = 'macCormack',
  noise = 1e-6,
  ...options
}: FlowOptions = {}): (u: Tensor, force?: Tensor) => Tensor {
  checkNumbers('flow', 'finite', { dt })
  checkNumbers('flow', 'count', { steps })
  checkNumbers('flow', 'notNegative', { viscosity, noise })
  checkChoice('flow', 'advection', advection, Object.keys(SCHEMES))
  const grid = gridOf(options, 'flow')
  const attrs: FlowAttrs = { grid, dt, steps, viscosity, advection, noise }
  return (u, force) => {
    checkTensor(u, 'flow', 'its velocity')
    if (force === undefined) return apply(flowOp, [u], attrs)
    checkTensor(force, 'flow', 'its force')
    const own = force.shape.slice(-u.rank)
    if (force.rank > u.rank || !own.every((n, i) => n === u.shape[u.rank - own.length + i]))
      throw new ShapeError(
        `flow of ${show(u.shape)}`,
        `a force ${show(force.shape)}`,
        'Give one of the shape of the velocity, or without its leading axes for all samples alike'
      )
    return apply(flowOp, [u, force], attrs)
  }
}
