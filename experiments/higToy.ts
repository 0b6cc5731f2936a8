import { linspace, random, type Tensor, tensor } from '../core/index.js'
import {
  abs,
  add,
  at,
  concat,
  cos,
  l2,
  matmul,
  mean,
  mlp,
  mul,
  reshape,
  sin,
  standardDeviation,
  tanh
} from '../ops/index.js'
import { adam, gaussNewton, hig, type Optimizer } from '../optim/index.js'
import { figuresOf, metricsOf } from './higToyResults.js'
import { count, real } from './shell/settings.js'
import { defineExperiment } from './shell/types.js'
import { batchOf, training } from './training.js'

/**
 * The toy of the book's "Half-Inverse Gradients": a network of 7 neurons learns two waves, and the second component of its
 * output is measured in other units, as components of a physical state often are.
 *
 *     ŷ(x) = (sin 6x, cos 9x),  x in [-1, 1];   L = ½(y1 - ŷ1)² + ½(λ y2 - ŷ2)²,  y = f(x; θ)
 *
 * λ = 0.01 makes the Jacobian ill-conditioned: Adam cannot undo the scaling, Gauss-Newton inverts it and may saturate all
 * neurons, half-inverse gradients go half the way. The text gives no batch size, rate or truncation. Here: 1024 points in
 * fixed order, batch 256 for λ = 1 and 32 for λ = 0.01; HIG and GN with rate 1 and relative truncation 1e-6, Adam 1e-2.
 */
const VARIANTS: Record<string, { lambda: number; batch: number }> = {
  'λ = 1': { lambda: 1, batch: 256 },
  'λ = 0.01': { lambda: 0.01, batch: 32 }
}
const POINTS = 1024

const makeMethod: Record<string, (truncation: number) => Optimizer<any, any>> = {
  Adam: () => adam({ lr: 1e-2 }),
  GN: truncation => gaussNewton({ truncation }),
  HIG: truncation => hig({ truncation }),
  // What the text warns of: small singular values set to the threshold instead of left out.
  'HIG, clamped': truncation => hig({ truncation, small: 'clamp' })
}

/** 30 parameters. */
const net = mlp([1, 7, 2])
const goal = (x: Tensor): Tensor => concat([sin(mul(x, 6)), cos(mul(x, 9))], 1)

/** θ and points x [B, 1] to the loss [B], with λ a part of the physics: y = (f1, λ f2). */
const model = (lambda: number) => (theta: Tensor, x: Tensor) => {
  const y = mul(net(theta, x), tensor([1, lambda]))
  return { loss: l2(y, goal(x)), y }
}

/** What the figures follow: 256 points on a grid, and the output for one of them. */
const grid = reshape(linspace(-1, 1, 256), [256, 1])
const SHOWN = 0.25

function numbersOf(theta: Tensor, lambda: number): Record<string, number> {
  const views = net.views(theta)
  const size = abs(tanh(add(matmul(grid, views['dense0.weight']), views['dense0.bias'])))
  const { y } = model(lambda)(theta, tensor([[SHOWN]]))
  return {
    loss: mean(model(lambda)(theta, grid).loss).item(),
    'mean |h|': mean(size).item(),
    'spread of |h|': standardDeviation(size).item(),
    saturated: Array.from(size.data).filter(v => v > 0.99).length / size.size,
    y1: at(y, 0).item(),
    y2: at(y, 1).item()
  }
}

export default defineExperiment({
  name: 'hig-toy',
  title: 'Half-inverse gradients on two waves, one of them out of scale',
  problem:
    'A network of seven neurons learns (sin 6x, cos 9x), the second component of its output weighted by λ. With λ = 0.01 the Jacobian is ill-conditioned: first-order methods hardly move along it, a full inverse saturates neurons.',
  formulas: [
    String.raw`\hat y(x) = (\sin 6x,\ \cos 9x), \qquad L(y, \hat y; \lambda) = \tfrac12 (y_1 - \hat y_1)^2 + \tfrac12 (\lambda\, y_2 - \hat y_2)^2`,
    String.raw`\Delta\theta = -\eta\, V \Lambda^{\kappa} U^\top \frac{\partial L}{\partial y}, \qquad \kappa_{\mathrm{HIG}} = -\tfrac12, \quad \kappa_{\mathrm{GN}} = -1`
  ],
  source: 'Physics-based Deep Learning, "Half-Inverse Gradients", Figs. 25 and 26; Schnell et al. 2022',
  methods: Object.keys(makeMethod),
  seeds: { default: 8, quick: 1 },
  takes: { default: 200 },
  settings: {
    steps: count('iterations', { default: 2500, quick: 400 }),
    truncation: real('threshold of GN and HIG, relative to the largest singular value', {
      default: 1e-6,
      min: 0,
      max: 1
    })
  },
  variants: () => Object.keys(VARIANTS),
  steps: (_part, { steps }) => steps,
  run({ method, seed, variant }, { steps, truncation }, ctx) {
    const { lambda, batch } = VARIANTS[variant]
    const stream = random(seed)
    const points = stream.split('points').uniform([POINTS, 1], -1, 1)
    return training(ctx, {
      theta: net.init(stream.split('net')),
      method: makeMethod[method](truncation),
      model: model(lambda),
      data: step => batchOf(points, step, batch),
      steps,
      measure: () => ({}),
      evaluate: theta => numbersOf(theta, lambda),
      every: 5
    })
  },
  metrics: (parts, { steps }) => metricsOf(parts, steps),
  figures: parts => figuresOf(parts, { x: SHOWN, goal: Array.from(goal(tensor([[SHOWN]])).data) }),
  notes: () => [
    'The texts show one seed each; here all are drawn, saturated ones too. GN saturates on most seeds, not on all.'
  ]
})
