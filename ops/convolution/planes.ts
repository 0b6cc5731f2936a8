import { apply } from '../../core/apply.js'
import { putPlaces, takePlaces, type Windows } from '../../core/backends/gpu/pool.js'
import { gatherPlanes, scatterPlanes } from '../../core/backends/kernels.js'
import { averageCopies, wanted } from '../../core/claim.js'
import { edgesOfLinear, withEdges } from '../../core/families/edges.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp, type Op, type Site } from '../../core/op.js'
import { type Shape, size } from '../../core/shape.js'
import { mapData, onesLike, Tensor } from '../../core/tensor.js'

/** Entries at given places of planes, the last axes: what max pooling reads, and its adjoint. */
export interface PlaneAttrs {
  /** For each entry of the small planes its place in the large plane; repeats over further leading axes. */
  readonly index: Int32Array
  readonly large: Shape
  readonly small: Shape
  /** The places as a tensor, and the windows that they are in, where a GPU found them. */
  readonly places?: Tensor
  readonly windows?: Windows
}

function take(x: Tensor, { index, large, small }: PlaneAttrs): Tensor {
  const shape = [...x.shape.slice(0, -large.length), ...small]
  const y = allocUnset(size(shape), x.dtype)
  gatherPlanes(x.data, index, y, size(shape.slice(0, -small.length)), size(large), size(small))
  return new Tensor(shape, y)
}

function put(x: Tensor, { index, large, small }: PlaneAttrs): Tensor {
  const shape = [...x.shape.slice(0, -small.length), ...large]
  const y = allocUnset(size(shape), x.dtype)
  scatterPlanes(x.data, index, y, size(shape.slice(0, -large.length)), size(large), size(small))
  return new Tensor(shape, y)
}

const carry = ({ inputs: [x], attrs }: Site<PlaneAttrs>): readonly boolean[] | undefined =>
  x.rank > attrs.large.length ? [true] : undefined

const example = (planes: number, index: readonly number[]): PlaneAttrs => ({
  index: Int32Array.from({ length: 2 * planes }, (_, i) => index[i % index.length]),
  large: [2, 3],
  small: [1, 2]
})

export const takePlanesOp: Op<PlaneAttrs> = defineOp<PlaneAttrs>({
  name: 'takePlanes',
  doc: `y = entries of x, per plane, at given places: the tangent of max pooling
  tangent  the same entries of dx
  adjoint  putPlanes(ct)
  inverse  claims go to the entries that were taken, several on one become their weighted mean; the others have none
  cost     a copy per output entry`,
  tex: {
    y: 'y_q = x_{m(q)}',
    tangent: 'dy_q = dx_{m(q)}',
    adjoint: String.raw`\bar x_j = \sum_{m(q)=j} \bar y_q`,
    inverse: String.raw`\tilde x_{m(q)} = \tilde y_q`
  },
  outShape: ([x], { large, small }) => [...x.slice(0, -large.length), ...small],
  forward: ([x], a) => take(x, a),
  device: ([x], { places, large, small }) => places && takePlaces(x, places, large, small),
  jvp: ([dx], v) => dx && apply(takePlanesOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(putPlanesOp, [ct], v.attrs)],
  carry,
  inverse: {
    kind: 'structural',
    apply: ({ inputs: [x], attrs }, claim) => [averageCopies(claim, x, t => put(t, attrs))]
  },
  examples: withEdges(
    r => [
      { inputs: [r.normal([2, 2, 3])], attrs: example(2, [1, 4, 5, 0]) },
      { inputs: [r.normal([2, 2, 3])], attrs: example(2, [3, 3, 0, 2]), note: 'one entry twice' },
      { inputs: [r.normal([2, 3])], attrs: example(1, [5, 2]), note: 'no samples' }
    ],
    edgesOfLinear
  )
})

export const putPlanesOp: Op<PlaneAttrs> = defineOp<PlaneAttrs>({
  name: 'putPlanes',
  doc: `y = entries of x, per plane, added at given places among zeros: the adjoint of max pooling
  tangent  putPlanes(dx)
  adjoint  takePlanes(ct)
  inverse  the smallest change: the difference at each place, divided among the entries added there; what is asked of
           the zeros cannot be met
  cost     an addition per input entry`,
  tex: {
    y: String.raw`y_j = \sum_{m(q)=j} x_q`,
    tangent: String.raw`dy_j = \sum_{m(q)=j} dx_q`,
    adjoint: String.raw`\bar x_q = \bar y_{m(q)}`,
    inverse: String.raw`\tilde x_q = x_q + (\tilde y - y)_{m(q)} / \#\{p : m(p) = m(q)\}`
  },
  outShape: ([x], { large, small }) => [...x.slice(0, -small.length), ...large],
  forward: ([x], a) => put(x, a),
  device: ([ct], { places, windows, large, small }) =>
    places && windows && putPlaces(ct, places, windows, large, small),
  jvp: ([dx], v) => dx && apply(putPlanesOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(takePlanesOp, [ct], v.attrs)],
  carry,
  inverse: {
    kind: 'exact',
    apply: ({ inputs: [x], out, attrs }, claim) => {
      const together = put(onesLike(x), attrs)
      const share = mapData(wanted(claim, out), (v, i) =>
        together.data[i] === 0 ? 0 : (v - out.data[i]) / together.data[i]
      )
      const change = take(share, attrs)
      return [{ value: mapData(x, (v, i) => v + change.data[i]), weight: null }]
    },
    lawless: ({ inputs: [x], attrs }) =>
      put(onesLike(x), attrs).data.includes(0) ? 'the zeros stay zero whatever is asked of them' : undefined
  },
  examples: withEdges(
    r => [
      { inputs: [r.normal([2, 1, 2])], attrs: example(2, [1, 4, 5, 0]) },
      { inputs: [r.normal([2, 1, 2])], attrs: example(2, [3, 3, 0, 2]), note: 'two on one place' },
      {
        inputs: [r.normal([2, 2])],
        attrs: { index: Int32Array.of(0, 0, 0, 0), large: [1], small: [2] },
        note: 'all places'
      },
      { inputs: [r.normal([1, 2])], attrs: example(1, [5, 2]), note: 'no samples' }
    ],
    edgesOfLinear
  )
})
