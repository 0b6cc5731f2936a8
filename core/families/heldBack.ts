import { foldClaim, stretch } from '../claim.js'
import type { Data } from '../memory.js'
import type { Claim, Site } from '../op.js'
import { sameShape } from '../shape.js'
import { mapData, Tensor } from '../tensor.js'

/**
 * An inverse rule's answer for input i, held back where it would end further from the target than the current input is:
 * by rounding (ln → -800 asks for e^-800, which is 0 and gives -∞), or since copies of a broadcast input ask for different
 * things. Entry by entry, or `group` entries together: where the output is not finite, the last number on the way to the
 * answer at which it is; then halfway back to x until it is not further. What has no finite answer stays without one.
 */
export function heldBack(site: Site, i: number, asked: Claim, answer: Tensor, group = 1): Tensor {
  const x = site.inputs[i]
  const forward = (t: Tensor): Tensor =>
    site.op.forward(
      site.inputs.map((u, k) => (k === i ? t : u)),
      site.attrs,
      site.out.shape,
      {}
    )
  const y = forward(answer)
  if (group === 1 && sameShape(x.shape, y.shape) && !further(y.data, site.out.data, asked)) return answer

  const squares = distances(site, asked, x, group)
  const before = squares(site.out)
  const known = before.map((d, g) => {
    for (let k = g * group; k < (g + 1) * group; k++) if (!Number.isFinite(answer.data[k])) return Infinity
    return d
  })
  const bad = (found: Float64Array): boolean[] => Array.from(found, (d, g) => known[g] < Infinity && !(d <= known[g]))
  let open = bad(squares(y))
  if (!open.some(Boolean)) return answer

  const mix = (t: Tensor, use: (k: number, v: number) => number): Tensor =>
    new Tensor(
      t.shape,
      t.data.map((v, k) => (open[Math.floor(k / group)] ? use(k, v) : v))
    )
  let held = answer
  if (group === 1) {
    const low = x.data.slice()
    const high = answer.data.slice()
    for (let step = 0; step < 64; step++) {
      const middle = mix(answer, k => between(low[k], high[k], x.dtype))
      const found = squares(forward(middle))
      found.forEach((d, k) => {
        if (Number.isFinite(d)) low[k] = middle.data[k]
        else high[k] = middle.data[k]
      })
    }
    const found = squares(y)
    held = mix(answer, (k, v) => (Number.isFinite(found[k]) ? v : low[k]))
    open = bad(squares(forward(held)))
  }
  const far = held
  for (let t = 0.5; t > 1e-6 && open.some(Boolean); t /= 2) {
    held = mix(held, k => x.data[k] + t * (far.data[k] - x.data[k]))
    open = bad(squares(forward(held)))
  }
  return mix(held, k => x.data[k])
}

/** Is any entry further from its target than it was? */
function further(now: Data, before: Data, { value, weight }: Claim): boolean {
  for (let k = 0; k < now.length; k++) {
    const t = value.data[k]
    if (Number.isFinite(t) && !(weight && weight.data[k] === 0) && !(Math.abs(now[k] - t) <= Math.abs(before[k] - t)))
      return true
  }
  return false
}

/**
 * Σ w (y - ỹ)² for each group of entries of x, over all their copies, in units in which it is at most 1 for the current
 * output, so that squares neither overflow nor vanish.
 */
function distances({ out }: Site, { value, weight }: Claim, x: Tensor, group: number): (y: Tensor) => Float64Array {
  const fold = (d: Tensor): Tensor => foldClaim({ value: d, weight: d }, x.shape).weight!
  const errors = (y: Tensor): Tensor =>
    mapData(y, (v, k) => {
      const w = weight ? weight.data[k] : 1
      return w === 0 || !Number.isFinite(value.data[k]) ? 0 : Math.sqrt(w) * Math.abs(v - value.data[k])
    })
  const sums = fold(errors(out))
  const shared = mapData(sums, (_, k) => {
    const from = k - (k % group)
    let sum = 0
    for (let j = from; j < from + group; j++) sum += sums.data[j]
    return sum
  })
  const unit = stretch(shared, out.shape).data
  return y => {
    const part = fold(mapData(errors(y), (d, k) => (d === 0 ? 0 : (d / unit[k]) ** 2)))
    const total = new Float64Array(part.size / group)
    part.data.forEach((d, k) => {
      total[Math.floor(k / group)] += d
    })
    return total
  }
}

const bits64 = new BigInt64Array(1)
const float64 = new Float64Array(bits64.buffer)
const bits32 = new Int32Array(1)
const float32 = new Float32Array(bits32.buffer)

/** The number in the middle of two finite ones, counted in representable numbers; the first where they are neighbours. */
function between(a: number, b: number, dtype: Tensor['dtype']): number {
  const count = (v: number): bigint => {
    if (dtype === 'f64') float64[0] = v
    else float32[0] = v
    const bits = dtype === 'f64' ? bits64[0] : BigInt(bits32[0])
    const magnitude = bits & (dtype === 'f64' ? 0x7fffffffffffffffn : 0x7fffffffn)
    return bits < 0n ? -magnitude : magnitude
  }
  const start = count(a)
  const middle = start + (count(b) - start) / 2n
  const size = middle < 0n ? -middle : middle
  if (dtype === 'f64') bits64[0] = size
  else bits32[0] = Number(size)
  const v = dtype === 'f64' ? float64[0] : float32[0]
  return middle < 0n ? -v : v
}
