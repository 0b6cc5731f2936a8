import { stopGradient } from '../../core/structural/identity.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { add, floor, maximum, minimum, mul, neg, sub } from '../../ops/elementwise/index.js'
import { warp } from '../../ops/sampling/index.js'
import type { Boundary } from '../grid.js'

/**
 * What the wind brings: schemes for one step of ∂u/∂t + (v·∇) u = 0. The value at a grid point is the one that was upstream,
 * `moved` cells away. Composed of operators, for simulators to build on.
 */
export type Scheme = (field: Tensor, moved: Tensor, boundary: readonly Boundary[]) => Tensor

/** The value upstream, interpolated linearly: y(j) = u(j - s). */
export const semiLagrangianStep: Scheme = (field, moved, boundary) => warp(field, neg(moved), { boundary })

/** There and back again: half of what is lost on the way is added. */
export const macCormackStep: Scheme = (field, moved, boundary) => {
  const there = semiLagrangianStep(field, moved, boundary)
  const back = warp(there, moved, { boundary })
  return add(there, mul(sub(field, back), 0.5))
}

/** The same, clamped to the range of the 2^d values between which the semi-Lagrangian step interpolates. */
export const limitedMacCormackStep: Scheme = (field, moved, boundary) => {
  const corners = cornersOf(moved, boundary.length).map(corner => warp(field, corner, { boundary }))
  const low = corners.reduce((a, b) => minimum(a, b))
  const high = corners.reduce((a, b) => maximum(a, b))
  return minimum(maximum(macCormackStep(field, moved, boundary), low), high)
}

/**
 * The displacements -s rounded down and up along each axis: 2^d whole numbers of cells, which a small change of the velocity
 * does not change.
 */
function cornersOf(moved: Tensor, d: number): Tensor[] {
  const low = floor(neg(stopGradient(moved)))
  return Array.from({ length: 2 ** d }, (_, c) => {
    const up = Float64Array.from({ length: d }, (_, axis) => (c >> axis) & 1)
    return add(low, tensor(up, { shape: [d, ...Array<number>(d).fill(1)], dtype: moved.dtype }))
  })
}
