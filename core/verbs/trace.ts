import { GradientError, ShapeError } from '../errors.js'
import { identity } from '../structural/identity.js'
import { Tape } from '../tape.js'
import { Tensor } from '../tensor.js'

export type Fn = (...args: Tensor[]) => Tensor

/** Which arguments a verb differentiates with respect to: one (result: a tensor) or several (result: an array). */
export interface Wrt<W extends number | readonly number[] = number | readonly number[]> {
  wrt?: W
}

export interface Traced {
  tape: Tape
  /** The watched arguments, in the order of `wrt`. */
  watched: Tensor[]
  y: Tensor
}

/**
 * Runs f on a fresh tape. The arguments pass through `identity`, so that a tensor watched by an enclosing derivative
 * is another tensor here: d/dx [x · d/dy (x + y) at y = x] is 1, not 2.
 */
export function trace(verb: string, f: Fn, args: readonly Tensor[], wrt: readonly number[]): Traced {
  if (typeof f !== 'function')
    throw new GradientError(verb, `a ${typeof f} instead of a function`, 'Give a function of tensors')
  args.forEach((a, i) => {
    if (!(a instanceof Tensor))
      throw new ShapeError(
        verb,
        `argument ${i} is ${Array.isArray(a) ? 'an array' : `a ${a === null ? 'null' : typeof a}`}`,
        'Arguments are tensors: wrap by tensor(…), or close over what is not differentiated'
      )
  })
  for (const i of wrt)
    if (!Number.isInteger(i) || i < 0 || i >= args.length)
      throw new GradientError(
        verb,
        `wrt names argument ${i} of ${args.length}`,
        `Arguments are counted from 0 to ${args.length - 1}`
      )
  const tape = new Tape()
  const inner = args.map((a, i) => (wrt.includes(i) ? identity(a) : a))
  const watched = wrt.map(i => inner[i])
  tape.watch(watched)
  const y = tape.record(() => f(...inner))
  if (!(y instanceof Tensor))
    throw new GradientError(
      verb,
      `the function returned ${Array.isArray(y) ? 'an array' : `a value of type ${y === null ? 'null' : typeof y}`}`,
      'Return one tensor; stack or concat several'
    )
  return { tape, watched, y }
}

export const wrtList = (wrt: number | readonly number[] | undefined): readonly number[] =>
  wrt === undefined ? [0] : typeof wrt === 'number' ? [wrt] : wrt

/** One result for `wrt: 0`, an array for `wrt: [0, 1]`. */
export type PerWrt<W> = W extends readonly number[] ? Tensor[] : Tensor

export const perWrt = <W>(wrt: W | undefined, list: Tensor[]): PerWrt<W> =>
  (Array.isArray(wrt) ? list : list[0]) as PerWrt<W>
