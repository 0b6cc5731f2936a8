import { apply } from '../core/apply.js'
import { RuleError } from '../core/errors.js'
import type { Op } from '../core/op.js'
import { describe } from '../core/options.js'
import type { Tensor } from '../core/tensor.js'

/**
 * An operator with its attributes, ready to run: a function of tensors that says what it is made of. What combinators take
 * and give.
 *
 *     const P = oscillators({ masses: 2, steps: 24, dt: 0.5 })
 *     P(x0, u)                // the state after 24 steps
 *     P.attrs                 // { dt: 0.5, steps: 24, substeps: 1 }
 *     checkOp(P.op)           // all of its rules
 */
export interface Simulator<A = any> {
  (...inputs: Tensor[]): Tensor
  readonly op: Op<A>
  readonly attrs: A
}

/** A simulator from an operator: `simulator(diffuseOp, { amount: 8, uncertainty: 1e-6 })`. */
export function simulator<A = undefined>(
  op: Op<A>,
  ...rest: A extends undefined ? [attrs?: undefined] : [attrs: A]
): Simulator<A> {
  if (typeof op?.forward !== 'function')
    throw new RuleError(
      'simulator',
      `${describe(op)} instead of an operator`,
      'Give what defineOp or defineBlock returned'
    )
  const attrs = rest[0] as A
  const run = (...inputs: Tensor[]): Tensor => apply(op as Op<any>, inputs, attrs)
  return Object.assign(run, { op, attrs })
}

/** Throws RuleError unless `P` is a simulator. */
export function checkSimulator(P: unknown, asked: string): asserts P is Simulator {
  if (typeof P !== 'function' || typeof (P as Partial<Simulator>).op?.forward !== 'function')
    throw new RuleError(
      asked,
      `${describe(P)} instead of a simulator`,
      'Give what a physics function such as oscillators(…) returns, or simulator(op, attrs) of an operator of your own'
    )
}
