import { random, type Tensor } from '../core/index.js'
import { adam, type Optimizer, sip } from '../optim/index.js'
import { correction, meanLoss, rest, rms, type Task, TIME_STEP, uncorrected } from './controlTasks.js'
import { indices, late, linesOf, overSeeds, partsWith, quantityOf, ratioBySeed } from './shell/data.js'
import type { Figure, Panel, Series } from './shell/figure.js'
import { count } from './shell/settings.js'
import { type Done, defineExperiment, type Metric, type Outcome, type Part, type PartContext } from './shell/types.js'
import { training } from './training.js'

/**
 * The book's "Iterations and time dependence": a network acts at every step of a simulation, u_t = f(s_t; θ) and
 * s_{t+1} = P(s_t, u_t). GD sends the gradient back through all steps. SIP sends increments of targets back through the
 * inverse of every step, and at every step trains the network towards ũ_t; what the network's own input would have to be is
 * added to the target of that state ('add'), or left out ('stop'). All three feed Adam, on the same weights and data.
 */
const METHODS = ['GD', 'SIP add', 'SIP stop'] as const
type Method = (typeof METHODS)[number]
const LOOKS = { GD: 'GD', 'SIP add': 'SIP', 'SIP stop': 'SIP exact' } as const

const BATCH = 16
const TESTED = 64
/** A corrected solver is also looked at beyond the steps that it was trained for. */
const BEYOND = 4

const makeMethod = (method: Method): Optimizer<any, any> => {
  const inner = adam({ lr: 1e-2 })
  if (method === 'GD') return inner
  return sip(inner, { throughNetwork: method === 'SIP add' ? 'add' : 'stop' })
}

/** What figures show of a trained network: numbers over time. */
type Shown = Record<string, number[]>

interface Data {
  before: Shown
  after: Shown
}

/** Trains one network; what it does before and after. */
async function trainTask<B>(
  { method, seed }: Part<Method>,
  steps: number,
  ctx: PartContext,
  task: Task<B>,
  show: (theta: Tensor) => Shown
): Promise<Outcome<Data>> {
  const stream = random(seed)
  const before = task.net.init(stream.split('net'))
  const tested = task.draw(stream.split('test'), TESTED)
  const { theta, course, notes } = await training(ctx, {
    theta: before,
    method: makeMethod(method),
    model: (th: Tensor, batch: B) => task.run(th, batch),
    data: (_, { data }) => task.draw(data, BATCH),
    streams: { data: stream.split('data') },
    steps,
    measure: () => ({}),
    evaluate: th => ({ 'test loss': meanLoss(task.run(th, tested)) }),
    every: Math.max(1, Math.round(steps / 20))
  })
  return { course, notes, data: { before: show(before), after: show(theta) } }
}

/** One course of the oscillators: x1, x2 and the force at every step. */
function restCourse(seed: number): (theta: Tensor) => Shown {
  const s0 = rest.draw(random(seed).split('shown'), 1)
  return theta => {
    const { states, x } = rest.run(theta, s0)
    const path = [s0, ...states]
    return {
      'x₁': path.map(s => s.data[0]),
      'x₂': path.map(s => s.data[1]),
      force: x.map(u => u.data[0])
    }
  }
}

/** The error of the corrected and of the coarse solver after every step. */
function correctionErrors(seed: number): (theta: Tensor) => Shown {
  const steps = BEYOND * correction.steps
  const exact = correction.draw(random(seed).split('shown'), TESTED, steps)
  const errors = (states: readonly Tensor[]) => states.map((s, k) => rms(s, exact[k + 1]))
  return theta => ({
    corrected: errors(correction.run(theta, exact, steps).states),
    coarse: errors(uncorrected(exact))
  })
}

const VARIANTS = ['oscillators', 'correction'] as const

export default defineExperiment({
  name: 'control',
  title: 'Networks that act at every step: SIP and GD through time',
  problem:
    'A network sets the force on coupled oscillators at every step so that they come to rest, or corrects a coarse solver at every step. Its output changes the states that it will read, so that updates have to travel back through physics and network in turn.',
  formulas: [
    String.raw`u_t = f(s_t;\, \theta), \qquad s_{t+1} = \mathcal P(s_t, u_t), \qquad L = \textstyle\sum_t L_t(s_t)`,
    String.raw`(\tilde s, \tilde u_t) = \mathcal P^{-1}(\tilde s_{t+1};\, s_t, u_t), \qquad \tilde s_t = \tilde s + \Delta s_{L_t} - \Big(\frac{\partial f}{\partial s_t}\Big)^{\!\top} (u_t - \tilde u_t)`
  ],
  source: 'Physics-based Deep Learning, "Scale Invariant Physics Training", "Iterations and time dependence"',
  methods: METHODS,
  seeds: { default: 3, quick: 1, full: 10 },
  takes: { default: 100 },
  settings: { steps: count('iterations', { default: 400, quick: 200, full: 1000 }) },
  variants: () => VARIANTS,
  steps: (_part, { steps }) => steps,
  run: (part, { steps }, ctx) =>
    part.variant === 'oscillators'
      ? trainTask(part, steps, ctx, rest, restCourse(part.seed))
      : trainTask(part, steps, ctx, correction, correctionErrors(part.seed)),

  metrics: (parts: readonly Done<Method, Data>[]) => VARIANTS.flatMap(variant => metricsOf(parts, variant)),

  figures(parts: readonly Done<Method, Data>[]) {
    return [
      ...VARIANTS.filter(v => parts.some(p => p.variant === v)).map(v => lossFigure(parts, v)),
      ...forces(parts),
      ...errorsOverTime(parts)
    ]
  },

  notes: () => [
    'Nothing is published on this. Oscillators: by iterations GD and SIP with added increments are even. A step of theirs nearly keeps the length of the state, so its inverse is close to its adjoint, and SIP has nothing to mend; an iteration takes it about four times as long, so by the clock GD wins.',
    'Without the increments through the network’s input SIP does not bring the oscillators to rest: what the network does now decides in which states it will act later, and that part of the update is missing.',
    'Correction: SIP is somewhat ahead by iterations, and not by the clock, since an iteration takes it about half as long again. Every step shares what is missing between the correction and the state before it, so that far-back steps are asked for less than by the gradient. The increments through the network hardly matter: the corrections are small.'
  ]
})

/** Mean of the last three: a loss that does not settle is not told by its last value. */
const finalLoss = (p: Done): number => late(p.course['test loss'].y, 3)

function metricsOf(parts: readonly Done<Method, Data>[], variant: (typeof VARIANTS)[number]): Metric[] {
  const of = (method: Method) => partsWith(parts, 'test loss', method, variant)
  const losses = METHODS.filter(m => of(m).length > 0).map(
    (m): Metric => ({ name: `${variant}, ${m}: loss at the end`, value: quantityOf(of(m), finalLoss), digits: 3 })
  )
  const ratio = (a: Method, b: Method, expected: [number, number]): Metric[] => {
    const value = ratioBySeed(of(a), of(b), finalLoss)
    if (value === undefined) return []
    return [{ name: `${variant}: loss of ${a} / loss of ${b}`, value, expected, digits: 3 }]
  }
  // Ten seeds, from 100 to 400 steps: the oscillators .34 to 1.76, even; the correction .68 to .97, SIP always ahead.
  const ratios =
    variant === 'oscillators'
      ? [...ratio('SIP add', 'GD', [0.3, 3]), ...ratio('SIP stop', 'SIP add', [3, Infinity])]
      : [...ratio('SIP add', 'GD', [0.3, 1])]
  const better = METHODS.filter(m => variant === 'correction' && of(m).length > 0).map(
    (m): Metric => ({
      name: `${m}: error of the coarse solver / corrected, at the last step of training`,
      value: quantityOf(of(m), p => {
        const after = (p as Done<Method, Data>).data?.after
        return after && after.coarse[correction.steps - 1] / after.corrected[correction.steps - 1]
      }),
      expected: [1.5, Infinity],
      digits: 3
    })
  )
  return [...losses, ...ratios, ...better]
}

const look = (line: Series): Series => ({ ...line, style: LOOKS[line.name as Method] })

function lossFigure(parts: readonly Done[], variant: (typeof VARIANTS)[number]): Figure {
  const panel = (over: 'steps' | 'seconds', label: string): Panel => ({
    x: { label },
    y: { label: 'Loss, mean over the test samples', scale: 'log' },
    series: linesOf(parts, 'test loss', { variant, over }).map(look)
  })
  return {
    kind: 'plot',
    name: `${variant}-losses`,
    title:
      variant === 'oscillators'
        ? 'Oscillators brought to rest: without the increments through the network SIP does not arrive'
        : 'A corrected solver: all three learn, SIP in fewer iterations',
    caption: 'The same weights and data for all methods; faint lines are single seeds.',
    panels: [panel('steps', 'Iteration'), panel('seconds', 'Seconds of training')]
  }
}

/** The first seed's course before and after training. */
function forces(parts: readonly Done<Method, Data>[]): Figure[] {
  const shown = METHODS.flatMap(m => parts.find(p => p.variant === 'oscillators' && p.method === m && p.data) ?? [])
  if (shown.length === 0) return []
  const before = shown[0].data!.before
  const over = (name: string, title: string): Panel => ({
    title,
    x: { label: 'Time' },
    y: { label: name },
    series: [
      { name: 'before training', x: times(before[name]), y: before[name], style: 'reference', markers: 'none' },
      ...shown.map(p => look({ name: p.method, x: times(p.data!.after[name]), y: p.data!.after[name] }))
    ]
  })
  return [
    {
      kind: 'plot',
      name: 'oscillators-control',
      title: 'One course of the oscillators, before and after training',
      caption:
        'Both oscillators should be at rest at the end. Only the second one is pushed; the force is constant over a step.',
      panels: [over('x₁', 'first oscillator'), over('x₂', 'second oscillator'), over('force', 'control')]
    }
  ]
}

const times = (values: readonly number[]): number[] => indices(values.length).map(k => k * TIME_STEP)

function errorsOverTime(parts: readonly Done<Method, Data>[]): Figure[] {
  const shown = parts.filter(p => p.variant === 'correction' && p.data)
  if (shown.length === 0) return []
  const line = (name: string, of: readonly number[][], style: Series['style']): Series => {
    const { median } = overSeeds(of.map(y => [...y]))
    return {
      name,
      x: indices(median.length).map(k => k + 1),
      y: median,
      style,
      faint: of.length > 1 ? [...of] : undefined
    }
  }
  const first = METHODS.find(m => shown.some(p => p.method === m))
  return [
    {
      kind: 'plot',
      name: 'correction-errors',
      title: 'The error of the coarse and of the corrected solver over time',
      caption: `Root mean square against the exact solution. The corrections were trained over the first ${correction.steps} steps.`,
      panels: [
        {
          x: { label: 'Step of the solver' },
          y: { label: 'Error (rms)', scale: 'log' },
          series: [
            line(
              'coarse',
              shown.filter(p => p.method === first).map(p => p.data!.after.coarse),
              'reference'
            ),
            ...METHODS.flatMap(m => {
              const own = shown.filter(p => p.method === m).map(p => p.data!.after.corrected)
              return own.length > 0 ? [line(m, own, LOOKS[m])] : []
            })
          ]
        }
      ]
    }
  ]
}
