import { type Data, LOOKS, METHODS, type Method } from './fluid.js'
import { indices, late, linesOf, methodsOf, partsWith, quantityOf, ratioBySeed } from './shell/data.js'
import type { Arrows, Figure, Panel } from './shell/figure.js'
import type { Done, Metric } from './shell/types.js'

/** Tables and figures of `fluid`. */
type Part = Done<Method, Data>

/** How many of the last looks make a number of the table. */
const LAST = 3

const lateOf = (part: Part, space: 'x' | 'y'): number => late(part.course[space].y, LAST)

export function metricsOf(parts: readonly Part[]): Metric[] {
  const rows: Metric[] = methodsOf(parts).flatMap(m => {
    const runs = partsWith(parts, 'x', m) as Part[]
    if (runs.length === 0) return []
    return [
      { name: `${m}: error of the initial velocity`, unit: 'm/s', value: quantityOf(runs, p => lateOf(p, 'x')) },
      { name: `${m}: loss in y`, unit: 'm²/s²', value: quantityOf(runs, p => lateOf(p, 'y')) }
    ]
  })
  const ratio = (space: 'x' | 'y', metric: Omit<Metric, 'value'>): Metric[] => {
    const of = (method: Method) => partsWith(parts, space, method) as Part[]
    const value = ratioBySeed(of('GD'), of('SIP'), p => lateOf(p, space))
    return value === undefined ? [] : [{ ...metric, value }]
  }
  const compared = [
    ...ratio('x', {
      name: 'error of the initial velocity, GD / SIP',
      note: `paired: same weights, same data; mean of the last ${LAST} of ${LOOKS} looks at samples that are not trained on`
    }),
    ...ratio('y', { name: 'loss in y, GD / SIP' })
  ]
  const ended = parts.filter(p => p.data)
  const once = ended.filter(p => p.method === ended[0].method)
  const inverse: Metric[] = [
    ...METHODS.map(m => ({
      name: `part of the error that one update of the physics leaves, ${m === 'GD' ? 'GD at its best step' : m}`,
      value: quantityOf(ended, p => p.data?.left[m])
    })),
    {
      name: 'the same, GD at its best step / SIP',
      value: quantityOf(ended, p => p.data && p.data.left.GD / p.data.left.SIP),
      expected: [1.2, 4],
      note: 'at the predictions of the trained networks; quick preset: 1.40 to 1.83 over ten seeds and both networks'
    },
    {
      name: 'time reversed from y*, without a network',
      unit: 'm/s',
      value: quantityOf(once, p => p.data?.reversed)
    },
    { name: 'y* taken for x*', unit: 'm/s', value: quantityOf(once, p => p.data?.unchanged) }
  ]
  return [...rows, ...compared, ...(ended.length > 0 ? inverse : [])]
}

export const figuresOf = (parts: readonly Part[], size: number): Figure[] => [losses(parts), ...velocities(parts, size)]

function losses(parts: readonly Part[]): Figure {
  const panel = (space: 'x' | 'y', over: 'steps' | 'seconds'): Panel => ({
    title: space === 'x' ? 'Initial velocity' : 'Velocity after 2 s',
    x: { label: over === 'steps' ? 'Training step' : 'Seconds of training' },
    y: { label: space === 'x' ? 'mean |x − x*| (m/s)' : 'L per sample (m²/s²)', scale: 'log' },
    series: linesOf(parts, space, { over })
  })
  return {
    kind: 'plot',
    name: 'losses',
    title: 'The initial velocity found, and where it leads: same weights, same data',
    caption: 'For samples that are not trained on. GD is Adam on the gradient through all steps of the simulator.',
    panels: [panel('x', 'steps'), panel('x', 'seconds'), panel('y', 'steps')]
  }
}

/** At most so many arrows along each side. */
const ARROWS = 16

/**
 * The sample of the first seed that the flow has changed most: what the network sees, and what each method makes of it, over
 * the truth. Less the true mean wind, which would hide the swirl.
 */
function velocities(parts: readonly Part[], size: number): Figure[] {
  const shown = (['GD', 'SIP'] as const).flatMap(m => parts.find(p => p.method === m && p.fields?.length) ?? [])
  if (shown.length === 0) return []
  const of = (part: Part, name: string) => [1, 2].map(i => part.fields!.find(f => f.name === `${name} ${i}`)!)
  const truth = of(shown[0], 'reference')
  const n = truth[0].width
  const wind = truth.map(({ values }) => late(Array.from(values), n * n))
  const swirl = (field: typeof truth) => field.map(({ values }, i) => Array.from(values, v => v - wind[i]))
  const [u, v] = swirl(truth)
  // Lengths of one scale in all panels: the fastest place of the truth is a bit longer than the way to the next arrow.
  const every = Math.max(1, Math.ceil(n / ARROWS))
  const scale = (1.4 * every * size) / n / Math.max(...u.map((a, k) => Math.hypot(a, v[k])))
  const kept = indices(n * n).filter(k => Math.floor(k / n) % every === 0 && k % every === 0)
  const middle = (i: number) => ((i + 0.5) * size) / n
  const arrows = (name: string, field: typeof truth, style: Arrows['style']): Arrows => {
    const [a, b] = swirl(field)
    return {
      name,
      x: kept.map(k => middle(Math.floor(k / n))),
      y: kept.map(k => middle(k % n)),
      dx: kept.map(k => scale * a[k]),
      dy: kept.map(k => scale * b[k]),
      style
    }
  }
  const reference = arrows('initial velocity x*', truth, { color: '#B0B0B0', dash: [] })
  const panel = (title: string, own: Arrows, first: boolean): Panel => ({
    title,
    x: { label: 'p₁ (m)', domain: [0, size] },
    y: { label: first ? 'p₂ (m)' : '', domain: [0, size] },
    series: [],
    arrows: [reference, own]
  })
  return [
    {
      kind: 'plot',
      name: 'velocities',
      title: 'The initial velocity of a sample that no network has seen, less the wind',
      caption:
        'In grey the truth, the same in all panels. The wind has carried the swirl away from the middle, and each network has to bring it back.',
      panels: [
        panel('Network input', arrows('y*, 2 s later', of(shown[0], 'input'), { color: '#222222', dash: [] }), true),
        ...shown.map(p => panel(`Found by ${p.method}`, arrows(p.method, of(p, 'prediction'), p.method), false))
      ]
    }
  ]
}
