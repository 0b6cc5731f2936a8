import { figures, resultOf } from './heatResults.js'
import { type Job, METHODS, type Method, type Step } from './heatTraining.js'
import { count, someOf } from './shell/settings.js'
import { defineExperiment, type RunResult } from './shell/types.js'
import { inWorkers } from './shell/workers.js'

export default defineExperiment({
  name: 'heat',
  title: 'Learning to invert heat conduction',
  problem:
    'Given the temperature on 64×64 cells after conduction with ν t = 8, a U-net reconstructs the hot rectangles it came from. The gradient of the simulator diffuses once more, so it carries no detail; its exact inverse amplifies by up to 10⁶⁸.',
  formulas: [
    String.raw`\frac{\partial u}{\partial t} = \nu \nabla^2 u, \qquad \hat y_k = \hat x_k\, e^{-k^2 \nu t}, \qquad k = 2\pi f`,
    String.raw`\Delta x_{\mathrm{GD}} = -\eta\, \mathcal F^{-1}\!\left(e^{-k^2 \nu t}\, \mathcal F(y - y^*)\right), \qquad \Delta x_{\mathrm{PG}} = -\eta\, \mathcal F^{-1}\!\left(e^{+k^2 \nu t \cdot a(k)}\, \mathcal F(y - y^*)\right)`
  ],
  source:
    'Physics-based Deep Learning, "Learning to Invert Heat Conduction with Scale-invariant Updates"; Holl et al. 2022',
  settings: {
    steps: count('training steps', { default: 20, quick: 5, full: 50 }),
    batch: count('samples per step', { default: 16, quick: 4, full: 128, min: 1 }),
    seeds: count('independent runs', { default: 1 }),
    method: someOf<Method>('methods', METHODS)
  },

  async run({ steps, batch, seeds, method }, ctx): Promise<RunResult> {
    const jobs: Job[] = Array.from({ length: seeds }, (_, s) =>
      method.map(m => ({ method: m, seed: ctx.seed + s, steps, batch }))
    ).flat()
    const done: Step[][] = jobs.map(() => [])
    const result = (): RunResult => resultOf(jobs, done)
    ctx.keep(result)
    ctx.progress.start(jobs.length * steps, `${method.join(' and ')}, batch ${batch}`)
    // A thread for each run: the methods train side by side.
    for await (const { job, message } of inWorkers<Job, Step>(new URL('./heatWorker.js', import.meta.url), jobs)) {
      done[job].push(message)
      const name = jobs[job].method
      await ctx.progress.step({ [`${name} x`]: message.x, [`${name} y`]: message.y })
    }
    return result()
  },

  figures
})
