import { claim } from '../claim.js'
import { RuleError } from '../errors.js'
import { type Claim, isRefusal, type Refusal, type Site } from '../op.js'
import { describe } from '../options.js'
import { observeRule, recorder } from '../profile.js'
import { sameShape, show } from '../shape.js'
import { Tensor } from '../tensor.js'

/** What an inverse rule found: a claim per input, null where it claims nothing. */
export type Answer = readonly (Claim | null)[]

/**
 * Checks what an inverse rule returned, naming operator and rule. A bare tensor counts as a claim with the weights of
 * the output's, where they have its shape, and everywhere otherwise.
 */
export function checkAnswer(site: Site, c: Claim, given: unknown): Answer {
  if (!Array.isArray(given) || given.length !== site.inputs.length)
    throw new RuleError(
      `inverse rule of ${site.op.name}`,
      `${Array.isArray(given) ? `${given.length} claims` : describe(given)} for ${site.inputs.length} inputs`,
      'Return one claim per input, null for those that are not active, or { refuse: reason }'
    )
  return given.map((a: Claim | Tensor | null | undefined, i) => {
    if (!a) return null
    const t = site.inputs[i]
    const found = a instanceof Tensor ? claim(a, c.weight && sameShape(c.weight.shape, t.shape) ? c.weight : null) : a
    const { value, weight } = found
    if (!(value instanceof Tensor && value.dtype === t.dtype))
      throw new RuleError(
        `inverse rule of ${site.op.name}`,
        `${value instanceof Tensor ? value.dtype : describe(value)} as the claim on input ${i}, which is ${t.dtype}`,
        'A claim is { value, weight } with tensors of the dtype of its input'
      )
    for (const part of [value, weight])
      if (part && !sameShape(part.shape, t.shape))
        throw new RuleError(
          `inverse rule of ${site.op.name}`,
          `a claim of shape ${show(part.shape)} for input ${i} of shape ${show(t.shape)}`,
          'A claim has the shape of its input'
        )
    return found
  })
}

/** Runs the operator's inverse rule and checks what it returned. */
export function runInverse(site: Site, c: Claim, active: readonly boolean[]): Answer | Refusal {
  const rule = () => site.op.inverse!.apply(site, c, active)
  const given = recorder ? observeRule(site.op.name, 'inverse', rule) : rule()
  return isRefusal(given) ? given : checkAnswer(site, c, given)
}
