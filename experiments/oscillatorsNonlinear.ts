import { random, type Tensor } from '../core/index.js'
import { l2, mlp, mul, type Network, relu, slice } from '../ops/index.js'
import { oscillators } from '../physics/index.js'
import {
  comparison,
  divergence,
  lossesAfter,
  lossFigure,
  METHODS,
  type Method,
  type MethodSettings,
  type Spectra,
  spectrumFigure,
  type Task,
  trainTask
} from './jacobianTraining.js'
import { indices, partsWith } from './shell/data.js'
import type { PlotFigure } from './shell/figure.js'
import { count } from './shell/settings.js'
import { type Done, defineExperiment, type Metric } from './shell/types.js'
import { samplesOf } from './training.js'

/**
 * Two masses on cubic springs, the last one pushed for 96 steps by a network that sees the state x0, so that the system comes
 * back to x0: `oscillators` with forces that are not linear, four times as many controls and a network of ReLUs.
 *
 *     u = f(x0; θ),  y = P(x0, u),  L = (1/B) Σ_b |y_b - x0_b|²
 */
const STATES = 4
const STEPS = 96
const SAMPLES = 4096
const BATCH = 128
const spring = { spring: 'cubic', push: [0, 3], dt: 0.125 } as const
const simulate = oscillators({ ...spring, steps: STEPS })
export const makeNet = (): Network => mlp([STATES, 20, 20, 20, STEPS], { activation: relu })

/** The state after the controls u [B, 96], from x0 [B, 4]. */
export const physics = (u: Tensor, x0: Tensor): Tensor => simulate(x0, u)

/** The tolerance: of the error bound of a Gram matrix whose singular values reach down to 1e-6. */
export const settingsOf = (method: Method, batch: number): MethodSettings =>
  method === 'Adam' ? { lr: 3e-4, batch: 4 * batch } : { lr: 1, batch, truncation: 1e-6, tolerance: 1e-5 }

/** The network before training, and as many samples for training as for the test; which a seed fixes for all methods. */
export function problem(seed: number, samples: number): Task {
  const stream = random(seed)
  const net = makeNet()
  return {
    net,
    theta: net.init(stream.split('net')),
    model: (theta, x0) => {
      const y = physics(net(theta, x0), x0)
      return { loss: mul(l2(y, x0), 2), y }
    },
    train: stream.split('data').uniform([samples, STATES]),
    test: stream.split('test').uniform([samples, STATES])
  }
}

/** A sample of the test on its way: that of the first 32 whose masses should come to the places furthest apart. */
interface Ride {
  /** [x1, x2, v1, v2] before the first step and after each. */
  states: number[][]
  controls: number[]
}

function ride({ net, test }: Task, theta: Tensor): Ride {
  const apart = indices(Math.min(32, test.shape[0])).map(b =>
    Math.abs(test.data[STATES * b] - test.data[STATES * b + 1])
  )
  const shown = apart.indexOf(Math.max(...apart))
  const states = [samplesOf(test, shown, shown + 1)]
  const u = net(theta, states[0])
  const one = oscillators({ ...spring, steps: 1 })
  for (let k = 0; k < STEPS; k++) states.push(one(states[k], slice(u, 1, k, k + 1)))
  return { states: states.map(s => [...s.data]), controls: [...u.data] }
}

type Data = Spectra & { rides: { before: Ride; after: Ride } }
type Part = Done<Method, Data>

/** Measured with a port of the authors' code: training and test loss after each epoch of HIG, and after 25 of Adam. */
const measured: Partial<Record<Method, Record<number, { training: number; test: number }>>> = {
  HIG: {
    0: { training: 0.83, test: 0.84 },
    1: { training: 0.14, test: 0.15 },
    2: { training: 0.029, test: 0.038 },
    3: { training: 0.01, test: 0.016 }
  },
  Adam: { 25: { training: 0.22, test: 0.24 } }
}

type Options = { higEpochs: number; epochs: number; samples: number; batch: number }

const perEpoch = (method: Method, { samples, batch }: Options): number =>
  Math.ceil(samples / settingsOf(method, batch).batch)
const epochsOf = (method: Method, { epochs, higEpochs }: Options): number => (method === 'Adam' ? epochs : higEpochs)

export default defineExperiment({
  name: 'oscillators-nonlinear',
  title: 'Cubic springs: half-inverse gradients, Gauss-Newton and Adam',
  problem:
    'A network of ReLUs pushes one of two masses on cubic springs for 96 steps so that both return to where they began. The singular values of the Jacobian of network and physics go from the largest down to the truncation, six orders of magnitude for a batch of 128: the gradient hardly sees the small ones, and the steps of Gauss-Newton along them are so long that it diverges.',
  formulas: [
    String.raw`\ddot x_1 = -x_1 + (x_2 - x_1)^3, \qquad \ddot x_2 = -x_2 + (x_1 - x_2)^3 + 3u(t)`,
    String.raw`\Delta\theta = -\eta\, V \Lambda^{\kappa} U^\top \frac{\partial L}{\partial y}, \qquad \kappa_{\mathrm{HIG}} = -\tfrac12, \quad \kappa_{\mathrm{GN}} = -1`
  ],
  source: 'Schnell, Holl and Thuerey 2022, "Half-Inverse Gradients for Physical Deep Learning", nonlinear oscillators',
  methods: METHODS,
  seeds: { default: 1, full: 5 },
  takes: { default: 100 },
  settings: {
    higEpochs: count('epochs of HIG and Gauss-Newton', { default: 3, quick: 1, full: 8 }),
    epochs: count('epochs of Adam', { default: 25, quick: 4, full: 100 }),
    samples: count('samples for training, and as many for the test', { default: SAMPLES, quick: 1024 }),
    batch: count('samples per step of HIG and Gauss-Newton; of Adam four times as many', { default: BATCH, quick: 32 })
  },
  steps: ({ method }, settings) => epochsOf(method, settings) * perEpoch(method, settings),

  async run({ method, seed }, settings, ctx) {
    const task = problem(seed, settings.samples)
    const every = perEpoch(method, settings)
    const { theta, ...out } = await trainTask(ctx, task, {
      method,
      settings: settingsOf(method, settings.batch),
      steps: epochsOf(method, settings) * every,
      every,
      shown: 32
    })
    return { ...out, data: { ...out.data, rides: { before: ride(task, task.theta), after: ride(task, theta) } } }
  },

  metrics: (parts: readonly Part[], settings) => [
    ...METHODS.flatMap(m => metricsOf(m, parts, settings)),
    ...comparison(parts, { method: 'HIG', other: 'Adam', expected: [0, 0.4] })
  ],

  figures(parts: readonly Part[], settings) {
    const scale = (p: Done) => 1 / perEpoch(p.method as Method, settings)
    return [
      lossFigure(parts, {
        title: 'Cubic springs',
        caption:
          'Mean of |y - x0|² after each epoch. Of 4096 samples (three seeds) HIG is at 0.008 after three epochs, Adam after 25, which take about as long, at 0.2. A line ends where the first of its seeds became non-finite.',
        loss: 'Σ (y − x₀)², mean over samples',
        scale
      }),
      ...spectrumFigure(parts),
      ...rideFigure(parts)
    ]
  }
})

function metricsOf(method: Method, parts: readonly Part[], settings: Options): Metric[] {
  const each = perEpoch(method, settings)
  const known = settings.samples === SAMPLES && settings.batch === BATCH ? (measured[method] ?? {}) : {}
  const steps = Object.keys(known).map(epoch => Number(epoch) * each)
  const losses = lossesAfter(parts, method, steps).flatMap(({ step, ...after }) =>
    (['training', 'test'] as const).map((set): Metric => {
      const epoch = step / each
      const reference = known[epoch]?.[set]
      return {
        name: `${method}: ${set} loss after epoch ${Number(epoch.toFixed(2))}`,
        value: after[set],
        measured: reference,
        expected: method === 'HIG' && epoch === 3 && reference !== undefined ? [0, 0.02] : undefined,
        digits: 3
      }
    })
  )
  return [...divergence(parts, method), ...losses]
}

/** One sample of the test, before training and after HIG. */
function rideFigure(parts: readonly Part[]): PlotFigure[] {
  const rides = partsWith(parts, 'training', 'HIG').find(p => p.data)?.data?.rides
  if (!rides) return []
  const { before, after } = rides
  const time = indices(STEPS + 1).map(k => k * spring.dt)
  const position = (name: string, { states }: Ride, i: number, style: object) => ({
    name,
    x: time,
    y: states.map(s => s[i]),
    style,
    markers: 'none' as const
  })
  const [first, second] = after.states[0]
  const end = time[STEPS]
  return [
    {
      kind: 'plot',
      name: 'ride',
      title: 'Back to where it began',
      caption:
        'A sample of the test: both masses under the controls of the network before training (thin) and after HIG. At the end they should be where they were, and as fast.',
      panels: [
        {
          x: { label: 'Time' },
          y: { label: 'Position' },
          series: [
            position('x₁ before', before, 0, { color: '#9CC4E4', dash: [2, 3] }),
            position('x₂ before', before, 1, { color: '#F4B6A6', dash: [2, 3] }),
            position('x₁', after, 0, { color: '#1F77B4', dash: [] }),
            position('x₂', after, 1, { color: '#D62728', dash: [] })
          ],
          points: [
            { x: end, y: first, label: 'x₁*', place: 'left' },
            { x: end, y: second, label: 'x₂*', place: 'left' }
          ]
        },
        {
          x: { label: 'Time' },
          y: { label: 'Control u' },
          series: [
            {
              name: 'x₂ before',
              x: time.slice(0, STEPS),
              y: before.controls,
              style: { color: '#F4B6A6', dash: [2, 3] }
            },
            { name: 'x₂', x: time.slice(0, STEPS), y: after.controls, style: { color: '#D62728', dash: [] } }
          ].map(line => ({ ...line, markers: 'none' as const }))
        }
      ]
    }
  ]
}
