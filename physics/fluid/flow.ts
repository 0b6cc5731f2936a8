import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import { OptionError, ShapeError } from '../../core/errors.js'
import type { Op } from '../../core/op.js'
import { checkChoice, checkNumbers, checkOptions, display } from '../../core/options.js'
import { sameShape, show } from '../../core/shape.js'
import { mapData, type Tensor } from '../../core/tensor.js'
import { add, mul, sub } from '../../ops/elementwise/index.js'
import { macCormackStep, type Scheme, semiLagrangianStep } from '../advection/schemes.js'
import { alignBatch, displacement } from '../advection/velocity.js'
import { GRID_OPTIONS, type Grid, type GridOptions, gridOf } from '../grid.js'
import { type Simulator, simulator } from '../simulator.js'
import { divergenceFreeOp } from './divergenceFree.js'
import { velocityGrid } from './velocityGrid.js'
import { inBox } from './walls.js'
import { checkAmplification } from './waves.js'

const SCHEMES: Readonly<Record<string, Scheme>> = { macCormack: macCormackStep, semiLagrangian: semiLagrangianStep }

interface FlowSettings {
  /** Length of a step; negative runs time backwards. */
  readonly dt: number
  readonly steps: number
  /** In time: 1 takes the velocity at the beginning of a step to carry the flow, 2 (default) that half way. */
  readonly order: 1 | 2
  /** ν, in units of dx²/dt. */
  readonly viscosity: number
  readonly advection: 'macCormack' | 'semiLagrangian'
  /** The most that the way back may amplify a mode in all: what viscosity has damped by more is given up. Default 100. */
  readonly amplification: number
}

export interface FlowAttrs extends FlowSettings {
  readonly grid: Grid
}

/**
 * All steps in a periodic box. A step is half of the viscosity, half of the force, advection and projection, half of the force,
 * half of the viscosity (Strang), the halves of neighbouring steps together. With -dt the same steps lead back.
 *
 * Order 1 lets u carry itself as it is at the beginning of the step, and projects. Order 2 lets a first small step find the
 * velocity c half way, goes there with it, reflects what it has gathered on the far side of the divergence-free fields,
 * r = 2 Π m - m, and goes on: what projection takes away in the second half is then what it would have given in the first.
 */
function run(u: Tensor, force: Tensor | undefined, dx: readonly number[], attrs: FlowAttrs): Tensor {
  const { dt, steps, order, viscosity, advection, amplification } = attrs
  const d = dx.length
  const grid: Grid = { dx, boundary: dx.map(() => 'periodic') }
  const project = (v: Tensor, part = 0): Tensor => {
    const damping = { amount: viscosity * dt * part, steps: steps / part, amplification }
    return apply(divergenceFreeOp, [v], part * viscosity > 0 ? { dx, damping } : { dx })
  }
  const carry = (v: Tensor, by: Tensor, time: number): Tensor =>
    SCHEMES[advection](v, alignBatch(displacement(by, grid, time), d + 1, v.rank - d), grid.boundary)
  const carried = (v: Tensor): Tensor => {
    if (order === 1) return carry(v, v, dt)
    const wind = project(carry(v, v, dt / 2))
    const middle = carry(v, wind, dt / 2)
    return carry(sub(mul(project(middle), 2), middle), wind, dt / 2)
  }
  const half = force && mul(project(force), dt / 2)
  const push = (v: Tensor): Tensor => (half ? add(v, half) : v)
  let v = project(u, 0.5)
  for (let step = 1; step <= steps; step++) v = project(push(carried(push(v))), step < steps ? 1 : 0.5)
  return v
}

/** The same in a closed box, where the grid has walls. */
function simulate([u, force]: readonly Tensor[], attrs: FlowAttrs): Tensor {
  velocityGrid('flow', u.shape, attrs.grid)
  const own = force?.shape.slice(-u.rank)
  if (own && (force.rank > u.rank || !own.every((n, i) => n === u.shape[u.rank - own.length + i])))
    throw new ShapeError(
      `flow of ${show(u.shape)}`,
      `a force ${show(force.shape)}`,
      'Give one of the shape of the velocity, or without its leading axes for all samples alike'
    )
  return inBox(attrs.grid, force ? [u, force] : [u], ([v, f]) => run(v, f, attrs.grid.dx, attrs))
}

export const flowOp: Op<FlowAttrs> = defineBlock<FlowAttrs>({
  name: 'flow',
  doc: `incompressible flow ∂u/∂t + (u·∇) u = ν ∇² u - ∇p + f, ∇·u = 0: in each step u carries itself, the force f pushes, viscosity and
projection act together, exactly in Fourier space; the start is projected first
  tangent  dy = the tangents of the steps, one after the other
  adjoint  the adjoints of the steps, backwards
  inverse  approximate, in u: x̃ = u + R(ỹ) - R(y), R the steps with -dt, which undo viscosity up to the amplification allowed. Its
           error over a time falls like dt^order (with MacCormack advection; semi-Lagrangian steps lose more than they err). Trust
           it while the flow is smooth over a few cells, and for modes that e^(k² ν t) damped by less than the amplification:
           finer ones are gone. In f it is left to the ladder
  domain   u [..., d, n1 … nd], f of its shape or one for all samples; periodic, or a closed box; d = 2, 3
  cost     per step of order 1 one advection and one projection, of order 2 three each; in a box 2^walls times the cells
  caveats  second order in dx; MacCormack has no limiter here, so a jump rings
  source   Stam 1999, "Stable Fluids"; Narain, Zehnder and Thomaszewski 2019, "A Second-Order Advection-Reflection Solver"; time
           reversal as in Holl, Koltun and Thuerey 2022, "Scale-invariant Learning by Physics Inversion"`,
  tex: {
    y: String.raw`y = S^n \Pi u,\; S u = \Pi\,e^{\nu \Delta t \nabla^2}\bigl(A_{\Delta t}(u)\,u + \Delta t\,f\bigr)`,
    tangent: String.raw`dy = S'_n \cdots S'_1\,\Pi\,du`,
    adjoint: String.raw`\bar u = \Pi\,S_1'^\top \cdots S_n'^\top\,\bar y`,
    inverse: String.raw`\tilde u = u + R(\tilde y) - R(y),\; R = S_{-\Delta t}^n\,\Pi`
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
      order: 2,
      viscosity: 0,
      advection: 'macCormack',
      amplification: 100,
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

const SETTINGS = ['dt', 'steps', 'order', 'viscosity', 'advection', 'amplification']

export interface FlowOptions extends GridOptions, Partial<FlowSettings> {}

/**
 * A simulator of incompressible flow: (u [..., d, n1 … nd], force?) → the velocity `steps` of `dt` later. Its inverse runs time
 * backwards, and so does `timeReversed`:
 *
 *     const simulate = flow({ steps: 8, dt: 0.25, dx: 2 })
 *     const rewind = timeReversed(simulate)
 *
 * The force is an acceleration of the velocity's shape (or one for all samples), constant over all steps: buoyancy that follows
 * the smoke is given step by step. Long runs: `iterate(flow({ dt }), steps, { checkpoint: true })`. Settings:
 * `{ dt, steps, order, viscosity, advection, amplification, dx, boundary, dimensions }`, periodic or in a closed box (`boundary:
 * 'neumann'`: nothing passes a wall, and flow slips along it).
 *
 * Throws OptionError for settings out of range, ShapeError where a velocity has no d components or a force does not fit.
 */
export function flow(options: FlowOptions = {}): Simulator<FlowAttrs> {
  checkOptions('flow', options, [...SETTINGS, ...GRID_OPTIONS])
  const { dt = 1, steps = 1, order = 2, viscosity = 0, advection = 'macCormack', amplification = 100 } = options
  checkNumbers('flow', 'finite', { dt })
  checkNumbers('flow', 'count', { steps })
  checkNumbers('flow', 'notNegative', { viscosity })
  checkAmplification('flow', amplification)
  if (order !== 1 && order !== 2) throw new OptionError('flow', `order is ${display(order)}`, 'Give order as 1 or 2')
  checkChoice('flow', 'advection', advection, Object.keys(SCHEMES))
  return simulator(flowOp, { grid: gridOf(options, 'flow'), dt, steps, order, viscosity, advection, amplification })
}
