import { OptionError } from '../core/errors.js'
import { checkNumbers, describe } from '../core/options.js'

/** A step length that changes: of the number of steps done before, 0 for the first. */
export type Schedule = (step: number) => number

/** What a method takes for `lr`. */
export type Rate = number | Schedule

/** Throws OptionError unless `lr` is a step length, 0 or more, or a function that gives one. */
export function checkRate(method: string, lr: Rate): void {
  if (typeof lr !== 'function') checkNumbers(method, 'notNegative', { lr })
}

/** lr of this step. */
export function rateAt(method: string, lr: Rate, step: number): number {
  if (typeof lr === 'number') return lr
  const value = lr(step)
  if (!(typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY))
    throw new OptionError(
      `a step of ${method}`,
      `its schedule gave ${typeof value === 'number' ? value : describe(value)} for step ${step}`,
      'A schedule returns a finite number, 0 or more'
    )
  return value
}

/** lr · factor^⌊k/every⌋. */
export function stepDecay({ lr, factor, every }: { lr: number; factor: number; every: number }): Schedule {
  checkNumbers('stepDecay', 'notNegative', { lr, factor })
  checkNumbers('stepDecay', 'count', { every })
  return k => lr * factor ** Math.floor(k / every)
}

/** lr · factor^(k/over): falls by `factor` in each `over` steps, smoothly. */
export function exponentialDecay({ lr, factor, over }: { lr: number; factor: number; over: number }): Schedule {
  checkNumbers('exponentialDecay', 'notNegative', { lr, factor })
  checkNumbers('exponentialDecay', 'count', { over })
  return k => lr * factor ** (k / over)
}

/** lr / (1 + k/over), whose sum diverges while that of its squares does not: what Robbins and Monro (1951) ask. */
export function inverseTimeDecay({ lr, over }: { lr: number; over: number }): Schedule {
  checkNumbers('inverseTimeDecay', 'notNegative', { lr })
  checkNumbers('inverseTimeDecay', 'count', { over })
  return k => lr / (1 + k / over)
}

/** From lr to `end` in `steps` steps along (1 - k/steps)^power, a straight line by default; `end` from then on. */
export function polynomialDecay({
  lr,
  end = 0,
  steps,
  power = 1
}: {
  lr: number
  end?: number
  steps: number
  power?: number
}): Schedule {
  checkNumbers('polynomialDecay', 'notNegative', { lr, end, power })
  checkNumbers('polynomialDecay', 'count', { steps })
  return k => end + (lr - end) * (1 - Math.min(k, steps) / steps) ** power
}

/** From lr to `end` in `steps` steps along half a wave (Loshchilov & Hutter 2017, eq. 5); `end` from then on. */
export function cosineDecay({ lr, end = 0, steps }: { lr: number; end?: number; steps: number }): Schedule {
  checkNumbers('cosineDecay', 'notNegative', { lr, end })
  checkNumbers('cosineDecay', 'count', { steps })
  return k => end + ((lr - end) * (1 + Math.cos((Math.PI * Math.min(k, steps)) / steps))) / 2
}

/** The first `steps` steps rise in a straight line, 1/steps of the way at the first; then `after`, from its own beginning. */
export function warmup(steps: number, after: Rate): Schedule {
  checkNumbers('warmup', 'count', { steps })
  checkRate('warmup', after)
  return k => (k < steps ? ((k + 1) / steps) * rateAt('warmup', after, 0) : rateAt('warmup', after, k - steps))
}

/** `rates[0]` up to step `at[0]`, `rates[1]` from there up to `at[1]`, and so on: one rate more than steps. */
export function piecewise(at: readonly number[], rates: readonly number[]): Schedule {
  const rising = Array.isArray(at) && at.every((k, i) => Number.isSafeInteger(k) && k > (at[i - 1] ?? -1))
  if (!rising || !Array.isArray(rates) || rates.length !== at.length + 1)
    throw new OptionError(
      'piecewise',
      `${Array.isArray(at) ? `steps [${at}]` : describe(at)} with ${Array.isArray(rates) ? `${rates.length} rates` : describe(rates)}`,
      'Give rising whole numbers, and one rate more than there are of them'
    )
  rates.forEach(rate => {
    checkNumbers('piecewise', 'notNegative', { rate })
  })
  return k => rates[at.filter(s => s <= k).length]
}
