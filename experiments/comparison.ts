import {
  hessian,
  lbfgs,
  type Policy,
  Tape,
  type Tensor,
  targetSweep,
  tensor,
  valueAndGrad,
  zeros
} from '../core/index.js'
import { add, at, square, stack, sub, sum } from '../ops/index.js'
import {
  bfgsMethod,
  evaluate,
  inverseGradient,
  lossTarget,
  newtonMethod,
  type Optimizer,
  sgd,
  strongWolfe,
  withSearch
} from '../optim/index.js'
import { sampleGrid } from './shell/data.js'
import type { Style } from './shell/figure.js'
import { count } from './shell/settings.js'
import { type Done, defineExperiment, type Metric, type Series } from './shell/types.js'

/**
 * The book's "Simple Example comparing Different Optimizers": two coordinates, one of them squared,
 *
 *     y = P(x) = (x0, x1²),  L(y) = |y|²,  from x = (3, 3).
 *
 * Gradient descent and Newton step in x; BFGS too, with the Hessian that it learns on its way and a line search. The
 * physical gradient (PG) steps in y, where L is a sphere and Newton exact, and lets the inverse of P find the x for it:
 * by the operators' own rules, or numerically by L-BFGS from the current x. The inverse gradient (IG) is the linear part
 * of that: Δx = (∂y/∂x)⁻¹ Δy.
 */
export const P = (x: Tensor): Tensor => stack([at(x, 0), square(at(x, 1))])
export const L = (y: Tensor): Tensor => sum(square(y))

const lossOfX = (x: Tensor): Tensor => L(P(x))
export const start = (): Tensor => tensor([3, 3])

/** A Newton step of L in y, and what the inverse of P near x makes of its goal. */
function physicalGradient(x: Tensor, eta: number, policy?: Partial<Policy>): Tensor {
  const tape = new Tape()
  tape.watch(x)
  const { y, loss } = tape.record(() => {
    const y = P(x)
    return { y, loss: L(y) }
  })
  const [, { value: goal }] = lossTarget(tape, loss, { y, eta })
  return targetSweep(tape, [[y, goal]], [x], policy).targets[0].value
}

/** For methods that look at y: as a batch of one sample, [1, 2]. */
function model(x: Tensor): { loss: Tensor; y: Tensor } {
  const y = P(add(x, zeros([1, 2])))
  return { loss: L(y), y }
}

/** One step of a method, from its beginning. */
const step = <I>(method: Optimizer<I, unknown>, x: Tensor, input: I): Tensor =>
  method.step(x, input, method.init(x)).theta

/** BFGS learns an inverse Hessian on its way, and looks for its step length. */
function quasiNewton(): (x: Tensor) => Tensor {
  const method = withSearch(bfgsMethod(), strongWolfe())
  let state = method.init(start())
  return x => {
    using e = evaluate(lossOfX, x)
    const { theta, state: next } = method.step(x, e, state)
    state = next
    return theta
  }
}

/** Of each method: its steps from x to x, for a new path. Newton's η counts for the Hessian of L in x, which PG does not need. */
export const methods: Record<string, () => (x: Tensor) => Tensor> = {
  GD: () => x => step(sgd({ lr: 0.01 }), x, valueAndGrad(lossOfX)(x).grad),
  Newton: () => x => {
    const gradient = valueAndGrad(lossOfX)(x).grad
    return step(newtonMethod({ lr: 1 / 3 }), x, { gradient, hessian: hessian(lossOfX)(x) })
  },
  BFGS: quasiNewton,
  PG: () => x => physicalGradient(x, 0.3),
  'PG numerical': () => x => physicalGradient(x, 0.3, { ladder: [lbfgs()] }),
  IG: () => x => {
    using e = evaluate(model, x)
    return step(inverseGradient({ eta: 0.3 }), x, e)
  }
}

/** The points visited, the start included. */
export function path(method: string, steps: number): Tensor[] {
  const xs = [start()]
  const next = methods[method]()
  for (let k = 0; k < steps; k++) xs.push(next(xs[k]))
  return xs
}

const series = (): Series => ({ at: [], seconds: [], y: [] })

const published: Record<string, [x: [number, number], distance?: number, alignment?: number]> = {
  GD: [[2.4512184, 0.96171147], 2.63, 1.05393],
  Newton: [[0.05202458, 0.92383826], 0.925, 1.264911],
  PG: [[0.08474258, 0.50421], 0.51, 1.356443],
  // As far as the stopping rule of SciPy's L-BFGS went.
  'PG numerical': [[0.08474171, 0.50421247]]
}

/** How well the first step points at the minimum: ⟨unit step, (1, 1)⟩, √2 at best. */
export const alignment = (a: Tensor, b: Tensor): number => {
  const d = sub(a, b)
  return (d.data[0] + d.data[1]) / Math.hypot(...d.data)
}

export default defineExperiment({
  name: 'comparison',
  title: 'Gradient descent, Newton and the physical gradient in three spaces',
  problem:
    'Minimise L(y) = |y|² over x where y = (x0, x1²), from x = (3, 3). The square bends the loss in x, so GD and Newton leave the diagonal; the physical gradient steps in y, where the loss is a sphere.',
  formulas: [
    String.raw`y = \mathcal P(x) = (x_0,\, x_1^2), \qquad L(y) = |y|^2`,
    String.raw`\Delta x_{\mathrm{PG}} = \mathcal P^{-1}(y + \eta\,\Delta y;\, x) - x, \qquad \Delta y = -\Big(\frac{\partial^2 L}{\partial y^2}\Big)^{-1} \frac{\partial L}{\partial y}`
  ],
  source: 'Physics-based Deep Learning, "Simple Example comparing Different Optimizers"; Holl et al. 2022',
  methods: Object.keys(methods),
  takes: { default: 3 },
  settings: { steps: count('steps', { default: 10 }) },
  steps: (_part, { steps }) => steps,
  run({ method }, { steps }, ctx) {
    const points: number[][] = []
    const course = { loss: series(), distance: series() }
    for (const [k, x] of path(method, steps).entries()) {
      points.push([...x.data])
      for (const [s, y] of [
        [course.loss, lossOfX(x).item()],
        [course.distance, Math.hypot(...x.data)]
      ] as const) {
        s.at.push(k)
        s.y.push(y)
      }
      if (k > 0) ctx.step({ L: lossOfX(x).item() })
    }
    return { course, data: { points } }
  },
  metrics: (parts, { steps }) => [
    ...parts.flatMap(p => metricsOf(p.method, p.data!.points, steps)),
    ...numerical(parts)
  ],
  figures(parts) {
    const paths = Object.fromEntries(parts.map(p => [p.method, p.data!.points]))
    const names = Object.keys(paths)
    const levels = [0.5, 2, 5, 10, 20, 40, 80]
    const inSpace = (f: (x: number[]) => number[]) =>
      names.map(name => {
        const points = paths[name].map(f)
        return {
          name,
          x: points.map(p => p[0]),
          y: points.map(p => p[1]),
          style: styleOf(name),
          markers: 'all' as const
        }
      })
    return [
      {
        kind: 'plot',
        name: 'paths',
        title: 'The same steps in three spaces: x, y and L',
        caption:
          'Level lines of L. The physical gradient goes straight to the minimum in y, where the loss is a sphere. BFGS pays for its quick end with a search at each step; the others have a fixed rate.',
        panels: [
          {
            title: 'x space',
            x: { label: 'x₀', domain: [-0.2, 3.2] },
            y: { label: 'x₁', domain: [-1.3, 3.2] },
            series: inSpace(x => x),
            contours: sampleGrid((a, b) => a * a + b ** 4, [-0.2, 3.2], [-1.3, 3.2], levels),
            points: [{ x: 0, y: 0, label: 'minimum', place: 'below' }]
          },
          {
            title: 'y space',
            x: { label: 'y₀', domain: [-0.6, 9.6] },
            y: { label: 'y₁', domain: [-0.6, 9.6] },
            series: inSpace(x => [x[0], x[1] ** 2]),
            contours: sampleGrid((a, b) => a * a + b * b, [-0.6, 9.6], [-0.6, 9.6], levels),
            points: [{ x: 0, y: 0, label: 'minimum' }]
          },
          {
            title: 'L',
            x: { label: 'Step' },
            y: { label: 'L = x₀² + x₁⁴', scale: 'log' },
            series: parts.map(p => ({
              name: p.method,
              x: p.course.loss.at,
              y: p.course.loss.y,
              style: styleOf(p.method)
            }))
          }
        ]
      }
    ]
  }
})

/** The numerical inverse lies on top of PG; a style of its own shows both. */
const styleOf = (name: string): string | Partial<Style> => own[name] ?? name
const own: Record<string, Partial<Style>> = {
  BFGS: { color: '#BCBD22', dash: [12, 3, 3, 3], marker: 'square' },
  'PG numerical': { color: '#333333', dash: [2, 4], marker: 'cross' }
}

const around = (value: number | undefined, by: number): [number, number] | undefined =>
  value === undefined ? undefined : [value - by, value + by]

function metricsOf(name: string, xs: number[][], steps: number): Metric[] {
  const last = xs[xs.length - 1]
  const known = steps === 10 ? published[name] : undefined
  return [
    ...[0, 1].map(i => {
      const coordinate = ['x₀', 'x₁'][i]
      const published = known?.[0][i]
      // The text prints what single precision gives.
      const expected = name === 'PG numerical' ? undefined : around(published, 3e-7)
      return { name: `${name}: ${coordinate} at the end`, value: last[i], published, expected, digits: 8 }
    }),
    { name: `${name}: distance to the minimum`, value: Math.hypot(...last), published: known?.[1], digits: 4 },
    {
      name: `${name}: alignment of the first step`,
      value: alignment(tensor(xs[0]), tensor(xs[1])),
      published: known?.[2],
      digits: 7,
      note: '√2 points at the minimum'
    }
  ]
}

/** How far the numerical inverse ends from the analytic one: |Δx_i|, mean over coordinates and steps. */
function numerical(parts: readonly Done<string, { points: number[][] }>[]): Metric[] {
  const [exact, found] = ['PG', 'PG numerical'].map(name => parts.find(p => p.method === name)?.data?.points.flat())
  if (!exact || !found) return []
  const value = exact.reduce((sum, v, i) => sum + Math.abs(v - found[i]), 0) / exact.length
  return [{ name: 'PG numerical − PG: mean |Δx|', value, published: 1e-6, expected: [0, 1e-9], digits: 2 }]
}
