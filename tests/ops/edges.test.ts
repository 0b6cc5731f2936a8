import t from 'tap'
import { probe } from '../../core/check/probe.js'
import type { Op } from '../../core/op.js'
import { random } from '../../core/random.js'
import { sameShape } from '../../core/shape.js'
import { checkedOps } from '../checkedOps.js'

/**
 * What the checks can see is what the examples show them. So the examples of every operator contain the edges: an empty
 * axis, an axis of length 1, broadcasting from both sides where inputs broadcast, and numbers at both ends of the range
 * of f64 (marked `extreme`) among inputs and output. Views are seen at every example, by the check of that name.
 */
const edges = {
  empty: 'an empty axis',
  single: 'an axis of length 1',
  both: 'broadcasting from both sides',
  extreme: 'an extreme example',
  large: 'an entry of 1e300 or more at an extreme example',
  small: 'an entry of 1e-300 or less at an extreme example, not 0'
} as const
type Edge = keyof typeof edges

/** What an operator cannot show, and the mathematical reason. One that is not needed (any more) is an error. */
const exceptions: Readonly<Record<string, Partial<Record<Edge, string>>>> = {
  sin: { large: 'neighbouring numbers near 1e300 lie 1e284 apart, which is many periods: no change of x is small' },
  cos: { large: 'neighbouring numbers near 1e300 lie 1e284 apart, which is many periods: no change of x is small' },
  tan: { large: 'neighbouring numbers near 1e300 lie 1e284 apart, which is many periods: no change of x is small' },
  asin: { large: 'defined for |x| ≤ 1, with values up to π/2' },
  acos: { large: 'defined for |x| ≤ 1, with values up to π' },
  atanh: { large: 'defined for |x| < 1, with values up to 19' },
  acosh: { small: 'defined for x ≥ 1, with values of 2e-8 or more next to 1' },
  cubicOscillators: { large: 'the cube of a distance of 1e300 is infinite' },
  pendulum: {
    large: 'neighbouring numbers near 1e300 lie 1e284 apart, which is many turns: no change of an angle is small'
  },
  lotkaVolterra: { large: 'the product of 1e300 prey and 1e300 predators is infinite' },
  nBody: { large: 'the square of a distance of 1e300 is infinite' },
  sineMap: { large: 'neighbouring numbers near 1e300 lie 1e284 apart, which is many periods: no change of x is small' },
  meanAnomaly: {
    large: 'neighbouring numbers near 1e300 lie 1e284 apart, which is many turns: no change of an angle is small'
  },
  eccentricAnomaly: {
    large: 'neighbouring numbers near 1e300 lie 1e284 apart, which is many turns: no change of an angle is small'
  },
  burgers: { large: 'a step is stable for |u| dt ≤ 2.8 dx: beyond it there is no value to be right about' },
  flow: { large: 'what moves by 1e300 cells in a step can come from anywhere: no change of such a velocity is small' },
  rsqrt: { small: 'below 1e-205 the slope -½ x^(-3/2) is infinite' }
}

const touches = (shape: readonly number[], length: number): boolean => shape.includes(length)

/** Do the inputs broadcast against each other? Asked of `outShape`, with shapes that stretch both ways. */
function broadcasts(op: Op): boolean {
  const [first] = op.examples(random(0))
  if (!op.outShape || first.inputs.length < 2) return false
  try {
    const shapes = first.inputs.map((_, i) => (i % 2 ? [3] : [4, 1]))
    return sameShape(op.outShape(shapes, first.attrs), [4, 3])
  } catch {
    return false
  }
}

function shown(op: Op): Record<Edge, boolean> {
  const seen = { empty: false, single: false, both: !broadcasts(op), extreme: false, large: false, small: false }
  for (const example of op.examples(random(0))) {
    const p = probe(op, example)
    const y = p.f(p.xs)
    seen.empty ||= p.xs.some(x => touches(x.shape, 0))
    seen.single ||= p.xs.some(x => touches(x.shape, 1))
    seen.both ||= p.xs.filter(x => !sameShape(x.shape, y.shape)).length >= 2
    if (!example.extreme) continue
    seen.extreme = true
    const sizes = [...p.xs, y].flatMap(x => Array.from(x.data, Math.abs))
    seen.large ||= sizes.some(v => v >= 1e300 && v < Number.POSITIVE_INFINITY)
    seen.small ||= sizes.some(v => v <= 1e-300 && v > 0)
  }
  return seen
}

t.test('the examples of every operator contain the edges', t => {
  const open = checkedOps.flatMap(op => {
    const seen = shown(op)
    const excused = exceptions[op.name] ?? {}
    const missing = (Object.keys(edges) as Edge[]).filter(
      e => !seen[e] && !excused[e] && !(excused.extreme && (e === 'large' || e === 'small'))
    )
    const idle = (Object.keys(excused) as Edge[]).filter(e => seen[e])
    t.same(
      [...missing.map(e => `lacks ${edges[e]}`), ...idle.map(e => `shows ${edges[e]}, yet is excused`)],
      [],
      op.name
    )
    return missing.length + idle.length > 0 ? [`${op.name}: ${[...missing, ...idle].join(', ')}`] : []
  })
  if (open.length > 0) t.comment(`${open.length} operators with gaps\n${open.join('\n')}`)
  const known = new Set(checkedOps.map(op => op.name))
  t.same(
    Object.keys(exceptions).filter(name => !known.has(name)),
    [],
    'every exception is of an operator'
  )
  t.end()
})
