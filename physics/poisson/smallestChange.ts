import { lsmr } from '../../core/linalg/lsmr.js'
import { maxAbs, powerOfTwoScale } from '../../core/linalg/scaling.js'
import type { Site } from '../../core/op.js'
import { unseen } from '../../core/tape.js'
import { Tensor } from '../../core/tensor.js'
import { plainView } from '../../core/view.js'
import type { Grid } from '../grid.js'
import { leadsOf } from './pairs.js'

/** Relative error that LSMR leaves, and the condition at which it gives up: both at rounding. */
const TOLERANCE = { atol: 1e-15, btol: 1e-15, conlim: 1e15 }

/**
 * The smallest δ with M δ = r, or as near as there is one, where M is the linear map from input i of a site to its output
 * while the others stay. By LSMR on M and its adjoint, which are the operator's own rules. Fields are systems of their own
 * unless input i is shared by several.
 */
export function smallestChange(site: Site<{ grid: Grid }>, i: number, r: Float64Array): Float64Array {
  const { op, attrs, out } = site
  const double = (t: Tensor): Tensor => new Tensor(t.shape, Float64Array.from(t.data))
  const inputs = site.inputs.map(double)
  const x = inputs[i]
  const shape = out.shape
  const zero = new Tensor(shape, new Float64Array(out.size))
  const view = plainView({ ...site, inputs, out: zero, saved: {} }, k => k === i)
  const batch = x.size === out.size ? leadsOf(shape, attrs.grid).reduce((a, b) => a * b, 1) : 1
  if (x.size === 0 || out.size === 0) return new Float64Array(x.size)
  const at = (v: Float64Array): Tensor[] => inputs.map((t, k) => (k === i ? new Tensor(t.shape, v) : t))
  const forward = (v: Float64Array): Float64Array => op.forward(at(v), attrs, shape, {}).data as Float64Array
  const adjoint = (u: Float64Array): Float64Array => op.vjp(new Tensor(shape, u), view)[i]!.data as Float64Array
  return unseen(() => {
    // In units in which r and M are near 1, powers of two: LSMR squares.
    const unit = powerOfTwoScale(maxAbs(r, 'a change of the output'))
    const b = r.map(v => v / unit)
    const gain = powerOfTwoScale(maxAbs(Float64Array.from(adjoint(b)), 'an adjoint'))
    const { x } = lsmr({
      batch,
      m: out.size / batch,
      n: inputs[i].size / batch,
      apply: v => forward(v).map(w => w / gain),
      applyT: u => adjoint(u).map(w => w / gain),
      b,
      maxIterations: 20 * inputs[i].size,
      ...TOLERANCE
    })
    return x.map(v => (v * unit) / gain)
  })
}
