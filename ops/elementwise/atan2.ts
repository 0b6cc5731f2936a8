import { atan2 as atan2Form } from '../../core/backends/gpu/formulas.js'
import { stretch } from '../../core/claim.js'
import { binary, binaryFunction } from '../../core/families/binary.js'
import type { View } from '../../core/op.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { mapData, type Tensor, tensor } from '../../core/tensor.js'
import { div } from './div.js'
import { neg } from './neg.js'
import { square } from './square.js'

/**
 * ∂θ/∂a = b/(a² + b²) and ∂θ/∂b = -a/(a² + b²), without overflow: both are homogeneous of degree -1, so a and b are divided by
 * the larger of the two first, a constant, and the result once more. 0 at the origin.
 */
function slopes({ x: [a, b], y }: View): { a: Tensor; b: Tensor } {
  const [p, q] = [stretch(a, y.shape), stretch(b, y.shape)]
  const larger = mapData(p, (v, i) => Math.max(Math.abs(v), Math.abs(q.data[i])) || 1)
  const origin = mapData(p, (v, i) => (v === 0 && q.data[i] === 0 ? 1 : 0))
  const [u, w] = [div(a, larger), div(b, larger)]
  const over = (t: Tensor): Tensor => div(div(t, add(add(square(u), square(w)), origin)), larger)
  return { a: over(w), b: neg(over(u)) }
}

/** An angle that atan2 can give; what lies beyond ±π counts as ±π, the nearest one. */
const inReach = (t: number): number => Math.max(-Math.PI, Math.min(Math.PI, t))

/** Of a sign (+1, -1 as that of -0, too) at which an angle is measured. */
const signed = (v: number): number => (v < 0 || Object.is(v, -0) ? -1 : 1)

export const atan2Op = binary({
  name: 'atan2',
  doc: `θ = the angle of the point (b, a), in [-π, π]: tan θ = a/b
  tangent  dθ = (b da - a db)/(a² + b²)
  adjoint  ct b/(a² + b²) to a, -ct a/(a² + b²) to b, summed over broadcast axes
  inverse  ã = b tan θ̃ where the ray at θ̃ meets the line of this b, b̃ = a / tan θ̃ likewise; none where it does not (θ̃ at or
           beyond ±π/2 for b > 0, say). θ̃ beyond ±π counts as ±π. On an axis (b = 0, or a = 0) the angle has two values, and
           the other input takes the sign of the nearer one. Where both are free, the point turns about the origin. At the
           origin, where nothing says how far, it moves by 1
  domain   the branch cut is a = 0, b < 0: θ jumps from π (a = +0, a > 0) to -π (a = -0, a < 0)
  caveats  at the origin there is no derivative: tangent and adjoint are 0 there`,
  tex: {
    y: String.raw`\theta = \operatorname{atan2}(a, b)`,
    tangent: String.raw`d\theta = \frac{b\,da - a\,db}{a^2 + b^2}`,
    adjoint: String.raw`\bar a = \frac{b\,\bar\theta}{a^2 + b^2},\quad \bar b = -\frac{a\,\bar\theta}{a^2 + b^2}`,
    inverse: String.raw`\tilde a = b \tan\tilde\theta,\quad \tilde b = a / \tan\tilde\theta`
  },
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = Math.atan2(a[ia], b[ib])
  },
  gpu: `${atan2Form('l', 'a', 'b')} return l;`,
  jvp: [(da, v) => mul(da, slopes(v).a), (db, v) => mul(db, slopes(v).b)],
  vjp: [(ct, v) => mul(ct, slopes(v).a), (ct, v) => mul(ct, slopes(v).b)],
  solve: [height, width],
  kind: 'local',
  choose: (target, a, b) => {
    const r = Math.hypot(a, b) || 1
    const t = inReach(target)
    if (t === Math.atan2(a, b)) return [a, b]
    return [r * Math.sin(t), r * Math.cos(t)]
  },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2), r.uniform([2, 3], 0.5, 2)], note: 'first quadrant' },
    { inputs: [r.uniform([3], 0.5, 2), r.uniform([3], -2, -0.5)], note: 'second quadrant' },
    { inputs: [r.uniform([3], -2, -0.5), r.uniform([3], -2, -0.5)], note: 'third quadrant' },
    { inputs: [r.uniform([3], -2, -0.5), r.uniform([3], 0.5, 2)], note: 'fourth quadrant' },
    { inputs: [tensor([1e-7, -1e-7, 1, -1]), tensor([1, 2, 1e-7, -1e-7])], note: 'near the axes' },
    { inputs: [tensor([1, -2, 0]), tensor([0, 0, 3])], note: 'on the axes' },
    { inputs: [tensor([0, -0]), tensor([-1, -2])], smooth: false, note: 'branch cut' },
    { inputs: [tensor([0]), tensor([0])], smooth: false, note: 'origin' }
  ],
  extremes: [
    [1e300, -2e300],
    [-1e-300, 3e-300],
    [1e-300, 1e300]
  ]
})

/** ã for this b. On the line b = 0 the angle is ±π/2: ã = ±|a|. */
function height(target: number, b: number, a: number): number {
  const t = inReach(target)
  if (b === 0) return Math.abs(t) < Math.PI / 4 && a === 0 ? a : signed(t) * (Math.abs(a) || 1)
  const meets = b > 0 ? Math.abs(t) < Math.PI / 2 : Math.abs(t) > Math.PI / 2
  return meets ? b * Math.tan(t) : Number.NaN
}

/** b̃ for this a. On the line a = 0 the angle is 0 (b̃ > 0) or ±π (b̃ < 0, the sign that of the zero). */
function width(target: number, a: number, b: number): number {
  const t = inReach(target)
  const side = signed(a)
  if (a === 0) return side * t > Math.PI / 2 ? -Math.abs(b) : Math.abs(b)
  return side * t > 0 && side * t < Math.PI ? (a * Math.cos(t)) / Math.sin(t) : Number.NaN
}

/** The angle of the points (b, a) in [-π, π], entry by entry, broadcasting: arctan(a/b) with the right quadrant. */
export const atan2 = binaryFunction(atan2Op)
