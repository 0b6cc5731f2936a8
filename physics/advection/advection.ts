import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import type { Example, Op, Tex } from '../../core/op.js'
import { checkNumbers, checkOptions } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { type Shape, sameShape } from '../../core/shape.js'
import { checkTensor, mapData, type Tensor } from '../../core/tensor.js'
import { type Boundary, GRID_OPTIONS, type Grid, type GridOptions, gridOf } from '../grid.js'
import type { Scheme } from './schemes.js'
import { alignBatch, checkVelocity, displacement } from './velocity.js'

export interface AdvectionAttrs {
  readonly grid: Grid
  readonly dt: number
}

export interface AdvectionOptions extends GridOptions {
  /** Length of the step; negative runs backwards. Default 1. */
  dt?: number
}

interface Advection<A extends AdvectionAttrs> {
  name: string
  doc: string
  tex: Tex
  scheme(attrs: A): Scheme
  /** A linear scheme that undoes a step when it runs with -dt, and how the error of that falls with dt. */
  backwards: Scheme
  order: number
  /** Settings of the examples beside grid and dt. */
  variants: readonly Omit<A, keyof AdvectionAttrs>[]
}

/** The family of steps that look upstream: u [..., n1 … nd] and velocity [..., d, n1 … nd] to u one step later. */
export function advection<A extends AdvectionAttrs>(rules: Advection<A>): Op<A> {
  const step = (scheme: Scheme, field: Tensor, v: Tensor, { grid }: A, dt: number): Tensor => {
    checkVelocity(rules.name, field.shape, v.shape, grid)
    const d = grid.dx.length
    return scheme(field, displacement(alignBatch(v, d + 1, field.rank - d), grid, dt), grid.boundary)
  }
  return defineBlock<A>({
    name: rules.name,
    doc: rules.doc,
    tex: rules.tex,
    forward: ([field, v], attrs) => step(rules.scheme(attrs), field, v, attrs, attrs.dt),
    inverse: {
      kind: 'approximate',
      inputs: [0],
      order: rules.order,
      refine: (attrs, factor) => ({ ...attrs, dt: attrs.dt / factor }),
      apply: ({ inputs: [field, v], out, attrs }, claimed) => {
        if (!sameShape(field.shape, out.shape)) return { refuse: 'the field is shared by several velocities' }
        const asked = mapData(wanted(claimed, out), (t, i) => t - out.data[i])
        const change = step(rules.backwards, asked, v, attrs, -attrs.dt)
        return [{ value: mapData(field, (u, i) => u + change.data[i]), weight: null }, null]
      }
    },
    examples: r => rules.variants.flatMap(more => examples(r, more as A))
  })
}

/** A step moves by .03 to .07 cells: away from grid lines, and small enough for an inverse to show its order. */
function examples<A extends AdvectionAttrs>(r: Random, more: A): Example<A>[] {
  const wind = (shape: Shape): Tensor => mapData(r.uniform(shape, -1, 1), v => Math.sign(v) * (0.3 + 0.4 * Math.abs(v)))
  const at = (dx: readonly number[], boundary: readonly Boundary[], dt = 0.1): A => ({
    ...more,
    grid: { dx, boundary },
    dt
  })
  const ring: readonly Boundary[] = ['periodic']
  return [
    { inputs: [r.normal([2, 5]), wind([2, 1, 5])], attrs: at([1], ring) },
    { inputs: [r.normal([2, 3, 4]), wind([2, 2, 3, 4])], attrs: at([2, 1], ['periodic', 'periodic'], -0.15) },
    { inputs: [r.normal([2, 3]), wind([1, 3])], attrs: at([1], ['neumann']), note: 'one velocity for all, walls' },
    { inputs: [r.normal([2, 2, 4]), wind([2, 1, 4])], attrs: at([1], ['dirichlet']), note: 'channels, outflow' },
    {
      inputs: [r.normal([2, 2, 2]), wind([3, 2, 2, 2])],
      attrs: at([1, 1, 1], ['periodic', 'neumann', 'dirichlet']),
      note: 'no batch'
    },
    { inputs: [r.normal([3]), wind([2, 1, 3])], attrs: at([1], ring), note: 'one field for all' },
    { inputs: [r.normal([2, 1]), wind([2, 1, 1])], attrs: at([1], ring), note: 'one cell' },
    { inputs: [r.normal([0, 4]), wind([0, 1, 4])], attrs: at([1], ring), note: 'no fields' },
    {
      inputs: [mapData(r.normal([2, 3]), v => 1e300 * (v + Math.sign(v))), wind([1, 3])],
      attrs: at([1], ring),
      extreme: true,
      note: 'large'
    },
    {
      inputs: [mapData(r.normal([2, 3]), v => 1e-301 * (v + Math.sign(v))), wind([1, 3])],
      attrs: at([1], ring),
      extreme: true,
      note: 'small'
    }
  ]
}

/** Checks what a user gives, and applies the operator. */
export function advect<A extends AdvectionAttrs>(
  op: Op<A>,
  field: Tensor,
  velocity: Tensor,
  options: AdvectionOptions,
  more: Omit<A, keyof AdvectionAttrs>
): Tensor {
  checkTensor(field, op.name, 'its field')
  checkTensor(velocity, op.name, 'its velocity')
  checkOptions(op.name, options, ['dt', ...Object.keys(more), ...GRID_OPTIONS])
  const { dt = 1, ...grid } = options
  checkNumbers(op.name, 'finite', { dt })
  return apply(op as Op<any>, [field, velocity], { ...more, grid: gridOf(grid, op.name), dt })
}
