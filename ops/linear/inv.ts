import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { type LU, lu, luSolve } from '../../core/linalg/lu.js'
import { carryInFront, defineOp } from '../../core/op.js'
import { size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { swapAxes } from '../../core/structural/permute.js'
import { checkTensor, eye, full, type Tensor, tensor } from '../../core/tensor.js'
import { batch, fromPieces, matrixAt, square, times, tTimes } from './matrices.js'
import { factorsOf, regular } from './solve.js'

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
    tangent: 'dY = -Y\\,dA\\,Y',
    adjoint: '\\bar A = -Y^\\top \\bar Y Y^\\top',
    inverse: '\\tilde A = \\tilde Y^{-1}'
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
    apply: ({ inputs: [A], out }, claimed) => {
      const target = wanted(claimed, out)
      const factors = Array.from({ length: size(batch(A.shape)) }, (_, i) =>
        lu(matrixAt(target, i), A.shape[A.rank - 1])
      )
      const bad = factors.findIndex(f => f.singular >= 0)
      if (bad >= 0) return { refuse: `target ${bad} is singular: it is the inverse of nothing` }
      return [{ value: fromPieces(A.shape, A, factors.length, i => inverseOf(factors[i])), weight: null }]
    }
  },
  examples: r => [
    { inputs: [regular(r.normal([3, 3]))] },
    { inputs: [regular(r.normal([2, 2, 2]))], note: 'a batch' },
    { inputs: [tensor([[-2]])], note: '1×1' },
    { inputs: [mul(regular(r.normal([3, 3])), 1e-150)], note: '1e-150', extreme: true },
    { inputs: [mul(regular(r.normal([3, 3])), 1e150)], note: '1e150', extreme: true },
    { inputs: [full([0, 0], 0)], note: '0×0' },
    { inputs: [full([0, 2, 2], 0)], note: 'an empty batch' }
  ]
})

/** A⁻¹ of square matrices [..., n, n]. Throws ShapeError, and InverseError where one is singular. */
export function inv(A: Tensor): Tensor {
  checkTensor(A, 'inv')
  return apply(invOp, [A])
}
