import { apply } from '../../core/apply.js'
import { leapfrog } from '../../core/backends/plain/leapfrog.js'
import { wanted } from '../../core/claim.js'
import { OptionError, ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { carryInFront, defineOp, type Op } from '../../core/op.js'
import { checkNumbers, checkOptions } from '../../core/options.js'
import { show, size } from '../../core/shape.js'
import { mapData, Tensor } from '../../core/tensor.js'
import { flip } from '../../ops/shape/index.js'
import { axesOf, cellsOf, GRID_OPTIONS, type Grid, type GridOptions, gridOf } from '../grid.js'
import { type Simulator, simulator } from '../simulator.js'

export interface WaveAttrs {
  readonly grid: Grid
  readonly speed: number
  readonly dt: number
  readonly steps: number
}

export interface WaveOptions extends GridOptions {
  /** c, in units of dx and dt. Default 1. */
  speed?: number
  /** Length of a step; negative runs backwards. */
  dt: number
  steps?: number
}

/** The longest step of the leapfrog: beyond it the shortest wave of the grid grows. */
export const waveLimit = (speed: number, { dx }: Grid): number =>
  1 / (Math.abs(speed) * Math.sqrt(dx.reduce((sum, h) => sum + 1 / (h * h), 0)))

function run(x: Tensor, { grid, speed, dt, steps }: WaveAttrs): Tensor {
  const state = new Float64Array(x.data)
  const cells = x.shape.slice(-grid.dx.length)
  leapfrog(state, size(cells), dt, steps, speed * speed, axesOf(cells, grid))
  const y = alloc(x.size, x.dtype)
  y.set(state)
  return new Tensor(x.shape, y)
}

export const waveOp: Op<WaveAttrs> = defineOp<WaveAttrs>({
  name: 'wave',
  doc: `the wave equation ∂²u/∂t² = c² ∇²u by leapfrog steps of (u, v), v = ∂u/∂t: v += ½ dt c² L u, u += dt v, v += ½ dt c² L u, L the
sum of second differences
  tangent  the same steps of du, dv: the operator is linear
  adjoint  the same steps with the places of u and v exchanged, before and after: L is symmetric
  inverse  exact: the steps with -dt, which do the same additions in the opposite order. Trust it always: 100 steps and back
           differ by rounding alone
  domain   (u, v) [..., 2, n1 … nd], d = 1, 2, 3, any boundary; |c dt| √(Σ 1/dx²) ≤ 1
  cost     6 flops per cell, axis and step; no memory for the steps in between, in any rule
  caveats  second order in dt and dx; short waves lag behind. At the limit of dt itself the shortest wave grows linearly
  source   Hairer, Lubich and Wanner 2003, "Geometric numerical integration illustrated by the Störmer-Verlet method"`,
  tex: {
    y: String.raw`y = S^n x,\; S = K_{\Delta t/2}\,D\,K_{\Delta t/2},\; K_t: v \mathrel{+}= t c^2 L u,\; D: u \mathrel{+}= \Delta t\,v`,
    tangent: String.raw`dy = S^n dx`,
    adjoint: String.raw`\bar x = R\,S^n R\,\bar y,\; R(u, v) = (v, u)`,
    inverse: String.raw`\tilde x = x + S_{-\Delta t}^n(\tilde y - y)`
  },
  outShape: ([s], { grid }) => {
    const cells = cellsOf(s, grid, 'wave')
    if (s[s.length - 1 - cells.length] !== 2)
      throw new ShapeError(
        `wave of ${show(s)}`,
        `no pair (u, v) along axis ${-1 - cells.length}`,
        `Give states [..., 2, ${cells.join(', ')}]: stack([u, v], ${-1 - cells.length})`
      )
    return s
  },
  forward: ([x], attrs) => run(x, attrs),
  jvp: ([dx], v) => dx && apply(waveOp, [dx], v.attrs),
  vjp: (ct, { attrs }) => {
    const pair = -1 - attrs.grid.dx.length
    return [flip(apply(waveOp, [flip(ct, pair)], attrs), pair)]
  },
  carry: site => carryInFront(1 + site.attrs.grid.dx.length)(site),
  inverse: {
    kind: 'exact',
    apply: ({ inputs: [x], out, attrs }, claimed) => {
      const asked = mapData(wanted(claimed, out), (t, i) => t - out.data[i])
      const change = run(asked, { ...attrs, dt: -attrs.dt })
      return [{ value: mapData(x, (v, i) => v + change.data[i]), weight: null }]
    }
  },
  examples: r => {
    const at = (dx: readonly number[], boundary: Grid['boundary'], dt = 0.5, steps = 3): WaveAttrs => ({
      grid: { dx, boundary },
      speed: 1.2,
      dt,
      steps
    })
    const scaled = (factor: number) => mapData(r.normal([2, 2, 3]), v => factor * (v + Math.sign(v)))
    return [
      { inputs: [r.normal([3, 2, 5])], attrs: at([1], ['periodic']) },
      { inputs: [r.normal([2, 2, 3, 4])], attrs: at([1, 2], ['dirichlet', 'neumann']), note: 'two kinds of walls' },
      {
        inputs: [r.normal([2, 2, 2, 3])],
        attrs: at([1, 1, 1], ['periodic', 'dirichlet', 'neumann'], 0.3, 2),
        note: 'no batch'
      },
      { inputs: [r.normal([2, 2, 4])], attrs: at([1], ['neumann'], -0.5), note: 'backwards' },
      { inputs: [r.normal([2, 2, 3])], attrs: at([1], ['dirichlet'], 0.5, 0), note: 'no step' },
      ...(['periodic', 'dirichlet', 'neumann'] as const).map(b => ({
        inputs: [r.normal([2, 2, 1])],
        attrs: at([1], [b]),
        note: 'one cell'
      })),
      { inputs: [r.normal([0, 2, 3])], attrs: at([1], ['periodic']), note: 'no states' },
      { inputs: [scaled(1e300)], attrs: at([1], ['periodic']), extreme: true, note: 'large' },
      { inputs: [scaled(1e-301)], attrs: at([1], ['dirichlet']), extreme: true, note: 'small' }
    ]
  }
})

/**
 * A simulator of waves: state (u, v) [..., 2, n1 … nd], v = ∂u/∂t, → the state `steps` of `dt` later, same shape. Its inverse is
 * `timeReversed` of it. Settings: `{ dt, steps, speed, dx, boundary, dimensions }`.
 *
 *     wave({ dt: 0.5, steps: 100 })(stack([u, zerosLike(u)], -3))     // u [B, H, W], at rest
 *
 * Throws OptionError for a step beyond the limit of stability, which it names, ShapeError where there is no pair (u, v).
 */
export function wave(options: WaveOptions): Simulator<WaveAttrs> {
  checkOptions('wave', options, ['dt', 'steps', 'speed', ...GRID_OPTIONS])
  const { speed = 1, dt, steps = 1 } = options
  checkNumbers('wave', 'finite', { dt, speed })
  checkNumbers('wave', 'whole', { steps })
  const grid = gridOf(options, 'wave')
  const limit = waveLimit(speed, grid)
  if (Math.abs(dt) > limit)
    throw new OptionError(
      'wave',
      `a step of ${dt}, beyond the limit of ${limit.toPrecision(6)} for a speed of ${speed} on cells of ${show(grid.dx)}`,
      'The shortest waves would grow: take shorter steps, and more of them'
    )
  return simulator(waveOp, { grid, speed, dt, steps })
}
