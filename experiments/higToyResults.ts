import { methodsOf, overSeeds, partsWith, quantityOf, spread, valueAt } from './shell/data.js'
import type { Band, PlotFigure, Series } from './shell/figure.js'
import type { Done, Metric, Quantity } from './shell/types.js'

/** What the tables and figures of `hig-toy` are made of. */

type Known = Record<string, Record<string, Quantity>>

/** Read off the text's figures, after their last iteration. */
const published: Known = {
  'λ = 1': { Adam: 4e-3, GN: 1.2e-3, HIG: 5e-4 },
  'λ = 0.01': { Adam: 0.24, GN: 0.41, HIG: 3e-3 }
}
/** With a port of the authors' code, 2500 iterations, the same settings; but for λ = 0.01 all but HIG's loss with batch 256. */
const measured: Known = {
  'λ = 1': { Adam: 0.042, HIG: 1.3e-4 },
  'λ = 0.01': {
    Adam: 0.24,
    GN: { median: 0.1, low: 0.001, high: 0.5 },
    HIG: { median: 8.6e-4, low: 8.1e-4, high: 4.7e-3 }
  }
}
const measuredSaturated: Known = { 'λ = 1': { GN: 0.94, HIG: 0.34 }, 'λ = 0.01': { GN: 0.65, HIG: 0.64 } }

const LONG = 2500
const HARD = 'λ = 0.01'

const variantsOf = (parts: readonly Done[]): string[] => [...new Set(parts.map(p => p.variant))]

const atEnd = (part: Done, series: string): number | undefined => part.course[series].y.at(-1)

export function metricsOf(parts: readonly Done[], steps: number): Metric[] {
  const complete = parts.filter(p => p.course.loss !== undefined)
  const rows = variantsOf(complete).flatMap(variant =>
    methodsOf(complete).flatMap((method): Metric[] => {
      const runs = partsWith(complete, 'loss', method, variant)
      if (runs.length === 0) return []
      const known = (table: Known) => (steps === LONG ? table[variant][method] : undefined)
      const other = (q?: Quantity) => (variant === HARD && q !== undefined ? 'measured with batch 256' : undefined)
      return [
        {
          name: `${variant}, ${method}: loss`,
          value: quantityOf(runs, p => atEnd(p, 'loss')),
          published: known(published),
          measured: known(measured),
          digits: 3,
          note: method !== 'HIG' ? other(known(measured)) : undefined
        },
        {
          name: `${variant}, ${method}: part of saturated neurons`,
          value: quantityOf(runs, p => atEnd(p, 'saturated')),
          measured: known(measuredSaturated),
          digits: 2,
          note: ['|h| > 0.99', other(known(measuredSaturated))].filter(Boolean).join('; ')
        }
      ]
    })
  )
  return [...rows, ...claims(complete, steps)]
}

/** What the text claims of λ = 0.01, for the worst of the seeds. */
function claims(parts: readonly Done[], steps: number): Metric[] {
  const ends = (method: string) => partsWith(parts, 'loss', method, HARD).map(p => atEnd(p, 'loss') ?? Number.NaN)
  const [higs, adams] = [ends('HIG'), ends('Adam')]
  if (higs.length === 0 || adams.length === 0) return []
  const [hig, adam] = [spread(higs).high, spread(adams).low]
  if (steps < LONG)
    return [{ name: `${HARD}: least loss of Adam / largest of HIG`, value: adam / hig, expected: [RATIO, 1e9] }]
  return [
    { name: `${HARD}, HIG: largest loss of all seeds`, value: hig, expected: [0, 0.01] },
    { name: `${HARD}, Adam: least loss of all seeds`, value: adam, expected: [0.2, 1] }
  ]
}

/** After 400 iterations the loss of HIG is .016 to .038 on ten seeds, that of Adam .288 to .459: at least 7.5. */
const RATIO = 3

export function figuresOf(parts: readonly Done[], sample: { x: number; goal: readonly number[] }): PlotFigure[] {
  const shown = parts.filter(p => p.course.loss !== undefined)
  const usual = shown.filter(p => p.method !== CLAMPED)
  return [
    ...variantsOf(usual).map((variant, i) => threePanels(usual, variant, i, sample)),
    saturation(usual),
    clamping(shown)
  ]
}

const CLAMPED = 'HIG, clamped'

const linesOfLoss = (parts: readonly Done[], variant: string, names: readonly string[]): Series[] =>
  names.flatMap(name => {
    const runs = partsWith(parts, 'loss', name, variant)
    if (runs.length === 0) return []
    const all = runs.map(p => p.course.loss.y)
    const { median } = overSeeds(all)
    const style = name === CLAMPED ? { color: '#8C564B', dash: [6, 3], marker: 'cross' as const } : name
    return [{ name, style, x: runs[0].course.loss.at.slice(0, median.length), y: median, faint: all }]
  })

const LOSS = { label: 'Loss, mean over 256 points', scale: 'log' as const, domain: [1e-4, 10] as [number, number] }

function threePanels(
  parts: readonly Done[],
  variant: string,
  i: number,
  { x, goal }: { x: number; goal: readonly number[] }
): PlotFigure {
  const methods = methodsOf(parts)
  const first = methods.flatMap(method => partsWith(parts, 'loss', method, variant).slice(0, 1))
  const bands = first.map(({ method, course }): Band => {
    const [m, s] = [course['mean |h|'], course['spread of |h|']]
    return {
      name: `${method}: spread`,
      style: method,
      x: m.at,
      low: m.y.map((v, k) => v - s.y[k]),
      high: m.y.map((v, k) => v + s.y[k])
    }
  })
  return {
    kind: 'plot',
    name: i === 0 ? 'easy' : 'hard',
    title: `${variant}: loss, neurons, and the way of one output`,
    caption: `Left: every seed faintly, their median. Middle and right: one seed; |h| of the seven neurons over 256 inputs, mean and standard deviation; the output for x = ${x} from its start to its goal (cross). What leaves the frame is cut off.`,
    panels: [
      { title: 'Loss', x: { label: 'Iteration' }, y: LOSS, series: linesOfLoss(parts, variant, methods) },
      {
        title: 'Neurons',
        x: { label: 'Iteration' },
        y: { label: '|h|', domain: [0, 1.2] },
        series: first.map(({ method, course }) => ({
          name: method,
          x: course['mean |h|'].at,
          y: course['mean |h|'].y
        })),
        bands
      },
      {
        title: 'One sample',
        x: { label: 'y₁', domain: [-1.5, 1.5] },
        y: { label: i === 0 ? 'y₂' : 'λ y₂', domain: [-1.5, 1.5] },
        series: first.map(({ method, course }) => ({ name: method, x: course.y1.y, y: course.y2.y })),
        points: [
          { x: goal[0], y: goal[1], label: 'goal', place: 'below' },
          { x: valueAt(first[0].course.y1, 0)!, y: valueAt(first[0].course.y2, 0)!, label: 'start' }
        ]
      }
    ]
  }
}

function saturation(parts: readonly Done[]): PlotFigure {
  return {
    kind: 'plot',
    name: 'saturated',
    title: 'Saturated neurons at the end, every seed',
    caption: 'Part of all neurons and inputs with |h| > 0.99: neurons whose gradients are nearly zero.',
    panels: variantsOf(parts).map(variant => ({
      title: variant,
      x: { label: 'Seed' },
      y: { label: 'Part that is saturated', domain: [-0.05, 1.05] as [number, number] },
      series: methodsOf(parts).map(name => {
        const runs = partsWith(parts, 'loss', name, variant)
        return { name, x: runs.map(p => p.seed), y: runs.map(p => atEnd(p, 'saturated')!), line: false }
      })
    }))
  }
}

function clamping(parts: readonly Done[]): PlotFigure {
  return {
    kind: 'plot',
    name: 'clamping',
    title: 'Small singular values left out, or clamped to the threshold',
    caption:
      'HIG with a relative threshold of 1e-6. Clamped, the directions that the Jacobian knows least about get the largest factor of all.',
    panels: variantsOf(parts).map(variant => ({
      title: variant,
      x: { label: 'Iteration' },
      y: LOSS,
      series: linesOfLoss(parts, variant, ['HIG', CLAMPED])
    }))
  }
}
