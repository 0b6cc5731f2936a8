import { type Random, random } from '../core/index.js'
import type { RouteOptions } from '../optim/index.js'
import { makeNet, meanLoss, rows, withHig } from './oscillators.js'
import { indices, overSeeds, spread } from './shell/data.js'
import { count, someOf } from './shell/settings.js'
import { defineExperiment, type RunResult } from './shell/types.js'

/**
 * Half-inverse gradients on the oscillators by three routes: the singular value decomposition, the Gram matrix, and k
 * steps of Golub-Kahan bidiagonalisation, which is a dial from the gradient's direction to the half-inverse.
 */
const BATCH = 32
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

/** [seed][epoch] */
type Losses = Record<Name, number[][]>

export default defineExperiment({
  name: 'half-inverse',
  title: 'Half-inverse gradients without the singular value decomposition',
  problem:
    'Each step of half-inverse gradients on the oscillators needs J^(-1/2) of a 128×1444 Jacobian. Its Gram matrix gives the same several times cheaper as long as its error bound allows; a few Krylov steps give an approximation that trains nearly as well.',
  formulas: [
    String.raw`J^{-1/2} g = V \Lambda^{-1/2} U^\top g = J^\top (J J^\top)^{-3/4} g \approx \lVert g \rVert\, V_k\, L_k^{-1/2} e_1`
  ],
  source: 'Schnell et al. 2022; Golub & Kahan 1965',
  settings: {
    seeds: count('independent runs', { default: 1, full: 3 }),
    epochs: count('epochs', { default: 3, quick: 1, full: 5 }),
    samples: count('training samples', { default: 4096, quick: 512 }),
    route: someOf<Name>('routes', Object.keys(routes))
  },

  async run({ seeds, epochs, samples, route }, ctx): Promise<RunResult> {
    const losses: Losses = {}
    const seconds: Record<string, number> = {}
    const result = (): RunResult => ({
      curves: Object.entries(losses).flatMap(([name, runs]) =>
        runs.map((y, i) => ({ name: `${name} seed ${ctx.seed + i}`, x: indices(y.length), y }))
      ),
      metrics: Object.entries(losses).flatMap(([name, runs]) =>
        indices(Math.min(...runs.map(r => r.length)))
          .slice(1)
          .map(epoch => {
            const known = measured[name]?.map(run => run[epoch - 1]).filter(v => v !== undefined)
            const value = spread(runs.map(run => run[epoch]))
            return {
              name: `${name}: loss after epoch ${epoch}`,
              value: runs.length > 1 ? value : value.median,
              measured: samples === 4096 && known?.length ? spread(known) : undefined,
              digits: 3
            }
          })
      ),
      timings: Object.fromEntries(Object.entries(seconds).map(([name, s]) => [`${name}, per epoch`, s])),
      data: { losses }
    })
    ctx.keep(result)
    ctx.progress.start(route.length * seeds * epochs, 'epochs')
    for (let s = 0; s < seeds; s++) {
      const stream: Random = random(ctx.seed + s)
      const net = makeNet()
      const theta = net.init(stream.split('net'))
      const x0 = stream.split('data').uniform([samples, 4])
      for (const name of route) {
        const run = [meanLoss(net, theta, x0)]
        losses[name] = [...(losses[name] ?? []), run]
        const one = withHig(net, theta, routes[name])
        for (let epoch = 1; epoch <= epochs; epoch++) {
          const begin = performance.now()
          for (let at = 0; at < samples; at += BATCH) {
            one.update(rows(x0, at, Math.min(samples, at + BATCH)))
            await ctx.progress.breathe()
          }
          seconds[name] = (performance.now() - begin) / 1000
          run.push(meanLoss(net, one.theta, x0))
          await ctx.progress.step({ [`${name} loss`]: run[epoch] })
        }
      }
    }
    return result()
  },

  figures({ data }) {
    const losses = (data?.losses ?? {}) as Losses
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
            series: Object.entries(losses).map(([name, runs]) => {
              const { median } = overSeeds(runs)
              return { name, x: indices(median.length), y: median, faint: runs.length > 1 ? runs : undefined }
            })
          }
        ]
      }
    ]
  }
})
