import { DTypeError, ShapeError } from './errors.js'
import type { Data } from './memory.js'
import { describe } from './options.js'
import type { Shape } from './shape.js'

/** Numbers in nested arrays, a row for each index of the first axis. */
export type Nested = number | readonly Nested[]

/** The shape that nested arrays have if they are not ragged, which `fill` sees: the lengths of the first rows. */
export function nestedShape(value: Nested): number[] {
  const shape: number[] = []
  let v: unknown = value
  const above = new Set<unknown>()
  while (Array.isArray(v)) {
    if (above.has(v))
      throw new ShapeError('a tensor from nested arrays', 'an array that holds itself', 'Give numbers in nested arrays')
    above.add(v)
    shape.push(v.length)
    if (v.length === 0) break
    v = v[0]
  }
  return shape
}

/**
 * Copies nested arrays of that shape into `data`, from entry `at` on; returns the next free position.
 * Throws ShapeError for ragged input, DTypeError for entries that are not numbers.
 */
export function fill(value: unknown, shape: Shape, data: Data, axis = 0, at = 0): number {
  if (axis === shape.length) {
    if (typeof value !== 'number') {
      if (Array.isArray(value))
        throw new ShapeError(
          'a tensor from nested arrays',
          `ragged input: an array at depth ${axis} where others hold numbers`,
          'All rows along an axis must have the same length and depth'
        )
      throw new DTypeError(
        'a tensor from nested arrays',
        `${describe(value)} among the entries`,
        'Entries must be numbers'
      )
    }
    data[at] = value
    return at + 1
  }
  if (!Array.isArray(value) || value.length !== shape[axis])
    throw new ShapeError(
      'a tensor from nested arrays',
      `ragged input: ${Array.isArray(value) ? `a row of length ${value.length}` : describe(value)} along axis ${axis}, where the first row has length ${shape[axis]}`,
      'All rows along an axis must have the same length and depth'
    )
  for (const v of value) at = fill(v, shape, data, axis + 1, at)
  return at
}

/** The same back: row-major entries as nested arrays, a number for the shape of a scalar. */
export function nest(data: Data, shape: Shape): Nested {
  const build = (axis: number, offset: number, stride: number): Nested => {
    if (axis === shape.length) return data[offset]
    const inner = shape[axis] === 0 ? 0 : stride / shape[axis]
    return Array.from({ length: shape[axis] }, (_, i) => build(axis + 1, offset + i * inner, inner))
  }
  return build(0, 0, data.length)
}
