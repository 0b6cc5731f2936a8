import { type Random, random, type Tensor } from '../core/index.js'
import { add, at, cast, l2, mean, type Network, reshape, sub, sum, uNet } from '../ops/index.js'
import { adam, type Optimizer, sip } from '../optim/index.js'
import { diffuse, randomRectangles } from '../physics/index.js'
import { figuresOf, kernelsAt, metricsOf } from './heatResults.js'
import { fieldsOf } from './shell/data.js'
import { count } from './shell/settings.js'
import { defineExperiment } from './shell/types.js'
import { training } from './training.js'

/**
 * The book's "Learning to Invert Heat Conduction": a network sees the temperature y* after heat conduction and reconstructs where the heat was.
 *
 *     x = f(y*; θ),  y = P(x) = diffusion of x by ν t = 8,  L = ½ Σ (y - y*)²
 *
 * Both methods train the same U-net from the same weights on the same data with Adam. GD sends dL/dy through the adjoint of
 * P, which diffuses once more and wipes out the detail. SIP sends the Newton step y* - y through the stabilised inverse
 * and trains the network towards x + Δx. Physics in f64, network in f32.
 */
export const N = 64
export const AMOUNT = 8
export const METHODS = ['SIP', 'GD'] as const
export type Method = (typeof METHODS)[number]

/** f(y*; θ), its mean replaced by that of x*, which conduction keeps: the notebook's prediction. */
export function predict(net: Network, theta: Tensor, yTarget: Tensor, meanHeat: Tensor): Tensor {
  const [B] = yTarget.shape
  const raw = reshape(net(theta, reshape(cast(yTarget, 'f32'), [B, 1, N, N])), [B, N, N])
  const shift = sub(cast(meanHeat, 'f32'), mean(raw, [1, 2], true))
  return cast(add(raw, shift), 'f64')
}

export interface Batch {
  x: Tensor
  y: Tensor
  meanHeat: Tensor
}

export function makeBatch(data: Random, size: number): Batch {
  const x = randomRectangles(data, size, N)
  return { x, y: diffuse(x, AMOUNT), meanHeat: mean(x, [1, 2], true) }
}

/** θ and a batch to L = ½ Σ (y - y*)² [B] and x. */
export const model = (net: Network) => (theta: Tensor, batch: Batch) => {
  const x = predict(net, theta, batch.y, batch.meanHeat)
  return { loss: l2(diffuse(x, AMOUNT), batch.y), x }
}

/** Both follow the sum over the batch; Adam does not see the scale. */
export const makeMethod = (method: Method): Optimizer<any, any> => {
  const inner = adam({ lr: 1e-3, eps: 1e-7 })
  return method === 'SIP' ? sip(inner) : inner
}

/** Weights and data depend on the seed alone, so both methods get the same. */
export function problem(seed: number): { net: Network; theta: Tensor; data: Random; shown: Random } {
  const stream = random(seed)
  const net = uNet({ levels: 4, filters: 16 })
  const theta = net.init(stream.split('net'), 'f32')
  return { net, theta, data: stream.split('data'), shown: stream.split('shown') }
}

const SAMPLES_SHOWN = 3

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
  methods: METHODS,
  takes: { default: 10, full: 150 },
  settings: {
    steps: count('training steps', { default: 20, quick: 6, full: 50 }),
    batch: count('samples per step', { default: 16, quick: 4, full: 128 })
  },
  steps: (_part, { steps }) => steps,

  async run({ method, seed }, { steps, batch }, ctx) {
    const { net, theta, data, shown } = problem(seed)
    const { theta: trained, ...out } = await training(ctx, {
      theta,
      method: makeMethod(method),
      model: model(net),
      reduce: 'sum',
      streams: { data },
      data: (_step, { data }) => makeBatch(data, batch),
      steps,
      measure: ({ batch: b, forward }) => ({
        x: sum(l2(forward.x[0], b.x)).item() / batch,
        y: sum(forward.loss).item() / batch
      })
    })
    const b = makeBatch(shown, SAMPLES_SHOWN)
    const x = predict(net, trained, b.y, b.meanHeat)
    return {
      ...out,
      fields: [...fieldsOf('prediction', x), ...fieldsOf('reference', b.x), ...fieldsOf('input', b.y)],
      data: { kernels: kernelsAt(at(x, 0, 0), at(b.y, 0, 0), AMOUNT) }
    }
  },

  metrics: (parts, settings) => metricsOf(parts, settings),
  figures: parts => figuresOf(parts),
  notes: () => ['Losses are per sample: ½ Σ over all cells, mean over the batch, as the notebook prints them.']
})
