import { broadcastCopy } from './backends/kernels.js'
import { reduceSum } from './backends/plain/reduce.js'
import { alloc, type Data } from './memory.js'
import type { Claim } from './op.js'
import { type Shape, sameShape, size } from './shape.js'
import { mapData, onesLike, Tensor } from './tensor.js'

/** Arithmetic on claims, for inverse rules and for the target sweep. All of it is unrecorded: a target is a constant. */

export const claim = (value: Tensor, weight: Tensor | null = null): Claim => ({ value, weight })

/** No claim at all on a tensor: its current value, weight 0. */
export const noClaim = (t: Tensor): Claim => ({ value: t, weight: new Tensor(t.shape, alloc(t.size, t.dtype)) })

/** t repeated to `shape` by NumPy's rule, as `expand` does, but unrecorded. */
export function stretch(t: Tensor, shape: Shape): Tensor {
  if (sameShape(t.shape, shape)) return t
  const y = alloc(size(shape), t.dtype)
  broadcastCopy(t.data, t.shape, y, shape)
  return new Tensor(shape, y)
}

/** Sum over all axes along which `shape` was stretched to the shape of t. */
function collapse(t: Tensor, shape: Shape): Data {
  const extra = t.shape.length - shape.length
  const y = alloc(size(shape), t.dtype)
  reduceSum(
    t.data,
    y,
    t.shape,
    t.shape.map((d, k) => k >= extra && shape[k - extra] === d)
  )
  return y
}

/**
 * A claim on a stretched tensor becomes a claim on the tensor: all copies are one number, so it is their weighted mean
 * (the least-squares answer), and the weights add up.
 */
export function foldClaim({ value, weight }: Claim, shape: Shape): Claim {
  if (sameShape(value.shape, shape)) return { value, weight }
  const w = weight ?? mapData(value, () => 1)
  const total = collapse(w, shape)
  const mean = collapse(
    mapData(value, (v, i) => (w.data[i] === 0 ? 0 : v * w.data[i])),
    shape
  )
  for (let i = 0; i < mean.length; i++) mean[i] = total[i] === 0 ? 0 : mean[i] / total[i]
  return { value: new Tensor(shape, mean), weight: new Tensor(shape, total) }
}

/**
 * A claim on copies of entries of x becomes a claim on x: `back` adds up what belongs to the copies of each entry, so
 * that the value is the weighted mean of theirs and the weights add up. An entry that was not copied has no claim.
 */
export function averageCopies({ value, weight }: Claim, x: Tensor, back: (copies: Tensor) => Tensor): Claim {
  const w = weight ?? onesLike(value)
  const total = back(w)
  const sum = back(mapData(value, (v, i) => (w.data[i] === 0 ? 0 : w.data[i] * v)))
  return { value: mapData(x, (v, i) => (total.data[i] === 0 ? v : sum.data[i] / total.data[i])), weight: total }
}

/** Where the weight is 0 the value is the current one: puts it there. */
export function fillUnclaimed({ value, weight }: Claim, current: Tensor): Claim {
  return weight
    ? { value: mapData(value, (v, i) => (weight.data[i] === 0 ? current.data[i] : v)), weight }
    : { value, weight }
}

/**
 * For operators that mix entries: what is asked of the output, with "stays as it is" where nothing was claimed.
 * The difference to the current output is then 0 there.
 */
export const wanted = (claimed: Claim, out: Tensor): Tensor => fillUnclaimed(claimed, out).value

/** x̃ = x + f(ỹ - y), the difference repeated along the reduced axes (`kept` has length 1 there). */
export function spread(x: Tensor, out: Tensor, claimed: Claim, kept: Shape, f: (difference: number) => number): Claim {
  const step = mapData(wanted(claimed, out), (v, i) => f(v - out.data[i]))
  const change = stretch(new Tensor(kept, step.data), x.shape)
  return {
    value: mapData(x, (v, i) => v + change.data[i]),
    weight: claimed.weight && stretch(new Tensor(kept, claimed.weight.data), x.shape)
  }
}

/**
 * Nothing was asked of some samples of an output: then nothing is asked of them at an input either, also by an operator
 * that mixes the entries of a sample and gives full weight. `carried`: the input's axis 0 is the output's sample axis.
 */
export function muteSamples(answer: Claim, current: Tensor, asked: Claim, carried: boolean): Claim {
  const { weight } = asked
  if (!weight) return answer
  const B = carried ? current.shape[0] : 1
  const n = weight.size / B
  const silent = Array.from({ length: B }, (_, b) => weight.data.subarray(b * n, (b + 1) * n).every(w => w === 0))
  if (!silent.some(Boolean)) return answer
  const w = current.size / B
  const own = mapData(current, (_, i) => (silent[Math.floor(i / w)] ? 0 : answer.weight ? answer.weight.data[i] : 1))
  return { value: answer.value, weight: own }
}

/** Of two claims on one tensor, the first for the samples marked, the second for the others. */
export function pickSamples(first: readonly boolean[], a: Claim, b: Claim): Claim {
  const w = a.value.size / first.length
  const pick = (s: Tensor, t: Tensor) => mapData(t, (v, i) => (first[Math.floor(i / w)] ? s.data[i] : v))
  const full = (c: Claim) => c.weight ?? mapData(c.value, () => 1)
  return claim(pick(a.value, b.value), a.weight || b.weight ? pick(full(a), full(b)) : null)
}

export interface Met extends Claim {
  /** Two claims with weight differ: the sweep settles it where the value is taken. */
  readonly conflict?: boolean
}

/**
 * Below it, differing claims are rounding: relative to how far the claims move the tensor (half of the digits, which is
 * what inverse rules and solvers keep at worst), and relative to the tensor itself (a few hundred roundings).
 */
const AGREEMENT = { f64: [1e-8, 1e-13], f32: [3e-4, 5e-5] } as const

/** Where two claims meet: the weighted mean, weights added. Associative, since weights add up. */
export function meetClaims(t: Tensor, a: Met, b: Met): Met {
  const [relative, rounding] = AGREEMENT[t.dtype]
  const value = alloc(t.size, t.dtype)
  const weight = alloc(t.size, t.dtype)
  let conflict = a.conflict || b.conflict || false
  for (let i = 0; i < t.size; i++) {
    const p = a.weight ? a.weight.data[i] : 1
    const q = b.weight ? b.weight.data[i] : 1
    const u = a.value.data[i]
    const v = b.value.data[i]
    const x = t.data[i]
    weight[i] = p + q
    value[i] = p && q ? (p * u + q * v) / (p + q) : p ? u : q ? v : x
    const apart = Math.abs(u - v)
    const moved = Math.max(Math.abs(u - x), Math.abs(v - x))
    if (p && q && apart > relative * moved + rounding * Math.abs(x)) conflict = true
  }
  return { value: new Tensor(t.shape, value), weight: new Tensor(t.shape, weight), conflict }
}

/**
 * Where increments meet: x̃ = x + Σ (x̃_i - x), each counted in full whatever its weight, nothing divided. What the terms of a
 * sum ask for, one step each, where `meetClaims` reconciles several opinions about one number. Associative.
 */
export function addClaims(t: Tensor, a: Claim, b: Claim): Claim {
  const says = ({ weight }: Claim, i: number) => !weight || weight.data[i] > 0
  const value = mapData(t, (x, i) => {
    const [p, q] = [says(a, i), says(b, i)]
    return p && q ? a.value.data[i] + (b.value.data[i] - x) : p ? a.value.data[i] : q ? b.value.data[i] : x
  })
  if (!a.weight || !b.weight) return claim(value)
  return claim(
    value,
    mapData(t, (_, i) => (says(a, i) || says(b, i) ? 1 : 0))
  )
}
