import { apply } from '../../core/apply.js'
import { carryInFront, defineOp } from '../../core/op.js'
import { size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { swapAxes } from '../../core/structural/permute.js'
import { sum } from '../../core/structural/sum.js'
import { checkTensor, full, type Tensor, tensor } from '../../core/tensor.js'
import { asMatrices } from './cofactors.js'
import { needingPivots, perMatrix } from './det.js'
import { detFlow, signAndLog } from './detFlow.js'
import { inv } from './inv.js'
import { batch, finiteMatrixAt, fromPieces } from './matrices.js'
import { regular } from './solve.js'
import { matrixByMatrix } from './targets.js'

const each = (A: Tensor, part: 0 | 1): Tensor =>
  fromPieces(batch(A.shape), A, size(batch(A.shape)), i => [
    signAndLog(finiteMatrixAt(A, i, 'slogdet'), A.shape[A.rank - 1])[part]
  ])

export const logAbsDetOp = defineOp({
  name: 'logAbsDet',
  doc: `y = ln |det A|, the sum of the logarithms of the pivots
  tangent  dy = Σ A⁻ᵀ ∘ dA
  adjoint  ct A⁻ᵀ
  inverse  along the gradient, as of det: s_i² + c for all singular values alike, until Σ ln s_i is ỹ; the sign stays
  domain   A regular; -∞ for a singular one
  cost     2/3 n³ flops, an inverse for the rules
  source   Giles 2008, "Collected matrix derivative results", 2.2.4`,
  tex: {
    y: String.raw`y = \ln |\det A|`,
    tangent: String.raw`dy = \mathrm{tr}(A^{-1} dA)`,
    adjoint: String.raw`\bar A = \bar y\,A^{-\top}`,
    inverse: String.raw`\tilde A = U\,\mathrm{diag}(\sqrt{s_i^2 + c})\,V^\top,\ \ln |\det \tilde A| = \tilde y`
  },
  outShape: ([s]) => perMatrix(s, 'slogdet'),
  forward: ([A]) => each(A, 1),
  jvp: ([dA], { x: [A] }) => dA && sum(mul(swapAxes(inv(A)), dA), [-2, -1]),
  vjp: (ct, { x: [A] }) => [mul(asMatrices(ct), swapAxes(inv(A)))],
  carry: carryInFront(2),
  inverse: {
    kind: 'local',
    apply: (site, claimed) => {
      const n = site.inputs[0].shape[site.inputs[0].rank - 1]
      const value = matrixByMatrix(site, claimed, (A, [target]) => detFlow(A, n, target))
      return [{ value, weight: null }]
    }
  },
  examples: r => [
    { inputs: [regular(r.normal([3, 3]))] },
    { inputs: [r.normal([2, 4, 4])], note: 'a batch' },
    { inputs: [needingPivots()], note: 'needs pivots; equal singular values' },
    { inputs: [tensor([[-2]])], note: '1×1' },
    { inputs: [mul(regular(r.normal([3, 3])), 1e-300)], note: '1e-300', extreme: true },
    { inputs: [mul(regular(r.normal([3, 3])), 1e300)], note: '1e300', extreme: true },
    { inputs: [full([0, 0], 0)], note: '0×0: 0' },
    { inputs: [full([0, 2, 2], 0)], note: 'an empty batch' }
  ]
})

/**
 * det A = sign · e^logAbsDet of square matrices [..., n, n], each [...]: for determinants beyond 1e±308. The sign is
 * -1, 0 or 1, a constant for every derivative. A singular A has sign 0 and logAbsDet -∞; derivatives there throw
 * InverseError. Throws NonFiniteError for NaN or infinity.
 */
export function slogdet(A: Tensor): { sign: Tensor; logAbsDet: Tensor } {
  checkTensor(A, 'slogdet')
  const logAbsDet = apply(logAbsDetOp, [A])
  return { sign: each(A, 0), logAbsDet }
}
