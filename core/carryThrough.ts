import type { Site } from './op.js'
import type { Tensor } from './tensor.js'
import { walkBack } from './walk.js'

/**
 * Does the sample axis of `out` come from axis 0 of each of these inputs, through a whole list of sites?
 * A walk back with one bit per tensor. undefined where some operator on the way mixes samples.
 */
export function carryThrough(
  sites: readonly Site[],
  outs: readonly Tensor[],
  inputs: readonly Tensor[]
): readonly boolean[] | undefined {
  if (outs.some(y => y.shape.length === 0)) return undefined
  let mixed = false
  const leaves = new Set(inputs)
  const at = walkBack<boolean>(sites, {
    seed: () => outs.map(y => [y, true] as const),
    leaf: t => leaves.has(t),
    meet: (_, a, b) => {
      if (a !== b) mixed = true
      return a
    },
    back: (site, batched) => {
      const carry = batched ? site.op.carry(site) : site.inputs.map(() => false)
      if (!carry) mixed = true
      return carry ? site.inputs.map((t, i) => [t, carry[i]] as const) : []
    }
  })
  return mixed ? undefined : inputs.map(t => at.get(t) ?? false)
}
