import { linspace, random, type Tensor } from '../core/index.js'
import { abs, l2, mean, mlp, reshape, sin, square, sub } from '../ops/index.js'
import { adam, type StepReport, sip } from '../optim/index.js'
import { linesOf, partsWith, quantityOf, ratioBySeed } from './shell/data.js'
import type { PlotFigure, Series, Style } from './shell/figure.js'
import { count } from './shell/settings.js'
import { type Done, defineExperiment, type Metric } from './shell/types.js'
import { training } from './training.js'

/**
 * Why a data set that was computed beforehand is not enough (the book's "Similarities to supervised training"): where P takes
 * many x to one y, pairs (x, y) ask a network x = f(y; θ) for several answers at once, and the one that errs least is
 * their average, which solves nothing:
 *
 *     P(x) = x²,      x uniform in (-2, 2):     E[x | y] = 0
 *     P(x) = sin(x),  x uniform in (-3π, 3π):   E[x | y] = sign(y) π/2
 *
 * SIP computes its target on the fly, P⁻¹(y*; f), near what the network says now, and so picks one. So does GD through P,
 * which needs no x either. All three see the same y from the same weights.
 */
const METHODS = ['SIP', 'GD', 'supervised'] as const
type Method = (typeof METHODS)[number]

interface Problem {
  P: (x: Tensor) => Tensor
  /** x is drawn from (-range, range). */
  range: number
  /** Of the y at which the network is looked at. */
  y: [low: number, high: number]
  /** What the pairs average to. */
  average: (y: number) => number
  /** Solutions of P(x) = y, one list of x for each branch. */
  branches: (y: Float64Array) => number[][]
}

const problems: Record<string, Problem> = {
  square: {
    P: square,
    range: 2,
    y: [0, 4],
    average: () => 0,
    branches: y => [Array.from(y, v => Math.sqrt(v)), Array.from(y, v => -Math.sqrt(v))]
  },
  sine: {
    P: sin,
    range: 3 * Math.PI,
    y: [-1, 1],
    average: y => (Math.sign(y) * Math.PI) / 2,
    branches: y =>
      [-1, 0, 1].flatMap(k => [
        Array.from(y, v => Math.asin(v) + 2 * Math.PI * k),
        Array.from(y, v => Math.PI - Math.asin(v) + 2 * Math.PI * k)
      ])
  }
}

const net = mlp([1, 32, 32, 1])
const BATCH = 100
const POINTS = 161
const gridOf = ({ y: [low, high] }: Problem): Tensor => reshape(linspace(low, high, POINTS), [POINTS, 1])

interface Sample {
  x: Tensor
  y: Tensor
}

export default defineExperiment({
  name: 'multimodal',
  title: 'Many answers: an average of solutions is no solution',
  problem:
    'A network is to invert y = x², or y = sin x over three periods, where many x give the same y. Trained on pairs (x, y) it learns the mean of all answers; trained with the physics in the loop it settles for one of them.',
  formulas: [
    String.raw`\theta_{\mathrm{sup}} = \arg\min_\theta \tfrac12 \sum_i \lVert f(y_i; \theta) - x_i \rVert^2 \;\Rightarrow\; f(y) \to \mathbb E[x \mid y]`,
    String.raw`\tilde x_i = \mathcal P^{-1}\big(y_i;\, f(y_i; \theta)\big) \quad \text{(SIP: anew in every step)}`
  ],
  source: 'Physics-based Deep Learning, "Scale-Invariant Physics Training", similarities to supervised training',
  methods: METHODS,
  takes: { default: 30 },
  settings: { steps: count('training steps', { default: 4000, quick: 500 }) },
  variants: () => Object.keys(problems),
  steps: (_part, { steps }) => steps,
  async run({ method, seed, variant }, { steps }, ctx) {
    const problem = problems[variant]
    const { P, range } = problem
    const y = gridOf(problem)
    const stream = random(seed)
    const inner = adam({ lr: 3e-3 })
    const { theta, course, notes } = await training<Sample, unknown, StepReport>(ctx, {
      theta: net.init(stream.split('net')),
      method: method === 'SIP' ? sip(inner) : inner,
      model(th, sample) {
        const x = net(th, sample.y)
        return method === 'supervised' ? l2(x, sample.x) : { loss: l2(P(x), sample.y), x }
      },
      streams: { data: stream.split('data') },
      data(_step, { data }) {
        const x = data.uniform([BATCH, 1], -range, range)
        return { x, y: P(x) }
      },
      steps,
      measure: () => ({}),
      evaluate: th => ({ residual: mean(abs(sub(P(net(th, y)), y))).item() }),
      every: 20
    })
    return { course, notes, data: { prediction: Array.from(net(theta, y).data) } }
  },
  metrics: parts => metricsOf(parts),
  figures: parts => figuresOf(parts),
  notes: () => [
    'Distance is measured in y, since every solution is as good: mean |P(f(y)) − y| over the range of y.',
    'The supervised network is not trained badly: it does what its loss asks, and comes to the average that is drawn.'
  ]
})

type Ran = Done<Method, { prediction: number[] }>

const last = (p: Done): number | undefined => p.course.residual?.y.at(-1)

function metricsOf(parts: readonly Ran[]): Metric[] {
  return Object.keys(problems).flatMap(variant => {
    const ends = (method: Method) => partsWith(parts, 'residual', method, variant)
    const rows = METHODS.filter(m => ends(m).length > 0).map(
      (m): Metric => ({ name: `${variant}, ${m}: |P(f(y)) − y|`, value: quantityOf(ends(m), last), digits: 3 })
    )
    const value = ratioBySeed(ends('supervised'), ends('SIP'), last)
    if (value === undefined) return rows
    return [...rows, { name: `${variant}: supervised / SIP`, value, expected: [LEAST_RATIO, 1e6] }]
  })
}

/** Ten seeds of the quick preset: 3.9 to 6.0 for the sine, 19 to 149 for the square. */
const LEAST_RATIO = 2

function figuresOf(parts: readonly Ran[]): PlotFigure[] {
  const variants = Object.keys(problems).filter(v => parts.some(p => p.variant === v))
  return [
    {
      kind: 'plot',
      name: 'answers',
      title: 'The mean of all answers, and one of them',
      caption:
        'Lines of grey: every x with P(x) = y. The network that was trained on pairs follows their mean, which is none of them; those with the physics in the loop follow a branch, and cross over where they change from one to another.',
      panels: variants.map(variant => {
        const problem = problems[variant]
        const ys = gridOf(problem).data as Float64Array
        const first = METHODS.flatMap(m =>
          parts.filter(p => p.variant === variant && p.method === m && p.data).slice(0, 1)
        )
        return {
          title: variant === 'square' ? 'y = x²' : 'y = sin x',
          x: { label: 'y' },
          y: { label: 'x = f(y)', domain: [-1.05 * problem.range, 1.05 * problem.range] as [number, number] },
          series: [
            ...problem.branches(ys).map((x): Series => ({ name: 'P(x) = y', x: ys, y: x, style: grey })),
            { name: 'mean of all x', x: ys, y: Array.from(ys, problem.average), style: 'reference', markers: 'none' },
            ...first.map(
              ({ method, data }): Series => ({
                name: method,
                x: ys,
                y: data!.prediction,
                style: method === 'supervised' ? supervised : method
              })
            )
          ]
        }
      })
    },
    {
      kind: 'plot',
      name: 'residuals',
      title: 'How far P(f(y)) is from y',
      panels: variants.map(variant => ({
        title: variant === 'square' ? 'y = x²' : 'y = sin x',
        x: { label: 'Step' },
        y: { label: 'mean |P(f(y)) − y|', scale: 'log' as const },
        series: linesOf(parts, 'residual', { variant }).map(line => ({
          ...line,
          style: line.name === 'supervised' ? supervised : line.name
        }))
      }))
    }
  ]
}

const grey: Partial<Style> = { color: '#CCCCCC', dash: [], marker: 'none' }
const supervised: Partial<Style> = { color: '#8C564B', dash: [12, 3, 3, 3], marker: 'square' }
