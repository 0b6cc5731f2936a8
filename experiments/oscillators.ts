import { grad, layeredJacobian, newton, type Random, random, Tape, type Tensor, tensor } from '../core/index.js'
import { l2, mlp, mul, type Network, sub, sum } from '../ops/index.js'
import { adam, type HigOptions, hig, sipBackward } from '../optim/index.js'
import { oscillators } from '../physics/index.js'
import { indices, overSeeds, spread } from './shell/data.js'
import { count, someOf } from './shell/settings.js'
import { defineExperiment, type Metric, type RunResult } from './shell/types.js'

/**
 * The example of the book's "Half-Inverse Gradients": a network sees the state x0 of two coupled oscillators and pushes one of
 * them for 24 steps so that the system comes back to x0.
 *
 *     u = f(x0; θ),  y = P(x0, u),  L = (1/B) Σ_b |y_b - x0_b|²,  so dL/dy = 2(y - x0)/B
 *
 * HIG steps in θ with the half-inverse of dy/dθ of all samples, network and physics jointly. SIP inverts the physics
 * (Δu = -pinv(∂y/∂u) dL/dy) and trains the network towards u + Δu with Adam. GD is Adam on the gradient.
 */
const STATES = 4
const STEPS = 24
const TRAIN = 4096
const BATCH = { HIG: 32, SIP: 256, GD: 256 }
type Method = keyof typeof BATCH

const simulate = oscillators({ masses: 2, steps: STEPS, dt: 0.5 })
export const makeNet = (): Network => mlp([STATES, 20, 20, 20, STEPS])

/** Keras' Adam: ε beside the uncorrected root. */
const keras = () => adam({ lr: 1e-3, eps: 1e-7, epsilonHat: true })

interface Trainee {
  theta: Tensor
  /** One update on a batch of initial states [B, 4]. */
  update(x0: Tensor): void
}

export function trainee(method: Method, net: Network, theta: Tensor): Trainee {
  return { HIG: withHig, SIP: withSip, GD: withGd }[method](net, theta)
}

/** `options`: by which route the half-inverse is computed, say. */
export function withHig(net: Network, theta: Tensor, options: HigOptions = {}): Trainee {
  const method = hig({ lr: 1, truncation: 1e-10, ...options })
  const jacobian = layeredJacobian((th, x0) => simulate(x0, net(th, x0)), { wrt: 0 })
  return {
    theta,
    update(x0) {
      const { value: y, J } = jacobian(this.theta, x0)
      const lossGradient = mul(sub(y, x0), 2 / x0.shape[0])
      this.theta = method.step(this.theta, { J, lossGradient }, null).theta
    }
  }
}

function withSip(net: Network, theta: Tensor): Trainee {
  const method = keras()
  let state = method.init(theta)
  return {
    theta,
    update(x0) {
      using tape = new Tape()
      const th = tape.watch(this.theta)
      const { u, L } = tape.record(() => {
        const u = net(th, x0)
        return { u, L: l2(simulate(x0, u), x0) }
      })
      // The notebook divides by B twice: in dL/dy, which sets the step in y, and in the proxy loss.
      const share = 2 / x0.shape[0]
      const policy = { ladder: [newton({ rcond: 1e-5 })] }
      const { grad: g } = sipBackward(tape, L, { boundary: [u], wrt: th, eta: share, scale: share, policy })
      ;({ theta: this.theta, state } = method.step(this.theta, g, state))
    }
  }
}

function withGd(net: Network, theta: Tensor): Trainee {
  const method = keras()
  let state = method.init(theta)
  const gradient = grad((th, x0) => mul(sum(l2(simulate(x0, net(th, x0)), x0)), 2 / x0.shape[0]))
  return {
    theta,
    update(x0) {
      ;({ theta: this.theta, state } = method.step(this.theta, gradient(this.theta, x0), state))
    }
  }
}

/** Σ_k (y - x0)², averaged over all training samples. */
export const meanLoss = (net: Network, theta: Tensor, x0: Tensor): number =>
  (2 * sum(l2(simulate(x0, net(theta, x0)), x0)).item()) / x0.shape[0]

export const rows = (x: Tensor, from: number, to: number): Tensor =>
  tensor(x.data.subarray(from * STATES, to * STATES), { shape: [to - from, STATES] })

/** [seed][epoch] */
type Losses = Partial<Record<Method, number[][]>>

/** Measured with the authors' code: epoch → median, least, largest of five seeds. */
const measured: Record<Method, Record<number, [number, number, number]>> = {
  HIG: {
    0: [1.15, 0.74, 1.62],
    1: [5.4e-5, 4.7e-5, 5.6e-5],
    2: [1.0e-5, 8.6e-6, 1.2e-5],
    3: [3.7e-6, 2.6e-6, 4.5e-6],
    4: [1.7e-6, 9.7e-7, 2.0e-6],
    8: [2.4e-7, 1.2e-7, 3.3e-7],
    12: [5.9e-8, 4.9e-8, 1.4e-7]
  },
  SIP: {
    1: [0.42, 0.33, 0.49],
    10: [7.2e-3, 2.5e-3, 1.0e-2],
    20: [2.6e-3, 2.0e-3, 3.5e-3],
    50: [1.45e-3, 1.1e-3, 1.6e-3]
  },
  GD: { 1: [0.47, 0.31, 0.61], 10: [0.024, 0.003, 0.035], 20: [2.6e-3, 1.9e-3, 3.3e-3], 50: [1.4e-3, 1.1e-3, 1.6e-3] }
}
const published: Record<number, number> = { 0: 1.44, 1: 5.44e-5, 2: 1.06e-5, 3: 3.16e-6, 4: 1.19e-6 }

export default defineExperiment({
  name: 'oscillators',
  title: 'Controlling coupled oscillators: half-inverse gradients, SIP and GD',
  problem:
    'A network pushes one of two coupled oscillators for 24 steps so that the system returns to where it began. The Jacobian of network and physics together is ill-conditioned, which is where first-order methods crawl.',
  formulas: [
    String.raw`\ddot x_1 = -x_1 + \tfrac15 (x_2 - x_1), \qquad \ddot x_2 = -x_2 + \tfrac15 (x_1 - x_2) + u(t)`,
    String.raw`\Delta\theta_{\mathrm{HIG}} = -\eta \Big(\frac{\partial y}{\partial \theta}\Big)^{-1/2} \Big(\frac{\partial L}{\partial y}\Big)^{\!\top}, \qquad A^{-1/2} = V \Lambda^{-1/2} U^\top`
  ],
  source: 'Physics-based Deep Learning, "Half-Inverse Gradients" and its oscillator notebook; Schnell et al. 2022',
  settings: {
    seeds: count('independent runs', { default: 1, full: 5 }),
    higEpochs: count('epochs of HIG', { default: 5, quick: 1, full: 24 }),
    epochs: count('epochs of SIP and GD', { default: 20, quick: 2, full: 200 }),
    samples: count('training samples', { default: TRAIN, quick: 1024 }),
    method: someOf<Method>('methods', ['HIG', 'SIP', 'GD'])
  },

  async run({ seeds, higEpochs, epochs, samples, method }, ctx): Promise<RunResult> {
    const losses: Losses = {}
    const seconds: Partial<Record<Method, number>> = {}
    const result = (): RunResult => ({
      curves: Object.entries(losses).flatMap(([name, runs]) =>
        runs.map((y, i) => ({ name: `${name} seed ${ctx.seed + i}`, x: indices(y.length), y }))
      ),
      metrics: Object.entries(losses).flatMap(([name, runs]) => metricsOf(name as Method, runs, samples)),
      timings: Object.fromEntries(Object.entries(seconds).map(([m, s]) => [`${m}, per epoch`, s])),
      data: { losses }
    })
    ctx.keep(result)
    const total = method.reduce((n, m) => n + seeds * (m === 'HIG' ? higEpochs : epochs), 0)
    ctx.progress.start(total, 'epochs')
    for (let s = 0; s < seeds; s++) {
      const stream: Random = random(ctx.seed + s)
      const net = makeNet()
      const theta = net.init(stream.split('net'))
      const x0 = stream.split('data').uniform([samples, STATES])
      for (const m of method) {
        const run = [meanLoss(net, theta, x0)]
        losses[m] = [...(losses[m] ?? []), run]
        const t = trainee(m, net, theta)
        for (let epoch = 1; epoch <= (m === 'HIG' ? higEpochs : epochs); epoch++) {
          const begin = performance.now()
          // Fixed order, no shuffling, as in the notebook.
          for (let at = 0; at < samples; at += BATCH[m]) {
            t.update(rows(x0, at, Math.min(samples, at + BATCH[m])))
            await ctx.progress.breathe()
          }
          seconds[m] = (performance.now() - begin) / 1000
          run.push(meanLoss(net, t.theta, x0))
          await ctx.progress.step({ [`${m} loss`]: run[epoch] })
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
        title: 'Oscillators: HIG needs few epochs',
        caption:
          'Mean of |y - x0|² over the training samples after each epoch; faint lines are single seeds, shaded the range measured with the authors’ code.',
        panels: [
          {
            x: { label: 'Epoch' },
            y: { label: 'Σ (y − x₀)², mean over samples', scale: 'log' },
            series: Object.entries(losses).map(([name, runs]) => {
              const { median } = overSeeds(runs)
              return { name, x: indices(median.length), y: median, faint: runs.length > 1 ? runs : undefined }
            }),
            bands: Object.keys(losses).flatMap(name => {
              const longest = Math.max(...losses[name as Method]!.map(r => r.length))
              const known = Object.entries(measured[name as Method]).filter(([e]) => Number(e) < longest)
              return known.length > 1
                ? [
                    {
                      name: `${name}, measured elsewhere`,
                      x: known.map(([e]) => Number(e)),
                      low: known.map(([, v]) => v[1]),
                      high: known.map(([, v]) => v[2]),
                      style: name
                    }
                  ]
                : []
            })
          }
        ]
      }
    ]
  }
})

/** "In range": the median of five seeds within 0.5 to 1.5 of the measured median. */
function metricsOf(method: Method, runs: number[][], samples: number): Metric[] {
  const epochs = Math.min(...runs.map(r => r.length))
  return Object.entries(measured[method])
    .filter(([e]) => Number(e) < epochs)
    .map(([e, [median, low, high]]): Metric => {
      const values = spread(runs.map(r => r[Number(e)]))
      const comparable = samples === TRAIN
      return {
        name: `${method}: loss after epoch ${e}`,
        value: runs.length > 1 ? values : values.median,
        published: method === 'HIG' && comparable ? published[Number(e)] : undefined,
        measured: comparable ? { median, low, high } : undefined,
        expected: comparable && Number(e) > 0 ? [0.5 * median, 1.5 * median] : undefined,
        digits: 3
      }
    })
}
