import { apply } from '../../core/apply.js'
import { svd as decompose } from '../../core/linalg/svd.js'
import { carryInFront, defineOp } from '../../core/op.js'
import { type Shape, size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, full, type Tensor, tensor } from '../../core/tensor.js'
import { sub } from '../elementwise/sub.js'
import { concat } from '../shape/concat.js'
import { fixSigns, overGaps, overSums, overValues } from './gaps.js'
import {
  batch,
  diagonalRow,
  finiteMatrixAt,
  fromPieces,
  rectangle,
  rowDiagonal,
  rowsOf,
  skew,
  symmetric,
  times,
  timesT,
  tTimes
} from './matrices.js'
import { assemble, matrixByMatrix, notFurther, polar, singularValues } from './targets.js'

/** [1 + m + n, r], r = min(m, n): the singular values, then U, then V. */
function packed(A: Float64Array, m: number, n: number): Float64Array {
  const r = Math.min(m, n)
  const y = new Float64Array((1 + m + n) * r)
  if (r === 0) return y
  const { U, s, V } = decompose(A, m, n)
  fixSigns(U, m, r, V)
  y.set(s)
  y.set(U, r)
  y.set(V, (1 + m) * r)
  return y
}

/** s as a row [..., 1, r], U [..., m, r], V [..., n, r] of a packed one, or of its cotangent. */
export function partsOf(y: Tensor, A: Shape): readonly [Tensor, Tensor, Tensor] {
  const [m, n] = A.slice(-2)
  return [rowsOf(y, 0, 1), rowsOf(y, 1, 1 + m), rowsOf(y, 1 + m, 1 + m + n)]
}

export const svdOp = defineOp({
  name: 'svd',
  doc: `A = U diag(s) Vᵀ, thin, r = min(m, n); y [..., 1 + m + n, r] packs the row s, descending, U [m, r] and V [n, r]
  tangent  P = Uᵀ dA V, ds = diag P, dU = U (G ∘ sym P + H ∘ skew P) + (I - UUᵀ) dA V S⁻¹,
           dV = V (G ∘ sym P - H ∘ skew P) + (I - VVᵀ) dAᵀ U S⁻¹, with G_ij = 1/(s_j - s_i), H_ij = 1/(s_j + s_i)
  adjoint  X = UᵀŪ, Y = VᵀV̄: U (diag s̄ + sym(G ∘ (X + Y)) + skew(H ∘ (X - Y))) Vᵀ
           + (Ū - U X) S⁻¹ Vᵀ + U S⁻¹ (V̄ - V Y)ᵀ
  inverse  Ã = Ũ diag(s̃) Ṽᵀ, Ũ and Ṽ with orthonormal columns (polar factors), s̃ descending and not negative; half of
           the way while that would lead away from the target
  cost     about 15 max(m, n) r² flops
  caveats  a pair of vectors may change sign together: the first entry of u above 0.6 of its largest is positive. Equal
           singular values (to 4 r ε) have no single vectors, zero ones no determined ones: a derivative is NaN where
           it turns such vectors into each other or asks for those of 0 (a numerator of G, H or 1/s is not 0). Functions
           of the values alone that treat equal ones alike have right first derivatives, and second ones of NaN
  source   Townsend 2016, "Differentiating the singular value decomposition", with 1/(s_j² - s_i²) split into G and H`,
  tex: {
    y: String.raw`A = U\,\mathrm{diag}(s)\,V^\top`,
    tangent: [
      String.raw`P = U^\top dA\,V,\; ds = \mathrm{diag}\,P,\; G_{ij} = \tfrac{1}{s_j - s_i},\; H_{ij} = \tfrac{1}{s_j + s_i}`,
      String.raw`dU = U(G \circ \mathrm{sym}\,P + H \circ \mathrm{skew}\,P) + (I - UU^\top)\,dA\,V S^{-1}`,
      String.raw`dV = V(G \circ \mathrm{sym}\,P - H \circ \mathrm{skew}\,P) + (I - VV^\top)\,dA^\top U S^{-1}`
    ].join(String.raw`,\; `),
    adjoint: [
      String.raw`\bar A = U(\mathrm{diag}\,\bar s + \mathrm{sym}(G \circ (X+Y)) + \mathrm{skew}(H \circ (X-Y)))V^\top`,
      String.raw`(\bar U - U X) S^{-1} V^\top`,
      String.raw`U S^{-1} (\bar V - V Y)^\top,\; X = U^\top \bar U,\; Y = V^\top \bar V`
    ].join(' + '),
    inverse: String.raw`\tilde A = \tilde U\,\mathrm{diag}(\tilde s)\,\tilde V^\top`
  },
  outShape: ([s]) => {
    const [m, n] = rectangle(s, 'svd')
    return [...batch(s), 1 + m + n, Math.min(m, n)]
  },
  forward: ([A], _, shape) => {
    const [m, n] = A.shape.slice(-2)
    return fromPieces(shape, A, size(batch(shape)), i => packed(finiteMatrixAt(A, i, 'svd'), m, n))
  },
  jvp: ([dA], { x: [A], y }) => {
    if (!dA) return undefined
    const [s, U, V] = partsOf(y, A.shape)
    const [m, n, r] = [...A.shape.slice(-2), s.shape[s.rank - 1]]
    const AV = times(dA, V)
    const P = tTimes(U, AV)
    const even = overGaps(symmetric(P), s)
    const odd = overSums(skew(P), s)
    let dU = times(U, add(even, odd))
    let dV = times(V, sub(even, odd))
    if (m > r) dU = add(dU, overValues(sub(AV, times(U, P)), s))
    if (n > r) dV = add(dV, overValues(sub(tTimes(dA, U), timesT(V, P)), s))
    return concat([diagonalRow(P), dU, dV], -2)
  },
  vjp: (ct, { x: [A], y }) => {
    const [s, U, V] = partsOf(y, A.shape)
    const [ds, dU, dV] = partsOf(ct, A.shape)
    const [m, n, r] = [...A.shape.slice(-2), s.shape[s.rank - 1]]
    const [X, Y] = [tTimes(U, dU), tTimes(V, dV)]
    const even = symmetric(overGaps(add(X, Y), s))
    const odd = skew(overSums(sub(X, Y), s))
    let left = times(U, add(rowDiagonal(ds), add(even, odd)))
    if (m > r) left = add(left, overValues(sub(dU, times(U, X)), s))
    const c = timesT(left, V)
    return [n > r ? add(c, timesT(U, overValues(sub(dV, times(V, Y)), s))) : c]
  },
  carry: carryInFront(2),
  inverse: {
    kind: 'local',
    apply: (site, claimed) => {
      const [m, n] = site.inputs[0].shape.slice(-2)
      const r = Math.min(m, n)
      const value = matrixByMatrix(site, claimed, (A, target) => {
        const U = polar(target.slice(r, (1 + m) * r), m, r)
        const V = polar(target.slice((1 + m) * r), n, r)
        const answer = assemble(U, singularValues(target.slice(0, r)), V, m, n, r)
        return notFurther(A, answer, target, M => packed(M, m, n))
      })
      return [{ value, weight: null }]
    }
  },
  examples: r => [
    { inputs: [spread(r.normal([3, 3]))] },
    { inputs: [spread(r.normal([2, 3, 2]))], note: 'a batch, tall' },
    { inputs: [spread(r.normal([2, 4]))], note: 'wide' },
    { inputs: [tensor([[-2]])], note: '1×1' },
    { inputs: [tensor([[1], [2], [2]])], note: 'one column' },
    { inputs: [mul(spread(r.normal([3, 2])), 1e-300)], note: '1e-300', extreme: true },
    { inputs: [mul(spread(r.normal([3, 2])), 1e300)], note: '1e300', extreme: true },
    { inputs: [full([0, 2], 0)], note: 'no rows' }
  ]
})

/** A matrix whose singular values lie apart, for examples. */
export const spread = (A: Tensor): Tensor => {
  const d = full(A.shape.slice(-2), 0, A.dtype)
  const [m, n] = d.shape
  for (let i = 0; i < Math.min(m, n); i++) d.data[i * (n + 1)] = 2 + 3 * i
  return add(mul(A, 0.5), d)
}

/**
 * The thin singular value decomposition A = U diag(s) Vᵀ of A [..., m, n]: u [..., m, r], s [..., r] descending,
 * v [..., n, r], r = min(m, n). Throws ShapeError, and NonFiniteError for NaN or infinity.
 */
export function svd(A: Tensor): { u: Tensor; s: Tensor; v: Tensor } {
  checkTensor(A, 'svd')
  const [s, u, v] = partsOf(apply(svdOp, [A]), A.shape)
  return { u, s: reshape(s, [...batch(A.shape), s.shape[s.rank - 1]]), v }
}
