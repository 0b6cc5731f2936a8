import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { InverseError, ShapeError } from '../../core/errors.js'
import { type LU, lu, luSolve } from '../../core/linalg/lu.js'
import { partialInverseMatrix } from '../../core/linalg/partialInverse.js'
import { transpose } from '../../core/linalg/scaling.js'
import { type Claim, defineOp, type Op, type Refusal, type Site } from '../../core/op.js'
import { broadcastShapes, type Shape, show, size } from '../../core/shape.js'
import { add, both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, eye, full, type Tensor, tensor } from '../../core/tensor.js'
import { matmulOp } from './matmul.js'
import { batch, finiteMatrixAt, fromPieces, matrixAt, positions, product, square, timesT, which } from './matrices.js'
import { matrixByMatrix } from './targets.js'

interface SolveAttrs {
  /** Solve Aᵀ X = B. */
  transposed: boolean
  /** Where a rule has them already: factorise once, apply often. They count only for the very tensor they are of. */
  factors?: { readonly of: Tensor; readonly list: readonly LU[] }
}

/** The factors of every matrix of a batch; throws InverseError for one that is singular to rounding. */
export function factorsOf(A: Tensor, op: string): readonly LU[] {
  const count = size(batch(A.shape))
  const n = A.shape[A.rank - 1]
  return Array.from({ length: count }, (_, i) => {
    const f = lu(finiteMatrixAt(A, i, op), n)
    if (f.singular >= 0)
      throw new InverseError(
        `${op} with A ${show(A.shape)}`,
        `A is singular${which(i, count)}: column ${f.singular} depends on those before it, to rounding`,
        'Give a regular matrix, for instance A + εI, or ask for least squares by svd'
      )
    return f
  })
}

/** [..., n, n] and [..., n, k] give [..., n, k]; throws ShapeError. */
export function solvedShape(a: Shape, b: Shape, op: string): Shape {
  const n = square(a, op)
  if (b.length < 2 || b[b.length - 2] !== n)
    throw new ShapeError(
      `${op} with A ${show(a)} and B ${show(b)}`,
      b.length < 2 ? 'B has fewer than two axes' : `${b[b.length - 2]} rows of B meet ${n} of A`,
      'Give B as [..., n, k], a batch of single vectors as [..., n, 1]'
    )
  return [...broadcastShapes(batch(a), batch(b), `${op}, leading axes`), n, b[b.length - 1]]
}

/** The sample axis lies in front of the matrices: axis 0 of those inputs that have it. */
export const carryPair = ({ inputs, out }: Site): readonly boolean[] | undefined =>
  out.rank > 2 ? inputs.map(t => t.rank === out.rank && t.shape[0] === out.shape[0]) : undefined

export const solveOp: Op<SolveAttrs> = defineOp<SolveAttrs>({
  name: 'solve',
  doc: `X = A⁻¹ B, or A⁻ᵀ B, over the last two axes; leading axes broadcast
  tangent  dX = A⁻¹ (dB - dA X)
  adjoint  B̄ = A⁻ᵀ ct to B, -B̄ Xᵀ to A (-X B̄ᵀ for A⁻ᵀ), summed over broadcast axes
  inverse  exact in B: B̃ = A X̃. In A the smallest change Ã = A + (B - A X̃) X̃⁺; refused where X̃ has dependent
           columns, or where the free one is shared by several systems
  domain   A regular
  cost     2/3 n³ flops to factor A, once for value and rules together, 2 n² k to solve
  caveats  a pivot that may be all rounding, 4 n ε of its column and of what it is the difference of, counts as none: A is
           singular in any units of rows and columns, and an InverseError names the matrix and the column. An
           ill-conditioned A is solved: X is then right for a matrix within rounding of A. NaN or infinity in A is an
           error, in B they pass on to the same columns of X
  source   Giles 2008, "Collected matrix derivative results", 2.2.3 and 2.3.1`,
  tex: {
    y: 'X = A^{-1} B',
    tangent: String.raw`dX = A^{-1}(dB - dA\,X)`,
    adjoint: String.raw`\bar B = A^{-\top} \bar X,\ \bar A = -\bar B X^\top`,
    inverse: String.raw`\tilde B = A \tilde X,\ \tilde A = A + (B - A \tilde X)\tilde X^{+}`
  },
  outShape: ([a, b]) => solvedShape(a, b, 'solve'),
  forward: ([a, b], { transposed, factors }, shape, saved) => {
    saved.factors = factors?.of === a ? factors : { of: a, list: factorsOf(a, 'solve') }
    const leads = batch(shape)
    const [ofA, ofB] = [positions(batch(a.shape), leads), positions(batch(b.shape), leads)]
    return fromPieces(shape, a, size(leads), i =>
      luSolve(saved.factors.list[ofA[i]], matrixAt(b, ofB[i]), b.shape[b.rank - 1], transposed)
    )
  },
  jvp: ([da, db], { x, y, attrs, saved }) => {
    const again = (rhs: Tensor) => apply(solveOp, [x[0], rhs], { transposed: attrs.transposed, factors: saved.factors })
    const moved = da && apply(matmulOp, [da, y], { ta: attrs.transposed, tb: false })
    const rhs = both(db, moved && mul(moved, -1))
    return rhs && again(rhs)
  },
  vjp: (ct, v) => {
    const { transposed } = v.attrs
    const back = apply(solveOp, [v.x[0], ct], { transposed: !transposed, factors: v.saved.factors })
    return [
      v.wants(0) ? v.fold(mul(transposed ? timesT(v.y, back) : timesT(back, v.y), -1), 0) : null,
      v.wants(1) ? v.fold(back, 1) : null
    ]
  },
  carry: carryPair,
  inverse: {
    kind: 'exact',
    apply: (site, claimed, active) => {
      const i = active[0] ? 0 : 1
      if (size(batch(site.inputs[i].shape)) !== size(batch(site.out.shape)))
        return { refuse: `${i === 0 ? 'A' : 'B'} is shared by several systems` }
      return i === 0 ? matrixFor(site, claimed) : [null, rightSideFor(site, claimed)]
    }
  },
  examples: r => {
    const A = (...leads: number[]) => regular(r.normal([...leads, 3, 3]))
    const plain = { transposed: false }
    return [
      { inputs: [A(), r.normal([3, 2])], attrs: plain },
      { inputs: [A(2), r.normal([2, 3, 1])], attrs: { transposed: true }, note: 'transposed' },
      { inputs: [A(), r.normal([2, 3, 2])], attrs: plain, note: 'shared A' },
      { inputs: [A(2), r.normal([3, 1])], attrs: plain, note: 'shared B' },
      { inputs: [A(2, 1), r.normal([2, 3, 2])], attrs: plain, note: 'broadcast batches' },
      { inputs: [tensor([[2]]), r.normal([1, 2])], attrs: plain, note: '1×1, two right-hand sides' },
      {
        inputs: [
          tensor([
            [
              [0, 2],
              [1, 0]
            ]
          ]),
          r.normal([1, 2, 2])
        ],
        attrs: plain,
        note: 'needs pivots'
      },
      { inputs: [mul(A(), 1e-300), mul(r.normal([3, 2]), 1e-300)], attrs: plain, note: '1e-300', extreme: true },
      { inputs: [mul(A(), 1e300), mul(r.normal([3, 2]), 1e300)], attrs: plain, note: '1e300', extreme: true },
      { inputs: [full([0, 0], 0), full([0, 2], 0)], attrs: plain, note: 'no unknowns' },
      { inputs: [A(), full([3, 0], 0)], attrs: plain, note: 'no right-hand sides' }
    ]
  }
})

/** A far from singular matrix for examples: the diagonal strengthened. */
export const regular = (A: Tensor): Tensor => add(A, mul(eye(A.shape[A.rank - 1], A.dtype), 3))

/** B̃ = A X̃ */
function rightSideFor({ inputs: [a, b], out, attrs }: Site<SolveAttrs>, claimed: Claim): Claim {
  const target = wanted(claimed, out)
  const [n, k] = out.shape.slice(-2)
  const ofA = positions(batch(a.shape), batch(out.shape))
  const value = fromPieces(b.shape, b, ofA.length, i => {
    const A = matrixAt(a, ofA[i])
    return product(attrs.transposed ? transpose(A, n, n) : A, matrixAt(target, i), n, n, k)
  })
  return { value, weight: null }
}

/** Ã = A + (B - A X̃) X̃⁺ */
function matrixFor(site: Site<SolveAttrs>, claimed: Claim): (Claim | null)[] | Refusal {
  const { inputs, out, attrs } = site
  const b = inputs[1]
  const [n, k] = out.shape.slice(-2)
  const ofB = positions(batch(b.shape), batch(out.shape))
  const turned = (A: Float64Array) => (attrs.transposed ? transpose(A, n, n) : A)
  let dependent = k > n
  const value = matrixByMatrix(site, claimed, (A, X, _, i) => {
    if (dependent) return A
    const { matrix, kept } = partialInverseMatrix(X, n, k, { kappa: -1, truncation: 1e-13 })
    dependent = kept < k
    const reached = product(turned(A), X, n, n, k)
    const rest = matrixAt(b, ofB[i]).map((v, j) => v - reached[j])
    const change = turned(product(rest, matrix, n, k, n))
    return A.map((v, j) => v + change[j])
  })
  return dependent
    ? { refuse: 'the columns of the target depend on each other: in general no A fits' }
    : [{ value, weight: null }, null]
}

/**
 * X with A X = B: A [..., n, n], B [..., n, k] → [..., n, k]; leading axes broadcast. B of rank 1, [n], counts as one
 * column, and X is [..., n]. Throws ShapeError, InverseError where an A is singular, and NonFiniteError for NaN or
 * infinity in A; in B they pass on.
 */
export function solve(A: Tensor, B: Tensor): Tensor {
  checkTensor(A, 'solve', 'A')
  checkTensor(B, 'solve', 'B')
  return withColumns(B, b => apply(solveOp, [A, b], { transposed: false }))
}

/** A vector [n] as one column of a right-hand side, and back. */
export function withColumns(B: Tensor, f: (B: Tensor) => Tensor): Tensor {
  if (B.rank !== 1) return f(B)
  const X = f(reshape(B, [B.size, 1]))
  return reshape(X, X.shape.slice(0, -1))
}
