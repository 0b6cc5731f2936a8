import { checkFlags } from '../../core/options.js'
import type { Tensor } from '../../core/tensor.js'
import { type AdvectionAttrs, type AdvectionOptions, advect, advection } from './advection.js'
import { limitedMacCormackStep, macCormackStep } from './schemes.js'

interface MacCormackAttrs extends AdvectionAttrs {
  /** Clamp to the range of the values upstream. */
  readonly limiter: boolean
}

export const macCormackOp = advection<MacCormackAttrs>({
  name: 'macCormack',
  doc: `y = a + ½ (u - b), a = u(x - v dt) there, b = a(x + v dt) and back again: a semi-Lagrangian step, plus half of what two of
them lose
  tangent  dy = da + ½ (du - db)
  adjoint  to u and v through the three terms
  inverse  approximate, in u: x̃ = u + the step with -dt (without limiter) of ỹ - y; its error falls like dt²,
           like dt where the limiter acts. Trust it where u is smooth over a few cells and nothing leaves through a wall. In v it
           is left to the ladder
  domain   u [..., n1 … nd], v [..., d, n1 … nd], d = 1, 2, 3; any boundary; stable for any dt where v is constant
  cost     two semi-Lagrangian steps; the limiter reads 2^d corners more
  caveats  second order, so it overshoots at jumps. The limiter clamps y to the range of the 2^d values upstream: no new extrema,
           and where it acts the gradient goes to the one value that y is clamped to, none to v, with a kink
  source   Selle, Fedkiw, Kim, Liu and Rossignac 2008, "An Unconditionally Stable MacCormack Method"`,
  tex: {
    y: String.raw`y = a + \tfrac12 (u - b),\; a = u(x - v\Delta t),\; b = a(x + v\Delta t)`,
    tangent: String.raw`dy = da + \tfrac12 (du - db)`,
    adjoint: String.raw`\bar a = \bar y - \tfrac12 S_{-\Delta t}^\top \bar y,\; \bar u = \tfrac12 \bar y + S_{\Delta t}^\top \bar a`,
    inverse: String.raw`\tilde u = u + M_{-\Delta t}(\tilde y - y)`
  },
  scheme: ({ limiter }) => (limiter ? limitedMacCormackStep : macCormackStep),
  backwards: macCormackStep,
  // Where the limiter acts; 2 without it.
  order: 1,
  variants: [{ limiter: false }, { limiter: true }]
})

export interface MacCormackOptions extends AdvectionOptions {
  /** Clamps to the range of the values upstream: no overshoots at jumps, and a kink for the gradient. Default false. */
  limiter?: boolean
}

/**
 * A field moved by a velocity for a time dt, second order: u [..., n1 … nd], v [..., d, n1 … nd] (component i along axis i; its
 * leading axes are the first ones of u) → [..., n1 … nd]. `{ dt, limiter, dx, boundary, dimensions }`.
 *
 * Throws ShapeError for velocities of another grid, OptionError for settings out of range.
 */
export function macCormack(
  field: Tensor,
  velocity: Tensor,
  { limiter = false, ...options }: MacCormackOptions = {}
): Tensor {
  checkFlags('macCormack', { limiter })
  return advect(macCormackOp, field, velocity, options, { limiter })
}
