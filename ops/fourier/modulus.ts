import { alloc } from '../../core/memory.js'
import type { Claim, Example, Site } from '../../core/op.js'
import type { Random } from '../../core/random.js'
import { Tensor, tensor } from '../../core/tensor.js'

/** What abs2 and complexAbs share: y [...] from z [..., 2] depends on |z| alone. */

/** The sample axis lies in front of the pair axis. */
export const carryModulus = ({ inputs: [z] }: Site): readonly boolean[] | undefined => (z.rank > 1 ? [true] : undefined)

/**
 * The smallest change of z that gives it another radius keeps its direction. Where z = 0 all directions are as near: the
 * positive real axis is taken. `radius` of a target; below 0 there is none, and 0 is the nearest.
 */
export function toRadius({ inputs: [z], out }: Site, { value, weight }: Claim, radius: (t: number) => number): Claim {
  const to = alloc(z.size, z.dtype)
  const counts = weight && alloc(z.size, z.dtype)
  for (let k = 0; k < out.size; k++) {
    const [re, im] = [z.data[2 * k], z.data[2 * k + 1]]
    const now = Math.hypot(re, im)
    const stays = (weight && weight.data[k] === 0) || value.data[k] === out.data[k]
    const r = stays ? now : radius(Math.max(0, value.data[k]))
    to[2 * k] = stays ? re : now > 0 ? r * (re / now) : r
    to[2 * k + 1] = stays ? im : now > 0 ? r * (im / now) : 0
    counts?.fill(weight!.data[k], 2 * k, 2 * k + 2)
  }
  return { value: new Tensor(z.shape, to), weight: counts && new Tensor(z.shape, counts) }
}

/** With numbers that `large` and 1/`large` bring to the ends of the range. */
export const modulusExamples = (r: Random, large: number): Example<undefined>[] => [
  { inputs: [r.normal([2, 3, 2])] },
  { inputs: [r.normal([2])], note: 'one number' },
  { inputs: [r.normal([2, 1, 2])], note: 'size-1 axis' },
  { inputs: [r.normal([0, 2])], note: 'empty axis' },
  {
    inputs: [
      tensor([
        [0, 0],
        [3, -4]
      ])
    ],
    smooth: false,
    note: 'zero'
  },
  ...[large, 1 / large].map(unit => ({
    inputs: [
      tensor([
        [3 * unit, -4 * unit],
        [0.5 * unit, 0.1 * unit]
      ])
    ],
    extreme: true,
    note: `${unit}`
  }))
]
