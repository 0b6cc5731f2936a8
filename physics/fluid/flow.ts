import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import { ShapeError } from '../../core/errors.js'
import type { Example, Op } from '../../core/op.js'
import { checkChoice, checkNumbers } from '../../core/options.js'
import { sameShape, show } from '../../core/shape.js'
import { checkTensor, mapData, type Tensor } from '../../core/tensor.js'
import { add, mul } from '../../ops/elementwise/index.js'
import { macCormackStep, type Scheme, semiLagrangianStep } from '../advection/schemes.js'
import { alignBatch, displacement } from '../advection/velocity.js'
import type { Grid, GridOptions } from '../grid.js'
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
  readonly grid: GridOptions
}

/** All steps, forward or backward in time, on the velocity and force of a periodic box. */
function run(u: Tensor, force: Tensor | undefined, dx: readonly number[], attrs: FlowAttrs): Tensor {
  const { dt, steps, viscosity, advection, noise } = attrs
  const d = dx.length
  const grid: Grid = { dx, boundary: dx.map(() => 'periodic') }
  const solenoidal = (v: Tensor, viscous: boolean): Tensor =>
    apply(divergenceFreeOp, [v], viscous && viscosity > 0 ? { dx, damping: { amount: viscosity * dt, steps, noise } } : { dx })
  const carried = (v: Tensor): Tensor =>
    SCHEMES[advection](v, alignBatch(displacement(v, grid, dt), d + 1, v.rank - d), grid.boundary)
  const pushed = (v: Tensor): Tensor => (force ? add(v, mul(force, dt)) : v)
  let v = solenoidal(u, false)
  for (let step = 0; step < steps; step++)
    // The way back takes the parts of a step in the opposite order.
    v = dt >= 0 ? solenoidal(pushed(carried(v)), true) : carried(pushed(solenoidal(v, true)))
  return dt >= 0 ? v : solenoidal(v, false)
}
