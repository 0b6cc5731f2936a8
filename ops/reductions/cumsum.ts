import { apply } from '../../core/apply.js'
import { cumulate } from '../../core/backends/plain/cumulate.js'
import { wanted } from '../../core/claim.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp, type Op } from '../../core/op.js'
import { checkFlags, checkOptions } from '../../core/options.js'
import { fromEnd, size } from '../../core/shape.js'
import { checkTensor, mapData, Tensor, tensor } from '../../core/tensor.js'

export interface CumsumOptions {
  /** Sum from the end. */
  reverse?: boolean
  /** Leave entry i itself out of sum i. */
  exclusive?: boolean
}

interface CumsumAttrs extends Required<CumsumOptions> {
  /** Counted from the end. */
  axis: number
}

/** [outer, n, inner]: the lengths before the axis, along it and behind it. */
const lengths = (x: Tensor, axis: number): readonly [number, number, number] => {
  const a = x.rank + axis
  return [size(x.shape.slice(0, a)), x.shape[a], size(x.shape.slice(a + 1))]
}

/**
 * x, changed so that its sums change by d: by d_i - d_{i-1}, i counted the way the sums run. An exclusive sum ends one
 * entry earlier, so d_{i+1} belongs to x_i: the first is 0 whatever is asked, and the last x is in no sum.
 */
function undo(x: Tensor, d: Tensor, { axis, reverse, exclusive }: CumsumAttrs): Tensor {
  const [, n, inner] = lengths(x, axis)
  const step = reverse ? -1 : 1
  return mapData(x, (v, at) => {
    const i = Math.floor(at / inner) % n
    const inside = (j: number): boolean => j >= 0 && j < n
    const change = (j: number): number => (inside(j) ? d.data[at + (j - i) * inner] : 0)
    if (!exclusive) return v + (change(i) - change(i - step))
    return inside(i + step) ? v + (change(i + step) - (inside(i - step) ? change(i) : 0)) : v
  })
}

export const cumsumOp: Op<CumsumAttrs> = defineOp<CumsumAttrs>({
  name: 'cumsum',
  doc: `y_i = Σ_{j ≤ i} x_j along an axis; reverse: j ≥ i; exclusive: without x_i itself
  tangent  dy = cumsum(dx)
  adjoint  the same sums of ct from the other end
  inverse  differences of neighbours, x̃_i = x_i + (d_i - d_{i-1}), d = ỹ - y. Exclusive: the first sum is 0 whatever is asked
           (the nearest target in reach), and the last entry, which is in no sum, stays
  cost     one flop per entry`,
  tex: {
    y: String.raw`y_i = \textstyle\sum_{j \le i} x_j`,
    tangent: String.raw`dy_i = \textstyle\sum_{j \le i} dx_j`,
    adjoint: String.raw`\bar x_i = \textstyle\sum_{j \ge i} \bar y_j`,
    inverse: String.raw`\tilde x_i = \tilde y_i - \tilde y_{i-1}`
  },
  outShape: ([s]) => s,
  forward: ([x], { axis, reverse, exclusive }) => {
    const y = allocUnset(x.size, x.dtype)
    const [outer, n, inner] = lengths(x, axis)
    cumulate(x.data, y, outer, n, inner, reverse, exclusive)
    return new Tensor(x.shape, y)
  },
  jvp: ([dx], v) => dx && apply(cumsumOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(cumsumOp, [ct], { ...v.attrs, reverse: !v.attrs.reverse })],
  carry: ({ inputs: [x], attrs: { axis } }) => (axis === -x.rank ? undefined : [true]),
  inverse: {
    kind: 'exact',
    apply: ({ inputs: [x], out, attrs }, claimed) => {
      const target = wanted(claimed, out)
      const d = mapData(target, (v, i) => v - out.data[i])
      return [{ value: undo(x, d, attrs), weight: null }]
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 4])], attrs: { axis: -1, reverse: false, exclusive: false } },
    { inputs: [r.normal([3, 2])], attrs: { axis: -2, reverse: true, exclusive: false }, note: 'reverse' },
    { inputs: [r.normal([2, 3, 2])], attrs: { axis: -2, reverse: false, exclusive: true }, note: 'exclusive' },
    { inputs: [r.normal([4])], attrs: { axis: -1, reverse: true, exclusive: true }, note: 'reverse, exclusive' },
    { inputs: [r.normal([3, 1])], attrs: { axis: -1, reverse: false, exclusive: false }, note: 'size-1 axis' },
    {
      inputs: [r.normal([3, 1])],
      attrs: { axis: -1, reverse: false, exclusive: true },
      note: 'size-1 axis, exclusive'
    },
    {
      inputs: [tensor([1e300, -3e300, 1e-300])],
      attrs: { axis: -1, reverse: false, exclusive: false },
      extreme: true,
      note: '1e±300'
    },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, reverse: false, exclusive: false }, note: 'empty axis' }
  ]
})

/**
 * Running sums along an axis (the last one by default), of the shape of x: y_i = x_0 + … + x_i. `reverse` sums from the
 * end; `exclusive` leaves x_i itself out, so that the first sum is 0.
 */
export function cumsum(x: Tensor, axis = -1, options: CumsumOptions = {}): Tensor {
  checkTensor(x, 'cumsum')
  checkOptions('cumsum', options, ['reverse', 'exclusive'])
  const { reverse = false, exclusive = false } = options
  checkFlags('cumsum', { reverse, exclusive })
  return apply(cumsumOp, [x], { axis: fromEnd(axis, x.rank, 'cumsum'), reverse, exclusive })
}
