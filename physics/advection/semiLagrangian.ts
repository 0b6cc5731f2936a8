import type { Tensor } from '../../core/tensor.js'
import { type AdvectionAttrs, type AdvectionOptions, advect, advection } from './advection.js'
import { semiLagrangianStep } from './schemes.js'

export const semiLagrangianOp = advection<AdvectionAttrs>({
  name: 'semiLagrangian',
  doc: `y(x) = u(x - v(x) dt): one step of ∂u/∂t + (v·∇) u = 0. What arrives was upstream, interpolated linearly between the 2^d
grid points around
  tangent  dy = du(x - v dt) - dt Σ_i ∂_i u(x - v dt) dv_i
  adjoint  to u: ct given to the grid points it was read from; to v: -dt ct ∂_i u
  inverse  approximate, in u: x̃ = u + the step with -dt of ỹ - y; its error falls like dt. Trust it where u is smooth over a
           few cells: both ways smooth, and what is lost is not found. In v it is left to the ladder
  domain   u [..., n1 … nd], v [..., d, n1 … nd], d = 1, 2, 3; any boundary; stable for any dt
  cost     2^d products per cell
  caveats  smooths: as diffusion with ½ |s| (1 - |s|) dx² / dt, s = v dt/dx up to one cell. Linear in u, with kinks in v where
           a value comes from a grid line; at rest the slope is the central difference
  source   Stam 1999, "Stable Fluids", section 3.2; Courant, Isaacson and Rees 1952`,
  tex: {
    y: String.raw`y(x) = u(x - v(x)\,\Delta t)`,
    tangent: String.raw`dy = du(x - v\Delta t) - \Delta t\,\nabla u(x - v\Delta t)\cdot dv`,
    adjoint: String.raw`\bar u = S^\top \bar y,\; \bar v_i = -\Delta t\,\bar y\,\partial_i u(x - v\Delta t)`,
    inverse: String.raw`\tilde u = u + S_{-\Delta t}(\tilde y - y)`
  },
  scheme: () => semiLagrangianStep,
  backwards: semiLagrangianStep,
  order: 1,
  variants: [{}]
})

/**
 * A field moved by a velocity for a time dt: u [..., n1 … nd], v [..., d, n1 … nd] (component i along axis i; its leading axes
 * are the first ones of u) → [..., n1 … nd]. First order, stable for any step, smoothing. `{ dt, dx, boundary, dimensions }`.
 *
 * Throws ShapeError for velocities of another grid, OptionError for settings out of range.
 */
export const semiLagrangian = (field: Tensor, velocity: Tensor, options: AdvectionOptions = {}): Tensor =>
  advect(semiLagrangianOp, field, velocity, options, {})
