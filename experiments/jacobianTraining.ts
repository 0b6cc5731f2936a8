import { layeredJacobian, NonFiniteError, type Tensor, zeros } from '../core/index.js'
import { type Network, sum } from '../ops/index.js'
import { gaussNewton, hig, type Optimizer, partialInverse, type RouteOptions } from '../optim/index.js'
import { linesOf, methodsOf, partsWith, quantityOf, ratioBySeed } from './shell/data.js'
import type { Panel, PlotFigure, Style } from './shell/figure.js'
import type { Done, Metric, Outcome, PartContext, Quantity } from './shell/types.js'
import { batchOf, kerasAdam, samplesOf, type Trained, training } from './training.js'

/**
 * What the experiments on half-inverse gradients share: a network before a simulator, samples in fixed order, HIG and
 * Gauss-Newton on the Jacobian of both together, Adam on the gradient; losses over training and test samples, and the
 * singular values of the Jacobian over training.
 */
export const METHODS = ['HIG', 'GN', 'Adam'] as const
export type Method = (typeof METHODS)[number]

export interface Task {
  net: Network
  /** Before training. */
  theta: Tensor
  /** θ and a batch of samples [B, n] to the loss [B] and the physics' output y. */
  model(theta: Tensor, batch: Tensor): { loss: Tensor; y: Tensor }
  /** Of the samples' losses: what the step follows. Default the mean. */
  reduce?: 'mean' | 'sum'
  /** [N, n] each. */
  train: Tensor
  test: Tensor
}

export interface MethodSettings extends RouteOptions {
  lr: number
  batch: number
}

export const makeMethod = (method: Method, { lr, batch: _, ...options }: MethodSettings): Optimizer<any, any> =>
  ({
    HIG: () => hig({ lr, ...options }),
    GN: () => gaussNewton({ lr, ...options }),
    Adam: () => kerasAdam(lr)
  })[method]()

/** Samples that a loss is evaluated of at a time. */
const AT_ONCE = 512

export function meanLoss({ model }: Pick<Task, 'model'>, theta: Tensor, x: Tensor): number {
  let total = 0
  for (let from = 0; from < x.shape[0]; from += AT_ONCE)
    total += sum(model(theta, samplesOf(x, from, Math.min(x.shape[0], from + AT_ONCE))).loss).item()
  return total / x.shape[0]
}

/** Singular values of ∂y/∂θ of a batch, descending; none where θ has gone so far that they are not finite. */
export function spectrum({ model }: Task, theta: Tensor, batch: Tensor): number[] {
  const { value, J } = layeredJacobian(th => model(th, batch).y)(theta)
  try {
    return [...partialInverse(J, zeros(value.shape), { route: 'svd' }).report.singularValues]
  } catch (error) {
    if (error instanceof NonFiniteError) return []
    throw error
  }
}

/** When singular values are taken, as a part of the steps; of a run that ended early, the end is where it was last finite. */
const STAGES: Record<string, number> = {
  'before training': 0,
  'after a quarter': 1 / 4,
  'after half': 1 / 2,
  'at the end': 1
}

export interface Spectra {
  /** By stage, each descending. */
  spectra: Record<string, number[]>
  /** Samples of which these are. */
  shown: number
  truncation: number
  /** The loss became non-finite before the last step. */
  diverged: boolean
}

/** Trains for `steps`; 'training' and 'test' after every `every` steps, and the spectra of the first `shown` samples. */
export async function trainTask(
  ctx: PartContext,
  task: Task,
  options: { method: Method; settings: MethodSettings; steps: number; every: number; shown: number }
): Promise<Outcome<Spectra> & { theta: Tensor; data: Spectra }> {
  const { theta, model, reduce, train, test } = task
  const { method, settings, steps, every, shown } = options
  const stepOf = (stage: string) => Math.round(STAGES[stage] * steps)
  const { snapshots, ...out } = await training(ctx, {
    theta,
    method: makeMethod(method, settings),
    model,
    reduce,
    data: step => batchOf(train, step, settings.batch),
    steps,
    every,
    evaluate: th => ({ training: meanLoss(task, th, train), test: meanLoss(task, th, test) }),
    snapshots: Object.keys(STAGES).map(stepOf)
  })
  const first = samplesOf(train, 0, shown)
  const spectra: Spectra['spectra'] = {}
  for (const stage in STAGES) {
    const then = STAGES[stage] === 1 ? out : snapshots!.find(({ step }) => step === stepOf(stage))
    if (then) spectra[stage] = spectrum(task, then.theta, first)
  }
  return { ...out, data: { spectra, shown, truncation: settings.truncation ?? 0, diverged: diverged(out, steps) } }
}

const diverged = ({ course: { training } }: Trained, steps: number): boolean =>
  training.at.at(-1)! < steps || !Number.isFinite(training.y.at(-1))

type Ran = Done<string, Spectra>

/** How many seeds of a method became non-finite, where any did. */
export function divergence(parts: readonly Ran[], method: string): Metric[] {
  const own = partsWith(parts, 'training', method)
  const value = own.filter(p => p.data?.diverged).length
  return value > 0 ? [{ name: `${method}: runs that became non-finite`, unit: `of ${own.length}`, value }] : []
}

/** The training loss at the end, of the run as far as it came; NaN of one that diverged. */
export const lossAtEnd = ({ course, data }: Ran): number | undefined =>
  data?.diverged ? Number.NaN : course.training.y.at(-1)

/**
 * The losses of one method after some steps, as far as it came, and at its end; over the seeds. Where one came and another
 * had diverged, the loss of the other is NaN.
 */
export function lossesAfter(
  parts: readonly Ran[],
  method: string,
  steps: readonly number[] = []
): { step: number; training: Quantity; test: Quantity }[] {
  const own = partsWith(parts, 'training', method)
  if (own.length === 0) return []
  const last = Math.max(...own.map(p => p.course.training.at.at(-1)!))
  const after = (set: string, step: number) =>
    quantityOf(
      own,
      ({ course: { [set]: s }, data }) => s.y[s.at.indexOf(step)] ?? (data?.diverged ? Number.NaN : undefined)
    )
  return [...new Set([...steps, last])]
    .filter(step => step <= last)
    .map(step => ({ step, training: after('training', step), test: after('test', step) }))
}

/** The training loss of one method at the end of its run over that of another, seed by seed. */
export function comparison(
  parts: readonly Ran[],
  { method, other, expected, note }: { method: string; other: string } & Pick<Metric, 'expected' | 'note'>
): Metric[] {
  const of = (m: string) => partsWith(parts, 'training', m)
  const value = ratioBySeed(of(method), of(other), lossAtEnd)
  if (value === undefined) return []
  return [{ name: `${method} over ${other}: training loss at the end`, value, expected, note, digits: 3 }]
}

/** Training and test loss over epochs, of which a step is `scale`, and over seconds. */
export function lossFigure(
  parts: readonly Done[],
  { title, caption, loss, scale }: { title: string; caption: string; loss: string; scale: (part: Done) => number }
): PlotFigure {
  const y = { label: loss, scale: 'log' as const }
  return {
    kind: 'plot',
    name: 'losses',
    title,
    caption,
    panels: [
      { title: 'Training', x: { label: 'Epoch' }, y, series: linesOf(parts, 'training', { scale }) },
      { title: 'Test', x: { label: 'Epoch' }, y: { ...y, label: '' }, series: linesOf(parts, 'test', { scale }) },
      {
        title: 'Training',
        x: { label: 'Seconds of training' },
        y: { ...y, label: '' },
        series: linesOf(parts, 'training', { over: 'seconds' })
      }
    ]
  }
}

/** Light to dark over training; a dash besides. */
const SHADES: Record<string, Partial<Style>> = {
  'before training': { color: '#8ccfc0', dash: [2, 3] },
  'after a quarter': { color: '#41a6c4', dash: [6, 3] },
  'after half': { color: '#2c5fb0', dash: [12, 3, 3, 3] },
  'at the end': { color: '#081d58', dash: [] }
}

/**
 * The singular values s of the Jacobian over training, by method, and what the half-inverse makes of a unit of dL/dy along
 * them: s^(-1/2), 0 where they are truncated. Of the first seed.
 */
export function spectrumFigure(parts: readonly Ran[]): PlotFigure[] {
  const firsts = methodsOf(parts).flatMap(m =>
    partsWith(parts, 'training', m)
      .filter(p => p.data)
      .slice(0, 1)
  )
  if (firsts.length === 0) return []
  const panel = (title: string, label: string, part: Ran, of: (s: number, largest: number) => number): Panel => ({
    title,
    x: { label: 'Index' },
    y: { label, scale: 'log' },
    series: Object.entries(part.data!.spectra).map(([name, s]) => ({
      name,
      x: s.map((_, k) => k + 1),
      y: s.map(v => of(v, s[0])),
      style: SHADES[name],
      markers: 'none' as const
    }))
  })
  const { method, data } = firsts[0]
  return [
    {
      kind: 'plot',
      name: 'spectra',
      title: 'Singular values of ∂y/∂θ over training, and what the half-inverse makes of them',
      caption: `Of ${data!.shown} samples, one seed. First as they are, by method: the gradient multiplies by s. Last those of ${method} to the power -½, relative to that of the largest, up to the truncation: the small ones come forward, by the root of what Gauss-Newton would lift them.`,
      panels: [
        ...firsts.map((part, i) => panel(part.method, i === 0 ? 'Singular value s' : '', part, s => s)),
        panel(method, 's^(-1/2), relative', firsts[0], (s, largest) =>
          s > data!.truncation * largest ? Math.sqrt(largest / s) : Number.NaN
        )
      ]
    }
  ]
}
