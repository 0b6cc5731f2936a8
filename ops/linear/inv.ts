import { apply } from '../../core/apply.js'
import { type LU, lu, luSolve } from '../../core/linalg/lu.js'
import { carryInFront, defineOp } from '../../core/op.js'
import { mul } from '../../core/structural/mul.js'
import { swapAxes } from '../../core/structural/permute.js'
import { checkTensor, eye, full, type Tensor, tensor } from '../../core/tensor.js'
import { fromPieces, square, times, tTimes } from './matrices.js'
import { factorsOf, regular } from './solve.js'
import { matrixByMatrix } from './targets.js'

const inverseOf = (f: LU): Float64Array => luSolve(f, eye(f.n).data as Float64Array, f.n)

export const invOp = defineOp({
  name: 'inv',
  doc: `Y = A⁻¹
  tangent  dY = -Y dA Y
  adjoint  -Yᵀ ct Yᵀ
  inverse  Ã = Ỹ⁻¹; refused for a singular target
  domain   A regular
  cost     2 n³ flops; solve(A, B) is three times cheaper than inv(A) B, and loses fewer digits
  caveats  singular to rounding: an InverseError names the matrix and the column
  source   Giles 2008, "Collected matrix derivative results", 2.2.3`,
  tex: {
    y: 'Y = A^{-1}',
    tangent: String.raw`dY = -Y\,dA\,Y`,
    adjoint: String.raw`\bar A = -Y^\top \bar Y Y^\top`,
    inverse: String.raw`\tilde A = \tilde Y^{-1}`
  },
  outShape: ([s]) => {
    square(s, 'inv')
    return s
  },
  forward: ([A], _, shape) => {
    const factors = factorsOf(A, 'inv')
    return fromPieces(shape, A, factors.length, i => inverseOf(factors[i]))
  },
  jvp: ([dA], { y }) => dA && mul(times(times(y, dA), y), -1),
  vjp: (ct, { y }) => [mul(tTimes(y, times(ct, swapAxes(y))), -1)],
  carry: carryInFront(2),
  inverse: {
    kind: 'exact',
    apply: (site, claimed) => {
      const n = site.out.shape[site.out.rank - 1]
      let singular = false
      const value = matrixByMatrix(site, claimed, (A, target) => {
        const f = lu(target, n)
        singular ||= f.singular >= 0
        return singular ? A : inverseOf(f)
      })
      return singular ? { refuse: 'the target is singular: it is the inverse of nothing' } : [{ value, weight: null }]
    }
  },
  examples: r => [
    { inputs: [regular(r.normal([3, 3]))] },
    { inputs: [regular(r.normal([2, 2, 2]))], note: 'a batch' },
    { inputs: [tensor([[-2]])], note: '1×1' },
    { inputs: [mul(regular(r.normal([3, 3])), 1e-150)], note: '1e-150', extreme: true },
    { inputs: [mul(regular(r.normal([3, 3])), 1e300)], note: '1e300', extreme: true },
    { inputs: [full([0, 0], 0)], note: '0×0' },
    { inputs: [full([0, 2, 2], 0)], note: 'an empty batch' }
  ]
})

/** A⁻¹ of square matrices [..., n, n]. Throws ShapeError, InverseError where one is singular, NonFiniteError. */
export function inv(A: Tensor): Tensor {
  checkTensor(A, 'inv')
  return apply(invOp, [A])
}
