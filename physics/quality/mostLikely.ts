import { lsmr } from '../../core/linalg/lsmr.js'
import type { Products } from '../../core/linalg/products.js'
import { norm2 } from '../../core/linalg/scaling.js'
import type { PointOf } from './point.js'
import { minus } from './vectors.js'

const [MOST_STEPS, MOST_HALVINGS, MOST_PRODUCTS] = [10, 10, 400]
/** A step that predicts the output to this part of the change is the last one. */
const SETTLED = 1e-9

/**
 * The most likely x̃ where ỹ has noise of deviation σ in every entry and x is wrong by about ς in every entry:
 *
 *   minimise ‖P(x̃) - ỹ‖² / σ² + ‖x̃ - x‖² / ς²
 *
 * by Gauss-Newton steps, each a damped least-squares problem (LSMR, μ = σ/ς) for the whole change z = x̃ - x:
 *
 *   minimise ‖J z - b‖² + μ² ‖z‖²,  b = ỹ - P(x_k) + J (x_k - x)
 *
 * For a linear P one step is all: every singular direction is multiplied by s / (s² + μ²), the Wiener filter. `J`: at x.
 *
 * Source: Tarantola 2005, "Inverse Problem Theory", 3.2; Tikhonov 1963.
 */
export function mostLikely(point: PointOf, J: Products, target: Float64Array, mu: number): Float64Array {
  const x = Float64Array.from(point.x.data)
  const objective = (z: Float64Array, y: Float64Array) => norm2(minus(target, y)) ** 2 + (mu * norm2(z)) ** 2
  let products = J
  let [at, y, z]: Float64Array[] = [x, point.y, new Float64Array(x.length)]
  for (let k = 0; k < MOST_STEPS; k++) {
    if (k > 0) products = point.jacobian(at)
    const moved = products.apply(z)
    const b = target.map((v, i) => v - y[i] + moved[i])
    const found = lsmr({
      batch: 1,
      m: b.length,
      n: x.length,
      apply: products.apply,
      applyT: products.applyT,
      b,
      damp: mu,
      atol: 1e-13,
      btol: 1e-13,
      conlim: 1e15,
      maxIterations: Math.min(MOST_PRODUCTS, 4 * Math.min(b.length, x.length))
    }).x
    const step = minus(found, z)
    const before = objective(z, y)
    let part = 1
    let [next, reached]: Float64Array[] = [found, point.run(x.map((v, i) => v + found[i]))]
    for (let h = 0; !(objective(next, reached) <= before) && h < MOST_HALVINGS; h++) {
      part /= 2
      next = z.map((v, i) => v + part * step[i])
      reached = point.run(x.map((v, i) => v + next[i]))
    }
    if (!(objective(next, reached) <= before)) break
    const predicted = products.apply(next)
    const error = norm2(predicted.map((v, i) => v - moved[i] - (reached[i] - y[i])))
    const change = norm2(minus(reached, y))
    ;[z, y, at] = [next, reached, x.map((v, i) => v + next[i])]
    if (part === 1 && error <= SETTLED * change) break
    if (norm2(step) <= SETTLED * norm2(z)) break
  }
  return z
}
