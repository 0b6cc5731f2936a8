import { wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import { OptionError, ShapeError } from '../../core/errors.js'
import { norm2 } from '../../core/linalg/scaling.js'
import type { Claim, Example, Inverse, Op, Site } from '../../core/op.js'
import { checkChoice, checkNumbers, checkOptions } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { show } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { unseen } from '../../core/tape.js'
import { ofValues } from '../../core/targets/isolate.js'
import { mapData, type Tensor } from '../../core/tensor.js'
import { pieces } from '../pieces.js'
import { type Simulator, simulator } from '../simulator.js'
import { type Method, type MethodName, methods } from './methods.js'
import type { System } from './system.js'

/** How a system is integrated. Below 0, dt runs backwards in time: then the last control acts first. */
export interface IntegrateAttrs {
  /** The time over which a control is constant. */
  readonly dt: number
  /** How often. */
  readonly steps: number
  /** Steps of the integrator in each: the time step is dt / substeps. */
  readonly substeps: number
}

export interface IntegrateOptions extends Partial<IntegrateAttrs> {
  method?: MethodName
}

export const integrateOptions = ['method', 'dt', 'steps', 'substeps'] as const

/**
 * A system as a simulator (s0, u, ...parameters) → s: the state after `steps` control intervals of length dt.
 *
 *     s0 [..., n]; u [..., steps], one control, or [..., steps, c], constant over each interval, where the system has any
 *
 * `method`: 'euler', 'midpoint', 'rungeKutta4' (default), 'leapfrog' for separable systems, 'implicitMidpoint'. The inverse
 * in s0 runs the same steps with -dt. Of the two symmetric methods that is the exact inverse. Of the others it is off by
 * the error of the scheme; it is corrected by what it does to the current point, P⁻¹(ỹ; x) = x + Φ₋(ỹ) - Φ₋(y), so that a
 * target already met changes nothing, and the newton rung refines it (policy `refine`).
 *
 * Throws OptionError for settings out of range, ShapeError where states or controls have other lengths.
 */
export function integrate(
  system: System,
  { method = 'rungeKutta4', dt = 0.1, steps = 1, substeps = 1 }: IntegrateOptions = {}
): Simulator<IntegrateAttrs> {
  checkChoice(system.name, 'method', method, Object.keys(methods))
  checkNumbers(system.name, 'count', { steps, substeps })
  checkNumbers(system.name, 'finite', { dt })
  if (method === 'leapfrog' && !system.separable)
    throw new OptionError(
      `${system.name} by leapfrog`,
      'it is not separable: q depends on more than p, or p on more than q',
      "Take 'implicitMidpoint', which is symmetric too, or 'rungeKutta4'"
    )
  return simulator(integrateOp(system, method), { dt, steps, substeps })
}

/** Throws OptionError for an option that neither the integrator nor this system has. */
export const checkSystemOptions = (name: string, options: unknown, own: readonly string[]): void =>
  checkOptions(name, options, [...own, ...integrateOptions])

function integrateOp(system: System, name: MethodName): Op<IntegrateAttrs> {
  const method: Method = methods[name]
  const { controls = 0, parameters = 0 } = system
  const steppers = method.stepper(system.rate)
  const run = ([s0, ...given]: readonly Tensor[], { dt, steps, substeps }: IntegrateAttrs): Tensor => {
    const [u, rest] = controls > 0 ? [given[0], given.slice(1)] : [undefined, given]
    checkShapes(system, s0, u, rest, steps)
    let s = s0
    const acting = u && pieces(u, controls === 1 ? -1 : -2, steps)
    let step = acting ? undefined : steppers(rest)
    for (let k = 0; k < steps; k++) {
      if (acting) step = steppers([controlOf(acting[dt < 0 ? steps - 1 - k : k], controls), ...rest])
      for (let j = 0; j < substeps; j++) s = step!(s, dt / substeps)
    }
    return s
  }
  const inputs = ['s', ...(controls > 0 ? ['u'] : []), ...(parameters > 0 ? ['θ'] : [])].join(', ')
  const given = controls > 0 ? ', u_k' : ''
  return defineBlock<IntegrateAttrs>({
    name: system.name,
    doc: docOf(system, method, inputs),
    tex: {
      y: String.raw`${system.doc.tex},\quad y = \Phi_{dt}(\cdot\,${given}) \circ \cdots \circ \Phi_{dt}(x${controls > 0 ? ', u_0' : ''})`,
      tangent: String.raw`ds_{k+1} = \partial_s \Phi\,ds_k${controls > 0 ? String.raw` + \partial_u \Phi\,du_k` : ''}`,
      adjoint: String.raw`\bar s_k = (\partial_s \Phi)^\top \bar s_{k+1}${controls > 0 ? String.raw`,\; \bar u_k = (\partial_u \Phi)^\top \bar s_{k+1}` : ''}`,
      inverse: method.symmetric
        ? String.raw`\tilde x = \Phi_{-dt} \circ \cdots \circ \Phi_{-dt}(\tilde y)`
        : String.raw`\tilde x = x + \Phi_{-dt}^n(\tilde y) - \Phi_{-dt}^n(y)`
    },
    forward: run,
    inverse: timeReversal(method, run),
    examples: r => examplesOf(system, r)
  })
}

function timeReversal(
  { symmetric, order }: Method,
  run: (inputs: readonly Tensor[], attrs: IntegrateAttrs) => Tensor
): Inverse<IntegrateAttrs> {
  const reversed = ({ inputs, out, attrs }: Site<IntegrateAttrs>, claimed: Claim): (Claim | null)[] =>
    unseen(() => {
      const [x, ...given] = inputs
      const back = (s: Tensor) => run([s, ...given], { ...attrs, dt: -attrs.dt })
      const target = wanted(claimed, out)
      const before = back(target)
      const now = symmetric ? undefined : back(out)
      const value = now ? mapData(x, (v, i) => v + before.data[i] - now.data[i]) : before
      const better = nearer(x, value, out, target, run([value, ...given], attrs))
      return [{ value: better, weight: null }, ...given.map(() => null)]
    })
  const apply: Inverse<IntegrateAttrs>['apply'] = (site, claimed) => {
    try {
      return reversed(site, claimed)
    } catch (e) {
      // An implicit step may have no solution, far from the states that occur.
      if (!ofValues(e)) throw e
      return { refuse: (e as Error).message }
    }
  }
  return symmetric
    ? { kind: 'exact', inputs: [0], apply }
    : {
        kind: 'approximate',
        inputs: [0],
        order,
        refine: (attrs, factor) => ({ ...attrs, substeps: attrs.substeps * factor }),
        apply
      }
}

/** State by state: the answer where it leads nearer to the target, x itself where nothing is asked, otherwise none. */
function nearer(x: Tensor, answer: Tensor, y: Tensor, target: Tensor, reached: Tensor): Tensor {
  const n = x.shape[x.rank - 1]
  const [before, after] = [y, reached].map(t => Float64Array.from(target.data, (v, i) => v - t.data[i]))
  const value = mapData(answer, v => v)
  for (let at = 0; at < x.size; at += n) {
    const from = norm2(before, at, at + n)
    if (from === 0) value.data.set(x.data.subarray(at, at + n), at)
    else if (!(norm2(after, at, at + n) < from)) value.data.fill(Number.NaN, at, at + n)
  }
  return value
}

/** [..., 1, c] → [..., c] */
const controlOf = (piece: Tensor, controls: number): Tensor =>
  controls === 1 ? piece : reshape(piece, [...piece.shape.slice(0, -2), controls])

function checkShapes(
  { name, states, controls = 0, parameters = 0 }: System,
  s: Tensor,
  u: Tensor | undefined,
  rest: readonly (Tensor | undefined)[],
  steps: number
): void {
  const want = controls > 1 ? [steps, controls] : [steps]
  const fits = (t: Tensor, end: readonly number[]) =>
    t.rank >= end.length && end.every((d, i) => t.shape[t.rank - end.length + i] === d)
  if (!fits(s, [states]) || (controls > 0 && !(u && fits(u, want) && u.rank === s.rank - 1 + want.length)))
    throw new ShapeError(
      name,
      `states ${show(s.shape)}${controls > 0 ? ` and controls ${u ? show(u.shape) : 'left out'}` : ''}`,
      `Give x0 [B, ${states}]${controls > 0 ? ` and u [B, ${want.join(', ')}]` : ''}`
    )
  if (rest.length !== parameters)
    throw new ShapeError(
      name,
      `${rest.length} inputs behind ${controls > 0 ? 'state and controls' : 'the state'}`,
      `It has ${parameters} parameters`
    )
}

function docOf({ doc, states, controls = 0 }: System, method: Method, inputs: string): string {
  const { symmetric, order } = method
  const u = controls > 0 ? `, u [..., steps${controls > 1 ? `, ${controls}` : ''}] constant over each step` : ''
  return `${doc.equation}; the state after a number of steps, by ${method.title}, (${inputs}) → s
  tangent  the same steps, linearised at each state
  adjoint  the steps backwards, transposed
  inverse  ${
    symmetric
      ? `exact in the state: the method is symmetric, so steps with -dt undo it to rounding, amplified by what the flow
           forgets. Trust it where the steps are stable`
      : `approximate in the state, order ${order}: steps with -dt, corrected at the current point; the newton rung refines it.
           Trust it where dt is small against all time scales and nothing is damped: friction grows backwards in time`
  }.
           In controls and parameters the ladder solves
  domain   states [..., ${states}]${u}
  cost     per step ${method.cost}
${doc.lines}`
}

function examplesOf(system: System, r: Random): Example<IntegrateAttrs>[] {
  const { examples, controls = 0 } = system
  const attrs = { dt: examples.dt, steps: 2, substeps: 1 }
  const others = (batch: number) => [
    ...(controls > 0 ? [r.normal([batch, 2, ...(controls > 1 ? [controls] : [])])] : []),
    ...(examples.parameters?.(r, batch) ?? [])
  ]
  const point = (batch: number) => [examples.state(r, batch), ...others(batch)]
  const backwards = { ...attrs, dt: -examples.dt }
  const list: Example<IntegrateAttrs>[] = [
    { inputs: point(3), attrs },
    { inputs: point(1), attrs, note: 'one sample' },
    { inputs: point(0), attrs, note: 'no samples' },
    { inputs: point(2), attrs: backwards, note: 'back in time' }
  ]
  const sizes = examples.extremes
  const scaled = (t: Tensor) => mapData(t, (v, i) => v * sizes[Math.floor((i * sizes.length) / t.size)])
  const [s, ...given] = [r.uniform([sizes.length, system.states], 1, 2), ...others(sizes.length)]
  const ends = given.map((t, i) => (i < Math.min(1, controls) ? scaled(t) : t))
  return [...list, { inputs: [scaled(s), ...ends], attrs, extreme: true }]
}
