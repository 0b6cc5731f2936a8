import { svd } from '../../core/linalg/svd.js'
import { size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { swapAxes } from '../../core/structural/permute.js'
import { reshape } from '../../core/structural/reshape.js'
import { sum } from '../../core/structural/sum.js'
import { eye, type Tensor } from '../../core/tensor.js'
import { cast } from '../elementwise/cast.js'
import { sub } from '../elementwise/sub.js'
import { inv } from './inv.js'
import { batch, fromPieces, matrixAt, times, timesT, tTimes } from './matrices.js'

/** One number per matrix as [..., 1, 1]. */
export const asMatrices = (x: Tensor): Tensor => reshape(x, [...x.shape, 1, 1])

/** The cofactors of regular A: det A · A⁻ᵀ. */
export const cofactorsOfRegular = (A: Tensor, det: Tensor): Tensor => mul(asMatrices(det), swapAxes(inv(A)))

/**
 * The cofactors of any A, with derivatives of every order. Where A is singular, a constant product P Qᵀ of the k singular
 * vectors that belong to zero fills it up to a regular B = A + P Qᵀ, W = B⁻¹. Then, by Sylvester's determinant identity,
 *
 *     det A = det B · det S        S = I - Qᵀ W P  [k, k], which is 0 at A
 *     cofᵀ = det B (det S · W + W P adj(S) Qᵀ W)
 *
 * and det S and adj S are sums of products. Beside a singular matrix of its batch, a regular one has P = Q = 0.
 */
export function cofactorsOfAny(x: Tensor, singular: readonly boolean[], det: (B: Tensor) => Tensor): Tensor {
  // In f64, since S is a difference.
  const A = cast(x, 'f64')
  const [P, Q] = fillers(A, singular)
  const B = add(A, timesT(P, Q))
  const W = inv(B)
  const WP = times(W, P)
  const { determinant, adjugate } = byTraces(sub(eye(P.shape[P.rank - 1]), tTimes(Q, WP)))
  const inner = add(mul(determinant, W), times(times(WP, adjugate), tTimes(Q, W)))
  return cast(swapAxes(mul(asMatrices(det(B)), inner)), x.dtype)
}

/** P and Q [..., n, k]: left and right singular vectors of values that are 0 to rounding, P in the units of A; 0 where A is regular. */
function fillers(A: Tensor, singular: readonly boolean[]): readonly [Tensor, Tensor] {
  const n = A.shape[A.rank - 1]
  const found = singular.map((none, i) => {
    if (!none) return { U: new Float64Array(n * n), V: new Float64Array(n * n), scale: 0, k: 0 }
    const { U, s, V } = svd(matrixAt(A, i), n, n)
    const k = s.filter(v => v <= n * Number.EPSILON * s[0]).length
    return { U, V, scale: s[0] || 1, k: Math.max(1, k) }
  })
  const most = Math.max(...found.map(f => f.k))
  const shape = [...batch(A.shape), n, most]
  // The last columns, as many as a matrix has values of 0.
  const last = (M: Float64Array, k: number, scale: number): Float64Array =>
    Float64Array.from({ length: n * most }, (_, at) => {
      const [i, j] = [Math.floor(at / most), at % most]
      return j < k ? scale * M[i * n + n - k + j] : 0
    })
  const all = size(batch(A.shape))
  return [
    fromPieces(shape, A, all, i => last(found[i].U, found[i].k, found[i].scale)),
    fromPieces(shape, A, all, i => last(found[i].V, found[i].k, 1))
  ]
}

/** det S as [..., 1, 1] and adj S without a division by entries (Faddeev and LeVerrier), for small S [..., k, k]. */
function byTraces(S: Tensor): { determinant: Tensor; adjugate: Tensor } {
  const k = S.shape[S.rank - 1]
  const one = eye(k)
  const trace = (M: Tensor): Tensor => sum(mul(M, one), [-2, -1], true)
  let M = one
  for (let j = 1; j < k; j++) {
    const SM = times(S, M)
    M = sub(SM, mul(one, mul(trace(SM), 1 / j)))
  }
  const sign = k % 2 === 0 ? -1 : 1
  return { determinant: mul(trace(times(S, M)), sign / k), adjugate: mul(M, sign) }
}
