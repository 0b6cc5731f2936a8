import { layeredJacobian, NonFiniteError, type Tensor, zeros } from '../core/index.js'
import { type Network, sum } from '../ops/index.js'
import { gaussNewton, hig, type Optimizer, partialInverse, type RouteOptions } from '../optim/index.js'
import { linesOf, methodsOf, partsWith, quantityOf, ratioBySeed } from './shell/data.js'
import type { Panel, PlotFigure } from './shell/figure.js'
import type { Done, Metric, Outcome, PartContext, Quantity } from './shell/types.js'
import { batchOf, kerasAdam, samplesOf, training } from './training.js'

/**
 * What the experiments on half-inverse gradients share: a network before a simulator, samples in fixed order, HIG and
 * Gauss-Newton on the Jacobian of both together, Adam on the gradient; losses over training and test samples, and the
 * singular values of the Jacobian before and after.
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

export interface Spectra {
  before: number[]
  after: number[]
  truncation: number
}

/** Trains for `steps`; 'training' and 'test' after every `every` steps, and the spectra of the first `shown` samples. */
export async function trainTask(
  ctx: PartContext,
  task: Task,
  options: { method: Method; settings: MethodSettings; steps: number; every: number; shown: number }
): Promise<Outcome<Spectra> & { theta: Tensor; data: Spectra }> {
  const { theta, model, reduce, train, test } = task
  const { method, settings, steps, every, shown } = options
  const { theta: trained, ...out } = await training(ctx, {
    theta,
    method: makeMethod(method, settings),
    model,
    reduce,
    data: step => batchOf(train, step, settings.batch),
    steps,
    every,
    evaluate: th => ({ training: meanLoss(task, th, train), test: meanLoss(task, th, test) })
  })
  const first = samplesOf(train, 0, shown)
  const data = {
    before: spectrum(task, theta, first),
    after: spectrum(task, trained, first),
    truncation: settings.truncation ?? 0
  }
  return { ...out, theta: trained, data }
}

/** The losses of one method after some steps, as far as it came, and at its end; over the seeds. */
export function lossesAfter(
  parts: readonly Done[],
  method: string,
  steps: readonly number[] = []
): { step: number; training: Quantity; test: Quantity }[] {
  const own = partsWith(parts, 'training', method)
  if (own.length === 0) return []
  const last = Math.max(...own.map(p => p.course.training.at.at(-1)!))
  const after = (set: string, step: number) => quantityOf(own, ({ course: { [set]: s } }) => s.y[s.at.indexOf(step)])
  return [...new Set([...steps, last])]
    .filter(step => step <= last)
    .map(step => ({ step, training: after('training', step), test: after('test', step) }))
}

/** The training loss of one method at the end of its run over that of another, seed by seed. */
export function comparison(
  parts: readonly Done[],
  { method, other, expected }: { method: string; other: string; expected?: [number, number] }
): Metric[] {
  const of = (m: string) => partsWith(parts, 'training', m)
  const value = ratioBySeed(of(method), of(other), p => p.course.training.y.at(-1))
  if (value === undefined) return []
  return [{ name: `${method} over ${other}: training loss at the end`, value, expected, digits: 3 }]
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

/**
 * The singular values s of the Jacobian, and what the half-inverse makes of a unit of dL/dy along them: s^(-1/2), 0 where
 * they are truncated. Of the first seed, before and after training.
 */
export function spectrumFigure(parts: readonly Done<string, Spectra>[]): PlotFigure {
  const firsts = methodsOf(parts).flatMap(m => partsWith(parts, 'training', m).slice(0, 1))
  const lines = firsts.flatMap((p, i) => {
    if (!p.data) return []
    const before = i === 0 ? [{ name: 'before training', s: p.data.before, truncation: p.data.truncation }] : []
    return [...before, { name: p.method, s: p.data.after, truncation: p.data.truncation }]
  })
  const panel = (title: string, label: string, of: (s: number, largest: number, cut: number) => number): Panel => ({
    title,
    x: { label: 'Index' },
    y: { label, scale: 'log' },
    series: lines.map(({ name, s, truncation }) => ({
      name,
      x: s.map((_, k) => k + 1),
      y: s.map(v => of(v, s[0], truncation)),
      style: name === 'before training' ? 'reference' : name,
      markers: 'none' as const
    }))
  })
  return {
    kind: 'plot',
    name: 'spectra',
    title: 'Singular values of ∂y/∂θ, and what HIG makes of them',
    caption:
      'Left as they are: the gradient multiplies by s. Right to the power -½, relative to that of the largest, up to the truncation: the small ones come forward, by the root of what Gauss-Newton would lift them.',
    panels: [
      panel('s', 'Singular value', s => s),
      panel('s^(-1/2)', 'Factor, relative', (s, largest, cut) =>
        s > cut * largest ? Math.sqrt(largest / s) : Number.NaN
      )
    ]
  }
}
