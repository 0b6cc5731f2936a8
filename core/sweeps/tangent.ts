import type { Site } from '../op.js'
import { observeRule, recorder } from '../profile.js'
import { scopedOnce } from '../scope.js'
import { add } from '../structural/add.js'
import { checkKnown, checkSeeds, type Tape } from '../tape.js'
import { checkLike, type Tensor } from '../tensor.js'
import { checkRule, plainView } from '../view.js'

/**
 * The tangent sweep (forward mode): where does the output go when the input moves? Over the sites in order; the
 * tangents of an operator's inputs are added up by its rule. Returns the tangent of each wanted tensor, undefined for zero.
 */
export function tangentSweep(
  tape: Tape,
  seeds: readonly (readonly [Tensor, Tensor])[],
  wanted: readonly Tensor[]
): (Tensor | undefined)[] {
  checkSeeds(tape, seeds, 'tangent sweep')
  for (const [x, dx] of seeds) {
    checkKnown(tape, x, 'tangent sweep', 'a tensor it starts from')
    checkLike(x, dx, 'tangent sweep', 'a tangent')
  }
  return tape.pausedWhile(() =>
    scopedOnce(() => {
      const at = new Map<Tensor, Tensor>()
      for (const [x, dx] of seeds) meet(at, x, dx)
      for (const site of tape.sites) push(site, at)
      return wanted.map(t => at.get(t))
    })
  )
}

/** One application of a tangent rule. */
function push(site: Site, at: Map<Tensor, Tensor>): void {
  const dxs = site.inputs.map(t => at.get(t))
  if (!dxs.some(Boolean)) return
  const view = plainView(site)
  const dy = recorder ? observeRule(site.op.name, 'jvp', () => site.op.jvp(dxs, view)) : site.op.jvp(dxs, view)
  if (!dy) return
  checkRule(site, 'jvp', dy, site.out.shape, site.out.dtype, 'the tangent of its output')
  meet(at, site.out, dy)
}

/** Where two tangents meet (a tensor named twice, or one that a site makes besides) they add up. */
function meet(at: Map<Tensor, Tensor>, t: Tensor, dt: Tensor): void {
  const other = at.get(t)
  at.set(t, other ? add(other, dt) : dt)
}
