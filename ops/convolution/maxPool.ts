import { apply } from '../../core/apply.js'
import { largestPlaces, takePlaces } from '../../core/backends/gpu/pool.js'
import { maxPool as maxima } from '../../core/backends/kernels.js'
import { type PoolGeometry, poolOutputSize, setMaxima } from '../../core/backends/plain/pool.js'
import { ShapeError } from '../../core/errors.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp, type Op, type Saved } from '../../core/op.js'
import { type Shape, show, size } from '../../core/shape.js'
import { checkTensor, mapData, Tensor } from '../../core/tensor.js'
import { type PerAxis, perAxis } from './geometry.js'
import { type PlaneAttrs, putPlanesOp, takePlanesOp } from './planes.js'

/** One number for each of the pooled axes, the last ones. */
export interface PoolAttrs {
  readonly window: Shape
  readonly stride: Shape
}

const planesOf = (x: Shape, { window, stride }: PoolAttrs): PoolGeometry => ({
  size: x.slice(-window.length),
  window,
  stride
})

export const maxPoolOp: Op<PoolAttrs> = defineOp<PoolAttrs>({
  name: 'maxPool',
  doc: `y[q] = the largest x[q s + i], i < window, over the last axes: one index, window and stride s for each
  tangent  dy = dx at the place of the maximum
  adjoint  ct put at that place; at a tie, the first in row-major order
  inverse  windows side by side: of each, entries above ỹ are lowered to it, and the largest is raised to it; refused
           where windows overlap
  domain   everywhere; not differentiable at ties
  cost     a comparison for each entry of each window
  caveats  NaN counts as larger than any number`,
  tex: {
    y: String.raw`y_q = \max_{i} x_{sq+i}`,
    tangent: String.raw`dy_q = dx_{m(q)},\quad m(q) = \operatorname{argmax}_i x_{sq+i}`,
    adjoint: String.raw`\bar x_j = \sum_{m(q) = j} \bar y_q`,
    inverse: String.raw`\tilde x_j = \tilde y_q \text{ where } x_j > \tilde y_q \text{ or } j = m(q)`
  },
  outShape: ([x], a) => {
    const out = poolOutputSize(planesOf(x, a))
    if (x.length < a.window.length || out.some(d => d < 1))
      throw new ShapeError(
        `pooling of ${show(x)} with window ${show(a.window)}`,
        x.length < a.window.length ? `fewer than ${a.window.length} axes` : 'the window is larger than the image',
        'Give an image with axes as long as the window or longer'
      )
    return [...x.slice(0, -a.window.length), ...out]
  },
  forward: ([x], a, shape, saved) => {
    const y = allocUnset(size(shape), x.dtype)
    saved.index = new Int32Array(y.length)
    maxima(x.data, y, saved.index, size(x.shape.slice(0, -a.window.length)), planesOf(x.shape, a))
    return new Tensor(shape, y)
  },
  device: ([x], a, shape, saved) => {
    const small = shape.slice(-a.window.length)
    const places = largestPlaces(x, a, small)
    saved.places = places
    // Read back only where a rule works on arrays.
    Object.defineProperty(saved, 'index', { get: () => Int32Array.from(places.data) })
    return takePlaces(x, places, x.shape.slice(-a.window.length), small)
  },
  jvp: ([dx], v) => dx && apply(takePlanesOp, [dx], places(v)),
  vjp: (ct, v) => [apply(putPlanesOp, [ct], places(v))],
  carry: ({ inputs: [x], attrs }) => (x.rank > attrs.window.length ? [true] : undefined),
  inverse: {
    kind: 'local',
    apply: ({ inputs: [x], attrs, saved }, claim) => {
      if (attrs.window.some((m, d) => attrs.stride[d] < m))
        return { refuse: 'windows overlap: an entry can be the maximum of several' }
      const value = mapData(x, v => v)
      const weight = mapData(x, () => 0)
      const planes = size(x.shape.slice(0, -attrs.window.length))
      setMaxima(
        claim.value.data,
        claim.weight?.data ?? null,
        saved.index,
        value.data,
        weight.data,
        planes,
        planesOf(x.shape, attrs)
      )
      return [{ value, weight }]
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 4, 5])], attrs: { window: [2, 2], stride: [2, 2] } },
    { inputs: [r.normal([2, 1, 3, 3])], attrs: { window: [2, 2], stride: [1, 1] }, note: 'overlapping windows' },
    { inputs: [r.normal([2, 2, 6])], attrs: { window: [3], stride: [3] }, note: 'one axis' },
    { inputs: [r.normal([2, 5])], attrs: { window: [1], stride: [2] }, note: 'stride beyond the window' },
    { inputs: [r.normal([2, 2, 3, 4])], attrs: { window: [1, 3, 2], stride: [1, 3, 2] }, note: 'three axes' },
    { inputs: [r.normal([3, 1])], attrs: { window: [2, 1], stride: [1, 1] }, note: 'an axis of length 1, no samples' },
    {
      inputs: [new Tensor([2, 2], new Float64Array(4))],
      attrs: { window: [2, 2], stride: [2, 2] },
      smooth: false,
      note: 'a tie'
    },
    { inputs: [r.normal([0, 2, 2])], attrs: { window: [2, 2], stride: [2, 2] }, note: 'empty batch' },
    {
      inputs: [new Tensor([2, 2], Float64Array.of(1e300, -1e300, 1e-300, -1e-300))],
      attrs: { window: [2], stride: [2] },
      extreme: true,
      note: 'ends of the range'
    }
  ]
})

const places = (v: { x: readonly Tensor[]; y: Tensor; attrs: PoolAttrs; saved: Saved }): PlaneAttrs => ({
  get index() {
    return v.saved.index
  },
  places: v.saved.places,
  windows: v.attrs,
  large: v.x[0].shape.slice(-v.attrs.window.length),
  small: v.y.shape.slice(-v.attrs.window.length)
})

/** Window and stride for the last n axes of x, checked. */
export function poolSettings(asked: string, x: Tensor, n: number, window: PerAxis, stride: PerAxis): PoolAttrs {
  checkTensor(x, asked)
  const of = `${asked} of ${show(x.shape)}`
  const attrs = { window: perAxis(of, 'window', window, n, 1), stride: perAxis(of, 'stride', stride, n, 1) }
  maxPoolOp.outShape!([x.shape], attrs)
  return attrs
}

type Pool = (x: Tensor, window: PerAxis, stride?: PerAxis) => Tensor

const maxPool =
  (n: number): Pool =>
  (x, window, stride = window) =>
    apply(maxPoolOp, [x], poolSettings(`maxPool${n}d`, x, n, window, stride))

/**
 * The largest entry of each window of the last axis: x [..., L] → [..., ⌊(L - window) / stride⌋ + 1]. Windows lie side by
 * side by default, and entries that fill no window are left away. At a tie the first counts, in row-major order.
 * Throws ShapeError for a window larger than the axis.
 */
export const maxPool1d: Pool = maxPool(1)

/** The largest entry of each window of the last two axes; window and stride a number, or one per axis. */
export const maxPool2d: Pool = maxPool(2)

/** The largest entry of each window of the last three axes. */
export const maxPool3d: Pool = maxPool(3)
