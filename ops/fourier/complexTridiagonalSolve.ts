import { apply } from '../../core/apply.js'
import { factorTridiagonal, solveTridiagonal, tridiagonal } from '../../core/backends/plain/tridiagonal.js'
import { wanted } from '../../core/claim.js'
import { InverseError, ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { defineOp, type Example, type Op, type Site } from '../../core/op.js'
import type { Random } from '../../core/random.js'
import { broadcastShapes, type Shape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { unseen } from '../../core/tape.js'
import { type Data, mapData, Tensor } from '../../core/tensor.js'
import { batch, positions } from '../linear/matrices.js'
import { pad } from '../shape/pad.js'
import { slice } from '../shape/slice.js'
import { complexMul } from './complexMul.js'
import { conj } from './conj.js'
import { checkComplex, checkPairs } from './pairs.js'

const name = 'complexTridiagonalSolve'

/** All but the last, and all but the first, of complex numbers along their last axis. */
const head = (x: Tensor): Tensor => slice(x, -2, 0, x.shape[x.rank - 2] - 1)
const tail = (x: Tensor): Tensor => slice(x, -2, 1, x.shape[x.rank - 2])

/** T x, of which any diagonal may be left out. */
function product(a: Tensor | undefined, b: Tensor | undefined, c: Tensor | undefined, x: Tensor): Tensor | undefined {
  const below = a && pad(complexMul(a, head(x)), [1, 0], { axes: -2 })
  const above = c && pad(complexMul(c, tail(x)), [0, 1], { axes: -2 })
  return both(both(below, b && complexMul(b, x)), above)
}

export const complexTridiagonalSolveOp: Op<undefined> = defineOp({
  name,
  doc: `x with T x = d, T tridiagonal: a_(i-1) x_(i-1) + b_i x_i + c_i x_(i+1) = d_i, complex numbers as pairs; other axes broadcast
  tangent  dx = T⁻¹ (dd - dT x)
  adjoint  d̄ = T⁻ᴴ ct, the solve with the diagonals (c*, b*, a*); b̄_i = -d̄_i x_i*, ā_i = -d̄_(i+1) x_i*, c̄_i = -d̄_i x_(i+1)*
  inverse  exact in d: d̃ = T x̃; refused where d is shared by several systems. In the diagonals the ladder solves
  domain   T regular
  cost     about 30 n flops, with exchanges of neighbouring rows; systems with the same matrix share its elimination
  caveats  a column without a pivot is an InverseError; a T that is singular but for rounding is solved
  source   Golub and Van Loan 2013, "Matrix Computations", 4.3; LAPACK's zgtsv`,
  tex: {
    y: 'x = T^{-1} d',
    tangent: String.raw`dx = T^{-1}(dd - dT\,x)`,
    adjoint: String.raw`\bar d = T^{-H} \bar x,\ \bar T = -\bar d\,x^{H}`,
    inverse: String.raw`\tilde d = T \tilde x`
  },
  outShape: ([a, b, c, d]) => {
    for (const s of [a, b, c, d]) checkPairs(s, name)
    const lengths = [a, b, c, d].map(s => s[s.length - 2])
    const n = lengths[3]
    if (!(n >= 1) || lengths[0] !== n - 1 || lengths[1] !== n || lengths[2] !== n - 1)
      throw new ShapeError(
        name,
        `diagonals ${show(a)}, ${show(b)}, ${show(c)} with a right-hand side ${show(d)}`,
        'Give below, diagonal, above as [..., n-1, 2], [..., n, 2], [..., n-1, 2] and d [..., n, 2], n ≥ 1'
      )
    const leads = [a, b, c, d].map(batch).reduce((p, q) => broadcastShapes(p, q, `${name}, leading axes`))
    return [...leads, n, 2]
  },
  forward: (inputs, _, shape) => {
    const n = shape[shape.length - 2]
    const leads = batch(shape)
    const of = inputs.map(t => positions(batch(t.shape), leads))
    const data = inputs.map(t => t.data)
    const y = alloc(size(shape), inputs[0].dtype)
    const T = tridiagonal(n)
    const x = new Float64Array(2 * n)
    for (const systems of alike(
      of.slice(0, 3).filter((_, i) => size(batch(inputs[i].shape)) > 1),
      size(leads)
    )) {
      const [one] = systems
      copy(data[0], of[0][one] * 2 * (n - 1), T.lower, 2 * (n - 1))
      copy(data[1], of[1][one] * 2 * n, T.diagonal, 2 * n)
      copy(data[2], of[2][one] * 2 * (n - 1), T.upper, 2 * (n - 1))
      const missing = factorTridiagonal(T, n)
      if (missing >= 0)
        throw new InverseError(
          `${name} of ${show(shape)}`,
          `system ${one} is singular: column ${missing} has no pivot`,
          'Give a regular matrix'
        )
      for (const k of systems) {
        copy(data[3], of[3][k] * 2 * n, x, 2 * n)
        solveTridiagonal(T, x, n)
        y.set(x, 2 * n * k)
      }
    }
    return new Tensor(shape, y)
  },
  jvp: ([da, db, dc, dd], { x: [a, b, c], y }) => {
    const moved = product(da, db, dc, y)
    const rhs = both(dd, moved && mul(moved, -1))
    return rhs && apply(complexTridiagonalSolveOp, [a, b, c, rhs])
  },
  vjp: (ct, v) => {
    const [a, b, c] = v.x
    const d = apply(complexTridiagonalSolveOp, [conj(c), conj(b), conj(a), ct])
    const x = conj(v.y)
    const pulled = (i: number, of: () => Tensor) => (v.wants(i) ? v.fold(mul(of(), -1), i) : null)
    return [
      pulled(0, () => complexMul(tail(d), head(x))),
      pulled(1, () => complexMul(d, x)),
      pulled(2, () => complexMul(head(d), tail(x))),
      v.wants(3) ? v.fold(d, 3) : null
    ]
  },
  carry: ({ inputs, out }: Site) =>
    out.rank > 2 ? inputs.map(t => t.rank === out.rank && t.shape[0] === out.shape[0]) : undefined,
  inverse: {
    kind: 'exact',
    inputs: [3],
    apply: ({ inputs: [a, b, c, d], out }, claimed) =>
      d.size === out.size
        ? [null, null, null, { value: unseen(() => product(a, b, c, wanted(claimed, out))!), weight: null }]
        : { refuse: 'the right-hand side is shared by several systems' }
  },
  examples: r => {
    const point = (n: number, ...leads: number[]) => system(r, n, leads, leads)
    const times = (inputs: Tensor[], factor: number) => inputs.map(t => mapData(t, v => v * factor))
    return [
      { inputs: point(4, 2) },
      { inputs: point(3), note: 'one system' },
      { inputs: system(r, 3, [], [2]), note: 'shared matrix' },
      { inputs: [...system(r, 3, [2, 1], []).slice(0, 3), r.normal([3, 3, 2])], note: 'broadcast from both sides' },
      { inputs: exchanged(r), note: 'needs pivots' },
      { inputs: point(1, 2), note: 'one unknown' },
      { inputs: point(2, 0), note: 'no systems' },
      { inputs: times(point(3, 2), 1e300), note: '1e300', extreme: true },
      { inputs: times(point(3, 2), 1e-301), note: '1e-301', extreme: true }
    ]
  }
})

/** Systems 0 … count - 1 by their matrices, of which `of` says where each diagonal stands: the rows of a Jacobian share one. */
function alike(of: readonly Int32Array[], count: number): number[][] {
  let groups: number[][] = [Array.from({ length: count }, (_, k) => k)]
  for (const at of of)
    groups = groups.flatMap(group => {
      const parts = new Map<number, number[]>()
      for (const k of group) {
        const part = parts.get(at[k])
        if (part) part.push(k)
        else parts.set(at[k], [k])
      }
      return [...parts.values()]
    })
  return groups
}

/** n numbers: of few, a loop is faster than a view. */
function copy(from: Data, at: number, to: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) to[i] = from[at + i]
}

/** Regular: diagonals that outweigh their neighbours. */
function system(r: Random, n: number, ofT: Shape, ofD: Shape): Tensor[] {
  const beside = () => r.normal([...ofT, n - 1, 2], 0, 0.3)
  return [
    beside(),
    mapData(r.normal([...ofT, n, 2], 0, 0.3), (v, i) => (i % 2 ? v : v + 3)),
    beside(),
    r.normal([...ofD, n, 2])
  ]
}

/** A diagonal of nearly zeros: every row changes places. */
function exchanged(r: Random): Example['inputs'] {
  const [a, b, c, d] = system(r, 4, [2], [2])
  const large = (t: Tensor) => mapData(t, (v, i) => (i % 2 ? v : v + 2))
  return [large(a), mul(b, 0.03), large(c), d]
}

/**
 * The solutions of complex tridiagonal systems a_(i-1) x_(i-1) + b_i x_i + c_i x_(i+1) = d_i, in O(n) each:
 * below [..., n-1, 2], diagonal [..., n, 2], above [..., n-1, 2], d [..., n, 2] → x [..., n, 2]; leading axes broadcast.
 * Real systems have the second of each pair 0.
 *
 * Throws ShapeError, and InverseError where a system has no pivot left.
 */
export function complexTridiagonalSolve(below: Tensor, diagonal: Tensor, above: Tensor, d: Tensor): Tensor {
  checkComplex(below, name, 'the diagonal below')
  checkComplex(diagonal, name, 'the diagonal')
  checkComplex(above, name, 'the diagonal above')
  checkComplex(d, name, 'the right-hand side')
  return apply(complexTridiagonalSolveOp, [below, diagonal, above, d])
}
