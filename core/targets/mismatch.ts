import { carryThrough } from '../carryThrough.js'
import { norm2 } from '../linalg/scaling.js'
import type { Claim, Site } from '../op.js'
import type { Tensor } from '../tensor.js'
import type { Region } from './region.js'

/** √Σ w (y - ỹ)² over all outputs; for each of `samples` entries of their axis 0, or over everything (0). Scaled: squares of 1e200 are no infinity. */
export function mismatchNorms(ys: readonly Tensor[], goals: readonly Claim[], samples: number): number[] {
  const B = samples || 1
  const norms = new Float64Array(B)
  ys.forEach((y, k) => {
    const { value, weight } = goals[k]
    const w = y.size / B
    const d = new Float64Array(y.size)
    const [now, goal, weights] = [y.data, value.data, weight?.data]
    for (let i = 0; i < d.length; i++) {
      const q = weights ? weights[i] : 1
      if (q !== 0) d[i] = Math.sqrt(q) * (now[i] - goal[i])
    }
    for (let b = 0; b < B; b++) norms[b] = Math.hypot(norms[b], norm2(d, b * w, (b + 1) * w))
  })
  return [...norms]
}

/** The length of the sample axis that these tensors share: 0 where samples are mixed on the way from the entries. */
export function sampleCount(sites: readonly Site[], entries: readonly Tensor[], exits: readonly Tensor[]): number {
  const B = exits[0].shape[0] ?? 0
  if (!exits.every(y => y.shape[0] === B)) return 0
  return carryThrough(sites, exits, entries)?.some(Boolean) ? B : 0
}

/**
 * The number of samples where they are apart: axis 0 of every entry and every exit is the sample axis, and nothing on the
 * way mixes it. 0 otherwise.
 */
export function samplesApart(sites: readonly Site[], entries: readonly Tensor[], exits: readonly Tensor[]): number {
  const B = exits[0].shape[0] ?? 0
  const carried = carryThrough(sites, exits, entries)
  return carried?.every(Boolean) && [...entries, ...exits].every(t => t.shape[0] === B) ? B : 0
}

/** `sampleCount` of a whole region: from its boundary to its goals. */
export const regionSamples = ({ sites, boundary, goals }: Region): number => sampleCount(sites, boundary, goals)
