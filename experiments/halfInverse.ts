import type { RouteOptions } from '../optim/index.js'
import { BATCH, makeMethod, trainEpochs } from './oscillators.js'
import { indices, linesOf, methodsOf, partsWith, quantityOf, ratioBySeed, spread } from './shell/data.js'
import { count } from './shell/settings.js'
import { type Done, defineExperiment, type Metric } from './shell/types.js'

/**
 * Half-inverse gradients on the oscillators by three routes: the singular value decomposition, the Gram matrix, and k
 * steps of Golub-Kahan bidiagonalisation, which is a dial from the gradient's direction to the half-inverse.
 */
const routes: Record<string, RouteOptions> = {
  svd: { route: 'svd' },
  gram: { route: 'gram' },
  'k = 20': { steps: 20 },
  'k = 40': { steps: 40 },
  'k = 80': { steps: 80 }
}
type Name = keyof typeof routes & string

/** Measured elsewhere, NumPy, seeds 0 and 1: losses after epochs 1, 2, 3. */
const measured: Record<Name, number[][]> = {
  svd: [
    [5.2e-5, 1.1e-5, 4.3e-6],
    [4.9e-5, 1.0e-5, 3.8e-6]
  ],
  'k = 20': [
    [2.9e-4, 1.4e-4, 8.4e-5],
    [2.9e-4, 1.4e-4, 8.8e-5]
  ],
  'k = 40': [
    [5.8e-5, 1.4e-5, 6.8e-6],
    [5.7e-5, 1.6e-5, 8.0e-6]
  ],
  'k = 80': [
    [5.2e-5, 1.1e-5, 4.4e-6],
    [4.9e-5, 1.0e-5, 3.9e-6]
  ]
}

export default defineExperiment({
  name: 'half-inverse',
  title: 'Half-inverse gradients without the singular value decomposition',
  problem:
    'Each step of half-inverse gradients on the oscillators needs J^(-1/2) of a 128×1444 Jacobian. Its Gram matrix gives the same several times cheaper as long as its error bound allows; a few Krylov steps give an approximation that trains nearly as well.',
  formulas: [
    String.raw`J^{-1/2} g = V \Lambda^{-1/2} U^\top g = J^\top (J J^\top)^{-3/4} g \approx \lVert g \rVert\, V_k\, L_k^{-1/2} e_1`
  ],
  source: 'Schnell et al. 2022; Golub & Kahan 1965',
  methods: Object.keys(routes),
  seeds: { default: 1, full: 3 },
  takes: { default: 60 },
  settings: {
    epochs: count('epochs', { default: 3, quick: 1, full: 5 }),
    samples: count('training samples', { default: 4096, quick: 512 })
  },
  steps: (_part, { epochs, samples }) => epochs * Math.ceil(samples / BATCH.HIG),
  run: ({ method, seed }, settings, ctx) =>
    trainEpochs(ctx, makeMethod('HIG', BATCH.HIG, routes[method]), { ...settings, seed, batch: BATCH.HIG }),

  metrics: (parts, { samples }) => [
    ...methodsOf(parts).flatMap(name => {
      const runs = partsWith(parts, 'mean loss', name)
      return indices(Math.min(...runs.map(r => r.course['mean loss'].y.length)))
        .slice(1)
        .map(epoch => {
          const known = measured[name]?.map(run => run[epoch - 1]).filter(v => v !== undefined)
          return {
            name: `${name}: loss after epoch ${epoch}`,
            value: quantityOf(runs, r => r.course['mean loss'].y[epoch]),
            measured: samples === 4096 && known?.length ? spread(known) : undefined,
            digits: 3
          }
        })
    }),
    ...routesAgree(parts)
  ],

  figures(parts, { samples }) {
    return [
      {
        kind: 'plot',
        name: 'losses',
        title: 'Half-inverse gradients by three routes',
        caption:
          'Mean of |y - x0|² over the training samples after each epoch. The Gram matrix trains as the singular value decomposition does; k steps of Golub-Kahan are a dial from cheap to exact.',
        panels: [
          {
            x: { label: 'Epoch' },
            y: { label: 'Σ (y − x₀)², mean over samples', scale: 'log' },
            series: linesOf(parts, 'mean loss', { scale: () => BATCH.HIG / samples })
          },
          {
            x: { label: 'Seconds of training' },
            y: { label: '', scale: 'log' },
            series: linesOf(parts, 'mean loss', { over: 'seconds' })
          }
        ]
      }
    ]
  }
})

/** Two ways of computing one step: they differ by rounding, 1e-10 of the loss on the seeds 0 and 1 in the quick preset. */
function routesAgree(parts: readonly Done[]): Metric[] {
  const of = (method: string) => partsWith(parts, 'mean loss', method)
  const value = ratioBySeed(of('gram'), of('svd'), p => p.course['mean loss'].y.at(-1))
  if (value === undefined) return []
  return [{ name: 'last loss, gram / svd', value, expected: [1 - 1e-6, 1 + 1e-6], digits: 6 }]
}
