import { adjoint, type Policy, type Random, random, Tape, type Tensor, targetSweep } from '../core/index.js'
import { add, argmax, at, cast, l2, mean, mul, type Network, norm, sub, uNet } from '../ops/index.js'
import { adam, type Optimizer, sip } from '../optim/index.js'
import { divergenceFree, flow, randomSwirls, timeReversed } from '../physics/index.js'
import { figuresOf, metricsOf } from './fluidResults.js'
import { count } from './shell/settings.js'
import { defineExperiment, type Field } from './shell/types.js'
import { training } from './training.js'

/**
 * Incompressible flow from the SIP paper, with time reversal as an approximate inverse: a network sees the velocity y* after
 * two seconds and finds the one at the beginning.
 *
 *     x = Π (mean of y* + f(y*; θ)),  y = P(x) = 8 steps of .25 s,  L = ½ Σ |y - y*|²
 *
 * A square of 128 m, periodic; a step is MacCormack advection and projection Π, without viscosity, as the authors' (who
 * also restore the energy). Starts x*: a wind up to 16 m/s and a swirl in the middle up to ±2/s. SIP runs time backwards
 * from y and from y* and trains the network towards x + R(y*) - R(y), R the steps with -dt. GD sends dL/dy through all steps.
 * Both feed Adam 5e-3, on the same weights and data.
 *
 * Settings: 32×32 cells and 16 samples a step; `--full` the authors' 64×64 and 64 samples (an hour). Their U-net, 5 levels, two
 * channels to two. It works in units of 16 m/s, and the mean wind, which the flow nearly keeps, is added to what it says: its
 * batch norm takes the mean over few samples away. Unlike here, the authors' network sees a marker before and after, their
 * loss compares markers, and their inverse is specific to one swirl: where it went tells how fast it turned.
 */
const SIZE = 128
const UNIT = 16
const TESTED = 16
export const LOOKS = 10
export const METHODS = ['SIP', 'GD'] as const
export type Method = (typeof METHODS)[number]

/** The square as a grid of so many cells along each side, and the flow on it. */
function flowOn(cells: number, order: number) {
  const dx = SIZE / cells
  return { dx, P: flow({ dx, dt: 0.25, steps: 8, order: order as 1 | 2 }) }
}

type Flow = ReturnType<typeof flowOn>

interface Batch {
  x: Tensor
  y: Tensor
}

/** Velocities [B, 2, cells, cells] before and after. */
function makeBatch(data: Random, size: number, cells: number, { dx, P }: Flow): Batch {
  const x = randomSwirls(data, size, cells, { dx })
  return { x, y: P(x) }
}

/** The network in f32 on velocities in UNIT, the physics around it in f64. */
function predict(net: Network, theta: Tensor, y: Tensor, { dx }: Flow): Tensor {
  const change = cast(net(theta, cast(mul(y, 1 / UNIT), 'f32')), 'f64')
  return divergenceFree(add(mul(change, UNIT), mean(y, [2, 3], true)), { dx })
}

const makeMethod = (method: Method): Optimizer<any, any> => {
  const inner = adam({ lr: 5e-3 })
  return method === 'SIP' ? sip(inner) : inner
}

/** Mean over cells and samples of |u - v|, in m/s. */
const distance = (u: Tensor, v: Tensor): number => mean(norm(sub(u, v), 1)).item()

/** How one update of the physics moves a prediction: time reversed, and the gradient with its best step, ‖g‖²/‖J g‖². */
const STEPS: Record<Method, Partial<Policy>> = { SIP: {}, GD: { ladder: [adjoint()] } }

/** How much of the distance from x* an update of the physics leaves at a prediction x, as the network is to learn it. */
function leftBy(method: Method, x: Tensor, { x: truth, y: asked }: Batch, { P }: Flow): number {
  using tape = new Tape()
  const from = tape.watch(x)
  const y = tape.record(() => P(from))
  const { targets } = targetSweep(tape, [[y, asked]], [from], STEPS[method])
  return distance(targets[0].value, truth) / distance(x, truth)
}

export interface Data {
  /** Of y* from x*: what a network that repeats its input would be off by. */
  unchanged: number
  /** Of R(y*) from x*: the inverse without a network. */
  reversed: number
  /** By an update from the trained network's prediction. */
  left: Record<Method, number>
}

export default defineExperiment({
  name: 'fluid',
  title: 'Running a flow backwards: time reversal as an approximate inverse',
  problem:
    'A U-net sees the velocity of an incompressible flow after two seconds and finds the initial one, a wind with a swirl. Running the simulator with −Δt is an inverse, but not an exact one: what advection has smoothed does not come back.',
  formulas: [
    String.raw`\partial_t u + (u \cdot \nabla) u = -\nabla p, \qquad \nabla \cdot u = 0, \qquad L = \tfrac12 \lVert \mathcal P(x) - y^* \rVert^2`,
    String.raw`\Delta x_{\mathrm{SIP}} = \mathcal R(y^*) - \mathcal R(y), \quad \mathcal R = \mathcal P_{-\Delta t}, \qquad \Delta x_{\mathrm{GD}} = -\eta \Big(\frac{\partial \mathcal P}{\partial x}\Big)^{\!\top} (y - y^*)`
  ],
  source: 'Holl, Koltun, Thuerey 2022, "Scale-invariant Learning by Physics Inversion", Navier-Stokes equations',
  methods: METHODS,
  takes: { default: 80, full: 3600 },
  settings: {
    steps: count('training steps', { default: 100, quick: 30, full: 300 }),
    batch: count('samples per step', { default: 16, quick: 8, full: 64 }),
    cells: count('cells along each side, a multiple of 16', { default: 32, quick: 16, full: 64 }),
    order: count('order in time of the solver and of its reversal; 1 is the authors’', { default: 1, max: 2 })
  },
  steps: (_part, { steps }) => steps,

  async run({ method, seed }, { steps, batch, cells, order }, ctx) {
    const stream = random(seed)
    const on = flowOn(cells, order)
    const net = uNet({ levels: 5, filters: 16, inChannels: 2, outChannels: 2 })
    const tested = makeBatch(stream.split('tested'), TESTED, cells, on)
    const { theta, ...out } = await training(ctx, {
      theta: net.init(stream.split('net'), 'f32'),
      method: makeMethod(method),
      model: (theta: Tensor, { y }: Batch) => {
        const x = predict(net, theta, y, on)
        return { loss: l2(on.P(x), y), x }
      },
      reduce: 'sum',
      streams: { data: stream.split('data') },
      data: (_step, { data }) => makeBatch(data, batch, cells, on),
      steps,
      measure: () => ({}),
      evaluate: theta => {
        const x = predict(net, theta, tested.y, on)
        return { x: distance(x, tested.x), y: mean(l2(on.P(x), tested.y)).item() }
      },
      every: Math.max(1, Math.round(steps / LOOKS))
    })
    const x = predict(net, theta, tested.y, on)
    const data: Data = {
      unchanged: distance(tested.y, tested.x),
      reversed: distance(timeReversed(on.P)(tested.y), tested.x),
      left: { SIP: leftBy('SIP', x, tested, on), GD: leftBy('GD', x, tested, on) }
    }
    const furthest = argmax(mean(norm(sub(tested.y, tested.x), 1), [1, 2])).item()
    const shown = { prediction: x, reference: tested.x, input: tested.y }
    return { ...out, fields: Object.entries(shown).flatMap(([name, u]) => fields(name, at(u, furthest, 0))), data }
  },

  metrics: parts => metricsOf(parts),
  figures: parts => figuresOf(parts, SIZE),
  notes: () => [
    'No numbers are published on this. By iterations SIP and GD come out about even, SIP a little ahead in x on 32×32 cells (GD / SIP 1.03 to 1.28 over three seeds; 0.91 to 1.08 over ten of the quick preset). A flow without friction keeps its energy, so the gradient neither vanishes nor explodes on its way back, and over so few steps it is the network that limits both.',
    'An update of the physics is better by time reversal: it leaves about a fifth of the error of a prediction, the gradient with the step that lowers L most a quarter to a half. The gradient weighs every direction by how much it changes y: that of the wind, which moves the whole swirl, counts for more than the rest.',
    'Time reversed from y* alone is far closer to x* than both networks. Where y* is exact and the simulator at hand no network is needed; the network answers without it.'
  ]
})

/** The components of a velocity [2, cells, cells] as fields 'name 1' and 'name 2'. */
const fields = (name: string, u: Tensor): Field[] =>
  [0, 1].map(i => {
    const part = at(u, i, 0)
    const [height, width] = part.shape
    return { name: `${name} ${i + 1}`, width, height, values: part.data.slice() }
  })
