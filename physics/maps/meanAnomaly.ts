import { defineBlock } from '../../core/defineBlock.js'
import type { Op } from '../../core/op.js'
import { mul } from '../../core/structural/mul.js'
import { tensor } from '../../core/tensor.js'
import { sin } from '../../ops/elementwise/sin.js'
import { sub } from '../../ops/elementwise/sub.js'
import { implicitInverse } from '../combinators/implicitInverse.js'
import { type Simulator, simulator } from '../simulator.js'

export const meanAnomalyOp: Op<undefined> = defineBlock({
  name: 'meanAnomaly',
  doc: `Kepler's equation M = E - e sin E: from the eccentric anomaly E, an angle of the place, to the time M on an orbit
  tangent  dM = (1 - e cos E) dE - sin E de
  adjoint  (1 - e cos E) ct to E, -sin E ct to e
  inverse  none of its own: the ladder solves it; \`eccentricAnomaly\` is its inverse as an operator
  domain   0 ≤ e < 1, where M grows with E
  cost     a sine per entry
  source   Kepler 1609, "Astronomia nova", LX`,
  tex: {
    y: String.raw`M = E - e \sin E`,
    tangent: String.raw`dM = (1 - e\cos E)\,dE - \sin E\,de`,
    adjoint: String.raw`\bar E = (1 - e\cos E)\,\bar M,\ \bar e = -\sin E\,\bar M`
  },
  forward: ([E, e]) => sub(E, mul(e, sin(E))),
  examples: r => [
    { inputs: [r.uniform([3, 2], -3, 3), r.uniform([3, 2], 0, 0.8)] },
    { inputs: [r.uniform([2, 1], -3, 3), tensor([0.3])], note: 'one orbit, size-1 axis' },
    { inputs: [r.uniform([0, 2]), tensor([0.3, 0.1])], note: 'no samples' },
    { inputs: [r.uniform([2, 2], 1e-301, 2e-301), tensor([0.3, 0.1])], extreme: true }
  ]
})

/** Kepler's equation M = E - e sin E, entry by entry: (E [B, ...], e, which broadcasts) → M of the shape of E. */
export const meanAnomaly: Simulator<undefined> = simulator(meanAnomalyOp)

/**
 * Its solution E near a given one: (M, near, e) → E, with derivatives by the implicit function theorem.
 *
 *     eccentricAnomaly(tensor([1]), tensor([1]), tensor([0.5]))   // 1.4987…
 */
export const eccentricAnomaly: Simulator<undefined> = implicitInverse(meanAnomaly, { name: 'eccentricAnomaly' })
