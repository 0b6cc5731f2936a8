import { apply } from '../core/apply.js'
import { defineBlock } from '../core/defineBlock.js'
import { ShapeError } from '../core/errors.js'
import type { Op } from '../core/op.js'
import { checkNumbers } from '../core/options.js'
import { show } from '../core/shape.js'
import { add } from '../core/structural/add.js'
import { mul } from '../core/structural/mul.js'
import { type Data, mapData, Tensor } from '../core/tensor.js'
import { matmul } from '../ops/linear/matmul.js'
import { slice } from '../ops/shape/slice.js'
import { rungeKutta4Step } from './rungeKutta4.js'

export interface OscillatorOptions {
  masses?: number
  steps?: number
  dt?: number
  /** Spring to the neighbours, against 1 for the spring to the rest position. */
  coupling?: number
}

/**
 * A chain of unit masses on springs, the last one pushed: x_i'' = -x_i + c Σ_neighbours (x_j - x_i) + δ_{i,last} u(t).
 * States s = (x_1 … x_n, v_1 … v_n), so s' = A s + e u with this A, row-major [2n, 2n].
 */
export function oscillatorMatrix(masses: number, coupling: number): Float64Array {
  const n = masses
  const A = new Float64Array(4 * n * n)
  for (let i = 0; i < n; i++) {
    A[i * 2 * n + n + i] = 1
    const row = (n + i) * 2 * n
    A[row + i] = -1
    for (const j of [i - 1, i + 1])
      if (j >= 0 && j < n) {
        A[row + j] += coupling
        A[row + i] -= coupling
      }
  }
  return A
}

/** The simulator as an operator: inputs x0 [B, 2n] and u [B, steps], output the state [B, 2n] at the end. */
export function oscillatorsOp({
  masses = 2,
  steps = 24,
  dt = 0.5,
  coupling = 0.2
}: OscillatorOptions = {}): Op<undefined> {
  checkNumbers('oscillators', 'count', { masses, steps })
  checkNumbers('oscillators', 'finite', { dt, coupling })
  const n = 2 * masses
  const A = oscillatorMatrix(masses, coupling)
  // Samples are row vectors, so the matrix stands on the right, transposed.
  const constants = (numbers: { from(v: { length: number }, f: (_: unknown, i: number) => number): Data }) => ({
    At: new Tensor(
      [n, n],
      numbers.from({ length: n * n }, (_, i) => A[(i % n) * n + Math.floor(i / n)])
    ),
    push: new Tensor(
      [n],
      numbers.from({ length: n }, (_, i) => (i === n - 1 ? 1 : 0))
    )
  })
  const in64 = constants(Float64Array)
  const in32 = constants(Float32Array)
  return defineBlock({
    name: 'oscillators',
    doc: `${masses} coupled oscillators under a control that is constant over each of ${steps} steps of ${dt}, by RK4
  tangent  dy = the same steps on dx0 and du: the map is linear
  adjoint  the steps backwards, transposed
  inverse  not declared: linear in x0 and u, so one step of the newton rung is exact
  domain   x0 [B, ${n}], u [B, ${steps}]
  cost     4 products with the [${n}, ${n}] matrix per step and sample
  source   the example of the book's "Half-Inverse Gradients"`,
    tex: {
      y: String.raw`y = \Phi^n x_0 + \textstyle\sum_t \Phi^{n-1-t} \varphi\,u_t`,
      tangent: String.raw`dy = \Phi^n dx_0 + \textstyle\sum_t \Phi^{n-1-t} \varphi\,du_t`,
      adjoint: String.raw`\bar x_0 = (\Phi^n)^\top \bar y,\; \bar u_t = \varphi^\top (\Phi^{n-1-t})^\top \bar y`
    },
    forward: ([x0, u]) => {
      if (x0.shape[x0.rank - 1] !== n || u.shape[u.rank - 1] !== steps)
        throw new ShapeError(
          'oscillators',
          `states ${show(x0.shape)} and controls ${show(u.shape)}`,
          `Give x0 [B, ${n}] and u [B, ${steps}]`
        )
      const { At, push } = x0.dtype === 'f64' ? in64 : in32
      let s = x0
      for (let t = 0; t < steps; t++) {
        const force = mul(slice(u, -1, t, t + 1), push)
        s = rungeKutta4Step(state => add(matmul(state, At), force), s, dt)
      }
      return s
    },
    examples: r => [
      { inputs: [r.uniform([3, n]), r.normal([3, steps])] },
      { inputs: [r.uniform([1, n]), r.normal([1, steps])], note: 'one sample' },
      { inputs: [r.normal([0, n]), r.normal([0, steps])], note: 'no samples' },
      { inputs: [scales(r.uniform([2, n], 1, 2)), scales(r.uniform([2, steps], 1, 2))], extreme: true }
    ]
  })
}

/** The first sample at the upper end of the range, the second at the lower. */
const scales = (t: Tensor): Tensor => mapData(t, (v, i) => v * (i < t.size / 2 ? 1e300 : 1e-300))

/**
 * `oscillators({ masses: 2, steps: 24, dt: 0.5 })` is the function (x0 [B, 4], u [B, 24]) → [B, 4].
 */
export function oscillators(options: OscillatorOptions = {}): (x0: Tensor, u: Tensor) => Tensor {
  const op = oscillatorsOp(options)
  return (x0, u) => apply(op, [x0, u])
}
