import { type Random, random, type Tensor } from '../core/index.js'
import { cast, l1, l2, type Network, reshape, sum, uNet } from '../ops/index.js'
import { adam, type Optimizer, sip } from '../optim/index.js'
import { poisson, smoothNoise } from '../physics/index.js'
import { fieldsOf, linesOf, partsWith, quantityOf, ratioBySeed, valueAt } from './shell/data.js'
import { count } from './shell/settings.js'
import { type Done, defineExperiment, type Metric } from './shell/types.js'
import { training } from './training.js'

/**
 * Poisson's equation from the SIP paper: a network sees a potential y* and finds the charge x it came from.
 *
 *     ∇²y = x on 64×64 cells, y = 0 outside,  x = f(y*; θ),  L = ½ Σ (y - y*)²
 *
 * Here the inverse is the easy direction: x = ∇²y, a stencil. SIP steps in y and pulls that back, x̃ = x - ∇²(y - y*). GD
 * (Adam on the adjoint gradient) solves Poisson's equation once more, which smooths the residual by another 1/k².
 */
const N = 64
const SHOWN = 3
export const METHODS = ['SIP', 'Adam'] as const
export type Method = (typeof METHODS)[number]

export const P = (x: Tensor): Tensor => poisson(x, { boundary: 'dirichlet' })

/** Smooth charges x [B, N, N] of mean 0 and deviation 1, and their potentials. */
export function makeBatch(data: Random, size: number): { x: Tensor; y: Tensor } {
  const x = smoothNoise(data, size, [N, N])
  return { x, y: P(x) }
}

/** f(y*; θ): the network in f32, the physics around it in f64. */
export function predict(net: Network, theta: Tensor, y: Tensor): Tensor {
  const [B] = y.shape
  return cast(reshape(net(theta, reshape(cast(y, 'f32'), [B, 1, N, N])), [B, N, N]), 'f64')
}

const makeMethod = (method: Method): Optimizer<any, any> => {
  const inner = adam({ lr: 1e-3, eps: 1e-7 })
  return method === 'SIP' ? sip(inner) : inner
}

/** Measured with a port of the authors' code, batch 16: Σ |x - x*| per sample at step 1, 10, 20, ... */
const MEASURED: Record<Method, Record<number, number>> = {
  SIP: { 1: 3208, 10: 1850, 20: 1397, 30: 1168, 40: 1034 },
  Adam: { 1: 3208, 10: 2941, 20: 2675, 30: 2424, 40: 2280 }
}

export default defineExperiment({
  name: 'poisson',
  title: 'Charges from potentials: where the inverse is the easy direction',
  problem:
    'A U-net sees the solution y of ∇²y = x and reconstructs the right-hand side x. The inverse simulator is a five-point stencil; the gradient solves the equation a second time and so hides all detail.',
  formulas: [
    String.raw`\nabla^2 y = x, \qquad y|_{\partial\Omega} = 0, \qquad L = \tfrac12 \lVert \mathcal P(f(y^*;\theta)) - y^* \rVert^2`,
    String.raw`\Delta x_{\mathrm{SIP}} = -\nabla^2 (y - y^*), \qquad \Delta x_{\mathrm{GD}} = -\eta\, (\nabla^2)^{-1} (y - y^*)`
  ],
  source: 'Holl, Koltun, Thuerey 2022, "Scale-invariant Learning by Physics Inversion", Poisson’s equation',
  methods: METHODS,
  takes: { default: 25 },
  settings: {
    steps: count('training steps', { default: 40, quick: 12 }),
    batch: count('samples per step', { default: 16, quick: 4 })
  },
  steps: (_part, { steps }) => steps,

  async run({ method, seed }, { steps, batch }, ctx) {
    const stream = random(seed)
    const net = uNet({ levels: 4, filters: 16 })
    const { theta, ...out } = await training(ctx, {
      theta: net.init(stream.split('net'), 'f32'),
      method: makeMethod(method),
      model: (theta: Tensor, { y }: { y: Tensor }) => {
        const x = predict(net, theta, y)
        return { loss: l2(P(x), y), x }
      },
      reduce: 'sum',
      streams: { data: stream.split('data') },
      data: (_step, { data }) => makeBatch(data, batch),
      steps,
      measure: ({ batch: b, forward }) => ({
        x: sum(l1(forward.x[0], b.x)).item() / batch,
        y: sum(forward.loss).item() / batch
      })
    })
    const b = makeBatch(stream.split('shown'), SHOWN)
    const x = predict(net, theta, b.y)
    return { ...out, fields: [...fieldsOf('prediction', x), ...fieldsOf('reference', b.x), ...fieldsOf('input', b.y)] }
  },

  metrics(parts, { steps, batch }) {
    const rows = METHODS.flatMap(m => metricsOf(m, partsWith(parts, 'x', m), batch === 16))
    const value = ratioBySeed(partsWith(parts, 'x', 'Adam'), partsWith(parts, 'x', 'SIP'), p => p.course.x.y.at(-1))
    if (value === undefined) return rows
    return [
      ...rows,
      {
        name: 'x distance at the last step, Adam / SIP',
        value,
        expected: batch === 16 && steps >= 20 ? [1.5, 4] : batch === 4 && steps === 12 ? [1.25, 4] : undefined,
        note: 'paired: same weights, same data; 12 steps of batch 4: 1.5 to 1.9 over ten seeds'
      }
    ]
  },

  figures: parts => [
    {
      kind: 'plot',
      name: 'losses',
      title: 'Same weights, same data: SIP finds the charges, Adam their smooth part',
      caption:
        'Every batch is new, so training loss is test loss. Adam lowers what it is given, the loss in y, which smooth charges dominate; SIP finds the charges.',
      panels: [
        {
          title: 'Charge',
          x: { label: 'Training step' },
          y: { label: 'Σ |x − x*|, per sample', scale: 'log' },
          series: linesOf(parts, 'x')
        },
        {
          title: 'Potential',
          x: { label: 'Training step' },
          y: { label: '½ Σ (y − y*)², per sample', scale: 'log' },
          series: linesOf(parts, 'y')
        }
      ]
    },
    ...reconstructions(parts)
  ]
})

function metricsOf(method: Method, runs: Done[], known: boolean): Metric[] {
  if (runs.length === 0) return []
  const last = Math.max(...runs.map(p => p.course.x.at.at(-1)!)) + 1
  return [1, 10, 20, 30, 40]
    .filter(step => step <= last)
    .map(step => ({
      name: `${method}: Σ |x − x*| at step ${step}`,
      value: quantityOf(runs, p => valueAt(p.course.x, step - 1)),
      measured: known ? MEASURED[method][step] : undefined
    }))
}

/** The samples of the first seed: by each method, the truth. (The input, smooth and in other units, is left out.) */
function reconstructions(parts: readonly Done[]) {
  const shown = METHODS.flatMap(m => parts.find(p => p.method === m && p.fields?.length) ?? [])
  if (shown.length === 0) return []
  const of = (part: Done, name: string) => part.fields!.filter(f => f.name.startsWith(name))
  const columns = [...shown.map(p => of(p, 'prediction')), of(shown[0], 'reference')]
  return [
    {
      kind: 'images' as const,
      name: 'reconstructions',
      title: 'Charges: reconstructed and true',
      caption: 'Predictions after training for samples that no network has seen; one colour scale.',
      columns: [...shown.map(p => p.method), 'Reference'],
      rows: columns[0].map((_, i) => ({ label: `Sample ${i + 1}`, fields: columns.map(c => c[i]) })),
      label: 'Charge',
      domain: [-3, 3] as [number, number],
      colors: 'viridis' as const
    }
  ]
}
