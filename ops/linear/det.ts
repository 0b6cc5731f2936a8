import { apply } from '../../core/apply.js'
import { lu } from '../../core/linalg/lu.js'
import { carryInFront, defineOp } from '../../core/op.js'
import { type Shape, size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { swapAxes } from '../../core/structural/permute.js'
import { reshape } from '../../core/structural/reshape.js'
import { sum } from '../../core/structural/sum.js'
import { checkTensor, full, type Tensor, tensor } from '../../core/tensor.js'
import { detFlow } from './detFlow.js'
import { inv } from './inv.js'
import { batch, fromPieces, matrixAt, square } from './matrices.js'
import { regular } from './solve.js'
import { matrixByMatrix } from './targets.js'

/** One number per matrix as [..., 1, 1]. */
export const asMatrices = (x: Tensor): Tensor => reshape(x, [...x.shape, 1, 1])

/** The batch, with the matrices checked. */
export const perMatrix = (s: Shape, op: string): Shape => {
  square(s, op)
  return batch(s)
}

/** The cofactors of A: det A · A⁻ᵀ. */
const cofactors = (A: Tensor, det: Tensor): Tensor => mul(asMatrices(det), swapAxes(inv(A)))

export const detOp = defineOp({
  name: 'det',
  doc: `y = det A, the signed product of the pivots
  tangent  dy = Σ C ∘ dA, C = det A · A⁻ᵀ the cofactors
  adjoint  ct C
  inverse  along the gradient: s_i² + c for all singular values of A alike, the smallest of which may change its sign,
           until the product is ỹ; every target is reached
  domain   any A for the value, regular for the derivatives
  cost     2/3 n³ flops, an inverse for the rules
  caveats  beyond 1e±308 for large matrices: slogdet. The derivatives of a singular A exist, but not by this formula: an
           InverseError
  source   Giles 2008, "Collected matrix derivative results", 2.2.4`,
  tex: {
    y: String.raw`y = \det A`,
    tangent: String.raw`dy = \det A\;\mathrm{tr}(A^{-1} dA)`,
    adjoint: String.raw`\bar A = \bar y \det A\;A^{-\top}`,
    inverse: String.raw`\tilde A = U\,\mathrm{diag}(\sqrt{s_i^2 + c})\,V^\top,\ \det \tilde A = \tilde y`
  },
  outShape: ([s]) => perMatrix(s, 'det'),
  forward: ([A], _, shape) => {
    const n = A.shape[A.rank - 1]
    return fromPieces(shape, A, size(shape), i => {
      const f = lu(matrixAt(A, i), n)
      let product: number = f.sign
      for (let k = 0; k < n; k++) product *= f.lu[k * n + k]
      return [product]
    })
  },
  jvp: ([dA], { x: [A], y }) => dA && sum(mul(cofactors(A, y), dA), [-2, -1]),
  vjp: (ct, { x: [A], y }) => [mul(asMatrices(ct), cofactors(A, y))],
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
    {
      inputs: [
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
      ],
      note: 'needs pivots; equal singular values'
    },
    { inputs: [tensor([[-2]])], note: '1×1' },
    { inputs: [mul(regular(r.normal([2, 2])), 1e-151)], note: '1e-151', extreme: true },
    { inputs: [mul(regular(r.normal([2, 2])), 1e150)], note: '1e150', extreme: true },
    { inputs: [full([0, 0], 0)], note: '0×0: 1' },
    { inputs: [full([0, 2, 2], 0)], note: 'an empty batch' }
  ]
})

/** det A of square matrices [..., n, n] → [...]. Throws ShapeError; derivatives at a singular A throw InverseError. */
export function det(A: Tensor): Tensor {
  checkTensor(A, 'det')
  return apply(detOp, [A])
}
