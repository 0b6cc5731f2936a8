import { ShapeError } from '../../core/errors.js'
import type { Site } from '../../core/op.js'
import { axesFromEnd, fromEnd, type Shape, show, size } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'

/**
 * Complex tensors are real tensors whose last axis, the pair axis, holds (re, im): n complex numbers are [n, 2]. Every
 * rule of this library then holds as it stands: derivatives, cotangents and targets are those of the two real parts,
 *
 *     ⟨a, b⟩ = Re Σ conj(a) b
 *
 * so the adjoint of a complex matrix is its conjugate transpose, and the cotangent of y = f(z), f holomorphic, goes back
 * as conj(f'(z)) ct. Axes of complex tensors are counted without the pair axis: -1 is the last axis of complex numbers.
 */

/** The shape of the complex numbers: without the pair axis. */
export const numbersOf = (s: Shape): Shape => s.slice(0, -1)

/** Throws unless `z` is a tensor whose last axis has length 2. */
export function checkComplex(z: unknown, asked: string, role = 'its input'): asserts z is Tensor {
  checkTensor(z, asked, role)
  checkPairs(z.shape, asked, role)
}

/** Throws unless the last axis has length 2. */
export function checkPairs(s: Shape, asked: string, role = 'its input'): void {
  if (s.length === 0 || s[s.length - 1] !== 2)
    throw new ShapeError(
      asked,
      `${role} of shape ${show(s)} holds no complex numbers`,
      'Give pairs (re, im) along a last axis of length 2: complex(re, im) makes them'
    )
}

/** Throws where an axis has no entries: there is nothing to transform. */
export function checkLengths(s: Shape, axes: readonly number[], asked: string): void {
  for (const a of axes)
    if (!(s[s.length + a] >= 1))
      throw new ShapeError(
        asked,
        `length ${s[s.length + a]} along axis ${a}`,
        'An axis to be transformed has at least one entry'
      )
}

/** One axis from the end, and several, of complex numbers of this shape. */
export const axisOf = (axis: number, numbers: Shape, asked: string): number => fromEnd(axis, numbers.length, asked)
export const axesOf = (axes: number | readonly number[] | undefined, numbers: Shape, asked: string): number[] =>
  axesFromEnd(axes, numbers.length, asked)

/** How many numbers lie before an axis, along it, and behind it. */
export function around(numbers: Shape, axis: number): { outer: number; n: number; inner: number } {
  const a = numbers.length + axis
  return { outer: size(numbers.slice(0, a)), n: numbers[a], inner: size(numbers.slice(a + 1)) }
}

/** Samples are apart where the transformed axes, given by the first of them, lie behind axis 0 of the numbers. */
export const carryBehind = (rank: number, first: number): readonly boolean[] | undefined =>
  rank + first > 0 ? [true] : undefined

/** Of an operator on complex numbers one by one: the sample axis lies in front of the pair axis. */
export const carryPairs = ({ inputs, out }: Site): readonly boolean[] | undefined =>
  out.rank > 1 ? inputs.map(z => z.rank === out.rank && z.shape[0] === out.shape[0]) : undefined

/** A last axis of length 1, along which a real factor meets both parts of a complex number. */
export const overPairs = (t: Tensor): Tensor => reshape(t, [...t.shape, 1])
