import type { Tensor } from '../core/tensor.js'
import { slice } from '../ops/shape/slice.js'

/** Up to here the controls are read one by one. */
const FEW = 32

/**
 * The n entries of u along an axis, each with length 1 there. Of many, by halves: the cotangent of a slice is as long as what
 * it was cut from, so that n slices of all of u would cost n² numbers in the reverse sweep; halves cost n log n.
 */
export function pieces(u: Tensor, axis: number, n: number): Tensor[] {
  if (n <= FEW) return Array.from({ length: n }, (_, t) => slice(u, axis, t, t + 1))
  const half = n >> 1
  return [...pieces(slice(u, axis, 0, half), axis, half), ...pieces(slice(u, axis, half, n), axis, n - half)]
}
