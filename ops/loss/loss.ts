import { reduceSum } from '../../core/backends/plain/reduce.js'
import { ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import type { Site, View } from '../../core/op.js'
import { type Shape, sameShape, show } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { Tensor } from '../../core/tensor.js'

/** What the losses L_b(y, y*) = Σ_k ℓ(y_bk - y*_bk) share: `[B, ...]` and `[B, ...]` to `[B]`. */

export function lossShape(name: string, [y, target]: readonly Shape[]): Shape {
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
export function perSample(y: Tensor, target: Tensor, f: (difference: number) => number): Tensor {
  const terms = alloc(y.size, y.dtype)
  for (let i = 0; i < terms.length; i++) terms[i] = f(y.data[i] - target.data[i])
  const out = alloc(y.shape[0], y.dtype)
  const n = y.size / Math.max(1, y.shape[0])
  reduceSum(terms, out, [y.shape[0], n], [true, false])
  return new Tensor([y.shape[0]], out)
}

/** ct of `[..., B]` with axes of length 1 for the rest of y, so that it multiplies y. */
export const spreadCt = (ct: Tensor, v: View): Tensor =>
  reshape(ct, [...ct.shape, ...Array<number>(v.x[0].rank - 1).fill(1)])

/** Axis 0 of y and of y* is the sample axis of L. */
export const carryBoth = ({ inputs: [y, t] }: Site): readonly boolean[] => [y.rank > 0, t.rank > 0]
