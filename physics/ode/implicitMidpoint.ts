import { defineBlock } from '../../core/defineBlock.js'
import type { Op } from '../../core/op.js'
import { add } from '../../core/structural/add.js'
import { stopGradient } from '../../core/structural/identity.js'
import { mul } from '../../core/structural/mul.js'
import type { Data, Tensor } from '../../core/tensor.js'
import { implicitInverse } from '../combinators/implicitInverse.js'
import { simulator } from '../simulator.js'
import type { Rate } from './system.js'

export interface StageAttrs {
  readonly dt: number
}

/**
 * The stage m of the implicit midpoint rule, m = s + dt/2 f(m), as an operator (s, near, ...given) → m: the inverse of
 * m - dt/2 f(m). Its derivatives are those of the implicit function theorem, so no iteration is differentiated.
 */
export function implicitStage(rate: Rate, name = 'implicitMidpoint'): Op<StageAttrs> {
  const residual = defineBlock<StageAttrs>({
    name: `${name}Residual`,
    forward: ([m, ...given], { dt }) => add(m, mul(rate(...given)(m), -dt / 2)),
    examples: () => []
  })
  return implicitInverse(simulator(residual, { dt: 0 }), {
    name: `${name}Stage`,
    solver: (s, _, given, { dt }) => contracted(m => add(s, mul(rate(...given)(m), dt / 2)), s)
  }).op
}

/**
 * One step of the implicit midpoint rule for s' = f(s), order 2: s + dt f((s + s')/2) = 2m - s. Symmetric, so a step with -dt
 * undoes it to rounding; symplectic, with every quadratic invariant kept (Hairer, Lubich, Wanner 2006, IV.2 and VI.4); and
 * stable for any dt where the equation is linear and stable.
 */
export function implicitMidpointStep(stage: Op<StageAttrs>, given: readonly Tensor[], s: Tensor, dt: number): Tensor {
  // The point to start near is a constant, and no second use of s.
  const m = simulator(stage, { dt })(s, stopGradient(s), ...given)
  return add(mul(m, 2), mul(s, -1))
}

const MOST = 40

/**
 * The fixed point of g from s, where g is a contraction that needs at most MOST steps (dt times the largest rate of change
 * below about 1): many times cheaper than Newton's method. Undefined where it is not, or ends in NaN.
 */
function contracted(g: (m: Tensor) => Tensor, s: Tensor): Tensor | undefined {
  let m = s
  const n = s.shape[s.rank - 1]
  for (let k = 0; k < MOST; k++) {
    const next = g(m)
    if (settled(m.data, next.data, n)) return next
    m = next
  }
  return undefined
}

/** Has every state moved by rounding only? False for NaN. */
function settled(before: Data, after: Data, n: number): boolean {
  const rounding = after instanceof Float64Array ? 2 ** -51 : 2 ** -22
  for (let at = 0; at < after.length; at += n) {
    let [moved, large] = [0, 0]
    for (let i = at; i < at + n; i++) {
      const d = Math.abs(after[i] - before[i])
      if (!(d < Infinity)) return false
      moved = Math.max(moved, d)
      large = Math.max(large, Math.abs(after[i]))
    }
    if (moved > rounding * large) return false
  }
  return true
}
