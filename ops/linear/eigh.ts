import { apply } from '../../core/apply.js'
import { eigh as decompose } from '../../core/linalg/eigh.js'
import { carryInFront, defineOp } from '../../core/op.js'
import { size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, eye, full, type Tensor, tensor } from '../../core/tensor.js'
import { concat } from '../shape/concat.js'
import { fixSigns, overGaps } from './gaps.js'
import {
  batch,
  diagonalRow,
  finiteMatrixAt,
  fromPieces,
  rowDiagonal,
  rowsOf,
  square,
  symmetric,
  times,
  timesT,
  tTimes
} from './matrices.js'
import { ascending, assemble, matrixByMatrix, notFurther, polar } from './targets.js'

/** [n + 1, n]: the values, then the vectors as columns. */
function packed(A: Float64Array, n: number): Float64Array {
  const { values, vectors } = decompose(A, n)
  fixSigns(vectors, n, n)
  const y = new Float64Array((n + 1) * n)
  y.set(values)
  y.set(vectors, n)
  return y
}

const parts = (y: Tensor): readonly [Tensor, Tensor] => {
  const n = y.shape[y.rank - 1]
  return [rowsOf(y, 0, 1), rowsOf(y, 1, n + 1)]
}

export const eighOp = defineOp({
  name: 'eigh',
  doc: `A = V diag(λ) Vᵀ; y [..., n + 1, n] packs the row λ, ascending, and V, whose columns are the vectors
  tangent  dλ = diag E, dV = V (G ∘ E), with E = Vᵀ dA V, G_ij = 1/(λ_j - λ_i)
  adjoint  the symmetric part of V (diag(λ̄) + G ∘ VᵀV̄) Vᵀ
  inverse  Ã = Ṽ diag(λ̃) Ṽᵀ with the skew part of A, Ṽ made orthogonal (polar factor), λ̃ ascending; half of the way
           while that would lead away from the target
  domain   any A; its symmetric part (A + Aᵀ)/2 counts
  cost     about 9 n³ flops
  caveats  of vectors only the direction is determined: the first entry of more than 0.6 of the largest is positive.
           Equal eigenvalues (to 4 n ε) have no single vectors: a derivative is NaN where it turns them into each other
           (E_ij or (VᵀV̄)_ij is not 0), as of V diag(f(λ)) Vᵀ. Functions of the values alone that treat equal ones alike
           have right first derivatives, and second ones of NaN
  source   Giles 2008, "Collected matrix derivative results", 3.1`,
  tex: {
    y: String.raw`A = V\,\mathrm{diag}(\lambda)\,V^\top`,
    tangent: String.raw`d\lambda = \mathrm{diag}\,E,\ dV = V(G \circ E),\ E = V^\top dA\,V,\ G_{ij} = \tfrac{1}{\lambda_j - \lambda_i}`,
    adjoint: String.raw`\bar A = \mathrm{sym}(V(\mathrm{diag}\,\bar\lambda + G \circ V^\top\bar V)V^\top)`,
    inverse: String.raw`\tilde A = \tilde V\,\mathrm{diag}(\tilde\lambda)\,\tilde V^\top`
  },
  outShape: ([s]) => {
    const n = square(s, 'eigh')
    return [...batch(s), n + 1, n]
  },
  forward: ([A], _, shape) =>
    fromPieces(shape, A, size(batch(shape)), i => packed(finiteMatrixAt(A, i, 'eigh'), shape[shape.length - 1])),
  jvp: ([dA], { y }) => {
    if (!dA) return undefined
    const [values, V] = parts(y)
    const E = tTimes(V, times(symmetric(dA), V))
    return concat([diagonalRow(E), times(V, overGaps(E, values))], -2)
  },
  vjp: (ct, { y }) => {
    const [values, V] = parts(y)
    const [dValues, dV] = parts(ct)
    const inner = add(rowDiagonal(dValues), overGaps(tTimes(V, dV), values))
    return [symmetric(timesT(times(V, inner), V))]
  },
  carry: carryInFront(2),
  inverse: {
    kind: 'local',
    apply: (site, claimed) => {
      const n = site.out.shape[site.out.rank - 1]
      const value = matrixByMatrix(site, claimed, (A, target, current) => {
        const V = polar(target.slice(n), n, n)
        const wish = assemble(V, ascending(target.slice(0, n)), V, n, n, n)
        const now = assemble(current.slice(n), current.slice(0, n), current.slice(n), n, n, n)
        const answer = A.map((v, k) => v + (wish[k] - now[k]))
        return notFurther(A, answer, target, M => packed(M, n))
      })
      return [{ value, weight: null }]
    }
  },
  examples: r => [
    { inputs: [apart(r.normal([3, 3]))] },
    { inputs: [apart(r.normal([2, 2, 2]))], note: 'a batch, not symmetric' },
    { inputs: [symmetric(apart(r.normal([5, 5])))], note: 'symmetric' },
    { inputs: [tensor([[-2]])], note: '1×1' },
    { inputs: [mul(apart(r.normal([3, 3])), 1e-300)], note: '1e-300', extreme: true },
    { inputs: [mul(apart(r.normal([3, 3])), 1e300)], note: '1e300', extreme: true },
    { inputs: [full([0, 0], 0)], note: '0×0' }
  ]
})

/** A matrix whose eigenvalues lie apart, for examples. */
const apart = (A: Tensor): Tensor => {
  const n = A.shape[A.rank - 1]
  const d = eye(n, A.dtype)
  for (let i = 0; i < n; i++) d.data[i * (n + 1)] = 3 * i - 2
  return add(mul(A, 0.5), d)
}

/**
 * Eigenvalues [..., n], ascending, and orthonormal eigenvectors [..., n, n], as columns, of symmetric A [..., n, n];
 * only the symmetric part of A counts. Throws ShapeError, and NonFiniteError for NaN or infinity.
 */
export function eigh(A: Tensor): { values: Tensor; vectors: Tensor } {
  checkTensor(A, 'eigh')
  const [values, vectors] = parts(apply(eighOp, [A]))
  return { values: reshape(values, A.shape.slice(0, -1)), vectors }
}
