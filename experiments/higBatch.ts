import { makeMethod, meanLoss, model, problem } from './oscillators.js'
import { linesOf, partsWith, quantityOf, ratioBySeed } from './shell/data.js'
import type { Figure, Style } from './shell/figure.js'
import { count } from './shell/settings.js'
import { type Done, defineExperiment, type Metric } from './shell/types.js'
import { batchOf, training } from './training.js'

/**
 * How half-inverse gradients depend on the batch: the oscillators of `oscillators` with batches of 8 to 128, HIG beside
 * Adam.
 *
 *     J = dy/dθ of all samples of a batch, [4 B, 1444],  Δθ = -J^(-1/2) dL/dy
 *
 * "They often profit from larger mini-batch sizes" (the book): HIG balances the directions that the samples of a batch ask
 * for, and a larger batch has more of them. Its factorisation grows like B², so time is another question than iterations.
 */
export const BATCHES = [8, 16, 32, 64, 128] as const
export const METHODS = ['HIG', 'Adam'] as const
type Method = (typeof METHODS)[number]

/** Iterations of a quick run: where the limit below was measured. */
const QUICK = 32

/**
 * Singular values grow like √B and dL/dy, divided by B, has projections that fall like 1/√B, so a half-inverse step falls like
 * B^(-3/4). This rate keeps its length, with lr 1 at the notebook's batch of 32: a batch is then compared by its direction.
 */
const rateOf = (batch: number): number => (batch / 32) ** 0.75

/** Light to dark with the batch; dash and marker besides. */
const looks: Record<number, Partial<Style>> = {
  8: { color: '#9ecae1', dash: [2, 3], marker: 'cross' },
  16: { color: '#41b6c4', dash: [6, 3], marker: 'triangle-down' },
  32: { color: '#2ca25f', dash: [12, 3, 3, 3], marker: 'square' },
  64: { color: '#8856a7', dash: [9, 4], marker: 'triangle-up' },
  128: { color: '#4d004b', dash: [], marker: 'circle' }
}

export default defineExperiment({
  name: 'hig-batch',
  title: 'Half-inverse gradients and the size of the batch',
  problem:
    'The oscillators of `oscillators`, trained for the same number of iterations with batches of 8 to 128 samples. HIG inverts the Jacobian of the whole batch, so every sample adds directions that it can serve; Adam only gets a less noisy mean.',
  formulas: [
    String.raw`\Delta\theta = -\eta\, V \Lambda^{-1/2} U^\top \Big(\frac{\partial L}{\partial y}\Big)^{\!\top}, \qquad \frac{\partial y}{\partial \theta} = U \Lambda V^\top \in \mathbb R^{4B \times 1444}`
  ],
  source: 'Physics-based Deep Learning, "Half-Inverse Gradients"; Schnell et al. 2022',
  methods: METHODS,
  seeds: { default: 1, full: 5 },
  takes: { default: 80 },
  settings: {
    steps: count('iterations', { default: 128, quick: QUICK, full: 512 }),
    samples: count('training samples', { default: 4096, quick: 1024 }),
    largest: count('largest batch', { default: 128, quick: 64, min: 16 })
  },
  variants: ({ largest }) => BATCHES.filter(batch => batch <= largest).map(String),
  steps: (_part, { steps }) => steps,

  async run({ method, seed, variant }, { steps, samples }, ctx) {
    const batch = Number(variant)
    const { net, theta, x0 } = problem(seed, samples)
    const { theta: _, ...out } = await training(ctx, {
      theta,
      method: makeMethod(method === 'HIG' ? 'HIG' : 'GD', batch, { lr: rateOf(batch) }),
      model: model(net),
      data: step => batchOf(x0, step, batch),
      steps,
      measure: () => ({}),
      evaluate: th => ({ 'mean loss': meanLoss(net, th, x0) }),
      every: 4
    })
    return out
  },

  metrics(parts, settings) {
    const { steps } = settings
    const rows: Metric[] = METHODS.flatMap(m =>
      BATCHES.flatMap(batch => {
        const runs = partsWith(parts, 'mean loss', m, String(batch))
        if (runs.length === 0) return []
        return [
          { name: `${m}, batch ${batch}: loss after ${steps} iterations`, value: quantityOf(runs, atEnd), digits: 3 }
        ]
      })
    )
    const of = (batch: number) => partsWith(parts, 'mean loss', 'HIG', String(batch))
    const largest = BATCHES.findLast(batch => batch <= settings.largest)!
    const value = ratioBySeed(of(8), of(largest), atEnd)
    if (value === undefined) return rows
    return [
      ...rows,
      {
        name: `HIG: loss with batch 8 / batch ${largest}`,
        value,
        expected: steps >= QUICK && largest >= 64 ? [1.5, 1e6] : undefined,
        digits: 3,
        note: `same weights, same number of iterations; after ${QUICK} of them, over ten seeds: 2.7 to 3.6 for 8 / 64, 2.9 to 6.9 for 8 / 128`
      }
    ]
  },

  figures: parts => [
    figure(parts, 'iterations', 'HIG gains more from larger batches than Adam', 'Iteration', 'steps'),
    figure(parts, 'time', 'The same over time: a larger batch also costs more', 'Seconds of training', 'seconds')
  ]
})

const atEnd = (p: Done): number => p.course['mean loss'].y.at(-1)!

function figure(
  parts: readonly Done<Method>[],
  name: string,
  title: string,
  label: string,
  over: 'steps' | 'seconds'
): Figure {
  return {
    kind: 'plot',
    name,
    title,
    caption:
      'Mean of |y - x0|² over all training samples. The rate grows like B^(3/4), which keeps the length of a HIG step. Seconds are those of one thread; the panels have scales of their own.',
    panels: METHODS.map(method => ({
      title: method,
      x: { label },
      y: { label: method === METHODS[0] ? 'Σ (y − x₀)², mean over samples' : '', scale: 'log' as const },
      series: BATCHES.flatMap(batch =>
        linesOf(
          parts.filter(p => p.method === method),
          'mean loss',
          { over, variant: String(batch) }
        ).map(line => ({ ...line, name: `batch ${batch}`, style: looks[batch] }))
      )
    }))
  }
}
