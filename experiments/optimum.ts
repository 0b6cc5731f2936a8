import { random, type Tensor, tensor, zerosLike } from '../core/index.js'
import { exp, mul, pow, square, sub } from '../ops/index.js'
import { firstStep, inverseGradient, newtonMethod, type Optimizer, sgd, sip } from '../optim/index.js'
import { type Curve, type Curves, figuresOf, metricsOf } from './optimumResults.js'
import { defineExperiment } from './shell/types.js'

/**
 * What the book's "Scale-Invariance and Inversion" holds against gradient descent, apart from units (see `scale`): first
 * steps of each method, from many points.
 *
 *  - "Convergence near optimum": "Δx → 0 as the optimum is approached"; of inverse gradients, "which don't vanish near an
 *    optimum". Here |Δx| over the distance d to the optimum, for L = ½(P(x) - y*)² and three P. For P = x^m it is
 *    η m d^(2m-2) by gradient descent, 1/(2m-1) by Newton, 1/m by IG and 1 by SIP. For P = eˣ from x = -d, all four
 *    are constant where d is small; far away IG has (eᵈ - 1)/d, Newton goes uphill beyond eᵈ = 2, and SIP has 1.
 *  - "Function sensitivity": for L(x) = c·x "the parameter updates of GD scale with c, i.e. Δx = η·c", and so the change of L
 *    with c². "IGs scale with the inverse derivative", Δx = (∂x/∂z) Δz: L changes by what was asked. Here asked is a
 *    change of -1 in y = c·x, by the loss ½(y - y*)², y* = y - 1, which has the gradient of L = c·x. (L = c·x itself has
 *    H = 0, and Newton no step.)
 *  - "Consistency in function compositions": IG gives Δz = ΔL (∂z/∂x)(∂x/∂z)(∂z/∂L) = ΔL ∂z/∂L for x → z → L, "independent
 *    of their respective dependencies, at least up to first order"; gradient descent gives -η (∂z/∂x)(∂z/∂x)ᵀ ∂L/∂z. Here z =
 *    (x0, x1^a) and L = ½|z|², at one z for all a. Asked is Δz = -η z; a = 1 is no function at all, and there all do so.
 */
const makeMethod: Record<string, (eta: number) => Optimizer<any, any>> = {
  GD: eta => sgd({ lr: eta }),
  Newton: eta => newtonMethod({ lr: eta }),
  IG: eta => inverseGradient({ eta }),
  SIP: eta => sip(sgd({ lr: 1 }), { eta })
}

type Physics = (x: Tensor) => Tensor

/** Physics whose optimum is at x = 0, and on which side of it the steps begin. */
const shapes: Record<string, { P: Physics; goal: number; side: 1 | -1 }> = {
  'y = x': { P: x => x, goal: 0, side: 1 },
  'y = x²': { P: square, goal: 0, side: 1 },
  'y = eˣ': { P: exp, goal: 1, side: -1 }
}

/** From 10^low to 10^high, the points equally far from each other on a logarithmic axis. */
const decades = (low: number, high: number, perDecade: number): number[] =>
  Array.from({ length: Math.round((high - low) * perDecade) + 1 }, (_, i) => 10 ** (low + i / perDecade))

const curve = (x: number[], of: (x: number) => number): Curve => ({ x, y: x.map(of) })

const GD_RATE = 0.1
/** -Δx/x, the side included: 1 leads to the optimum, below 0 away from it. */
function nearOptimum(method: string): Curves['near'] {
  const step = firstStep(makeMethod[method](method === 'GD' ? GD_RATE : 1))
  const relative = ({ P, goal, side }: (typeof shapes)[string]): Curve =>
    curve(decades(-5, 1, 8), d => step(P, tensor([[side * d]]), tensor([[goal]])).item() / (side * d))
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, relative(shape)]))
}

/** |Δx| from x [1, 1] over c, and by how much L = c·x falls. */
function sensitivity(method: string, x: Tensor): Pick<Curves, 'step' | 'fall'> {
  const first = firstStep(makeMethod[method](1))
  const step = curve(decades(-3, 3, 6), c => first(u => mul(u, c), x, sub(mul(x, c), 1)).item())
  return { step, fall: { x: step.x, y: step.x.map((c, i) => c * step.y[i]) } }
}

/** What a step in x does to z [1, 2] = (x0, x1^a): Δz along -η z, and across, as multiples of η |z|. */
function changeOfZ(method: string, z: Tensor, a: number, eta: number): [along: number, across: number] {
  const f: Physics = x => pow(x, tensor([[1, a]]))
  const x = pow(z, tensor([[1, 1 / a]]))
  const after = f(sub(x, firstStep(makeMethod[method](eta))(f, x, zerosLike(z))))
  const [d0, d1] = sub(after, z).data
  const [z0, z1] = z.data
  const asked = -eta * (z0 * z0 + z1 * z1)
  return [(d0 * z0 + d1 * z1) / asked, (d1 * z0 - d0 * z1) / asked]
}

const ETA = 0.05
function composition(method: string, z: Tensor): Pick<Curves, 'length' | 'angle' | 'deviation'> {
  const powers = decades(0, 0.6, 40)
  const changes = powers.map(a => changeOfZ(method, z, a, ETA))
  return {
    length: { x: powers, y: changes.map(c => Math.hypot(...c)) },
    angle: { x: powers, y: changes.map(([along, across]) => (Math.atan2(across, along) * 180) / Math.PI) },
    deviation: curve(decades(-4, -1, 4), eta => {
      const [along, across] = changeOfZ(method, z, 2, eta)
      return Math.hypot(along - 1, across)
    })
  }
}

export default defineExperiment({
  name: 'optimum',
  title: 'Near the optimum, through sensitive functions, and through compositions',
  problem:
    'Three complaints about gradient descent: its steps vanish where the loss is flat, they are large where they should be small, and what they do to a quantity on the way depends on all that comes before it. Newton’s method mends the first two, inverse gradients the third to first order, and an inverse function all three.',
  formulas: [
    String.raw`\Delta x_{\mathrm{GD}} = -\eta \frac{\partial L}{\partial x}, \quad \Delta x_{\mathrm{Newton}} = -\eta \Big(\frac{\partial^2 L}{\partial x^2}\Big)^{-1} \frac{\partial L}{\partial x}, \quad \Delta x_{\mathrm{IG}} = \frac{\partial x}{\partial y}\, \Delta y, \quad \Delta x_{\mathrm{SIP}} = \mathcal P^{-1}(y + \Delta y;\, x) - x`,
    String.raw`L = c\,x: \quad \Delta x_{\mathrm{GD}} = -\eta\, c, \qquad \Delta x_{\mathrm{IG}} = \Delta L / c`,
    String.raw`z = (x_0,\, x_1^a), \quad L = \tfrac12 |z|^2: \quad \Delta z_{\mathrm{GD}} \approx -\eta\, \frac{\partial z}{\partial x} \frac{\partial z}{\partial x}^{\!\top} z, \qquad \Delta z_{\mathrm{IG}} = -\eta\, z + \mathcal O(\eta^2)`
  ],
  source: 'Physics-based Deep Learning, "Scale-Invariance and Inversion"; Holl et al. 2022',
  methods: Object.keys(makeMethod),
  takes: { default: 4 },
  settings: {},
  steps: () => 3,
  run({ method, seed }, _settings, ctx) {
    const r = random(seed)
    const near = nearOptimum(method)
    ctx.step()
    const sensitive = sensitivity(method, r.split('x').uniform([1, 1], -1, 1))
    ctx.step()
    const composed = composition(method, r.split('z').uniform([1, 2], 1, 2))
    ctx.step()
    return { course: {}, data: { near, ...sensitive, ...composed } }
  },
  metrics: parts => metricsOf(parts),
  figures: parts => figuresOf(parts),
  notes: () => [
    'Constant is not the same as right: on y = x² Newton goes a third of the way and IG half of it, so that six digits take them 35 and 20 steps, and SIP one.',
    'On L = ½x² the relative step of gradient descent is constant too, η: it is where the curvature vanishes that it comes to a standstill.'
  ]
})
