import { OptionError } from '../errors.js'
import { checkChoice, checkFlags, describe } from '../options.js'
import type { Tensor } from '../tensor.js'
import { adjoint } from './adjoint.js'
import { newton } from './newton.js'
import { approximate, exact, local, type Rung, regularised } from './rung.js'

/** How a target sweep goes about its sites. */
export interface Policy {
  /** Tried in order; structural rules always apply. */
  ladder: readonly Rung[]
  /** Where claims disagree: solve the smallest closed region together ('block'), take their mean, or throw. */
  meet: 'block' | 'mean' | 'error'
  /** Let operators with several independent inputs choose the smallest change (a + b: halves). */
  choose: boolean
  /**
   * A chain of blocks is faster than one large block and converges further, but where a site can be satisfied in several
   * ways the way it takes may be out of reach before it. 'missed': samples that missed their goals are then solved once
   * more, from the boundary to the goals as one block, and keep the better answer. 'never' (default): what a training
   * step wants, whose goals may well be out of reach. 'always': that block alone, for methods that step in x by the
   * curvature of all of P (saddleFree); the operators' own rules have no say.
   */
  whole: 'missed' | 'never' | 'always'
  /**
   * An approximate rule is a guess (time reversal has the error of the scheme): where true, the solvers of the ladder go on
   * from its answer, site by site, until the target is met. Default false: what a training step wants.
   */
  refine: boolean
  /** The unit of a boundary tensor, where several are solved together: "smallest change" is measured in it. */
  scales: ReadonlyMap<Tensor, number>
}

/** The whole ladder, cheapest and most exact rung first; what a training step wants. */
export const defaultPolicy: Policy = {
  ladder: [exact, local, regularised, approximate, newton(), adjoint()],
  meet: 'block',
  choose: true,
  whole: 'never',
  refine: false,
  scales: new Map()
}

/** Throws OptionError where a policy cannot be followed. */
export function checkPolicy({ ladder, meet, whole, refine, scales }: Policy): void {
  checkChoice('target sweep', 'meet', meet, ['block', 'mean', 'error'])
  checkChoice('target sweep', 'whole', whole, ['missed', 'never', 'always'])
  checkFlags('target sweep', { refine })
  const rungs: readonly unknown[] = Array.isArray(ladder) ? ladder : [ladder]
  const wrong = rungs.find(r => typeof r !== 'object' || typeof (r as Rung | null)?.name !== 'string')
  if (!Array.isArray(ladder) || rungs.some(r => r === wrong))
    throw new OptionError(
      'target sweep',
      `a ladder with ${typeof wrong === 'function' ? `the function ${wrong.name || 'without a name'}` : describe(wrong)}`,
      'Give an array of rungs: exact, local, regularised, approximate, newton(), lbfgs(), adjoint()'
    )
  for (const [, unit] of scales ?? [])
    if (!(Number.isFinite(unit) && unit > 0))
      throw new OptionError('target sweep', `a scale of ${unit}`, 'A scale is the unit of a tensor, a number above 0')
}
