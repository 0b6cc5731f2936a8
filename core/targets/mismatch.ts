import { carryThrough } from '../carryThrough.js'
import type { Claim, Site } from '../op.js'
import type { Tensor } from '../tensor.js'
import type { Region } from './region.js'

/** √Σ w (y - ỹ)² over all outputs; for each of `samples` entries of their axis 0, or over everything (0). */
export function mismatchNorms(ys: readonly Tensor[], goals: readonly Claim[], samples: number): number[] {
  const B = samples || 1
  const sums = new Array<number>(B).fill(0)
  ys.forEach((y, k) => {
    const { value, weight } = goals[k]
    const w = y.size / B
    for (let i = 0; i < y.size; i++) {
      const q = weight ? weight.data[i] : 1
      if (q !== 0) sums[Math.floor(i / w)] += q * (y.data[i] - value.data[i]) ** 2
    }
  })
  return sums.map(Math.sqrt)
}

/** The length of the sample axis that these tensors share: 0 where samples are mixed on the way from the entries. */
export function sampleCount(sites: readonly Site[], entries: readonly Tensor[], exits: readonly Tensor[]): number {
  const B = exits[0].shape[0] ?? 0
  if (!exits.every(y => y.shape[0] === B)) return 0
  return carryThrough(sites, exits, entries)?.some(Boolean) ? B : 0
}

/** The same for a whole region: from its boundary to its goals. */
export const regionSamples = ({ sites, boundary, goals }: Region): number => sampleCount(sites, boundary, goals)
