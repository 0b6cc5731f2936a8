import { addDivGrad } from '../../core/backends/plain/stencil.js'
import { ConvergenceError, InverseError, NonFiniteError } from '../../core/errors.js'
import { cg } from '../../core/linalg/cg.js'
import { powerOfTwoScale } from '../../core/linalg/scaling.js'
import { type Shape, size } from '../../core/shape.js'
import type { Tensor } from '../../core/tensor.js'
import { axesOf, cellsOf, type Grid } from '../grid.js'
import { filtered, modesOf } from '../spectral/modes.js'
import { transferOf } from '../spectral/spectralOperator.js'
import { starts } from './pairs.js'

export interface SolveSettings {
  /** Ends at ‖b - ∇·(a∇u)‖ ≤ tolerance ‖b‖ (or tolerance max|b|, where little of b is left without its mean); 1e-14. */
  readonly tolerance: number
  /** 1000. */
  readonly maxIterations: number
}

/** To rounding. */
export const ACCURATE: SolveSettings = { tolerance: 1e-14, maxIterations: 1000 }

export interface FieldSolution {
  /** All fields, one after the other. */
  readonly u: Float64Array
  /** Of each field. */
  readonly iterations: Int32Array
}

/**
 * The u with ∇·(a∇u) = b for every field of `shape`, a > 0, by conjugate gradients on -∇·(a∇). The preconditioner is the
 * direct solver for a = 1 between two scalings, M = √a (-∇²) √a (Concus & Golub 1973, "Use of fast direct methods for the
 * efficient numerical solution of nonseparable elliptic equations", SIAM J. Numer. Anal. 10(6)): M⁻¹A stays bounded as the
 * grid is refined, so the number of iterations depends on how rough a is, not on the number of cells.
 *
 * Without a wall of value 0 constants are in the kernel of A: b, every residual and u are taken without their mean. b that
 * is not finite gives NaN in its field. Every field is solved in units of its own, powers of two.
 */
export function conjugateSolve(
  a: Tensor,
  b: Tensor,
  shape: Shape,
  grid: Grid,
  { tolerance, maxIterations }: SolveSettings
): FieldSolution {
  const cells = cellsOf(shape, grid, 'solveDivGrad')
  const axes = axesOf(cells, grid)
  const n = size(cells)
  const [ofA, ofB] = [starts(a.shape, shape, grid), starts(b.shape, shape, grid)]
  const batch = ofA.length
  const withoutMean = grid.boundary.includes('dirichlet') ? (v: Float64Array) => v : removeMeans(n)
  const [dataA, dataB] = [a.data, b.data]
  const [A, rhs] = [new Float64Array(batch * n), new Float64Array(batch * n)]
  const units: [number, number][] = []
  for (let k = 0; k < batch; k++) {
    const unitA = powerOfTwoScale(checkCoefficient(a, ofA[k], n))
    const largest = largestOf(b, ofB[k], n)
    const unitB = Number.isFinite(largest) ? powerOfTwoScale(largest) : Number.NaN
    units.push([unitA, unitB])
    for (let i = 0; i < n; i++) {
      A[k * n + i] = dataA[ofA[k] + i] / unitA
      rhs[k * n + i] = Number.isNaN(unitB) ? 0 : -dataB[ofB[k] + i] / unitB
    }
  }
  const modes = modesOf(cells, grid)
  const inverse = transferOf('differences', l => (l === 0 ? 0 : 1 / l), modes)
  const scale = A.map(v => 1 / Math.sqrt(v))
  const found = cg({
    batch,
    n,
    b: withoutMean(rhs),
    rtol: tolerance,
    atol: tolerance,
    maxIterations,
    apply: v => {
      const y = new Float64Array(v.length)
      for (let at = 0; at < v.length; at += n) addDivGrad(A, at, v, at, y, at, axes)
      for (let i = 0; i < y.length; i++) y[i] = -y[i]
      return y
    },
    precondition: r => {
      const z = r.map((v, i) => v * scale[i])
      filtered(z, modes, inverse, z)
      for (let i = 0; i < z.length; i++) z[i] *= scale[i]
      return withoutMean(z)
    }
  })
  const failed = found.status.findIndex(s => s !== 'converged')
  if (failed >= 0)
    throw new ConvergenceError(
      'solveDivGrad',
      `field ${failed} has a residual of ${found.residualNorm[failed]} after ${found.iterationsPerSystem[failed]} iterations (${found.status[failed]}), for a right-hand side of size 1`,
      'Give more maxIterations or a larger tolerance, or a smoother coefficient'
    )
  const u = withoutMean(found.x)
  for (let k = 0; k < batch; k++) for (let i = k * n; i < (k + 1) * n; i++) u[i] = (u[i] * units[k][1]) / units[k][0]
  return { u, iterations: found.iterationsPerSystem }
}

/** Every run of n entries without its mean, in place. */
export const removeMeans =
  (n: number) =>
  (v: Float64Array): Float64Array => {
    for (let at = 0; at < v.length; at += n) {
      let sum = 0
      for (let i = at; i < at + n; i++) sum += v[i]
      for (let i = at; i < at + n; i++) v[i] -= sum / n
    }
    return v
  }

/** The largest |v|, not finite where one is not. */
function largestOf({ data }: Tensor, start: number, n: number): number {
  let largest = 0
  for (let i = start; i < start + n; i++) {
    const v = Math.abs(data[i])
    if (!Number.isFinite(v)) return v
    if (v > largest) largest = v
  }
  return largest
}

/** Its largest entry. Throws unless all are finite and above 0. */
function checkCoefficient(a: Tensor, start: number, n: number): number {
  const { data } = a
  for (let i = start; i < start + n; i++) {
    if (!Number.isFinite(data[i]))
      throw new NonFiniteError('solveDivGrad', `${data[i]} in the coefficient`, 'Give finite numbers above 0')
    if (!(data[i] > 0))
      throw new InverseError(
        'solveDivGrad',
        `the coefficient is ${data[i]} in cell ${i - start} of a field`,
        'Give numbers above 0: only then ∇·(a∇u) = b has one solution'
      )
  }
  return largestOf(a, start, n)
}
