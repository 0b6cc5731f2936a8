import { GolubKahan } from '../../core/linalg/golubKahan.js'
import type { Expandable, Products } from '../../core/linalg/products.js'
import { svd } from '../../core/linalg/svd.js'
import type { Random } from '../../core/random.js'
import { copiesOf } from '../spectral/modes.js'
import type { SpectralFactors } from '../spectral/spectralOperator.js'
import type { PointOf } from './point.js'

/** The singular values s of the Jacobian at a point: the inverse amplifies noise along each of them by 1/s. */
export interface JacobianSpectrum {
  /**
   * modes: of every mode of the grid, from the operator's formula. dense: all of them, by a decomposition. extremes: some,
   * by Golub-Kahan steps; the largest are right, and the smallest is at most the smallest of them.
   */
  readonly by: 'modes' | 'dense' | 'extremes'
  /** Descending. */
  readonly values: Float64Array
  /** |k| of the mode of each value, in radians per unit of length; only of `modes`. */
  readonly waves?: Float64Array
  /** Largest / smallest over all directions of the smaller of the two spaces; Infinity where one is lost. `extremes`: at least so much. */
  readonly condition: number
  /** Directions that f64 can tell from rounding: values above 2⁻⁵² max(m, n) times the largest. */
  readonly seen: number
  /** Directions in all: min(m, n) of J [m, n]. */
  readonly directions: number
}

/** By the cheapest of the three ways that is exact; `steps` of Golub-Kahan where none is. */
export function jacobianSpectrum(point: PointOf, random: Random, steps: number): JacobianSpectrum {
  const [m, n] = [point.y.length, point.x.size]
  const finish = (by: JacobianSpectrum['by'], values: Float64Array, waves?: Float64Array): JacobianSpectrum => {
    const [largest, smallest] = [values[0] ?? 0, values[values.length - 1] ?? 0]
    const floor = 2 ** -52 * Math.max(m, n) * largest
    return {
      by,
      values,
      ...(waves ? { waves } : {}),
      // A value of a decomposition below its rounding is none.
      condition: smallest > 0 && (by === 'modes' || smallest > floor) ? largest / smallest : Number.POSITIVE_INFINITY,
      seen: values.filter(s => s > floor).length,
      directions: Math.min(m, n)
    }
  }
  if (point.factors) {
    const { values, waves } = ofModes(point.factors, n)
    return finish('modes', values, waves)
  }
  const J = point.jacobian(Float64Array.from(point.x.data))
  if ('matrix' in J) return finish('dense', svd((J as Expandable).matrix(), m, n).s)
  return finish('extremes', ritzValues(J, random.normal([m]).data as Float64Array, Math.min(steps, m, n)))
}

/** |T| of every bin of every field. */
function ofModes({ modes, transfer, eigenvalues }: SpectralFactors, n: number) {
  const copies = copiesOf(modes)
  const bins = Array.from(transfer, (_, k) => k).flatMap(k => Array<number>(copies[k]).fill(k))
  const fields = n / bins.length
  const order = bins.sort((a, b) => Math.abs(transfer[b]) - Math.abs(transfer[a]) || eigenvalues[a] - eigenvalues[b])
  const each = order.flatMap(k => Array<number>(fields).fill(k))
  return {
    values: Float64Array.from(each, k => Math.abs(transfer[k])),
    waves: Float64Array.from(each, k => Math.sqrt(eigenvalues[k]))
  }
}

/** The singular values of U_{k+1}ᵀ J V_k, lower bidiagonal [k + 1, k]. */
function ritzValues(J: Products, g: Float64Array, steps: number): Float64Array {
  const run = new GolubKahan(J, g, steps)
  while (run.steps < steps && run.step());
  const k = run.steps
  const L = new Float64Array((k + 1) * k)
  for (let j = 0; j < k; j++) {
    L[j * k + j] = run.alphas[j]
    L[(j + 1) * k + j] = run.betas[j + 1]
  }
  return svd(L, k + 1, k).s
}
