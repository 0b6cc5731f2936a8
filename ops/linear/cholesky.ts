import { apply } from '../../core/apply.js'
import { InverseError } from '../../core/errors.js'
import { transpose } from '../../core/linalg/scaling.js'
import { cholesky as factor } from '../../core/linalg/solve.js'
import { carryInFront, defineOp } from '../../core/op.js'
import { show, size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { swapAxes } from '../../core/structural/permute.js'
import { checkTensor, eye, full, type Tensor, tensor } from '../../core/tensor.js'
import {
  batch,
  finiteMatrixAt,
  fromPieces,
  mask,
  product,
  skew,
  square,
  symmetric,
  times,
  timesT,
  tTimes,
  which
} from './matrices.js'
import { matrixByMatrix } from './targets.js'
import { triangularSolve } from './triangularSolve.js'

/** Murray's Φ: the lower triangle with half of the diagonal. */
const phi = (X: Tensor): Tensor =>
  mul(
    X,
    mask(X, (i, j) => (i > j ? 1 : i === j ? 0.5 : 0))
  )

const symmetricPart = (A: Float64Array, n: number): Float64Array => {
  const At = transpose(A, n, n)
  return A.map((v, k) => v / 2 + At[k] / 2)
}

/** The size of the first leading block that is not positive definite. */
function badMinor(A: Float64Array, n: number): number {
  for (let m = 1; m < n; m++) {
    const block = Float64Array.from({ length: m * m }, (_, k) => A[Math.floor(k / m) * n + (k % m)])
    if (!factor(block, m)) return m
  }
  return n
}

export const choleskyOp = defineOp({
  name: 'cholesky',
  doc: `L lower triangular with L Lᵀ = A; of A its symmetric part (A + Aᵀ)/2 counts
  tangent  dL = L Φ(L⁻¹ dA L⁻ᵀ), Φ the lower triangle with half of the diagonal
  adjoint  the symmetric part of L⁻ᵀ Φ(Lᵀ ct) L⁻¹
  inverse  Ã = L̃ L̃ᵀ for the lower triangle of the target, with the skew part of A; a diagonal target that is not
           positive counts as a thousandth of the current entry
  domain   A positive definite
  cost     n³/3 flops
  caveats  not positive definite (semidefinite too): an InverseError names the first leading minor that fails
  source   Murray 2016, arXiv:1602.07527, eq. (8) and (10)`,
  tex: {
    y: String.raw`L L^\top = A`,
    tangent: String.raw`dL = L\,\Phi(L^{-1} dA\,L^{-\top}),\ \Phi = \mathrm{tril} - \tfrac12 \mathrm{diag}`,
    adjoint: String.raw`\bar A = \mathrm{sym}(L^{-\top}\Phi(L^\top \bar L) L^{-1})`,
    inverse: String.raw`\tilde A = \tilde L \tilde L^\top`
  },
  outShape: ([s]) => {
    square(s, 'cholesky')
    return s
  },
  forward: ([A], _, shape) => {
    const n = square(shape, 'cholesky')
    const count = size(batch(shape))
    return fromPieces(shape, A, count, i => {
      const S = symmetricPart(finiteMatrixAt(A, i, 'cholesky'), n)
      const L = factor(S, n)
      if (!L)
        throw new InverseError(
          `cholesky of ${show(shape)}`,
          `the leading minor of order ${badMinor(S, n)} is not positive${which(i, count)}`,
          'Give a positive definite matrix, for instance A + εI'
        )
      return L
    })
  },
  jvp: ([dA], { y }) => {
    if (!dA) return undefined
    const half = triangularSolve(y, symmetric(dA))
    return times(y, phi(triangularSolve(y, swapAxes(half))))
  },
  vjp: (ct, { y }) => {
    const half = triangularSolve(y, phi(tTimes(y, ct)), { transposed: true })
    return [symmetric(triangularSolve(y, swapAxes(half), { transposed: true }))]
  },
  carry: carryInFront(2),
  inverse: {
    kind: 'exact',
    apply: (site, claimed) => {
      const n = site.out.shape[site.out.rank - 1]
      const value = matrixByMatrix(site, claimed, (A, target, current) => {
        const L = target.map((v, k) => {
          const [row, column] = [Math.floor(k / n), k % n]
          return column > row ? 0 : column === row && v <= 0 ? current[k] / 1000 : v
        })
        const S = symmetricPart(A, n)
        const wish = product(L, transpose(L, n, n), n, n, n)
        // The wish last: of a symmetric A nothing else is left, where the wish is far smaller than A.
        return A.map((v, k) => v - S[k] + wish[k])
      })
      return [{ value, weight: null }]
    }
  },
  examples: r => [
    { inputs: [positive(r.normal([3, 3]))] },
    { inputs: [positive(r.normal([2, 2, 2]))], note: 'a batch' },
    { inputs: [add(positive(r.normal([3, 3])), mul(skew(r.normal([3, 3])), 0.5))], note: 'not symmetric' },
    { inputs: [tensor([[4]])], note: '1×1' },
    { inputs: [mul(positive(r.normal([3, 3])), 1e-300)], note: '1e-300', extreme: true },
    { inputs: [mul(positive(r.normal([3, 3])), 1e300)], note: '1e300', extreme: true },
    { inputs: [full([0, 0], 0)], note: '0×0' }
  ]
})

/** A Aᵀ/n + 2I: positive definite, for examples. */
const positive = (A: Tensor): Tensor => {
  const n = A.shape[A.rank - 1]
  return add(mul(timesT(A, A), 1 / n), mul(eye(n, A.dtype), 2))
}

/**
 * The lower triangular L with L Lᵀ = A for positive definite A [..., n, n]; only the symmetric part of A counts. Throws
 * ShapeError, InverseError naming the first leading minor that is not positive, and NonFiniteError for NaN or infinity.
 */
export function cholesky(A: Tensor): Tensor {
  checkTensor(A, 'cholesky')
  return apply(choleskyOp, [A])
}
