import { OptionError, ShapeError } from '../../core/errors.js'
import { checkNumbers, describe } from '../../core/options.js'
import { show } from '../../core/shape.js'
import type { Tensor } from '../../core/tensor.js'

/** What both Schrödinger integrators share: the time steps, and a control that is constant over each. */
export interface SchroedingerAttrs {
  /** Below 0 backwards in time: the last control acts first. */
  readonly dt: number
  readonly steps: number
}

/** A list of n finite numbers, or what stands for it where it was left out. Throws OptionError. */
export function profile(
  asked: string,
  role: string,
  list: ArrayLike<number> | undefined,
  n: number,
  other: (i: number) => number
): Float64Array {
  if (list === undefined) return Float64Array.from({ length: n }, (_, i) => other(i))
  const numbers = typeof list === 'object' && list !== null ? Float64Array.from(list) : new Float64Array(0)
  if (numbers.length !== n || !numbers.every(Number.isFinite))
    throw new OptionError(
      asked,
      `${role}: ${numbers.length === n ? 'a number that is not finite' : `${typeof list === 'object' ? `${numbers.length} numbers` : describe(list)} for ${n} points`}`,
      `Give ${role} as ${n} finite numbers`
    )
  return numbers
}

/** Throws ShapeError unless psi is [..., ...grid, 2], and u has a control for each of `steps` in its last axis. */
export function checkWave(
  asked: string,
  psi: Tensor,
  grid: readonly number[],
  u: Tensor | undefined,
  attrs: SchroedingerAttrs,
  controlled: boolean
): void {
  checkNumbers(asked, 'count', { steps: attrs.steps })
  const end = [...grid, 2]
  const fits = psi.rank >= end.length && end.every((d, i) => psi.shape[psi.rank - end.length + i] === d)
  const leads = psi.rank - end.length
  const controls = u ? u.rank === leads + 1 && u.shape[leads] === attrs.steps : !controlled
  if (!fits || !controls || (u && !controlled))
    throw new ShapeError(
      asked,
      `a wave function ${show(psi.shape)}${u ? ` and controls ${show(u.shape)}` : ''}`,
      `Give psi [B, ${end.join(', ')}], pairs (re, im)${controlled ? `, and u [B, ${attrs.steps}]` : ' alone: it has no control'}`
    )
}
