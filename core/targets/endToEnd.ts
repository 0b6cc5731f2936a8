import { carryThrough } from '../carryThrough.js'
import { noClaim, pickSamples } from '../claim.js'
import type { Claim } from '../op.js'
import type { Tensor } from '../tensor.js'
import { senselessSamples } from './goal.js'
import { isolate } from './isolate.js'
import { mismatchNorms, regionSamples } from './mismatch.js'
import type { Region } from './region.js'
import { replay } from './replay.js'
import type { FailedSample } from './report.js'

interface Replayed {
  readonly mismatch: readonly number[]
  /** What P threw, if it did. */
  readonly reason?: string
}

/** A whole region from its boundary to its goals: how far the outputs are from what was asked, sample by sample. */
export class EndToEnd {
  /** ‖P(x) - ỹ‖. */
  readonly before: readonly number[]
  /** Samples of which NaN or infinity is asked. */
  readonly senseless: readonly boolean[]
  /** Length of the sample axis, 0 where there is none from the boundary to the goals. */
  readonly #samples: number
  /** Which boundary tensors have it as their axis 0. */
  readonly #carried: readonly boolean[]

  constructor(
    readonly region: Region,
    readonly asked: readonly Claim[]
  ) {
    const { sites, goals, boundary } = region
    this.#samples = regionSamples(region)
    this.#carried = this.#samples > 0 ? carryThrough(sites, goals, boundary)! : boundary.map(() => false)
    this.senseless = senselessSamples(goals, asked, this.#samples)
    this.before = mismatchNorms(goals, asked, this.#samples)
  }

  /** ‖P(x̃) - ỹ‖; Infinity for samples at whose x̃ P throws. */
  replay(claims: readonly Claim[]): Replayed {
    const { boundary, sites, goals } = this.region
    const { value, lost, reason } = isolate(this.#samples || 1, changed => {
      const now = changed.every(Boolean) ? claims : this.#only(changed, claims)
      const values = now.map(c => c.value)
      return mismatchNorms(replay(sites, boundary, values, goals), this.asked, this.#samples)
    })
    return { mismatch: value.map((m, b) => (lost[b] ? Infinity : m)), reason }
  }

  /** Takes back the claims of samples that have no finite output at their x̃: they stay, and so does their mismatch. */
  finish(claims: readonly Claim[], { mismatch, reason }: Replayed) {
    const { before, senseless } = this
    const stays = mismatch.map((m, b) => Number.isFinite(before[b]) && !Number.isFinite(m))
    const why = (b: number): string | undefined =>
      senseless[b]
        ? 'its goal is NaN or infinity'
        : stays[b]
          ? (reason ?? 'no finite output at the values found')
          : Number.isFinite(before[b])
            ? undefined
            : 'its output is NaN or infinity'
    return {
      claims: stays.some(Boolean)
        ? this.#only(
            stays.map(s => !s),
            claims
          )
        : claims,
      mismatch: mismatch.map((m, b) => (stays[b] ? before[b] : m)),
      failed: mismatch.flatMap((_, sample): FailedSample[] => {
        const reason = why(sample)
        return reason === undefined ? [] : [{ sample, reason }]
      })
    }
  }

  /** The claims of these samples alone; a tensor without the sample axis keeps its claim for any of them. */
  #only(samples: readonly boolean[], claims: readonly Claim[]): Claim[] {
    const one = (t: Tensor, c: Claim, carried: boolean): Claim =>
      carried ? pickSamples(samples, c, noClaim(t)) : samples.some(Boolean) ? c : noClaim(t)
    return this.region.boundary.map((t, i) => one(t, claims[i], this.#carried[i]))
  }
}
