import { GradientError } from '../errors.js'
import { describe } from '../options.js'
import { show } from '../shape.js'
import { identity } from '../structural/identity.js'
import { Tape } from '../tape.js'
import { checkTensor, Tensor } from '../tensor.js'

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
  checkFunction(verb, f)
  args.forEach((a, i) => {
    checkTensor(a, verb, `argument ${i}`)
  })
  for (const i of wrt)
    if (!Number.isInteger(i) || i < 0 || i >= args.length)
      throw new GradientError(
        verb,
        `wrt names argument ${i} of ${args.length}`,
        args.length === 0 ? 'Give at least one argument' : `Arguments are counted from 0 to ${args.length - 1}`
      )
  if (new Set(wrt).size < wrt.length)
    throw new GradientError(verb, `wrt names an argument twice: ${show(wrt)}`, 'Name each argument once')
  const tape = new Tape()
  const inner = args.map((a, i) => (wrt.includes(i) ? identity(a) : a))
  const watched = wrt.map(i => inner[i])
  tape.watch(watched)
  const y = tape.record(() => f(...inner))
  if (!(y instanceof Tensor))
    throw new GradientError(verb, `the function returned ${describe(y)}`, 'Return one tensor; stack or concat several')
  return { tape, watched, y }
}

/** Throws unless f is a function. A verb looks when it is called, not only when its result is. */
export function checkFunction(verb: string, f: unknown): void {
  if (typeof f !== 'function')
    throw new GradientError(verb, `${describe(f)} instead of a function`, 'Give a function of tensors')
}

/** `wrt` as a list; the first argument by default. */
export const wrtList = (wrt: number | readonly number[] | undefined): readonly number[] =>
  wrt === undefined ? [0] : typeof wrt === 'number' ? [wrt] : wrt

/** One result for `wrt: 0`, an array for `wrt: [0, 1]`. */
export type PerWrt<W> = W extends readonly number[] ? Tensor[] : Tensor

/** The results in the form that `wrt` asks for. */
export const perWrt = <W>(wrt: W | undefined, list: Tensor[]): PerWrt<W> =>
  (Array.isArray(wrt) ? list : list[0]) as PerWrt<W>
