import { apply } from '../../core/apply.js'
import * as kernels from '../../core/backends/plain/conv2d.js'
import { ShapeError } from '../../core/errors.js'
import { alloc, type Data } from '../../core/memory.js'
import { defineOp, type Op, type View } from '../../core/op.js'
import { broadcastShapes, type Shape, sameShape, show, size } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { reshape } from '../../core/structural/reshape.js'
import { Tensor } from '../../core/tensor.js'

export interface ConvAttrs {
  /** [rows, columns] */
  stride: readonly [number, number]
  padding: readonly [number, number]
  /** Height and width of x: what the adjoint cannot see in its inputs. */
  size: readonly [number, number]
  /** Height and width of w. */
  kernel: readonly [number, number]
}

/**
 * Convolution (cross-correlation), conv2d(x, w) = y, is bilinear, and so are its two adjoints; with
 *
 *     ⟨ct, conv2d(x, w)⟩ = ⟨conv2dInput(ct, w), x⟩ = ⟨conv2dWeight(x, ct), w⟩
 *
 * each derivative of one of the three is another of the three. All act on the last axes (x [..., C, H, W],
 * w [..., O, C, h, w], y [..., O, H', W']) and broadcast their leading axes, the weights' too: a weight per sample is what
 * second derivatives and rows need. `v.fold` sums over the samples where a weight is shared.
 */
type Leads = readonly number[]
const leads = (t: { shape: Shape }, own: number): Leads => t.shape.slice(0, -own)
const lastOf = (t: Tensor, own: number): Shape => t.shape.slice(-own)

function geometry(a: ConvAttrs, batch: number, inChannels: number, outChannels: number): kernels.Conv2dGeometry {
  return {
    batch,
    inChannels,
    height: a.size[0],
    width: a.size[1],
    outChannels,
    kernelHeight: a.kernel[0],
    kernelWidth: a.kernel[1],
    strideH: a.stride[0],
    strideW: a.stride[1],
    padH: a.padding[0],
    padW: a.padding[1]
  }
}

const outSize = (a: ConvAttrs): [number, number] => kernels.conv2dOutputSize(geometry(a, 1, 1, 1))

/** Runs `f` for every position of broadcast leading axes: offsets into two inputs and the output, in their own units. */
function each(la: Leads, lb: Leads, out: Leads, f: (a: number, b: number, y: number) => void): void {
  const n = size(out)
  for (let p = 0; p < n; p++) f(position(p, out, la), position(p, out, lb), p)
}

function position(p: number, out: Leads, own: Leads): number {
  let at = 0
  let step = 1
  for (let d = 1; d <= out.length; d++) {
    const i = p % out[out.length - d]
    p = (p - i) / out[out.length - d]
    if (d > own.length) continue
    if (own[own.length - d] !== 1) at += i * step
    step *= own[own.length - d]
  }
  return at
}

const part = (data: Data, i: number, n: number): Data => data.subarray(i * n, (i + 1) * n)

export const conv2dOp: Op<ConvAttrs> = defineOp<ConvAttrs>({
  name: 'conv2d',
  doc: `y[o, Y, X] = Σ w[o, c, i, j] x[c, Y s + i - p, X s + j - p], zeros outside; stride s, padding p
  tangent  dy = conv2d(dx, w) + conv2d(x, dw)
  adjoint  conv2dInput(ct, w) to x, conv2dWeight(x, ct) to w
  inverse  none of its own: in general neither square nor of full rank; the ladder solves it
  cost     2 O C h w H' W' flops per sample, as a packed matrix product`,
  outShape: ([x, w], a) => {
    checkConv(x, w, a)
    return [...broadcastShapes(x.slice(0, -3), w.slice(0, -4), 'conv2d, leading axes'), w[w.length - 4], ...outSize(a)]
  },
  forward: ([x, w], a, shape) => {
    const y = alloc(size(shape), x.dtype)
    const [C, O] = [x.shape[x.rank - 3], w.shape[w.rank - 4]]
    if (w.rank === 4) kernels.conv2d(x.data, w.data, y, geometry(a, size(leads(x, 3)), C, O))
    else {
      const g = geometry(a, 1, C, O)
      const [nx, nw, ny] = [size(lastOf(x, 3)), size(lastOf(w, 4)), size(shape.slice(-3))]
      each(leads(x, 3), leads(w, 4), shape.slice(0, -3), (i, j, k) => {
        kernels.conv2d(part(x.data, i, nx), part(w.data, j, nw), part(y, k, ny), g)
      })
    }
    return new Tensor(shape, y)
  },
  jvp: ([dx, dw], v) => {
    const p = dx && apply(conv2dOp, [dx, v.x[1]], v.attrs)
    const q = dw && apply(conv2dOp, [v.x[0], dw], v.attrs)
    return p && q ? add(p, q) : (p ?? q)
  },
  vjp: (ct, v) => [
    v.wants(0) ? v.fold(apply(conv2dInputOp, [ct, v.x[1]], v.attrs), 0) : null,
    v.wants(1) ? weightOf(v.x[0], ct, v, 1) : null
  ],
  // A single image [O, H', W'] has no sample axis: its axis 0 is the channels.
  carry: ({ inputs: [x, w], out }) =>
    out.rank > 3
      ? [
          x.rank > 3 && x.rank === out.rank && x.shape[0] === out.shape[0],
          w.rank > 4 && w.rank === out.rank + 1 && w.shape[0] === out.shape[0]
        ]
      : undefined,
  noInverse: 'in general neither square nor of full rank; the newton rung solves it',
  examples: r => [
    { inputs: [r.normal([2, 2, 4, 3]), r.normal([3, 2, 3, 3])], attrs: conv(1, 1, [4, 3], [3, 3]) },
    { inputs: [r.normal([2, 1, 5, 4]), r.normal([2, 1, 2, 3])], attrs: conv(2, 1, [5, 4], [2, 3]), note: 'stride 2' },
    {
      inputs: [r.normal([2, 3, 3]), r.normal([1, 2, 1, 1])],
      attrs: conv(1, 0, [3, 3], [1, 1]),
      note: 'one sample, 1×1'
    },
    {
      inputs: [r.normal([2, 1, 3, 3]), r.normal([2, 1, 1, 2, 2])],
      attrs: conv(1, 0, [3, 3], [2, 2]),
      note: 'a weight per sample'
    },
    { inputs: [r.normal([0, 1, 3, 3]), r.normal([1, 1, 3, 3])], attrs: conv(1, 1, [3, 3], [3, 3]), note: 'empty batch' }
  ]
})

export const conv2dInputOp: Op<ConvAttrs> = defineOp<ConvAttrs>({
  name: 'conv2dInput',
  doc: `dx = the adjoint of conv2d in x, applied to ct (a transposed convolution)
  tangent  conv2dInput(dct, w) + conv2dInput(ct, dw)
  adjoint  conv2d(g, w) to ct, conv2dWeight(g, ct) to w`,
  outShape: ([ct, w], a) => {
    if (!sameShape(ct.slice(-3), [w[w.length - 4], ...outSize(a)]))
      throw new ShapeError(
        `conv2dInput of ${show(ct)} and ${show(w)}`,
        `the output of that convolution is ${show([w[w.length - 4], ...outSize(a)])}`,
        'Give a cotangent of the shape of the output'
      )
    return [
      ...broadcastShapes(ct.slice(0, -3), w.slice(0, -4), 'conv2dInput, leading axes'),
      w[w.length - 3],
      ...a.size
    ]
  },
  forward: ([ct, w], a, shape) => {
    const y = alloc(size(shape), ct.dtype)
    const [C, O] = [w.shape[w.rank - 3], w.shape[w.rank - 4]]
    if (w.rank === 4) kernels.conv2dInput(ct.data, w.data, y, geometry(a, size(leads(ct, 3)), C, O))
    else {
      const g = geometry(a, 1, C, O)
      const [nc, nw, ny] = [size(lastOf(ct, 3)), size(lastOf(w, 4)), size(shape.slice(-3))]
      each(leads(ct, 3), leads(w, 4), shape.slice(0, -3), (i, j, k) => {
        kernels.conv2dInput(part(ct.data, i, nc), part(w.data, j, nw), part(y, k, ny), g)
      })
    }
    return new Tensor(shape, y)
  },
  jvp: ([dct, dw], v) => {
    const p = dct && apply(conv2dInputOp, [dct, v.x[1]], v.attrs)
    const q = dw && apply(conv2dInputOp, [v.x[0], dw], v.attrs)
    return p && q ? add(p, q) : (p ?? q)
  },
  vjp: (g, v) => [
    v.wants(0) ? v.fold(apply(conv2dOp, [g, v.x[1]], v.attrs), 0) : null,
    v.wants(1) ? weightOf(g, v.x[0], v, 1) : null
  ],
  carry: ({ inputs: [ct, w], out }) =>
    out.rank > 3
      ? [
          ct.rank > 3 && ct.rank === out.rank && ct.shape[0] === out.shape[0],
          w.rank > 4 && w.rank === out.rank + 1 && w.shape[0] === out.shape[0]
        ]
      : undefined,
  noInverse: 'in general neither square nor of full rank; the newton rung solves it',
  examples: r => [
    { inputs: [r.normal([2, 3, 4, 3]), r.normal([3, 2, 3, 3])], attrs: conv(1, 1, [4, 3], [3, 3]) },
    { inputs: [r.normal([1, 2, 3, 2]), r.normal([2, 1, 2, 3])], attrs: conv(2, 1, [5, 4], [2, 3]), note: 'stride 2' },
    { inputs: [r.normal([2, 2, 2]), r.normal([2, 1, 2, 2])], attrs: conv(1, 0, [3, 3], [2, 2]), note: 'one sample' }
  ]
})

interface ConvWeightAttrs extends ConvAttrs {
  /** Sum over all leading axes, in the kernel, instead of a weight for each of them. */
  total: boolean
}

export const conv2dWeightOp: Op<ConvWeightAttrs> = defineOp<ConvWeightAttrs>({
  name: 'conv2dWeight',
  doc: `dw = the adjoint of conv2d in w, applied to ct: a weight for each sample, or their sum
  tangent  conv2dWeight(dx, ct) + conv2dWeight(x, dct)
  adjoint  conv2dInput(ct, g) to x, conv2d(x, g) to ct`,
  outShape: ([x, ct], a) => {
    if (!sameShape(ct.slice(-2), outSize(a)) || !sameShape(x.slice(-2), a.size))
      throw new ShapeError(
        `conv2dWeight of ${show(x)} and ${show(ct)}`,
        `the convolution maps ${show(a.size)} to ${show(outSize(a))}`,
        'Give an input and a cotangent of one convolution'
      )
    const own = [ct[ct.length - 3], x[x.length - 3], ...a.kernel]
    const front = broadcastShapes(x.slice(0, -3), ct.slice(0, -3), 'conv2dWeight, leading axes')
    return a.total ? own : [...front, ...own]
  },
  forward: ([x, ct], a, shape) => {
    const dw = alloc(size(shape), x.dtype)
    const [C, O] = [x.shape[x.rank - 3], ct.shape[ct.rank - 3]]
    const [lx, lc] = [leads(x, 3), leads(ct, 3)]
    const g = geometry(a, size(lx), C, O)
    if (a.total) kernels.conv2dWeight(x.data, ct.data, dw, g)
    else if (sameShape(lx, lc.slice(lc.length - lx.length)))
      kernels.conv2dWeightPerSample(x.data, ct.data, dw, g, size(lc.slice(0, lc.length - lx.length)))
    else {
      const one = geometry(a, 1, C, O)
      const [nx, nc, nw] = [size(lastOf(x, 3)), size(lastOf(ct, 3)), size(shape.slice(-4))]
      each(lx, lc, shape.slice(0, -4), (i, j, k) => {
        kernels.conv2dWeight(part(x.data, i, nx), part(ct.data, j, nc), part(dw, k, nw), one)
      })
    }
    return new Tensor(shape, dw)
  },
  jvp: ([dx, dct], v) => {
    const p = dx && apply(conv2dWeightOp, [dx, v.x[1]], v.attrs)
    const q = dct && apply(conv2dWeightOp, [v.x[0], dct], v.attrs)
    return p && q ? add(p, q) : (p ?? q)
  },
  vjp: (g, v) => {
    // A summed weight has no axes where the samples were: they come back with length 1, behind the rows.
    const samples = Math.max(v.x[0].rank, v.x[1].rank) - 3
    const w = v.attrs.total
      ? reshape(g, [...g.shape.slice(0, -4), ...Array<number>(samples).fill(1), ...g.shape.slice(-4)])
      : g
    return [
      v.wants(0) ? v.fold(apply(conv2dInputOp, [v.x[1], w], v.attrs), 0) : null,
      v.wants(1) ? v.fold(apply(conv2dOp, [v.x[0], w], v.attrs), 1) : null
    ]
  },
  carry: ({ inputs: [x, ct], out, attrs }) => {
    if (attrs.total || out.rank === 4) return undefined
    const has = (t: Tensor) => t.rank > 3 && t.rank + 1 === out.rank && t.shape[0] === out.shape[0]
    return [has(x), has(ct)]
  },
  noInverse: 'in general neither square nor of full rank; the newton rung solves it',
  examples: r => [
    { inputs: [r.normal([2, 2, 4, 3]), r.normal([2, 3, 4, 3])], attrs: { ...conv(1, 1, [4, 3], [3, 3]), total: true } },
    {
      inputs: [r.normal([2, 1, 3, 3]), r.normal([2, 2, 2, 2])],
      attrs: { ...conv(1, 0, [3, 3], [2, 2]), total: false }
    },
    {
      inputs: [r.normal([2, 1, 3, 3]), r.normal([2, 2, 1, 2, 2])],
      attrs: { ...conv(1, 0, [3, 3], [2, 2]), total: false },
      note: 'rows in front of ct'
    },
    {
      inputs: [r.normal([2, 3, 3]), r.normal([2, 2, 2])],
      attrs: { ...conv(1, 0, [3, 3], [2, 2]), total: false },
      note: 'one sample'
    }
  ]
})

/** The cotangent of a weight: summed in the kernel where nobody needs it per sample. */
function weightOf(x: Tensor, ct: Tensor, v: View<ConvAttrs>, i: number): Tensor {
  const shared = v.lead === 0 && v.x[i].rank === 4 && sameShape(leads(x, 3), leads(ct, 3))
  const dw = apply(conv2dWeightOp, [x, ct], { ...v.attrs, total: shared })
  return shared ? dw : v.fold(dw, i)
}

function conv(
  stride: number,
  padding: number,
  size: readonly [number, number],
  kernel: readonly [number, number]
): ConvAttrs {
  return { stride: [stride, stride], padding: [padding, padding], size, kernel }
}

function checkConv(x: Shape, w: Shape, a: ConvAttrs): void {
  const asked = `conv2d of ${show(x)} with weights ${show(w)}`
  if (x.length < 3 || w.length < 4)
    throw new ShapeError(asked, `ranks ${x.length} and ${w.length}`, 'Give x [..., C, H, W] and w [O, C, h, w]')
  if (x[x.length - 3] !== w[w.length - 3])
    throw new ShapeError(
      asked,
      `${x[x.length - 3]} channels of x, weights for ${w[w.length - 3]}`,
      'Axis -3 of x and of w must be equal'
    )
  if (outSize(a).some(n => n < 1))
    throw new ShapeError(asked, 'the kernel is larger than the padded image', 'Use a smaller kernel or more padding')
}

export interface ConvOptions {
  stride?: number | readonly [number, number]
  padding?: number | readonly [number, number]
}

const pair = (v: number | readonly [number, number]): readonly [number, number] => (typeof v === 'number' ? [v, v] : v)

/** Two-dimensional convolution: x [..., C, H, W], w [O, C, h, w] → [..., O, H', W']. */
export function conv2d(x: Tensor, w: Tensor, { stride = 1, padding = 0 }: ConvOptions = {}): Tensor {
  if (x.rank < 3 || w.rank < 4) checkConv(x.shape, w.shape, conv(1, 0, [1, 1], [1, 1]))
  const [height, width] = x.shape.slice(-2)
  const [h, k] = w.shape.slice(-2)
  const [strides, paddings] = [pair(stride), pair(padding)]
  if (![...strides, ...paddings].every(Number.isInteger) || Math.min(...strides) < 1 || Math.min(...paddings) < 0)
    throw new ShapeError(
      `conv2d of ${show(x.shape)}`,
      `stride ${strides}, padding ${paddings}`,
      'Strides are whole numbers from 1, paddings from 0'
    )
  return apply(conv2dOp, [x, w], { stride: strides, padding: paddings, size: [height, width], kernel: [h, k] })
}
