import { apply } from '../../core/apply.js'
import { determinant, lu } from '../../core/linalg/lu.js'
import { carryInFront, defineOp, type View } from '../../core/op.js'
import type { Random } from '../../core/random.js'
import { type Shape, size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { sum } from '../../core/structural/sum.js'
import { checkTensor, full, mapData, type Tensor, tensor } from '../../core/tensor.js'
import { stack } from '../shape/concat.js'
import { asMatrices, cofactorsOfAny, cofactorsOfRegular } from './cofactors.js'
import { detFlow } from './detFlow.js'
import { batch, finiteMatrixAt, fromPieces, square, times } from './matrices.js'
import { regular } from './solve.js'
import { matrixByMatrix } from './targets.js'

/** The batch, with the matrices checked. */
export const perMatrix = (s: Shape, op: string): Shape => {
  square(s, op)
  return batch(s)
}

/** For examples. */
export const needingPivots = (): Tensor =>
  tensor([
    [
      [0, 2],
      [1, 0]
    ],
    [
      [2, 0],
      [0, 2]
    ]
  ])

/** The cofactors of A, which are the slopes of det A. */
function cofactors({ x: [A], y, saved }: View): Tensor {
  const singular: readonly boolean[] = saved.singular
  return singular.includes(true) ? cofactorsOfAny(A, singular, det) : cofactorsOfRegular(A, y)
}

export const detOp = defineOp({
  name: 'det',
  doc: `y = det A, the signed product of the pivots
  tangent  dy = Σ C ∘ dA, C the cofactors of A: det A · A⁻ᵀ where A is regular
  adjoint  ct C
  inverse  along the gradient: s_i² + c for all singular values of A alike, the smallest of which may change its sign,
           until the product is ỹ; every target is reached
  cost     2/3 n³ flops, an inverse for the rules, and a singular value decomposition where A is singular
  caveats  singular A: C from a regular matrix that differs by a product of rank n - rank A (Sylvester's identity), right
           for derivatives of every order. Beyond 1e±308 for large matrices: slogdet
  source   Giles 2008, "Collected matrix derivative results", 2.2.4`,
  tex: {
    y: String.raw`y = \det A`,
    tangent: String.raw`dy = \langle C, dA\rangle,\; C = \mathrm{cof}\,A = \det A\;A^{-\top}`,
    adjoint: String.raw`\bar A = \bar y\,C`,
    inverse: String.raw`\tilde A = U\,\mathrm{diag}(\sqrt{s_i^2 + c})\,V^\top,\ \det \tilde A = \tilde y`
  },
  outShape: ([s]) => perMatrix(s, 'det'),
  forward: ([A], _, shape, saved) => {
    const n = A.shape[A.rank - 1]
    const singular: boolean[] = []
    saved.singular = singular
    return fromPieces(shape, A, size(shape), i => {
      const f = lu(finiteMatrixAt(A, i, 'det'), n)
      singular.push(f.singular >= 0)
      const { sign, significand, exponent } = determinant(f)
      // In two steps: 2^exponent alone may leave the range where the product does not.
      const half = Math.floor(exponent / 2)
      return [sign * significand * 2 ** half * 2 ** (exponent - half)]
    })
  },
  jvp: ([dA], v) => dA && sum(mul(cofactors(v), dA), [-2, -1]),
  vjp: (ct, v) => [mul(asMatrices(ct), cofactors(v))],
  carry: carryInFront(2),
  inverse: {
    kind: 'local',
    apply: (site, claimed) => {
      const n = site.inputs[0].shape[site.inputs[0].rank - 1]
      const value = matrixByMatrix(site, claimed, (A, [t]) => detFlow(A, n, Math.log(Math.abs(t)), t < 0))
      return [{ value, weight: null }]
    }
  },
  examples: r => [
    { inputs: [regular(r.normal([3, 3]))] },
    { inputs: [r.normal([2, 4, 4])], note: 'a batch' },
    { inputs: [needingPivots()], note: 'needs pivots; equal singular values' },
    { inputs: [tensor([[[-2]], [[0]]])], note: '1×1, also zero' },
    { inputs: [rank(r, 2)], note: 'singular' },
    { inputs: [stack([r.normal([3, 3]), rank(r, 1), rank(r, 2), full([3, 3], 0)], 0)], note: 'of rank 3, 1, 2 and 0' },
    { inputs: [mul(regular(r.normal([2, 2])), 1e-151)], note: '1e-151', extreme: true },
    { inputs: [mul(regular(r.normal([2, 2])), 1e150)], note: '1e150', extreme: true },
    { inputs: [full([0, 0], 0)], note: '0×0: 1' },
    { inputs: [full([0, 2, 2], 0)], note: 'an empty batch' }
  ]
})

/** 3×3 of whole numbers, so that it has this rank exactly. */
function rank(r: Random, k: number): Tensor {
  const whole = (shape: number[]) => mapData(r.uniform(shape, 1, 5), Math.floor)
  return times(whole([3, k]), whole([k, 3]))
}

/** det A of square matrices [..., n, n] → [...], with derivatives of every order, singular A included. Throws ShapeError, NonFiniteError. */
export function det(A: Tensor): Tensor {
  checkTensor(A, 'det')
  return apply(detOp, [A])
}
