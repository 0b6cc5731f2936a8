import type { Op } from '../../core/op.js'
import { mul } from '../../core/structural/mul.js'
import { sum } from '../../core/structural/sum.js'
import { hamiltonianSystem } from '../ode/hamiltonian.js'
import { integrate } from '../ode/integrate.js'
import { compose } from './compose.js'
import { iterate } from './iterate.js'
import { noiseOp } from './withNoise.js'

export { type ComposeAttrs, compose } from './compose.js'
export { type ImplicitInverseOptions, implicitInverse } from './implicitInverse.js'
export { type IterateAttrs, type IterateOptions, iterate } from './iterate.js'
export { timeReversed } from './timeReversed.js'
export { type NoiseAttrs, withNoise } from './withNoise.js'

const oscillator = hamiltonianSystem({
  name: 'harmonic',
  degrees: 1,
  H: s => mul(sum(mul(s, s), -1), 0.5),
  separable: true
})
const harmonic = { ...oscillator, examples: { ...oscillator.examples, extremes: [1e300, 1e-301] } }

/** An operator made by each combinator. */
export const combinatorOps: readonly Op[] = [
  compose(integrate(harmonic, { method: 'leapfrog' }), integrate(harmonic)).op,
  iterate(integrate(harmonic, { method: 'leapfrog' }), 3).op,
  noiseOp
]
