import { pointwise, reduceSum as reduceSumOnGpu, stretched } from '../../core/backends/gpu/kernels.js'
import { reduceSum } from '../../core/backends/plain/reduce.js'
import { ShapeError } from '../../core/errors.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp, type Op, type Site, type Tex, type View } from '../../core/op.js'
import { type Shape, sameShape, show } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { sum } from '../../core/structural/sum.js'
import { mapData, Tensor, tensor } from '../../core/tensor.js'
import { neg } from '../elementwise/neg.js'

export interface DifferenceLoss {
  name: string
  doc: string
  tex?: Tex
  /** Inputs y and y* at which the loss is near the ends of the range. */
  extremes: readonly (readonly number[][])[]
  /** ℓ of one difference. */
  term(difference: number): number
  /** The same for a GPU, of the difference `d`. */
  gpu: string
  /** ℓ'(y - y*), written with operators, or a constant where its own derivative is zero. */
  slope(y: Tensor, target: Tensor): Tensor
  noInverse: string
}

/**
 * The family L_b(y, y*) = Σ_k ℓ(y_bk - y*_bk), `[B, ...]` and `[B, ...]` to `[B]`, with ℓ least at 0. Its step in y goes
 * towards y*, Δy = η (y* - y): Newton's where ℓ'' = 1, and to the minimum where there is no curvature.
 */
export function differenceLoss({
  name,
  doc,
  tex,
  extremes,
  term,
  gpu,
  slope,
  noInverse
}: DifferenceLoss): Op<undefined> {
  return defineOp({
    name,
    doc,
    tex,
    outShape: shapes => lossShape(name, shapes),
    forward: ([y, target]) => perSample(y, target, term),
    device: ([y, target], _, shape) => {
      const operands = [stretched(y, y.shape), stretched(target, y.shape)]
      const terms = pointwise(y.shape, operands, ['a', 'b'], `const d = a - b; return ${gpu};`)
      return reduceSumOnGpu(
        terms,
        y.shape.map((_, k) => k === 0),
        shape
      )
    },
    jvp: ([dy, dt], v) => {
      const axes = v.x[0].shape.map((_, k) => k).slice(1)
      const s = slope(v.x[0], v.x[1])
      const along = (t: Tensor) => sum(mul(s, t), axes)
      return both(dy && along(dy), dt && neg(along(dt)))
    },
    vjp: (ct, v) => {
      const g = mul(spreadCt(ct, v), slope(v.x[0], v.x[1]))
      return [v.wants(0) ? v.fold(g, 0) : null, v.wants(1) ? neg(v.fold(g, 1)) : null]
    },
    carry: carryBoth,
    noInverse,
    newtonStep: ({ inputs: [y, target] }, eta) => ({
      value: mapData(y, (v, i) => v + eta * (target.data[i] - v)),
      weight: null
    }),
    examples: r => [
      { inputs: [r.normal([3, 2]), r.normal([3, 2])] },
      { inputs: [r.normal([2, 2, 2]), r.normal([2, 2, 2])] },
      { inputs: [r.normal([2]), r.normal([2])] },
      { inputs: [r.normal([2, 1]), r.normal([2, 1])], note: 'size-1 axis' },
      { inputs: [r.normal([0, 2]), r.normal([0, 2])], note: 'no samples' },
      { inputs: [r.normal([2, 0]), r.normal([2, 0])], note: 'empty axis' },
      { inputs: [tensor([[1, 2]]), tensor([[1, 3]])], smooth: false, note: 'equal entries' },
      { inputs: extremes.map(v => tensor(v)), extreme: true }
    ]
  })
}

function lossShape(name: string, [y, target]: readonly Shape[]): Shape {
  if (!sameShape(y, target))
    throw new ShapeError(
      `${name} of ${show(y)} against ${show(target)}`,
      'the shapes differ',
      'A loss compares entry by entry; expand the target'
    )
  if (y.length === 0)
    throw new ShapeError(`${name} of a scalar`, 'no sample axis', 'Give [B, ...]; a single value is a batch of one')
  return [y[0]]
}

/** Σ over all axes but the first of f(y - y*). */
function perSample(y: Tensor, target: Tensor, f: (difference: number) => number): Tensor {
  const terms = allocUnset(y.size, y.dtype)
  for (let i = 0; i < terms.length; i++) terms[i] = f(y.data[i] - target.data[i])
  const out = allocUnset(y.shape[0], y.dtype)
  const n = y.size / Math.max(1, y.shape[0])
  reduceSum(terms, out, [y.shape[0], n], [true, false])
  return new Tensor([y.shape[0]], out)
}

/** ct of `[..., B]` with axes of length 1 for the rest of y, so that it multiplies y. */
const spreadCt = (ct: Tensor, v: View): Tensor => reshape(ct, [...ct.shape, ...Array<number>(v.x[0].rank - 1).fill(1)])

/** Axis 0 of y and of y* is the sample axis of L. */
const carryBoth = ({ inputs: [y, t] }: Site): readonly boolean[] => [y.rank > 0, t.rank > 0]
