import { random } from '../core/index.js'
import { uNet } from '../ops/index.js'
import { figures, resultOf } from './heatResults.js'
import { type Batch, METHODS, type Method, makeBatch, newRun, type Run, step } from './heatTraining.js'
import { count, someOf } from './shell/settings.js'
import { defineExperiment, type RunResult } from './shell/types.js'

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
    const runs: Record<Method, Run[]> = { SIP: [], GD: [] }
    let shown: Batch | undefined
    const result = (): RunResult => resultOf(runs, shown, { steps, batch, method })
    ctx.keep(result)
    ctx.progress.start(seeds * steps, `${method.join(' and ')}, batch ${batch}`)
    for (let s = 0; s < seeds; s++) {
      const stream = random(ctx.seed + s)
      const net = uNet({ levels: 4, filters: 16 })
      const theta = net.init(stream.split('net'), 'f32')
      const data = stream.split('data')
      for (const m of method) runs[m].push(newRun(theta))
      for (let k = 0; k < steps; k++) {
        const b = makeBatch(data, batch)
        const numbers: Record<string, number> = {}
        for (const m of method) {
          const run = runs[m][s]
          step(m, net, run, b)
          numbers[`${m} x`] = run.x[k]
          numbers[`${m} y`] = run.y[k]
          await ctx.progress.breathe()
        }
        if (s === 0) shown = b
        await ctx.progress.step(numbers)
      }
    }
    return result()
  },

  figures
})
