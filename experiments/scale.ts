import { scaleCheck } from '../core/check/index.js'
import { random } from '../core/index.js'
import {
  adadelta,
  adagrad,
  adaHessian,
  adam,
  amsgrad,
  dogleg,
  firstStep,
  gaussNewton,
  hig,
  inverseGradient,
  levenbergMarquardt,
  newtonMethod,
  type Optimizer,
  rmsprop,
  saddleFreeNewton,
  sgd,
  sip,
  truncatedNewton
} from '../optim/index.js'
import { methodsOf, quantityOf } from './shell/data.js'
import type { PlotFigure, Point, Series } from './shell/figure.js'
import { type Done, defineExperiment } from './shell/types.js'

/**
 * The seeds' complaint about units, as one table: "∂L/∂x has the units of L over those of x". Measure x in units s times
 * smaller and y in units c times smaller, so that x ↦ s x and P ↦ c P(x/s); the step of a method for L = ½|P(x) - y*|² then
 * becomes
 *
 *     |Δx| ~ s^p c^q        right: (p, q) = (1, 0), a step is an x and does not care how y is measured
 *
 * With J ~ c/s and ∂L/∂y ~ c, V Λ^κ Uᵀ ∂L/∂y gives (p, q) = (-κ, 1 + κ): a line from gradient descent (κ = 1) over
 * half-inverse gradients (κ = -½) to Gauss-Newton (κ = -1). Methods that divide the gradient by its own size, entry by
 * entry, are at (0, 0): their step is the learning rate, whatever the units. A point and a target per seed.
 */
interface Member {
  method: Optimizer<any, any>
  p: number
  q: number
}
const member = (p: number, q: number, method: Optimizer<any, any>): Member => ({ method, p, q })

export const family: Record<string, Member> = {
  GD: member(-1, 2, sgd({ lr: 0.1 })),
  momentum: member(-1, 2, sgd({ lr: 0.1, momentum: 0.9 })),
  Nesterov: member(-1, 2, sgd({ lr: 0.1, momentum: 0.9, nesterov: true })),
  Adam: member(0, 0, adam({ eps: 0 })),
  AMSGrad: member(0, 0, amsgrad({ epsilonHat: true, eps: 0 })),
  RMSprop: member(0, 0, rmsprop({ eps: 0 })),
  Adagrad: member(0, 0, adagrad({ eps: 0 })),
  Adadelta: member(0, 0, adadelta({ eps: 1e-20 })),
  'κ = ½': member(-0.5, 1.5, hig({ kappa: 0.5 })),
  'κ = 0': member(0, 1, hig({ kappa: 0 })),
  HIG: member(0.5, 0.5, hig()),
  GN: member(1, 0, gaussNewton()),
  'Levenberg-Marquardt': member(1, 0, levenbergMarquardt()),
  dogleg: member(1, 0, dogleg()),
  IG: member(1, 0, inverseGradient()),
  Newton: member(1, 0, newtonMethod()),
  'saddle-free Newton': member(1, 0, saddleFreeNewton()),
  'truncated Newton': member(1, 0, truncatedNewton({ forcing: 0 })),
  AdaHessian: member(1, 0, adaHessian({ eps: 0 })),
  SIP: member(1, 0, sip(sgd({ lr: 1 })))
}

/** In EXPERIMENTS' table: what others measured. */
const measuredElsewhere = ['GD', 'Adam', 'HIG', 'GN', 'Newton', 'SIP']

export default defineExperiment({
  name: 'scale',
  title: 'What a change of units does to the steps of each method',
  problem:
    'The same task, x in units s times smaller and y in units c times smaller: the step should grow with s and not depend on c. Gradient descent does neither, and no learning rate can mend it where two entries of x have different units.',
  formulas: [
    String.raw`x \mapsto s\,x, \qquad \mathcal P \mapsto c\,\mathcal P(x/s), \qquad |\Delta x| \sim s^p c^q`,
    String.raw`\Delta x = -\eta\, V \Lambda^{\kappa} U^\top \frac{\partial L}{\partial y} \quad\Rightarrow\quad (p, q) = (-\kappa,\ 1 + \kappa)`
  ],
  source: 'Physics-based Deep Learning, "Scale-Invariance and Inversion"; Holl et al. 2022',
  methods: Object.keys(family),
  takes: { default: 7 },
  settings: {},
  steps: () => 1,
  run({ method, seed }, _settings, ctx) {
    const r = random(seed)
    const [x, target] = ['x', 'target'].map(name => r.split(name).uniform([1, 2], -1, 1))
    const data = scaleCheck(firstStep(family[method].method), { x, target })
    ctx.step({ p: data.p, q: data.q })
    return { course: {}, data }
  },
  // On ten seeds every exponent is within 1e-6 of these: they follow from the formulas.
  metrics: parts =>
    methodsOf(parts).flatMap(method => {
      const known = family[method]
      return (['p', 'q'] as const).map(name => ({
        name: `${method}: ${name}`,
        value: quantityOf(partsOf(parts, method), ({ data }) => rounded(data![name])),
        measured: measuredElsewhere.includes(method) ? known[name] : undefined,
        expected: [known[name] - 1e-3, known[name] + 1e-3] as [number, number],
        note: name === 'p' ? 'units of x' : 'units of y'
      }))
    }),
  figures(parts) {
    const one = methodsOf(parts).map(method => partsOf(parts, method)[0])
    return [plane(one), lengths(one)]
  },
  notes: () => [
    'Adam and its kin without the ε beside their root: it has units of its own.',
    'BFGS, L-BFGS and Hessian-free are left out: their first step takes its length from a number without units, and only what they learn on the way brings the units in.'
  ]
})

type Part = Done<string, ReturnType<typeof scaleCheck>>

const partsOf = (parts: readonly Part[], method: string) => parts.filter(p => p.method === method)

/** Rounding of 1e-16 is none of the table's business. */
const rounded = (v: number) => Math.round(v * 1e6) / 1e6 + 0

function plane(parts: readonly Part[]): PlotFigure {
  const places = new Map<string, { p: number; q: number; names: string[] }>()
  for (const { method, data } of parts) {
    const [p, q] = [rounded(data!.p), rounded(data!.q)]
    const key = `${p.toFixed(2)} ${q.toFixed(2)}`
    const place = places.get(key) ?? { p, q, names: [] }
    place.names.push(method)
    places.set(key, place)
  }
  const points = [...places.values()].map(
    ({ p, q, names }): Point => ({
      x: p,
      y: q,
      label: inLines(names),
      place: p === 0 && q === 0 ? 'left' : q === 0 ? 'below' : 'above'
    })
  )
  return {
    kind: 'plot',
    name: 'plane',
    title: 'Which units the step of each method has: |Δx| ~ s^p c^q',
    caption:
      'Right is (1, 0): the step scales as x and does not depend on the units of y. Half-inverse gradients are half way there; methods that divide by the size of the gradient forget the units of both.',
    panels: [
      {
        x: { label: 'p: exponent of the units of x', domain: [-1.6, 3.2] },
        y: { label: 'q: exponent of the units of y', domain: [-0.7, 2.4] },
        series: [
          { name: 'V Λ^κ Uᵀ ∂L/∂y, from κ = 1 to κ = −1', style: 'reference', x: [-1, 1], y: [2, 0], markers: 'none' }
        ],
        points
      }
    ]
  }
}

/** Lines of up to three names. */
const inLines = (names: string[]) => names.reduce((text, name, i) => `${text},${i % 3 === 0 ? '\n' : ' '}${name}`)

function lengths(parts: readonly Part[]): PlotFigure {
  // One line for the three that coincide; Adam last, for in the second panel it lies on it.
  const names: Record<string, string> = { GD: 'GD', HIG: 'HIG', SIP: 'Newton, GN, SIP', Adam: 'Adam' }
  const shown = Object.keys(names).flatMap(method => partsOf(parts, method))
  const over = (unit: 's' | 'c'): Series[] =>
    shown.map(({ method, data }) => ({
      name: names[method],
      style: method,
      x: data!.factors,
      y: data!.lengths[unit].map(v => v / data!.lengths[unit][0])
    }))
  const axis = (label: string) => ({ label, scale: 'log' as const })
  return {
    kind: 'plot',
    name: 'lengths',
    title: 'How steps grow when units shrink',
    caption:
      'Length of the first step, as a multiple of that in the original units. In y, Adam’s does not change either: for the wrong reason, since it does not change with the units of x.',
    panels: [
      { title: 'x in smaller units', x: axis('s'), y: axis('|Δx(s)| / |Δx(1)|'), series: over('s') },
      { title: 'y in smaller units', x: axis('c'), y: axis('|Δx(c)| / |Δx(1)|'), series: over('c') }
    ]
  }
}
