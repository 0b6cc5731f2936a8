import { apply } from '../../core/apply.js'
import { OptionError } from '../../core/errors.js'
import { elementwise } from '../../core/families/elementwise.js'
import { describe } from '../../core/options.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { constantOf } from './constantOf.js'

export const clampOp = elementwise<{ low: number; high: number }>({
  name: 'clamp',
  doc: `y = x kept between low and high
  tangent  dy = dx where low ≤ x ≤ high, else 0
  adjoint  ct where low ≤ x ≤ high, else 0
  inverse  ỹ between the edges; at an edge or beyond x stays if it is there already, else it becomes the edge
  caveats  at the edges themselves derivatives pass, as in PyTorch`,
  tex: {
    y: String.raw`y = \min(\max(x, l), h)`,
    slope: String.raw`[l \le x \le h]\,`,
    inverse: String.raw`\tilde x = \min(\max(\tilde y, l), h)`
  },
  kernel: (x, y, { low, high }) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.min(high, Math.max(low, x[i]))
  },
  gpu: ({ low, high }) =>
    `${Number.isFinite(low) ? `Math.max(${low}, ` : '('}${Number.isFinite(high) ? `Math.min(${high}, x)` : 'x'})`,
  derivative: (x, _, { low, high }) => constantOf(x, v => (v >= low && v <= high ? 1 : 0), within(low, high)),
  inverse: {
    kind: 'local',
    at: (t, x, { low, high }) => (t <= low ? Math.min(x, low) : t >= high ? Math.max(x, high) : t)
  },
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { low: -0.5, high: 0.5 } },
    { inputs: [r.uniform([3], 0.2, 0.8)], attrs: { low: 0, high: 1 }, note: 'all inside' },
    { inputs: [r.normal([3])], attrs: { low: 0, high: Number.POSITIVE_INFINITY }, note: 'open above' },
    { inputs: [tensor([-1, 0, 1, 2])], attrs: { low: 0, high: 1 }, smooth: false, note: 'edges' }
  ]
})

/** 1 between the edges, for a GPU; an edge at infinity is none. */
const within = (low: number, high: number): string => {
  const below = Number.isFinite(high) ? `x <= ${high} ? 1 : 0` : '1'
  return Number.isFinite(low) ? `x >= ${low} ? (${below}) : 0` : below
}

const text = (v: unknown): string => (typeof v === 'number' ? String(v) : describe(v))

/** x kept between `low` and `high`; give infinities for none. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  // Infinity leaves a side open. Null or a tensor would be compared all the same, as 0 or as text.
  if (typeof low !== 'number' || typeof high !== 'number' || !(low <= high))
    throw new OptionError(
      'clamp',
      `low is ${text(low)} and high ${text(high)}`,
      'Give numbers low ≤ high, ±Infinity for none'
    )
  return apply(clampOp, [x], { low, high })
}
