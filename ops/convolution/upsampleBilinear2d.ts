import { apply } from '../../core/apply.js'
import {
  upsampleBilinear2dAdjoint as adjointKernel,
  upsampleBilinear2d as kernel
} from '../../core/backends/plain/upsample.js'
import { ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { carryInFront, defineOp, type Op } from '../../core/op.js'
import { show, size } from '../../core/shape.js'
import { checkTensor, Tensor } from '../../core/tensor.js'

interface UpsampleAttrs {
  factor: number
}

const checkPlane = (s: readonly number[], what: string): void => {
  if (s.length < 2 || s.slice(-2).some(d => d < 1))
    throw new ShapeError(`${what} of ${show(s)}`, 'no plane', 'Give [..., H, W] with H, W ≥ 1')
}

export const upsampleBilinear2dOp: Op<UpsampleAttrs> = defineOp<UpsampleAttrs>({
  name: 'upsampleBilinear2d',
  doc: `y = x at (Y + ½)/f - ½, interpolated linearly between neighbours, constant beyond the outer cell centres
  (corners not aligned)
  tangent  the same of dx
  adjoint  each ct spread over the neighbours it was read from
  inverse  none of its own: more outputs than inputs, so only least squares, which the ladder finds`,
  outShape: ([s], { factor }) => {
    checkPlane(s, 'upsampleBilinear2d')
    return [...s.slice(0, -2), ...s.slice(-2).map(d => d * factor)]
  },
  forward: ([x], { factor }, shape) => {
    const y = alloc(size(shape), x.dtype)
    const [h, w] = x.shape.slice(-2)
    kernel(x.data, y, size(shape.slice(0, -2)), h, w, factor)
    return new Tensor(shape, y)
  },
  jvp: ([dx], v) => dx && apply(upsampleBilinear2dOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(upsampleBilinear2dAdjointOp, [ct], v.attrs)],
  carry: carryInFront(2),
  noInverse: 'more outputs than inputs: only least squares, which the newton rung finds',
  examples: r => [
    { inputs: [r.normal([2, 2, 3])], attrs: { factor: 2 } },
    { inputs: [r.normal([1, 1, 2])], attrs: { factor: 3 } },
    { inputs: [r.normal([2, 1])], attrs: { factor: 1 } },
    { inputs: [r.normal([2, 3])], attrs: { factor: 2 }, note: 'one plane' }
  ]
})

export const upsampleBilinear2dAdjointOp: Op<UpsampleAttrs> = defineOp<UpsampleAttrs>({
  name: 'upsampleBilinear2dAdjoint',
  doc: `the adjoint of upsampleBilinear2d
  tangent  the same of dx
  adjoint  upsampleBilinear2d(ct)`,
  outShape: ([s], { factor }) => {
    checkPlane(s, 'upsampleBilinear2dAdjoint')
    return [...s.slice(0, -2), ...s.slice(-2).map(d => d / factor)]
  },
  forward: ([ct], { factor }, shape) => {
    const dx = alloc(size(shape), ct.dtype)
    const [h, w] = shape.slice(-2)
    adjointKernel(ct.data, dx, size(shape.slice(0, -2)), h, w, factor)
    return new Tensor(shape, dx)
  },
  jvp: ([dx], v) => dx && apply(upsampleBilinear2dAdjointOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(upsampleBilinear2dOp, [ct], v.attrs)],
  carry: carryInFront(2),
  noInverse: 'fewer outputs than inputs: entries are lost',
  examples: r => [{ inputs: [r.normal([2, 4, 2])], attrs: { factor: 2 } }]
})

/** The last two axes `factor` times as long, interpolated bilinearly (corners not aligned). */
export function upsampleBilinear2d(x: Tensor, factor: number): Tensor {
  checkTensor(x, 'upsampleBilinear2d')
  if (!Number.isInteger(factor) || factor < 1)
    throw new ShapeError(`upsampleBilinear2d of ${show(x.shape)}`, `factor ${factor}`, 'Give a whole number, 1 or more')
  return apply(upsampleBilinear2dOp, [x], { factor })
}
