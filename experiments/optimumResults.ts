import { exponent } from '../core/check/probe.js'
import { methodsOf, quantityOf } from './shell/data.js'
import type { PlotFigure, Series } from './shell/figure.js'
import type { Done, Metric } from './shell/types.js'

/** Tables and figures of `optimum`. */
export interface Curve {
  x: number[]
  y: number[]
}

export interface Curves {
  /** Shape of P → over the distance to the optimum: what part of it a step goes; below 0 away from it. */
  near: Record<string, Curve>
  /** Over c: |Δx|, and by how much L = c·x changes. */
  step: Curve
  fall: Curve
  /** Over a: |Δz| as a multiple of what was asked, and the angle between both in degrees. */
  length: Curve
  angle: Curve
  /** Over η: |Δz + ηz| / |ηz|. */
  deviation: Curve
}

type Part = Done<string, Curves>

/** p of y ~ x^p where x is at most so large; rounding of 1e-16 is none of the table's business. */
function exponentOf({ x, y }: Curve, most = Number.POSITIVE_INFINITY): number {
  const n = x.filter(v => v <= most).length
  return Math.round(exponent(x.slice(0, n), y.slice(0, n)) * 1e9) / 1e9 + 0
}

interface Claim {
  name: string
  of: (curves: Curves) => number
  expected: Record<string, [low: number, high: number]>
  published?: Record<string, number>
  note?: string
}

const near = (value: number, by: number): [number, number] => [value - by, value + by]
const each = (GD: number, Newton: number, IG: number, SIP: number, by: number): Claim['expected'] => ({
  GD: near(GD, by),
  Newton: near(Newton, by),
  IG: near(IG, by),
  SIP: near(SIP, by)
})

/**
 * What the formulas say. Powers of x and c are exact but for rounding; where d or η has to be small, what is left is of
 * their order, 1e-3 and 1e-2. Two depend on z, for which every seed has its own. The largest |Δz| over the least, on ten
 * seeds: GD 7.7 to 17, Newton 1.15 to 1.47, IG 1.007 to 1.015; in the plane of z 1.07 is the least that Newton can have. The
 * deviation: GD 2.0 to 6.2, Newton 0.20 to 0.30, which is z1 / 3|z|, and IG 1.5e-5 to 2.2e-5, η z1 / 4|z|.
 */
const claims: Claim[] = [
  { name: 'y = x: |Δx|/d ~ d^p', of: c => exponentOf(c.near['y = x']), expected: each(0, 0, 0, 0, 1e-9) },
  { name: 'y = x²: |Δx|/d ~ d^p', of: c => exponentOf(c.near['y = x²']), expected: each(2, 0, 0, 0, 1e-9) },
  {
    name: 'y = eˣ: |Δx|/d ~ d^p',
    of: c => exponentOf(c.near['y = eˣ'], 1e-3),
    expected: each(0, 0, 0, 0, 1e-3),
    note: 'd up to 10⁻³'
  },
  {
    name: 'y = eˣ: −Δx/x from x = −10',
    of: c => c.near['y = eˣ'].y.at(-1)!,
    expected: {
      GD: [0, 1e-6],
      Newton: near((1 - Math.exp(-10)) / (1 - 2 * Math.exp(-10)) / -10, 1e-9),
      IG: near((Math.exp(10) - 1) / 10, 1e-6),
      SIP: near(1, 1e-9)
    },
    note: '1 is at the optimum, below 0 away from it'
  },
  {
    name: 'L = c x: |Δx| ~ c^p',
    of: c => exponentOf(c.step),
    expected: each(1, -1, -1, -1, 1e-9),
    published: { GD: 1, IG: -1 }
  },
  { name: 'L = c x: |ΔL| ~ c^p', of: c => exponentOf(c.fall), expected: each(2, 0, 0, 0, 1e-9) },
  {
    name: 'z = f(x): |Δz|, largest over least',
    of: c => Math.max(...c.length.y) / Math.min(...c.length.y),
    expected: { GD: [5, 50], Newton: [1.05, 1.55], IG: [1, 1.05], SIP: near(1, 1e-9) },
    note: 'a from 1 to 4'
  },
  {
    name: 'z = f(x): |Δz + ηz| / |ηz|',
    of: c => c.deviation.y[0],
    expected: { GD: [1, 10], Newton: [0.1, 0.32], IG: [0, 1e-4], SIP: [0, 1e-9] },
    note: 'a = 2, η = 10⁻⁴'
  },
  {
    name: 'z = f(x): |Δz + ηz| / |ηz| ~ η^p',
    of: c => exponentOf(c.deviation, 1e-2),
    // SIP's is nothing but rounding.
    expected: { GD: near(0, 1e-2), Newton: near(0, 1e-2), IG: near(1, 1e-2) },
    published: { IG: 1 },
    note: 'a = 2, η up to 10⁻²'
  }
]

export function metricsOf(parts: readonly Part[]): Metric[] {
  const methods = methodsOf(parts.filter(p => p.data))
  return claims.flatMap(({ name, of, expected, published, note }) =>
    methods
      .filter(method => expected[method])
      .map(method => ({
        name: `${name}, ${method}`,
        value: quantityOf(
          parts.filter(p => p.method === method && p.data),
          p => of(p.data!)
        ),
        published: published?.[method],
        expected: expected[method],
        note
      }))
  )
}

export function figuresOf(parts: readonly Part[]): PlotFigure[] {
  const firsts = methodsOf(parts).flatMap(method => parts.filter(p => p.method === method && p.data).slice(0, 1))
  const of = (curve: (curves: Curves) => Curve): Series[] =>
    firsts.map(({ method, data }) => ({ name: method, ...curve(data!), markers: 'some' as const }))
  const log = (label: string, domain?: [number, number]) => ({ label, domain, scale: 'log' as const })
  return [
    {
      kind: 'plot',
      name: 'near',
      title: 'What part of the way to the optimum one step goes',
      caption:
        'Where P has no slope at the optimum, gradient descent comes to a standstill; inverse methods go a constant part of the way however near they are. From afar on eˣ the inverse gradient goes too far and Newton away from the optimum, which an inverse function does not.',
      panels: Object.keys(firsts[0]?.data?.near ?? {}).map((shape, i) => ({
        title: shape,
        x: log('Distance d to the optimum'),
        y: log(i === 0 ? '|Δx| / d' : '', [1e-11, 1e4]),
        series: of(c => c.near[shape]).flatMap(uphillApart)
      }))
    },
    {
      kind: 'plot',
      name: 'sensitivity',
      title: 'L = c·x, asked to change by −1',
      caption:
        'The more sensitive the function, the larger the step of gradient descent, where it should be the smaller: L changes with c². The others lie on one line.',
      panels: [
        { x: log('Sensitivity c'), y: log('|Δx|'), series: of(c => c.step) },
        { x: log('Sensitivity c'), y: log('|ΔL|'), series: of(c => c.fall) }
      ]
    },
    {
      kind: 'plot',
      name: 'composition',
      title: 'What a step in x does to z = (x₀, x₁ᵃ)',
      caption:
        'Left, middle: one z, one loss ½|z|², one η = 0.05; only the function before z differs. Right: at a = 2, where the deviation of the inverse gradient is of second order in η and that of SIP is rounding.',
      panels: [
        { title: 'Length', x: log('a'), y: log('|Δz| / |ηz|'), series: of(c => c.length) },
        { title: 'Direction', x: log('a'), y: { label: 'Angle between Δz and −z (°)' }, series: of(c => c.angle) },
        {
          title: 'Deviation, a = 2',
          x: log('η'),
          y: log('|Δz + ηz| / |ηz|', [1e-17, 1e2]),
          series: of(c => c.deviation)
        }
      ]
    }
  ]
}

/** Steps away from the optimum as a line of their own: a logarithmic axis has no place for their sign. */
function uphillApart(line: Series): Series[] {
  const y = Array.from(line.y)
  const uphill: Series = {
    name: `${line.name}, away from the optimum`,
    x: line.x,
    y: y.map(v => (v < 0 ? -v : Number.NaN)),
    style: { color: '#FF7F0E', dash: [2, 3], marker: 'cross' },
    markers: 'some'
  }
  return y.some(v => v < 0) ? [line, uphill] : [line]
}
