import { OptionError } from '../../core/errors.js'
import { checkSimulator, type Simulator, simulator } from '../simulator.js'
import { type ComposeAttrs, compose } from './compose.js'
import { type IterateAttrs, iterate } from './iterate.js'

/**
 * The same simulator with time running backwards, t → -t: every operator with a time step, an attribute `dt`, runs with -dt
 * (and the last control first), and what is composed or iterated runs in reverse order. An operator like any other, with
 * its own derivatives.
 *
 *     timeReversed(P)(P(x, u), u)     // x, to rounding for leapfrog and implicit midpoint, to the error of the scheme else
 *
 * It is the inverse as the texts have it ("t → -t can yield an adequate global inverse simulator"); the inverse rule of an
 * integrator adds a correction at the current point. Throws OptionError where an operator has no `dt`.
 */
export function timeReversed<A>(P: Simulator<A>): Simulator<A> {
  checkSimulator(P, 'timeReversed')
  const attrs = P.attrs as Partial<ComposeAttrs & IterateAttrs & { dt: number }> | undefined
  if (attrs?.parts) return compose(...[...attrs.parts].reverse().map(timeReversed)) as Simulator<any>
  if (attrs?.part)
    return iterate(timeReversed(attrs.part), attrs.times!, { checkpoint: attrs.segment || false }) as Simulator<any>
  if (typeof attrs?.dt !== 'number')
    throw new OptionError(
      `timeReversed of ${P.op.name}`,
      'no time step among its attributes',
      'Give a simulator that keeps its time step in `attrs.dt`, or compose such'
    )
  return simulator(P.op, { ...attrs, dt: -attrs.dt } as any) as Simulator<any>
}
