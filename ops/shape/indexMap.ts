import { indexMatrix } from '../../core/backends/plain/sparseAlong.js'
import { type AlongAxisAttrs, alongAxis } from '../../core/families/alongAxis.js'
import type { Example, Op } from '../../core/op.js'
import type { Random } from '../../core/random.js'

/** An index list of n entries; several times faster than Int32Array.from. */
export function indexList(n: number, at: (i: number) => number): Int32Array {
  const index = new Int32Array(n)
  for (let i = 0; i < n; i++) index[i] = at(i)
  return index
}

export interface IndexMap<A extends AlongAxisAttrs> {
  name: string
  /** The formula; the lines about its rules are those of the family. */
  doc: string
  y: string
  /** For an axis of this length, which entry each entry of y copies; throws ShapeError where the length does not do. */
  index(length: number, attrs: A): ArrayLike<number>
  examples(random: Random): readonly Example<A>[]
}

/**
 * The family y_i = x_{index[i]} along one axis: entries moved, dropped or copied. The matrix of its parent, `alongAxis`,
 * has one 1 in each row.
 */
export const indexMap = <A extends AlongAxisAttrs>({ name, doc, y, index, examples }: IndexMap<A>): Op<A> =>
  alongAxis<A>({
    name,
    doc: `${doc}
  tangent  dy = the same entries of dx
  adjoint  each ct added to the entry that was copied
  inverse  ỹ goes back to the entries that were copied: the weighted mean where there are several copies, no claim
           (weight 0) where there is none
  cost     one pass over y`,
    tex: {
      y: `${y} = (M x)_i`,
      tangent: String.raw`dy = M\,dx`,
      adjoint: String.raw`\bar x = M^\top \bar y`,
      inverse: String.raw`\tilde x = \frac{M^\top (w \odot \tilde y)}{M^\top w}`
    },
    kind: 'structural',
    matrix: (length, attrs) => indexMatrix(index(length, attrs), length),
    examples
  })
