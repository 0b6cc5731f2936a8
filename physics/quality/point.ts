import { PhysgradError } from '../../core/errors.js'
import { denseProducts, type Expandable, type Products } from '../../core/linalg/products.js'
import { scoped } from '../../core/scope.js'
import type { Shape } from '../../core/shape.js'
import { unseen } from '../../core/tape.js'
import { Tensor } from '../../core/tensor.js'
import { jacobian } from '../../core/verbs/jacobian.js'
import { jacobianOperator } from '../../core/verbs/jacobianOperator.js'
import { trace } from '../../core/verbs/trace.js'
import { type SpectralFactors, spectralFactors } from '../spectral/spectralOperator.js'

/** A function at a point, on plain arrays: what all parts of the report look at. */
export interface PointOf {
  readonly P: (x: Tensor) => Tensor
  readonly x: Tensor
  readonly y: Float64Array
  readonly yShape: Shape
  /** P of a list of numbers in the shape of x; NaN where P throws at these numbers. */
  run(x: Float64Array): Float64Array
  /** J at a list of numbers: stored where it has at most `dense` entries, otherwise as its products. */
  jacobian(x: Float64Array): Products | Expandable
  /** Where P is one operator on modes of a grid: what it multiplies them by. */
  readonly factors: SpectralFactors | undefined
}

/** P at x, in f64 whatever the dtype of x. Throws what P throws. */
export function pointOf(P: (x: Tensor) => Tensor, x: Tensor, dense: number): PointOf {
  const { y, yShape, factors } = unseen(() =>
    scoped(() => {
      const { tape, watched, y } = trace('inverseQuality', P, [x], [0])
      const [site] = tape.sites
      const single = tape.sites.length === 1 && site.out === y && site.inputs[0] === watched[0]
      return {
        y: Float64Array.from(y.data),
        yShape: y.shape,
        factors: single ? spectralFactors(site.op, x, site.attrs) : undefined
      }
    })
  )
  const as = (v: Float64Array): Tensor => new Tensor(x.shape, x.dtype === 'f64' ? v.slice() : Float32Array.from(v))
  const [rows, cols] = [y.length, x.size]
  return {
    P,
    x,
    y,
    yShape,
    factors,
    run: v => {
      try {
        return unseen(() => scoped(() => Float64Array.from(P(as(v)).data)))
      } catch (e) {
        // At x it did not: what is wrong are the numbers.
        if (!(e instanceof PhysgradError)) throw e
        return new Float64Array(rows).fill(Number.NaN)
      }
    },
    jacobian: v =>
      unseen(() => {
        if (rows * cols <= dense)
          return denseProducts(
            scoped(() => Float64Array.from(jacobian(P)(as(v)).J.data)),
            rows,
            cols
          )
        const J = jacobianOperator(P)(as(v))
        const out = (u: Float64Array): Tensor => new Tensor(yShape, J.value.dtype === 'f64' ? u : Float32Array.from(u))
        return {
          rows,
          cols,
          apply: d => Float64Array.from(J.apply(as(d)).data),
          applyT: u => Float64Array.from(J.applyT(out(u)).data)
        }
      })
  }
}
