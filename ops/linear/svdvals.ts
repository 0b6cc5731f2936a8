import { apply } from '../../core/apply.js'
import { svd as decompose } from '../../core/linalg/svd.js'
import { carryInFront, defineOp } from '../../core/op.js'
import { size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, full, type Tensor, tensor } from '../../core/tensor.js'
import { batch, diagonalRow, finiteMatrixAt, fromPieces, rectangle, times, timesT, tTimes } from './matrices.js'
import { partsOf, spread, svdOp } from './svd.js'
import { assemble, matrixByMatrix, singularValues } from './targets.js'

export const svdvalsOp = defineOp({
  name: 'svdvals',
  doc: `s with A = U diag(s) Vᵀ, descending; s has min(m, n) entries
  tangent  ds = diag(Uᵀ dA V)
  adjoint  U diag(ct) Vᵀ
  inverse  the smallest change Ã = A + U diag(s̃ - s) Vᵀ; s̃ negative counts as 0, out of order as the mean
  cost     the decomposition, once more for the rules, which need U and V
  caveats  equal singular values: their sum has a derivative, each alone has not; the rule gives one of the one-sided
           ones. Zero: the same, as |x| at 0. Second derivatives at equal or zero values are NaN, of their sum too
  source   Giles 2008, "Collected matrix derivative results", 3.2`,
  tex: {
    y: String.raw`A = U\,\mathrm{diag}(s)\,V^\top`,
    tangent: String.raw`ds = \mathrm{diag}(U^\top dA\,V)`,
    adjoint: String.raw`\bar A = U\,\mathrm{diag}(\bar s)\,V^\top`,
    inverse: String.raw`\tilde A = A + U\,\mathrm{diag}(\tilde s - s)\,V^\top`
  },
  outShape: ([s]) => [...batch(s), Math.min(...rectangle(s, 'svdvals'))],
  forward: ([A], _, shape) => {
    const [m, n] = A.shape.slice(-2)
    return fromPieces(
      shape,
      A,
      m * n === 0 ? 0 : size(batch(A.shape)),
      i => decompose(finiteMatrixAt(A, i, 'svdvals'), m, n).s
    )
  },
  jvp: ([dA], { x: [A], y }) => {
    if (!dA) return undefined
    const [, U, V] = partsOf(apply(svdOp, [A]), A.shape)
    return reshape(diagonalRow(tTimes(U, times(dA, V))), y.shape)
  },
  vjp: (ct, { x: [A] }) => {
    const [, U, V] = partsOf(apply(svdOp, [A]), A.shape)
    const row = reshape(ct, [...ct.shape.slice(0, -1), 1, ct.shape[ct.rank - 1]])
    return [timesT(mul(U, row), V)]
  },
  carry: carryInFront(2),
  inverse: {
    kind: 'local',
    apply: (site, claimed) => {
      const [m, n] = site.inputs[0].shape.slice(-2)
      const value = matrixByMatrix(site, claimed, (A, target) => {
        const { U, s, V } = decompose(A, m, n)
        const wish = singularValues(target)
        const change = assemble(
          U,
          wish.map((v, k) => v - s[k]),
          V,
          m,
          n,
          s.length
        )
        return A.map((v, k) => v + change[k])
      })
      return [{ value, weight: null }]
    },
    lawless: ({ out }) =>
      tied(out) ? 'equal values: a target that parts them is reached in descending order only' : undefined
  },
  examples: r => [
    { inputs: [spread(r.normal([3, 3]))] },
    { inputs: [spread(r.normal([2, 3, 2]))], note: 'a batch, tall' },
    { inputs: [spread(r.normal([2, 4]))], note: 'wide' },
    { inputs: [tensor([[-2]])], note: '1×1' },
    { inputs: [mul(spread(r.normal([3, 2])), 1e-300)], note: '1e-300', extreme: true },
    { inputs: [mul(spread(r.normal([3, 2])), 1e300)], note: '1e300', extreme: true },
    {
      inputs: [
        tensor([
          [2, 0, 0],
          [0, 2, 0]
        ])
      ],
      note: 'equal',
      smooth: false
    },
    {
      inputs: [
        tensor([
          [1, 2],
          [2, 4],
          [0, 0]
        ])
      ],
      note: 'rank 1',
      smooth: false
    },
    { inputs: [full([0, 2], 0)], note: 'no rows' }
  ]
})

/** Are two singular values of one matrix equal, to rounding? */
const tied = (s: Tensor): boolean => {
  const r = s.shape[s.rank - 1]
  return s.data.some((v, k) => k % r > 0 && s.data[k - 1] - v <= 1e-14 * s.data[k - (k % r)])
}

/** The singular values of A [..., m, n], descending: [..., min(m, n)]. Throws ShapeError, and NonFiniteError. */
export function svdvals(A: Tensor): Tensor {
  checkTensor(A, 'svdvals')
  return apply(svdvalsOp, [A])
}
