import { random, type Tensor } from '../core/index.js'
import { l2, mlp, type Network, reshape } from '../ops/index.js'
import { laplace } from '../physics/index.js'
import {
  comparison,
  divergence,
  lossesAfter,
  lossFigure,
  type MethodSettings,
  type Spectra,
  spectrumFigure,
  type Task,
  trainTask
} from './jacobianTraining.js'
import { partsWith } from './shell/data.js'
import type { ImagesFigure } from './shell/figure.js'
import { count } from './shell/settings.js'
import { type Done, defineExperiment, type Field, type Metric } from './shell/types.js'
import { samplesOf } from './training.js'

/**
 * A network learns to solve the Poisson equation on 8×8 cells between walls at 0, and sees of its answer x what the Laplacian
 * makes of it:
 *
 *     x = f(y*; θ),  y = P(x) = ∇²x,  L = ½ Σ (y - y*)²
 *
 * Smooth parts of x hardly show in y: their singular values are small, the gradient neglects them. With 64 samples the
 * Jacobian is 4096×24896, 0.8 GB, and is never made: HIG takes its Gram matrix, summed layer by layer, or k Krylov steps.
 */
const N = 8
const CELLS = N * N
/** A quick run: of these settings the limit below was measured. */
const QUICK = { higEpochs: 2, epochs: 10, samples: 64, batch: 8 }
export const makeNet = (): Network => mlp([CELLS, CELLS, 128, CELLS, CELLS])

/** ∇²x of x [B, 64] as 8×8 cells: [B, 8, 8]. */
export const physics = (x: Tensor): Tensor => laplace(reshape(x, [x.shape[0], N, N]), { boundary: 'dirichlet' })

const METHODS = ['HIG', 'HIG, k = 60', 'Adam'] as const
type Method = (typeof METHODS)[number]

/** The loss of a batch is the sum over its samples; of fewer than 64 the rate of HIG is larger by as much. */
export const settingsOf = (method: Method, batch: number): MethodSettings =>
  ({
    HIG: { lr: 0.64 / batch, batch, truncation: 1e-5, route: 'gram' as const },
    'HIG, k = 60': { lr: 0.64 / batch, batch, truncation: 1e-5, steps: 60 },
    Adam: { lr: 3e-4, batch }
  })[method]

/** The network before training, and y* of noise x*, [n, 64]; which a seed fixes for all methods. */
export function problem(seed: number, samples: number): Task {
  const stream = random(seed)
  const net = makeNet()
  const goals = (name: string) => reshape(physics(stream.split(name).normal([samples, CELLS])), [samples, CELLS])
  return {
    net,
    theta: net.init(stream.split('net')),
    model: (theta, goal) => {
      const y = physics(net(theta, goal))
      return { loss: l2(y, reshape(goal, y.shape)), y }
    },
    reduce: 'sum',
    train: goals('data'),
    test: goals('test')
  }
}

/** Of the first sample of the test: what is asked, and what the network's answer gives. */
function fields({ net, test }: Task, before: Tensor, after: Tensor): Field[] {
  const goal = samplesOf(test, 0, 1)
  const field = (name: string, t: Tensor): Field => ({ name, width: N, height: N, values: t.data.slice() })
  return [field('before', physics(net(before, goal))), field('after', physics(net(after, goal))), field('goal', goal)]
}

type Part = Done<Method, Spectra>
type Options = { higEpochs: number; epochs: number; samples: number; batch: number }

const perEpoch = ({ samples, batch }: Options): number => Math.ceil(samples / batch)
const epochsOf = (method: Method, { higEpochs, epochs }: Options): number => (method === 'Adam' ? epochs : higEpochs)

export default defineExperiment({
  name: 'poisson-hig',
  title: 'Half-inverse gradients where the Jacobian does not fit: the Poisson problem',
  problem:
    'A network of 24,896 parameters learns to solve the Poisson equation on 8×8 cells through the Laplacian, which hides the smooth parts of the answer. A batch of 64 has a Jacobian of 4096×24896 entries; half-inverse gradients need its singular values and never make it.',
  formulas: [
    String.raw`y = \nabla^2 x, \qquad x = f(y^*; \theta), \qquad L = \tfrac12 |y - y^*|^2`,
    String.raw`J J^\top = \sum_{\mathrm{layers}} (a a^\top) \odot (\delta \delta^\top), \qquad \Delta\theta = -\eta\, J^\top (J J^\top)^{-3/4} \frac{\partial L}{\partial y}`
  ],
  source: 'Schnell, Holl and Thuerey 2022, "Half-Inverse Gradients for Physical Deep Learning", the Poisson problem',
  methods: METHODS,
  seeds: { default: 1, full: 3 },
  takes: { default: 90, full: 5400 },
  settings: {
    higEpochs: count('epochs of HIG', { default: 2, quick: QUICK.higEpochs, full: 10 }),
    epochs: count('epochs of Adam', { default: 20, quick: QUICK.epochs, full: 100 }),
    samples: count('samples for training, and as many for the test', {
      default: 512,
      quick: QUICK.samples,
      full: 1024
    }),
    batch: count('samples per step', { default: 16, quick: QUICK.batch, full: 64 })
  },
  steps: ({ method }, settings) => epochsOf(method, settings) * perEpoch(settings),

  async run({ method, seed }, settings, ctx) {
    const task = problem(seed, settings.samples)
    const { theta, ...out } = await trainTask(ctx, task, {
      method: method === 'Adam' ? 'Adam' : 'HIG',
      settings: settingsOf(method, settings.batch),
      steps: epochsOf(method, settings) * perEpoch(settings),
      every: method === 'Adam' ? perEpoch(settings) : Math.ceil(perEpoch(settings) / 4),
      shown: 4
    })
    return { ...out, fields: fields(task, task.theta, theta) }
  },

  metrics: (parts: readonly Part[], settings) => [
    ...METHODS.flatMap(method => [
      ...divergence(parts, method),
      ...lossesAfter(parts, method).flatMap(({ step, ...losses }) =>
        (['training', 'test'] as const).map(set => ({
          name: `${method}: ${set} loss after epoch ${(step / perEpoch(settings)).toFixed(2)}`,
          value: losses[set],
          digits: 4
        }))
      )
    ]),
    ...METHODS.slice(0, 2).flatMap(method => comparison(parts, { method, other: 'Adam', ...limit(settings) }))
  ],

  figures: (parts: readonly Part[], settings) => [
    lossFigure(parts, {
      title: 'The Poisson problem',
      caption: 'Mean of ½ Σ (∇²x - y*)² over the samples.',
      loss: '½ Σ (∇²x − y*)², mean over samples',
      scale: () => 1 / perEpoch(settings)
    }),
    ...spectrumFigure(parts),
    ...fieldsFigure(parts)
  ]
})

/** Five times as many epochs of Adam come nowhere near; other settings, other ratios. */
const limit = (settings: Options): Pick<Metric, 'expected' | 'note'> =>
  Object.entries(QUICK).every(([name, value]) => settings[name as keyof Options] === value)
    ? { expected: [0, 0.6], note: 'over ten seeds 0.33 to 0.40' }
    : {}

function fieldsFigure(parts: readonly Part[]): ImagesFigure[] {
  const shown = partsWith(parts, 'training').filter(p => p.fields && p.seed === parts[0].seed)
  return shown.length > 0
    ? [
        {
          kind: 'images',
          name: 'fields',
          title: 'What the answer gives',
          caption: '∇²x of the network’s answer to one sample of the test, before and after training, and y*.',
          columns: ['before', 'after', 'y*'],
          rows: shown.map(p => ({ label: p.method, fields: p.fields! })),
          label: '∇²x'
        }
      ]
    : []
}
