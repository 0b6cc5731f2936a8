import { apply } from '../apply.js'
import { sparse as gpuSparse } from '../backends/gpu/move.js'
import { sparseAlong } from '../backends/kernels.js'
import {
  denseOf,
  indexMatrix,
  orthogonalInverse,
  type Sparse,
  sparseOf,
  transposeSparse,
  weightedMatrix
} from '../backends/plain/sparseAlong.js'
import { averageCopies, wanted } from '../claim.js'
import { ShapeError } from '../errors.js'
import { partialInverseMatrix } from '../linalg/partialInverse.js'
import { allocUnset } from '../memory.js'
import { type Claim, defineOp, type Example, type Inverse, type Op, type Site, type Tex } from '../op.js'
import type { Random } from '../random.js'
import { type Shape, size } from '../shape.js'
import { mapData, Tensor } from '../tensor.js'
import { withCost } from './cost.js'
import { edgesOfLinear, withEdges } from './edges.js'

export interface AlongAxisAttrs {
  /** Counted from the end. */
  readonly axis: number
}

export interface AlongAxis<A extends AlongAxisAttrs> {
  name: string
  doc: string
  tex?: Tex
  /**
   * structural: every row of M has at most one entry, and that is 1 (entries are copied). Claims on copies of one entry
   * become their weighted mean. exact: any M, and the inverse is the smallest change x̃ = x + M⁺ (ỹ - y).
   */
  kind: 'structural' | 'exact'
  /** The matrix for an axis of this length; throws ShapeError where the length does not do. */
  matrix(length: number, attrs: A): Sparse
  /** Points of its domain; the family adds axes in front, of length 1 and empty, and both ends of the range. */
  examples(random: Random): readonly Example<A>[]
}

/** x with another length of one axis. */
const resized = (s: Shape, axis: number, d: number): number[] => s.map((v, k) => (k === s.length + axis ? d : v))

function multiply(m: Sparse, x: Tensor, axis: number): Tensor {
  const a = x.rank + axis
  const shape = resized(x.shape, axis, m.rows)
  const y = allocUnset(size(shape), x.dtype)
  sparseAlong(m, x.data, y, size(x.shape.slice(0, a)), size(x.shape.slice(a + 1)))
  return new Tensor(shape, y)
}

const carry = ({ out, attrs }: Site<AlongAxisAttrs>): readonly boolean[] | undefined =>
  attrs.axis === -out.shape.length ? undefined : [true]

/**
 * The family y = M x along one axis, with a sparse constant matrix: entries taken, repeated, mirrored, averaged or
 * interpolated. Every operator of it is a file that says what M is; its rules follow:
 *
 *     tangent  dy = M dx        adjoint  Mᵀ ct        inverse  by `kind`
 */
export function alongAxis<A extends AlongAxisAttrs>(rules: AlongAxis<A>): Op<A> {
  // Shape, value and rules of one application ask for the same matrix, which may be as large as the tensor.
  const made = new WeakMap<A, { length: number; matrix: Sparse }>()
  const matrixFor = (length: number, attrs: A): Sparse => {
    const known = made.get(attrs)
    if (known?.length === length) return known.matrix
    const matrix = rules.matrix(length, attrs)
    made.set(attrs, { length, matrix })
    return matrix
  }
  const matrixOf = (x: Tensor, attrs: A): Sparse => matrixFor(x.shape[x.rank + attrs.axis], attrs)
  const op: Op<A> = defineOp<A>({
    name: rules.name,
    doc: withCost(
      rules.doc,
      rules.kind === 'structural'
        ? 'one pass over the entries'
        : '2 flops per entry of M, for each vector along the axis'
    ),
    tex: rules.tex,
    outShape: ([s], attrs) => resized(s, attrs.axis, matrixFor(s[s.length + attrs.axis], attrs).rows),
    forward: ([x], attrs) => multiply(matrixOf(x, attrs), x, attrs.axis),
    device: ([x], attrs, shape) => gpuSparse(matrixOf(x, attrs), x, x.rank + attrs.axis, shape),
    jvp: ([dx], v) => dx && apply(op as Op, [dx], v.attrs),
    vjp: (ct, { x, attrs }) => [
      apply(alongAxisOp, [ct], { axis: attrs.axis, matrix: transposeSparse(matrixOf(x[0], attrs)) })
    ],
    carry,
    inverse: rules.kind === 'structural' ? moving(matrixOf) : leastChange(matrixOf),
    examples: withEdges(rules.examples, edgesOfLinear)
  })
  return op
}

/** The family's own member: any matrix. It is the adjoint of all the others. */
export const alongAxisOp: Op<AlongAxisAttrs & { matrix: Sparse }> = alongAxis({
  name: 'alongAxis',
  doc: `y = M x along one axis, M [m, n] a sparse constant matrix
  tangent  dy = M dx
  adjoint  Mᵀ ct
  inverse  the smallest change x̃ = x + M⁺ (ỹ - y); least squares where the rows of M depend on each other
  cost     2 flops per entry of M, for each vector along the axis`,
  tex: {
    y: 'y = M x',
    tangent: 'dy = M\\,dx',
    adjoint: '\\bar x = M^\\top \\bar y',
    inverse: '\\tilde x = x + M^{+}(\\tilde y - y)'
  },
  kind: 'exact',
  matrix: (length, { matrix }) => {
    if (matrix.columns !== length)
      throw new ShapeError(
        'alongAxis',
        `an axis of length ${length}, where the matrix has ${matrix.columns} columns`,
        'The axis is as long as a row of the matrix'
      )
    return matrix
  },
  examples: r => [
    {
      inputs: [r.normal([2, 3])],
      attrs: {
        axis: -1,
        matrix: weightedMatrix(
          [
            [[0, 2]],
            [
              [2, 1],
              [1, -1]
            ]
          ],
          3
        )
      }
    },
    {
      inputs: [r.normal([3, 2])],
      attrs: {
        axis: -2,
        matrix: weightedMatrix(
          [
            [[0, 1]],
            [
              [1, 2],
              [2, 1]
            ]
          ],
          3
        )
      }
    },
    {
      inputs: [r.normal([2, 2])],
      attrs: {
        axis: -1,
        matrix: weightedMatrix(
          [
            [[0, 1]],
            [[1, 3]],
            [
              [0, 1],
              [1, 1]
            ]
          ],
          2
        )
      },
      note: 'more rows than columns'
    },
    { inputs: [r.normal([3, 1])], attrs: { axis: -2, matrix: indexMatrix([2, 0, 1], 3) }, note: 'a permutation' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, matrix: indexMatrix([-1, -1], 0) }, note: 'empty axis' }
  ]
})

type MatrixOf<A> = (x: Tensor, attrs: A) => Sparse

/** Claims go back to the entries that were copied. */
function moving<A extends AlongAxisAttrs>(matrixOf: MatrixOf<A>): Inverse<A> {
  return {
    kind: 'structural',
    apply: ({ inputs: [x], attrs }, claimed) => {
      const back = transposeSparse(matrixOf(x, attrs))
      return [averageCopies(claimed, x, t => multiply(back, t, attrs.axis))]
    }
  }
}

/** x̃ = x + M⁺ (ỹ - y) */
function leastChange<A extends AlongAxisAttrs>(matrixOf: MatrixOf<A>): Inverse<A> {
  const pinv = (m: Sparse): { matrix: Sparse; kept: number } => {
    const orthogonal = orthogonalInverse(m)
    if (orthogonal) return { matrix: orthogonal, kept: new Set(orthogonal.column).size }
    const { matrix, kept } = partialInverseMatrix(denseOf(m), m.rows, m.columns, { kappa: -1, truncation: 1e-13 })
    return { matrix: sparseOf(matrix, m.columns, m.rows), kept }
  }
  return {
    kind: 'exact',
    apply: ({ inputs: [x], out, attrs }, claimed): Claim[] => {
      const m = matrixOf(x, attrs)
      if (m.rows * m.columns === 0) return [{ value: x, weight: null }]
      const difference = mapData(wanted(claimed, out), (t, i) => t - out.data[i])
      const change = multiply(pinv(m).matrix, difference, attrs.axis)
      return [{ value: mapData(x, (v, i) => v + change.data[i]), weight: null }]
    },
    lawless: ({ inputs: [x], attrs }) => {
      const m = matrixOf(x, attrs)
      return m.rows > 0 && (m.columns === 0 || pinv(m).kept < m.rows)
        ? 'the rows of the matrix depend on each other: least squares'
        : undefined
    }
  }
}
