import { local, type Policy, Tape, targetSweep, tensor, valueAndGrad } from '../core/index.js'
import { l2, sum } from '../ops/index.js'
import { sineMap } from '../physics/index.js'
import { fittedArrows, late, linesOf, partsWith, quantityOf, ratioBySeed, sampleGrid, spread } from './shell/data.js'
import type { Figure, Panel } from './shell/figure.js'
import type { Done, Known, Metric, Quantity, SweepRow } from './shell/types.js'
import { METHODS, type Method, newtonStep } from './sine.js'

/** Tables and figures of `sine`. */
interface Values {
  xi: number
  phi: number
  steps: number
}

/** φ = 45°: read off the book's figure after 600 s; measured elsewhere after 4000 steps. */
const TOGETHER = { low: 1.4, high: 1.9 }
const PUBLISHED: Record<number, Partial<Record<Method, Known>>> = {
  1: { SIP: 9e-4, Adam: 3.5e-4, SGD: 2.2e-3, Adadelta: 1.4e-3, Adagrad: 7e-4, RMSprop: 6.5e-4 },
  32: { SIP: 1.3e-2, Adam: 0.3, SGD: TOGETHER, Adadelta: TOGETHER, Adagrad: TOGETHER, RMSprop: TOGETHER }
}
const MEASURED: Record<number, Partial<Record<Method, Quantity>>> = {
  1: { SIP: 8.4e-4, Adam: 8.6e-4 },
  32: { SIP: { median: 1.64e-2, low: 1.32e-2, high: 1.73e-2 }, Adam: { median: 0.86, low: 0.71, high: 1.58 } }
}

/** Mean distance at the end: of the last five looks, 50 steps apart, since it jumps from step to step. */
export const lateDistance = (p: Done): number => late(p.course.distance.y, Math.min(5, p.course.distance.y.length - 1))

export function metricsOf(parts: readonly Done<Method>[], { xi, phi, steps }: Values): Metric[] {
  const known = phi === 45 ? xi : Number.NaN
  const rows: Metric[] = METHODS.flatMap(m => {
    const runs = partsWith(parts, 'distance', m)
    if (runs.length === 0) return []
    return [
      {
        name: `${m}: distance to the nearest solution`,
        value: quantityOf(runs, lateDistance),
        published: PUBLISHED[known]?.[m],
        measured: steps === 4000 ? MEASURED[known]?.[m] : undefined,
        digits: 3
      }
    ]
  })
  const of = (method: Method) => partsWith(parts, 'distance', method)
  const value = ratioBySeed(of('Adam'), of('SIP'), lateDistance)
  if (value === undefined) return rows
  return [
    ...rows,
    {
      name: 'distance, Adam / SIP',
      value,
      expected: xi >= 20 && phi >= 20 && steps >= 250 ? [steps >= 2000 ? 10 : 3, 1e4] : undefined,
      digits: 3,
      note: 'paired: same weights, same data; 250 steps at ξ = 32, φ = 45°: 5.8 to 8.6 over ten seeds'
    }
  ]
}

/**
 * What the sweeps of Fig. 23 show: SIP is as near everywhere, the others are not. The largest number over the least, of
 * the medians over the seeds, for the swept values from `from` on.
 */
export const flatness = (rows: readonly SweepRow[], setting: string, from: number, text: string): Metric[] => {
  // Where something else is swept too, a number for all of it would say nothing.
  if (rows.some(row => Object.keys(row.swept).length > 1)) return []
  return METHODS.flatMap(method => {
    const own = rows.filter(row => row.method === method && (row.swept[setting] as number) >= from)
    const places = [...new Set(own.map(row => row.swept[setting]))]
    const medians = places.map(v => spread(own.filter(row => row.swept[setting] === v).map(row => row.value)).median)
    if (places.length < 2) return []
    const value = Math.max(...medians) / Math.min(...medians)
    return [
      {
        name: `${method}: largest over least ${text}`,
        value,
        digits: 3,
        expected: method === 'SIP' ? [1, 2] : undefined
      }
    ]
  })
}

export function figuresOf(parts: readonly Done<Method>[], { xi, phi }: Values): Figure[] {
  const panel = (label: string, over: 'steps' | 'seconds', y: string): Panel => ({
    x: { label },
    y: { label: y, scale: 'log' },
    series: linesOf(parts, 'distance', { over })
  })
  return [
    {
      kind: 'plot',
      name: 'distances',
      title: `Distance to the nearest solution, ξ = ${xi}, φ = ${phi}°`,
      caption: 'Mean over 1000 y* that are not trained on. One thread; SIP pays for a 2×2 Hessian per sample.',
      panels: [
        panel('Training step', 'steps', '|x − x*|, nearest exact x*'),
        panel('Seconds of training', 'seconds', '')
      ]
    },
    landscape()
  ]
}

/** The book's example, and what each method does with it from every x: y* = (.3, -.5), ξ = 1, φ = 15°. */
function landscape(): Figure {
  const P = sineMap({ xi: 1, phi: 15 })
  const goal = [0.3, -0.5]
  const x: [number, number] = [-0.6, 0.6]
  const y: [number, number] = [-0.3, 0.3]
  const loss = (a: number, b: number) => l2(P(tensor([[a, b]])), tensor([goal])).item()
  const pair = (v: ArrayLike<number>): [number, number] => [v[0], v[1]]
  const gradient = (a: number, b: number): [number, number] => {
    const { grad } = valueAndGrad((x: ReturnType<typeof tensor>) => sum(l2(P(x), tensor([goal]))))(tensor([[a, b]]))
    return [-grad.data[0], -grad.data[1]]
  }
  const target = (policy: Partial<Policy>) => (a: number, b: number) => {
    using tape = new Tape()
    const x = tape.watch(tensor([[a, b]]))
    const y = tape.record(() => P(x))
    const { value } = targetSweep(tape, [[y, tensor([goal])]], [x], policy).targets[0]
    return pair([value.data[0] - a, value.data[1] - b])
  }
  const contours = sampleGrid(loss, x, y, [0.01, 0.05, 0.15, 0.3, 0.6, 1.2, 2.4, 4.8], 81)
  const panels: [string, string, (a: number, b: number) => [number, number]][] = [
    ['GD', 'GD', gradient],
    ['Saddle-free Newton', 'Newton', target(newtonStep)],
    ['Exact local inverse', 'SIP', target({ ladder: [local] })]
  ]
  return {
    kind: 'plot',
    name: 'landscape',
    title: 'What each method proposes on the landscape of y* = (0.3, −0.5), ξ = 1, φ = 15°',
    caption:
      'Level lines of L and updates of x, each field scaled as a whole. The gradient is long where the loss is steep, whatever the distance. The saddle-free step is capped where the loss bends down, and nearly ends at the solution elsewhere; the step of the inverse ends at the nearest one.',
    panels: panels.map(([name, style, f], i) => ({
      title: name,
      x: { label: 'x₁', domain: x },
      y: { label: i === 0 ? 'x₂' : '', domain: y },
      series: [],
      contours,
      arrows: [fittedArrows(name, f, x, y, { n: 11, style })]
    }))
  }
}
