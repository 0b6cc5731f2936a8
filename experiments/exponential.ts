import { adjoint, exact, linspace, type Policy, random, saddleFree, type Tensor } from '../core/index.js'
import { abs, exp, l2, mean, mlp, reshape, sigmoid, sub } from '../ops/index.js'
import { adam, type Optimizer, type ProxyLoss, type StepReport, sgd, sip } from '../optim/index.js'
import { linesOf, methodsOf, partsWith, quantityOf, ratioBySeed } from './shell/data.js'
import type { PlotFigure, Style } from './shell/figure.js'
import { count, oneOf } from './shell/settings.js'
import { type Done, defineExperiment, type Metric } from './shell/types.js'
import { training } from './training.js'

/**
 * The one-dimensional lesson: a network sees y and predicts the x of
 *
 *     y = P(x) = exp(x),  x uniform in (-12, 0);  x = f(y; θ),  L = ½ (exp(f) - y)²
 *
 * so y goes over five orders of magnitude. The adjoint's gradient (e^p - y) e^p vanishes with y and learns nothing of small
 * ones. All other methods ask where p should have been, and train towards that: SIP by the exact inverse; Newton's method in x,
 * |g/h| downhill with g = (e^p - y) e^p, h = 2e^2p - y e^p, which is the saddle-free Newton step, plain, held to 0.1, or with
 * 0.01 added to |h| (the authors' code adds it to h, so that the step is infinite at h = -0.01); and only the sign of SIP's
 * step. The true x is the reference, which SIP meets without being told.
 */
const net = mlp([1, 16, 64, 16, 1], { activation: sigmoid })
const BATCH = 100
/** Steps of a quick run: where the limit below was measured. */
const QUICK = 400

interface Sample {
  x: Tensor
  y: Tensor
}
const towardsY = (theta: Tensor, { y }: Sample) => {
  const p = net(theta, y)
  return { loss: l2(exp(p), y), x: p }
}
const towardsX = (theta: Tensor, { x, y }: Sample) => l2(net(theta, y), x)

const inverse =
  (rung: Policy['ladder'][number], more: ProxyLoss = {}) =>
  (inner: Optimizer<Tensor, any>) =>
    sip(inner, { policy: { ladder: [rung, adjoint()] }, ...more })
const newton = (damping = 0) => saddleFree({ backtracking: false, damping })

/** From the optimiser of the network to the method. */
const makeMethod: Record<string, (inner: Optimizer<Tensor, any>) => Optimizer<any, any>> = {
  GD: inner => inner,
  SIP: inverse(exact),
  'sign of SIP': inverse(exact, { proxy: 'l1' }),
  Newton: inverse(newton()),
  'Newton, clipped': inverse(newton(), { proxy: 'huber', delta: 0.1 }),
  'Newton, damped': inverse(newton(0.01)),
  'ground truth': inner => inner
}

/** Where distances are measured. */
const xs = reshape(linspace(-12, 0, 121), [121, 1])
const grid: Sample = { x: xs, y: exp(xs) }

export default defineExperiment({
  name: 'exponential',
  title: 'Inverting the exponential: who hears small numbers',
  problem:
    'A network sees y = exp(x), from 6·10⁻⁶ to 1, and predicts x. The gradient of the loss in y carries the prediction of y as a factor, (e^p - y) e^p, so that it hardly says anything where that is small; a step in x says the same everywhere.',
  formulas: [
    String.raw`y = e^x, \quad x \sim U(-12, 0), \qquad L = \tfrac12 (e^p - y)^2, \quad p = f(y; \theta)`,
    String.raw`\Delta p_{\mathrm{GD}} = -(e^p - y)\,e^p, \quad \Delta p_{\mathrm{Newton}} = -\Big|\frac{g}{h}\Big| \operatorname{sign} g, \quad \Delta p_{\mathrm{SIP}} = \log y - p`
  ],
  source:
    'The one-dimensional example of the code of Holl et al. 2022, "Scale-invariant Learning by Physics Inversion"',
  methods: Object.keys(makeMethod),
  takes: { default: 90 },
  settings: {
    steps: count('training steps', { default: 5000, quick: QUICK, full: 100_001 }),
    optimizer: oneOf('of the network', ['adam', 'sgd'], { default: 'adam' })
  },
  steps: (_part, { steps }) => steps,
  async run({ method, seed }, { steps, optimizer }, ctx) {
    const stream = random(seed)
    const { theta, course, notes } = await training<Sample, unknown, StepReport>(ctx, {
      theta: net.init(stream.split('net')),
      method: makeMethod[method](optimizer === 'sgd' ? sgd({ lr: 1e-2 }) : adam({ lr: 1e-3 })),
      model: method === 'ground truth' ? towardsX : towardsY,
      reduce: 'sum',
      streams: { data: stream.split('data') },
      data(_step, { data }) {
        const x = data.uniform([BATCH, 1], -12, 0)
        return { x, y: exp(x) }
      },
      steps,
      measure: () => ({}),
      evaluate: th => ({ 'x distance': mean(abs(sub(net(th, grid.y), grid.x))).item() }),
      every: 10
    })
    return { course, notes, data: { prediction: Array.from(net(theta, grid.y).data) } }
  },
  metrics: (parts, settings) => metricsOf(parts, settings),
  figures: parts => figuresOf(parts),
  notes: () => [
    'SIP and the ground truth train alike to rounding: the exact inverse of exp finds the x that the other is told.',
    'By SGD with the rate of the authors, 0.01 on sums over the batch, the methods with a quadratic loss in x diverge; those with steps of bounded length do not.'
  ]
})

type Ran = Done<string, { prediction: number[] }>

/** After 2,000 steps of SGD, two seeds of the authors' code; 3 is what predicting the mean gives. */
const measured: Record<string, number> = { 'sign of SIP': 1.97, 'Newton, clipped': 2.98, GD: 4.0 }

function metricsOf(parts: readonly Ran[], { steps, optimizer }: { steps: number; optimizer: string }): Metric[] {
  const ends = (method: string) => partsWith(parts, 'x distance', method)
  const last = (p: Ran) => p.course['x distance'].y.at(-1)
  const rows = methodsOf(parts).map(
    (method): Metric => ({
      name: `${method}: |p − x|`,
      value: quantityOf(ends(method), last),
      measured: steps === 2000 && optimizer === 'sgd' ? measured[method] : undefined,
      digits: 3
    })
  )
  const value = ratioBySeed(ends('GD'), ends('SIP'), last)
  if (value === undefined) return rows
  const known = optimizer === 'adam' && steps >= QUICK
  const ratio: Metric = {
    name: '|p − x|, GD / SIP',
    value,
    expected: known ? [1.2, 1e3] : undefined,
    note: `after ${QUICK} steps of Adam 1.32 to 1.52 over ten seeds: SIP is at the mean, from where it goes on, GD above it`
  }
  return [...rows, ratio]
}

function figuresOf(parts: readonly Ran[]): PlotFigure[] {
  const first = methodsOf(parts).flatMap(method => parts.filter(p => p.method === method && p.data).slice(0, 1))
  return [
    {
      kind: 'plot',
      name: 'predictions',
      title: 'What the network says, against what is true',
      caption:
        'After a few hundred steps each network says one number for all y: that of SIP is the best one for x, that of GD the best one for y. It takes some thousand steps until SIP follows the diagonal.',
      panels: [
        {
          x: { label: 'x = log y', domain: [-12, 0] },
          y: { label: 'Prediction p', domain: [-12.5, 1] },
          series: [
            { name: 'p = x', style: 'reference', x: [-12, 0], y: [-12, 0], markers: 'none' },
            ...first.map(({ method, data }) => ({
              name: method,
              style: styles[method],
              x: xs.data,
              y: data!.prediction,
              markers: 'some' as const
            }))
          ]
        }
      ]
    },
    {
      kind: 'plot',
      name: 'distance',
      title: 'Distance to the true x',
      caption: 'Mean of |p − x| over x from −12 to 0; 3 is reached by saying −6 always.',
      panels: (['steps', 'seconds'] as const).map(over => ({
        x: { label: over === 'steps' ? 'Step' : 'Seconds of training' },
        y: { label: over === 'steps' ? '|p − x|' : '' },
        series: linesOf(parts, 'x distance', { over }).map(line => ({ ...line, style: styles[line.name] }))
      }))
    }
  ]
}

/** Variants of a method: its colour, another dash and marker. */
const styles: Record<string, Partial<Style> | undefined> = {
  'sign of SIP': { color: '#D62728', dash: [3, 3], marker: 'cross' },
  'Newton, clipped': { color: '#FF7F0E', dash: [3, 3], marker: 'diamond' },
  'Newton, damped': { color: '#FF7F0E', dash: [12, 3, 3, 3], marker: 'triangle-down' },
  'ground truth': { color: '#222222', dash: [9, 6], marker: 'none' }
}
