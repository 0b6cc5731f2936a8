import { apply } from '../apply.js'
import { claim, pickSamples } from '../claim.js'
import { type Claim, isRefusal, type Site } from '../op.js'
import type { Tensor } from '../tensor.js'
import { type Answer, checkAnswer } from './answer.js'
import { isolate, ofValues } from './isolate.js'
import { mismatchNorms, sampleCount, samplesApart } from './mismatch.js'
import { activeInputs } from './region.js'

/**
 * What the site's rule answers (or `choose`), and the samples for which alone it refuses or throws, where samples are
 * apart: their part of the answer is that for the current output. No answer where it has none for any sample.
 */
export function askRule(
  site: Site,
  c: Claim,
  choice: boolean,
  active: (t: Tensor) => boolean
): { answer?: Answer; lost: readonly boolean[]; reason?: string } {
  const inverse = site.op.inverse!
  const inputs = site.inputs.map(active)
  const ask = (changed: readonly boolean[]): Answer => {
    const own = changed.every(Boolean) ? c : claim(pickSamples(changed, c, claim(site.out)).value, c.weight)
    const given = choice ? inverse.choose!(site, own) : inverse.apply(site, own, inputs)
    if (isRefusal(given)) throw new Refused(given.refuse)
    return checkAnswer(site, own, given)
  }
  try {
    const apart = samplesApart([site], activeInputs(site, { active }), [site.out])
    const { value, lost, reason } = isolate(apart || 1, ask)
    return lost.every(Boolean) ? { lost, reason } : { answer: value, lost, reason }
  } catch (e) {
    // Not even for the current output: the rule has no answer at this site.
    if (!ofValues(e)) throw e
    return { lost: [], reason: (e as Error).message }
  }
}

/** ‖f(x̃) - ỹ‖ per sample, of one site with its new inputs; lost are the samples without a finite output there. */
export function siteEnd(
  site: Site,
  c: Claim,
  answer: Answer,
  active: (t: Tensor) => boolean
): { mismatch: number[]; lost: readonly boolean[]; reason: string } {
  const entries = activeInputs(site, { active })
  const apart = samplesApart([site], entries, [site.out])
  const { value, lost, reason } = isolate(apart || 1, changed => {
    const now = (t: Tensor, i: number): Tensor => {
      const a = answer[i]
      return !a ? t : changed.every(Boolean) ? a.value : pickSamples(changed, a, claim(t)).value
    }
    return apply(site.op, site.inputs.map(now), site.attrs)
  })
  const norms = mismatchNorms([value], [c], sampleCount([site], entries, [site.out]))
  const mismatch = norms.map((m, b) => (lost[apart ? b : 0] ? Infinity : m))
  const n = site.out.size / lost.length
  const without = [...lost]
  value.data.forEach((v, i) => {
    if (!Number.isFinite(v) && Number.isFinite(site.out.data[i])) without[Math.floor(i / n)] = true
  })
  return { mismatch, lost: without, reason: reason ?? 'no finite output at its answer' }
}

/** A rule's refusal, on its way through code that expects errors. */
class Refused extends Error {}
