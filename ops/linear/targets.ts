import { wanted } from '../../core/claim.js'
import { norm2, transpose } from '../../core/linalg/scaling.js'
import { svd } from '../../core/linalg/svd.js'
import type { Claim, Site } from '../../core/op.js'
import { size } from '../../core/shape.js'
import type { Tensor } from '../../core/tensor.js'
import { batch, fromPieces, matrixAt, product } from './matrices.js'

/** What the inverse rules of the decompositions share: arrays of one matrix each, nothing recorded. */

/**
 * x̃ matrix by matrix, from what is asked of each. A matrix of whose output nothing new is asked stays as it is, and NaN
 * or infinity in a target gives NaN: no answer for that matrix, and none of its neighbours spoilt.
 */
export function matrixByMatrix(
  { inputs: [x], out }: Site<any>,
  claimed: Claim,
  answer: (A: Float64Array, target: Float64Array, current: Float64Array, i: number) => Float64Array
): Tensor {
  const target = wanted(claimed, out)
  const count = size(batch(x.shape))
  const n = out.size / Math.max(1, count)
  const piece = (t: Tensor, i: number) => Float64Array.from(t.data.subarray(i * n, (i + 1) * n))
  return fromPieces(x.shape, x, count, i => {
    const A = matrixAt(x, i)
    const [asked, current] = [piece(target, i), piece(out, i)]
    if (asked.every((v, k) => v === current[k])) return A
    return asked.every(Number.isFinite) ? answer(A, asked, current, i) : A.fill(Number.NaN)
  })
}

/** The first point from the answer back to A, by halves, that is not further from the target than A is. */
export function notFurther(
  A: Float64Array,
  answer: Float64Array,
  target: Float64Array,
  forward: (A: Float64Array) => Float64Array
): Float64Array {
  const distance = (M: Float64Array) => norm2(forward(M).map((v, k) => v - target[k]))
  const before = distance(A)
  for (let t = 1; t > 1e-6; t /= 2) {
    const M = A.map((v, k) => (t === 1 ? answer[k] : v + t * (answer[k] - v)))
    if (distance(M) <= before) return M
  }
  return A
}

/** The orthonormal columns nearest to those of M [m, r], m ≥ r: the polar factor U Vᵀ of M = U S Vᵀ. */
export function polar(M: Float64Array, m: number, r: number): Float64Array {
  const { U, V } = svd(M, m, r)
  return product(U, transpose(V, r, r), m, r, r)
}

/** The nearest ascending sequence: neighbours out of order become their mean (pool adjacent violators). */
export function ascending(values: Float64Array): Float64Array {
  const pools: { sum: number; count: number }[] = []
  for (const v of values) {
    pools.push({ sum: v, count: 1 })
    for (let p = pools.length - 1; p > 0; p--) {
      const [low, high] = [pools[p - 1], pools[p]]
      if (low.sum / low.count <= high.sum / high.count) break
      pools.splice(p - 1, 2, { sum: low.sum + high.sum, count: low.count + high.count })
    }
  }
  return Float64Array.from(pools.flatMap(({ sum, count }) => Array<number>(count).fill(sum / count)))
}

/** The nearest descending sequence that is not negative: what singular values can be. */
export const singularValues = (values: Float64Array): Float64Array =>
  ascending(values.map(v => -v)).map(v => Math.max(0, -v))

/** U diag(d) Vᵀ for U [m, r], V [n, r]. */
export function assemble(
  U: Float64Array,
  d: Float64Array,
  V: Float64Array,
  m: number,
  n: number,
  r: number
): Float64Array {
  return product(
    U.map((u, k) => u * d[k % r]),
    transpose(V, n, r),
    m,
    r,
    n
  )
}
