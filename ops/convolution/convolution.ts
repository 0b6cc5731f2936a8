import { apply } from '../../core/apply.js'
import * as gpu from '../../core/backends/gpu/convolution.js'
import * as kernels from '../../core/backends/kernels.js'
import { ShapeError } from '../../core/errors.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp, type Op, type Site, type View } from '../../core/op.js'
import { broadcastShapes, type Shape, sameShape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { reshape } from '../../core/structural/reshape.js'
import { Tensor } from '../../core/tensor.js'
import { convExamples, exampleOf } from './examples.js'
import { type ConvAttrs, each, geometry, leads, outSize, part, sizeOfLast } from './geometry.js'

export interface ConvWeightAttrs extends ConvAttrs {
  /** Sum over all leading axes, in the kernel, instead of a weight for each of them. */
  readonly total: boolean
}

/** The three operators of convolution over n spatial axes. */
export interface Convolution {
  readonly n: number
  readonly conv: Op<ConvAttrs>
  readonly input: Op<ConvAttrs>
  readonly weight: Op<ConvWeightAttrs>
}

const noInverse = 'in general neither square nor of full rank; the newton rung solves it'

/**
 * Convolution (cross-correlation), conv(x, w) = y, is bilinear, and so are its two adjoints; with
 *
 *     ⟨ct, conv(x, w)⟩ = ⟨convInput(ct, w), x⟩ = ⟨convWeight(x, ct), w⟩
 *
 * each derivative of one of the three is another of the three: a closed family. All act on the last axes, x [..., C,
 * *size], w [..., O, C/groups, *kernel], y [..., O, *outSize], and broadcast their leading axes, the weights' too: a
 * weight per sample is what second derivatives and rows need. `v.fold` sums over the samples where a weight is shared.
 */
export function convolution(n: number): Convolution {
  // The axes that are an operand's own: channels and space; of a weight, output channels in front of them.
  const own = n + 1
  const ofWeight = n + 2
  const name = `conv${n}d`
  const [q, t] = [['Z', 'Y', 'X'].slice(-n), ['h', 'i', 'j'].slice(-n)]
  const shifted = q.map((Y, d) => `${Y} s + ${t[d]} d - p`).join(', ')
  const examples = convExamples(n)

  const conv: Op<ConvAttrs> = defineOp<ConvAttrs>({
    name,
    doc: `y[o, ${q.join(', ')}] = Σ w[o, c, ${t.join(', ')}] x[c, ${shifted}], zeros outside; stride s, dilation d,
  padding p along each axis; c in the group of o where channels are in groups
  tangent  dy = ${name}(dx, w) + ${name}(x, dw)
  adjoint  ${name}Input(ct, w) to x, ${name}Weight(x, ct) to w
  inverse  none of its own: in general neither square nor of full rank; the ladder solves it
  cost     2 flops for each product of an output entry with a tap: 2 C/groups Π kernel per output entry, as a packed
           matrix product`,
    tex: {
      y: String.raw`y_{o,q} = \sum_{c,t} w_{o,c,t}\, x_{c,\,s q + d t - p}`,
      tangent: 'dy = dx * w + x * dw',
      adjoint: String.raw`\bar x_{c,r} = \sum_{s q + d t - p = r} w_{o,c,t}\, \bar y_{o,q},\quad
\bar w_{o,c,t} = \sum_q \bar y_{o,q}\, x_{c,\,s q + d t - p}`
    },
    outShape: ([x, w], a) => {
      checkConv(n, x, w, a)
      const front = broadcastShapes(x.slice(0, -own), w.slice(0, -ofWeight), `${name}, leading axes`)
      return [...front, w[w.length - ofWeight], ...outSize(a)]
    },
    forward: ([x, w], a, shape) => run(kernels.conv, x, w, a, shape),
    device: ([x, w], a, shape) => gpu.conv(x, w, a, shape),
    jvp: ([dx, dw], v) => both(dx && apply(conv, [dx, v.x[1]], v.attrs), dw && apply(conv, [v.x[0], dw], v.attrs)),
    vjp: (ct, v) => [
      v.wants(0) ? v.fold(apply(input, [ct, v.x[1]], v.attrs), 0) : null,
      v.wants(1) ? weightOf(v.x[0], ct, v, 1) : null
    ],
    carry,
    noInverse,
    examples: r => examples.map(e => exampleOf(r, [e.x, e.w], e, e.attrs))
  })

  const input: Op<ConvAttrs> = defineOp<ConvAttrs>({
    name: `${name}Input`,
    doc: `dx = the adjoint of ${name} in x, applied to ct: a transposed convolution
  tangent  dy = ${name}Input(dct, w) + ${name}Input(ct, dw)
  adjoint  ${name}(g, w) to ct, ${name}Weight(g, ct) to w
  inverse  none of its own, as ${name}
  cost     as ${name}: one product for each remainder of a pixel against the stride`,
    tex: {
      y: String.raw`y_{c,r} = \sum_{s q + d t - p = r} w_{o,c,t}\, x_{o,q}`,
      tangent: String.raw`dy_{c,r} = \sum_{s q + d t - p = r} (dw_{o,c,t}\, x_{o,q} + w_{o,c,t}\, dx_{o,q})`,
      adjoint: String.raw`\bar x_{o,q} = \sum_{c,t} w_{o,c,t}\, \bar y_{c,\,s q + d t - p}`
    },
    outShape: ([ct, w], a) => {
      const y = [w[w.length - ofWeight], ...outSize(a)]
      if (!sameShape(ct.slice(-own), y))
        throw new ShapeError(
          `${name}Input of ${show(ct)} and ${show(w)}`,
          `the output of that convolution is ${show(y)}`,
          'Give a cotangent of the shape of the output'
        )
      const front = broadcastShapes(ct.slice(0, -own), w.slice(0, -ofWeight), `${name}Input, leading axes`)
      return [...front, w[w.length - own] * a.groups, ...a.size]
    },
    forward: ([ct, w], a, shape) => run(kernels.convInput, ct, w, a, shape),
    device: ([ct, w], a, shape) => gpu.convInput(ct, w, a, shape),
    jvp: ([dct, dw], v) => both(dct && apply(input, [dct, v.x[1]], v.attrs), dw && apply(input, [v.x[0], dw], v.attrs)),
    vjp: (g, v) => [
      v.wants(0) ? v.fold(apply(conv, [g, v.x[1]], v.attrs), 0) : null,
      v.wants(1) ? weightOf(g, v.x[0], v, 1) : null
    ],
    carry,
    noInverse,
    examples: r => examples.map(e => exampleOf(r, [e.y, e.w], e, e.attrs))
  })

  const weight: Op<ConvWeightAttrs> = defineOp<ConvWeightAttrs>({
    name: `${name}Weight`,
    doc: `dw = the adjoint of ${name} in w, applied to ct: a weight for each sample, or their sum
  tangent  dy = ${name}Weight(dx, ct) + ${name}Weight(x, dct)
  adjoint  ${name}Input(ct, g) to x, ${name}(x, g) to ct
  inverse  none of its own, as ${name}
  cost     as ${name}`,
    tex: {
      y: String.raw`y_{o,c,t} = \sum_q z_{o,q}\, x_{c,\,s q + d t - p}`,
      tangent: String.raw`dy_{o,c,t} = \sum_q (z_{o,q}\, dx_{c,\,s q + d t - p} + dz_{o,q}\, x_{c,\,s q + d t - p})`,
      adjoint: String.raw`\bar x_{c,r} = \sum_{s q + d t - p = r} \bar y_{o,c,t}\, z_{o,q}`
    },
    outShape: ([x, ct], a) => {
      if (!sameShape(ct.slice(-n), outSize(a)) || !sameShape(x.slice(-n), a.size))
        throw new ShapeError(
          `${name}Weight of ${show(x)} and ${show(ct)}`,
          `the convolution maps ${show(a.size)} to ${show(outSize(a))}`,
          'Give an input and a cotangent of one convolution'
        )
      const one = [ct[ct.length - own], x[x.length - own] / a.groups, ...a.kernel]
      const front = broadcastShapes(x.slice(0, -own), ct.slice(0, -own), `${name}Weight, leading axes`)
      return a.total ? one : [...front, ...one]
    },
    forward: ([x, ct], a, shape) => new Tensor(shape, weights(x, ct, a, shape)),
    device: ([x, ct], a, shape) => gpu.convWeight(x, ct, a, a.total, shape),
    jvp: ([dx, dct], v) =>
      both(dx && apply(weight, [dx, v.x[1]], v.attrs), dct && apply(weight, [v.x[0], dct], v.attrs)),
    vjp: (g, v) => {
      // A summed weight has no axes where the samples were: they come back with length 1, behind the rows.
      const samples = Math.max(v.x[0].rank, v.x[1].rank) - own
      const front = [...leads(g, ofWeight), ...Array<number>(samples).fill(1)]
      const w = v.attrs.total ? reshape(g, [...front, ...g.shape.slice(-ofWeight)]) : g
      return [
        v.wants(0) ? v.fold(apply(input, [v.x[1], w], v.attrs), 0) : null,
        v.wants(1) ? v.fold(apply(conv, [v.x[0], w], v.attrs), 1) : null
      ]
    },
    carry: ({ inputs: [x, ct], out, attrs }) => {
      if (attrs.total || out.rank === ofWeight) return undefined
      const has = (z: Tensor) => z.rank > own && z.rank + 1 === out.rank && z.shape[0] === out.shape[0]
      return [has(x), has(ct)]
    },
    noInverse,
    examples: r =>
      examples.flatMap(e =>
        (e.shared ? [true, false] : [false]).map(total => exampleOf(r, [e.x, e.y], e, { ...e.attrs, total }))
      )
  })

  /** conv and input: where one weight is shared, all leading axes are one batch. */
  function run(kernel: typeof kernels.conv, x: Tensor, w: Tensor, a: ConvAttrs, shape: Shape): Tensor {
    const y = allocUnset(size(shape), x.dtype)
    const [C, O] = [w.shape[w.rank - own] * a.groups, w.shape[w.rank - ofWeight]]
    if (w.rank === ofWeight) kernel(x.data, w.data, y, geometry(a, size(leads(x, own)), C, O))
    else {
      const g = geometry(a, 1, C, O)
      const [nx, nw, ny] = [sizeOfLast(x, own), sizeOfLast(w, ofWeight), size(shape.slice(-own))]
      each(leads(x, own), leads(w, ofWeight), shape.slice(0, -own), (i, j, k) => {
        kernel(part(x.data, i, nx), part(w.data, j, nw), part(y, k, ny), g)
      })
    }
    return new Tensor(shape, y)
  }

  function weights(x: Tensor, ct: Tensor, a: ConvWeightAttrs, shape: Shape) {
    const dw = allocUnset(size(shape), x.dtype)
    const [C, O] = [x.shape[x.rank - own], ct.shape[ct.rank - own]]
    const [lx, lc] = [leads(x, own), leads(ct, own)]
    const g = geometry(a, size(lx), C, O)
    if (a.total) kernels.convWeight(x.data, ct.data, dw, g)
    else if (sameShape(lx, lc.slice(lc.length - lx.length)))
      kernels.convWeightPerSample(x.data, ct.data, dw, g, size(lc.slice(0, lc.length - lx.length)))
    else {
      const one = geometry(a, 1, C, O)
      const [nx, nc, nw] = [sizeOfLast(x, own), sizeOfLast(ct, own), size(shape.slice(-ofWeight))]
      each(lx, lc, shape.slice(0, -ofWeight), (i, j, k) => {
        kernels.convWeight(part(x.data, i, nx), part(ct.data, j, nc), part(dw, k, nw), one)
      })
    }
    return dw
  }

  /** The cotangent of a weight: summed in the kernel where nobody needs it per sample. */
  function weightOf(x: Tensor, ct: Tensor, v: View<ConvAttrs>, i: number): Tensor {
    const shared = v.lead === 0 && v.x[i].rank === ofWeight && sameShape(leads(x, own), leads(ct, own))
    const dw = apply(weight, [x, ct], { ...v.attrs, total: shared })
    return shared ? dw : v.fold(dw, i)
  }

  /** A single image [O, ...] has no sample axis: its axis 0 is the channels. */
  function carry({ inputs: [x, w], out }: Site): readonly boolean[] | undefined {
    if (out.rank <= own) return undefined
    return [x.rank === out.rank && x.shape[0] === out.shape[0], w.rank === out.rank + 1 && w.shape[0] === out.shape[0]]
  }

  return { n, conv, input, weight }
}

/** Throws unless x and w make a convolution over n axes. */
export function checkConv(n: number, x: Shape, w: Shape, a: ConvAttrs): void {
  const asked = `conv${n}d of ${show(x)} with weights ${show(w)}`
  checkRanks(asked, n, x, w)
  const [C, O] = [x[x.length - n - 1], w[w.length - n - 2]]
  if (C !== w[w.length - n - 1] * a.groups || O % a.groups !== 0)
    throw new ShapeError(
      asked,
      `${C} channels of x in groups of ${w[w.length - n - 1]}, ${O} of y, for ${a.groups} group${a.groups === 1 ? '' : 's'}`,
      `Axis ${-n - 1} of w is that of x divided by the groups, and the groups divide both numbers of channels`
    )
  if (a.kernel.some(k => k < 1)) throw new ShapeError(asked, 'an empty kernel', 'Give a kernel with entries')
  if (outSize(a).some(m => m < 1))
    throw new ShapeError(asked, 'the kernel is larger than the padded image', 'Use a smaller kernel or more padding')
}

/** Throws unless both have the axes of an image and of a weight. */
export function checkRanks(asked: string, n: number, x: Shape, w: Shape): void {
  if (x.length <= n || w.length <= n + 1)
    throw new ShapeError(
      asked,
      `ranks ${x.length} and ${w.length}`,
      `Give an image [..., channels, ${n} spatial axes] and a weight with ${n + 2} axes or more`
    )
}
