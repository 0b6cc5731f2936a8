import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { InverseError } from '../../core/errors.js'
import { solveTriangle, type Triangle } from '../../core/linalg/lu.js'
import { type Claim, defineOp, type Op, type Refusal, type Site } from '../../core/op.js'
import { checkFlags, checkOptions } from '../../core/options.js'
import { show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { unseen } from '../../core/tape.js'
import { checkTensor, full, type Tensor, tensor } from '../../core/tensor.js'
import { matmulOp } from './matmul.js'
import { batch, finiteMatrixAt, fromPieces, mask, matrixAt, positions, timesT, which } from './matrices.js'
import { carryPair, regular, solvedShape, withColumns } from './solve.js'

/** The entries of T [..., n, n] that count; those of the diagonal only where it is not taken as ones. */
const triangleOf = (T: Tensor, { lower, unitDiagonal }: Triangle): Tensor =>
  mul(
    T,
    mask(T, (i, j) => (i === j ? (unitDiagonal ? 0 : 1) : i > j === lower ? 1 : 0))
  )

/** T itself as the solver reads it. */
const read = (T: Tensor, t: Triangle): Tensor =>
  t.unitDiagonal
    ? both(
        triangleOf(T, t),
        mask(T, (i, j) => (i === j ? 1 : 0))
      )!
    : triangleOf(T, t)

function checkDiagonal(T: Tensor, count: number, n: number): void {
  for (let i = 0; i < count; i++)
    for (let k = 0; k < n; k++)
      if (T.data[(i * n + k) * n + k] === 0)
        throw new InverseError(
          `triangularSolve with T ${show(T.shape)}`,
          `T is singular${which(i, count)}: entry ${k} of its diagonal is 0`,
          'Give a triangle without zeros on its diagonal'
        )
}

export const triangularSolveOp: Op<Triangle> = defineOp<Triangle>({
  name: 'triangularSolve',
  doc: `X = T⁻¹ B, or T⁻ᵀ B, T a lower or upper triangle, its diagonal as it is or ones; leading axes broadcast
  tangent  dX = T⁻¹ (dB - dT X)
  adjoint  B̄ = T⁻ᵀ ct to B, the triangle of -B̄ Xᵀ to T (-X B̄ᵀ for T⁻ᵀ), summed over broadcast axes
  inverse  exact in B: B̃ = T X̃. In T, for one right-hand side: the smallest change of each row with T̃ X̃ = B; refused
           for several, for a diagonal of ones, and where the free one is shared by several systems
  domain   no zero on the diagonal
  cost     n² k flops
  caveats  a zero on the diagonal is an InverseError. The other triangle is not read: its derivatives are 0.
           NaN or infinity in T is an error, in B they pass on to the same columns of X
  source   Giles 2008, "Collected matrix derivative results", 2.2.3 and 2.3.1, on the triangle`,
  tex: {
    y: 'X = T^{-1} B',
    tangent: String.raw`dX = T^{-1}(dB - dT\,X)`,
    adjoint: String.raw`\bar B = T^{-\top}\bar X,\ \bar T = -\mathrm{tri}(\bar B X^\top)`,
    inverse: String.raw`\tilde B = T \tilde X`
  },
  outShape: ([a, b]) => solvedShape(a, b, 'triangularSolve'),
  forward: ([T, b], attrs, shape) => {
    const leads = batch(shape)
    const [n, k] = shape.slice(-2)
    const reads = (i: number, j: number): boolean => (i === j ? !attrs.unitDiagonal : i > j === attrs.lower)
    if (!attrs.unitDiagonal) checkDiagonal(T, size(batch(T.shape)), n)
    const [ofT, ofB] = [positions(batch(T.shape), leads), positions(batch(b.shape), leads)]
    return fromPieces(shape, T, size(leads), i => {
      const X = matrixAt(b, ofB[i])
      solveTriangle(finiteMatrixAt(T, ofT[i], 'triangularSolve', reads), n, X, k, attrs)
      return X
    })
  },
  jvp: ([dT, db], { x, y, attrs }) => {
    const moved = dT && apply(matmulOp, [triangleOf(dT, attrs), y], { ta: attrs.transposed, tb: false })
    const rhs = both(db, moved && mul(moved, -1))
    return rhs && apply(triangularSolveOp, [x[0], rhs], attrs)
  },
  vjp: (ct, v) => {
    const { transposed } = v.attrs
    const back = apply(triangularSolveOp, [v.x[0], ct], { ...v.attrs, transposed: !transposed })
    const whole = () => mul(transposed ? timesT(v.y, back) : timesT(back, v.y), -1)
    return [v.wants(0) ? v.fold(triangleOf(whole(), v.attrs), 0) : null, v.wants(1) ? v.fold(back, 1) : null]
  },
  carry: carryPair,
  inverse: {
    kind: 'exact',
    apply: (site, claimed, active) => {
      const { inputs, out, attrs } = site
      const i = active[0] ? 0 : 1
      if (size(batch(inputs[i].shape)) !== size(batch(out.shape)))
        return { refuse: `${i === 0 ? 'T' : 'B'} is shared by several systems` }
      if (i === 0) return triangleFor(site, claimed)
      const T = unseen(() => read(inputs[0], attrs))
      const target = wanted(claimed, out)
      const value = unseen(() => apply(matmulOp, [T, target], { ta: attrs.transposed, tb: false }))
      return [null, { value, weight: null }]
    }
  },
  examples: r => {
    const T = (...leads: number[]) => regular(r.normal([...leads, 3, 3]))
    const lower = { lower: true, transposed: false, unitDiagonal: false }
    return [
      { inputs: [T(), r.normal([3, 2])], attrs: lower },
      { inputs: [T(), r.normal([3, 1])], attrs: { ...lower, lower: false }, note: 'upper' },
      { inputs: [T(2), r.normal([2, 3, 1])], attrs: { ...lower, transposed: true }, note: 'lower, transposed' },
      {
        inputs: [T(2), r.normal([3, 1])],
        attrs: { ...lower, lower: false, transposed: true },
        note: 'upper, transposed, shared B'
      },
      {
        inputs: [r.normal([3, 3]), r.normal([2, 3, 2])],
        attrs: { ...lower, unitDiagonal: true },
        note: 'ones, shared T'
      },
      {
        inputs: [r.normal([3, 3]), r.normal([3, 2])],
        attrs: { lower: false, transposed: true, unitDiagonal: true },
        note: 'ones, upper, transposed'
      },
      { inputs: [tensor([[-2]]), r.normal([1, 1])], attrs: lower, note: '1×1' },
      { inputs: [mul(T(), 1e-300), mul(r.normal([3, 2]), 1e-300)], attrs: lower, note: '1e-300', extreme: true },
      { inputs: [mul(T(), 1e300), mul(r.normal([3, 2]), 1e300)], attrs: lower, note: '1e300', extreme: true },
      { inputs: [full([0, 0], 0), full([0, 2], 0)], attrs: lower, note: 'no unknowns' }
    ]
  }
})

/** Row i of op(T) times X̃ is b_i: t + (b_i - t·X̃) X̃ᵀ/‖X̃‖² over the entries of the triangle. */
function triangleFor({ inputs: [T, b], out, attrs }: Site<Triangle>, claimed: Claim): (Claim | null)[] | Refusal {
  const { lower, transposed, unitDiagonal } = attrs
  const [n, k] = out.shape.slice(-2)
  if (k !== 1 || unitDiagonal)
    return { refuse: unitDiagonal ? 'the diagonal is not free' : 'several right-hand sides: in general no T fits' }
  const target = wanted(claimed, out)
  const ofB = positions(batch(b.shape), batch(out.shape))
  let none = false
  const value = fromPieces(T.shape, T, ofB.length, s => {
    const M = matrixAt(T, s)
    const x = matrixAt(target, s)
    const right = matrixAt(b, ofB[s])
    const at = (i: number, j: number) => (transposed ? j * n + i : i * n + j)
    for (let i = 0; i < n; i++) {
      const [from, to] = lower !== transposed ? [0, i + 1] : [i, n]
      let rest = right[i]
      let square = 0
      for (let j = from; j < to; j++) {
        rest -= M[at(i, j)] * x[j]
        square += x[j] * x[j]
      }
      none ||= square === 0 && rest !== 0
      if (square > 0) for (let j = from; j < to; j++) M[at(i, j)] += (rest * x[j]) / square
    }
    return M
  })
  return none ? { refuse: 'a target of zeros where B is not zero: no T gives it' } : [{ value, weight: null }, null]
}

/**
 * X with T X = B for a triangle T [..., n, n], B [..., n, k] → [..., n, k]; leading axes broadcast, a B of rank 1 counts
 * as one column. Options: `upper` reads the upper triangle (the other one is never read), `transposed` solves Tᵀ X = B,
 * `unitDiagonal` takes ones for the diagonal. Throws ShapeError, InverseError for a zero on a diagonal,
 * and NonFiniteError for NaN or infinity in the triangle; in B they pass on.
 */
export function triangularSolve(
  T: Tensor,
  B: Tensor,
  options: { upper?: boolean; transposed?: boolean; unitDiagonal?: boolean } = {}
): Tensor {
  checkTensor(T, 'triangularSolve', 'T')
  checkTensor(B, 'triangularSolve', 'B')
  checkOptions('triangularSolve', options, ['upper', 'transposed', 'unitDiagonal'])
  const { upper = false, transposed = false, unitDiagonal = false } = options
  checkFlags('triangularSolve', { upper, transposed, unitDiagonal })
  return withColumns(B, b => apply(triangularSolveOp, [T, b], { lower: !upper, transposed, unitDiagonal }))
}
