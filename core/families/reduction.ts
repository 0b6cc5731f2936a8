import { apply } from '../apply.js'
import { mapFibres } from '../backends/plain/fibres.js'
import { stretch, wanted } from '../claim.js'
import { ShapeError } from '../errors.js'
import { alloc, allocUnset, type Data } from '../memory.js'
import { defineOp, type Example, type Inverse, type Op } from '../op.js'
import { checkFlags } from '../options.js'
import type { Random } from '../random.js'
import { axesFromEnd, type Shape, show, size } from '../shape.js'
import { mul } from '../structural/mul.js'
import { reshape } from '../structural/reshape.js'
import { carryReduce, keptShape, type ReduceAttrs, reducedShape, sum } from '../structural/sum.js'
import { checkTensor, Tensor } from '../tensor.js'

export interface Reduction<A extends ReduceAttrs = ReduceAttrs> {
  name: string
  doc: string
  /** y, ∂y/∂x_i and x̃, typeset. */
  tex?: { y: string; slope: string; inverse?: string }
  /** One number per kept index: y[kept] = f(x[kept, reduced]). */
  kernel(x: Data, y: Data, shape: Shape, keep: readonly boolean[], attrs: A): void
  /** The same on a GPU, of kernels in core/backends/gpu. */
  gpu?(x: Tensor, keep: readonly boolean[], shape: Shape, attrs: A): Tensor
  /** ∂y/∂x_i, of the shape of x, where y has its reduced axes back with length 1: written with operators. */
  slope(x: Tensor, y: Tensor, attrs: A): Tensor
  /** The number of entries without which there is no result. Default 0. */
  least?(attrs: A): number
  /**
   * Per vector x of entries that make one number y: changes x in place to the nearby one that makes `target`, or the
   * nearest in reach; NaN where there is none. Not asked where the target is y: there x stays.
   */
  inverse?: { kind: 'exact' | 'local'; at(x: Float64Array, target: number, y: number, attrs: A): void }
  noInverse?: string
  examples(random: Random): readonly Example<A>[]
}

/** Per axis of a shape: does it outlive a reduction over these axes? */
export const keptAxes = (s: Shape, axes: readonly number[]): boolean[] => s.map((_, k) => !axes.includes(k - s.length))

/**
 * The family y = f(x over axes): each number of y comes from a vector of entries of x. With the slopes s_i = ∂y/∂x_i
 *
 *     tangent  dy = Σ s_i dx_i        adjoint  s_i ct        inverse  vector by vector
 */
export function reduction<A extends ReduceAttrs = ReduceAttrs>(rules: Reduction<A>): Op<A> {
  const { name, tex, inverse } = rules
  const slope = (x: Tensor, y: Tensor, attrs: A): Tensor =>
    rules.slope(x, reshape(y, keptShape(x.shape, attrs.axes)), attrs)
  return defineOp<A>({
    name,
    doc: rules.doc,
    tex: tex && {
      y: tex.y,
      tangent: String.raw`dy = \sum_i ${tex.slope}\,dx_i`,
      adjoint: String.raw`\bar x_i = ${tex.slope}\,\bar y`,
      inverse: tex.inverse
    },
    outShape: ([s], attrs) => {
      const n = attrs.axes.reduce((p, a) => p * s[s.length + a], 1)
      const least = rules.least?.(attrs) ?? 0
      if (n < least)
        throw new ShapeError(
          `${name} of ${show(s)} over axes ${show(attrs.axes)}`,
          n === 0 ? 'no entries' : `${n} of the ${least} entries that it needs`,
          `Give at least ${least} along these axes`
        )
      return reducedShape(s, attrs)
    },
    forward: ([x], attrs, shape) => {
      const y = allocUnset(size(shape), x.dtype)
      rules.kernel(x.data, y, x.shape, keptAxes(x.shape, attrs.axes), attrs)
      return new Tensor(shape, y)
    },
    device: rules.gpu && (([x], attrs, shape) => rules.gpu!(x, keptAxes(x.shape, attrs.axes), shape, attrs)),
    jvp: ([dx], { x: [x], y, attrs }) => dx && sum(mul(dx, slope(x, y, attrs)), attrs.axes, attrs.keepDims),
    vjp: (ct, v) => {
      const { axes } = v.attrs
      return [mul(reshape(ct, keptShape(v.to(ct, 0), axes)), slope(v.x[0], v.y, v.attrs))]
    },
    carry: carryReduce,
    inverse: inverse && byVector(inverse),
    noInverse: rules.noInverse,
    examples: rules.examples
  })
}

function byVector<A extends ReduceAttrs>({ kind, at }: NonNullable<Reduction<A>['inverse']>): Inverse<A> {
  return {
    kind,
    apply: ({ inputs: [x], out, attrs }, claimed) => {
      const target = wanted(claimed, out).data
      const value = alloc(x.size, x.dtype)
      mapFibres(x.data, value, x.shape, keptAxes(x.shape, attrs.axes), (v, k) => {
        if (Number.isNaN(target[k])) v.fill(Number.NaN)
        else if (target[k] !== out.data[k]) at(v, target[k], out.data[k], attrs)
      })
      const { weight } = claimed
      const spread = weight && stretch(new Tensor(keptShape(x.shape, attrs.axes), weight.data), x.shape)
      return [{ value: new Tensor(x.shape, value), weight: spread }]
    }
  }
}

/** The user's function of a reduction: over `axes` (all by default), which keep length 1 with `keepDims`. */
export function reductionFunction(
  op: Op<ReduceAttrs>
): (x: Tensor, axes?: number | readonly number[], keepDims?: boolean) => Tensor {
  return (x, axes, keepDims = false) => {
    checkTensor(x, op.name)
    checkFlags(op.name, { keepDims })
    return apply(op, [x], { axes: axesFromEnd(axes, x.rank, op.name), keepDims })
  }
}
