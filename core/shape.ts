import { ShapeError } from './errors.js'
import { describe, display } from './options.js'

export type Shape = readonly number[]

/** Number of entries of a shape: the product of its axes, 1 for a scalar `[]`. */
export function size(shape: Shape): number {
  let n = 1
  for (let i = 0; i < shape.length; i++) n *= shape[i]
  return n
}

/** Equal in rank and in every axis. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** A shape as messages print it: [2, 3]; also what somebody gave for one. */
export const show = (shape: Shape): string => `[${Array.from(shape, display).join(', ')}]`

/** The shape two operands broadcast to by NumPy's rule: aligned at the right, an axis of 1 stretches. */
export function broadcastShapes(a: Shape, b: Shape, op = 'broadcast'): Shape {
  if (sameShape(a, b)) return a
  const rank = Math.max(a.length, b.length)
  const out = new Array<number>(rank)
  for (let k = 1; k <= rank; k++) {
    const p = a.length >= k ? a[a.length - k] : 1
    const q = b.length >= k ? b[b.length - k] : 1
    if (p !== q && p !== 1 && q !== 1)
      throw new ShapeError(
        `${op} of shapes ${show(a)} and ${show(b)}`,
        `axis ${-k} is ${p} in one and ${q} in the other`,
        'Axes are aligned at the right and must be equal or 1: reshape one operand'
      )
    out[rank - k] = p === 1 ? q : p
  }
  return out
}

/** An axis as the rules count it: from the end, -1 the last one, so that leading axes can be added in front. */
export function fromEnd(axis: number, rank: number, op: string): number {
  if (!Number.isInteger(axis) || axis >= rank || axis < -rank)
    throw new ShapeError(
      `${op} along axis ${display(axis)}`,
      `the tensor has rank ${rank}`,
      rank === 0 ? 'A scalar has no axes' : `Axes run from ${-rank} to ${rank - 1}`
    )
  return axis >= 0 ? axis - rank : axis
}

/** Several axes, from the end, sorted, without repetition; all of them by default. */
export function axesFromEnd(axes: number | readonly number[] | undefined, rank: number, op: string): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, k) => k - rank)
  if (typeof axes !== 'number' && !Array.isArray(axes))
    throw new ShapeError(op, `${describe(axes)} for its axes`, 'Axes are a whole number or a list of them')
  const list = (typeof axes === 'number' ? [axes] : axes).map(a => fromEnd(a, rank, op)).sort((a, b) => a - b)
  if (new Set(list).size < list.length)
    throw new ShapeError(`${op} over axes ${show(list)}`, 'an axis is named twice', 'Name each axis once')
  return list
}

/** Throws unless every axis is a whole number that is not negative. */
export function checkShape(shape: Shape, asked: string): void {
  if (!Array.isArray(shape))
    throw new ShapeError(asked, `${describe(shape)} for its shape`, 'A shape is a list of axis lengths such as [2, 3]')
  for (const d of shape)
    if (!Number.isInteger(d) || d < 0)
      throw new ShapeError(
        asked,
        `axis length ${display(d)} in ${show(shape)}`,
        'Axis lengths are whole numbers, 0 or more'
      )
}
