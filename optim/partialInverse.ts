import { DTypeError, NonFiniteError, OptionError, ShapeError } from '../core/errors.js'
import { partialInverseByGram } from '../core/linalg/gramInverse.js'
import { partialInverseByKrylov } from '../core/linalg/krylovInverse.js'
import { LayeredMatrix } from '../core/linalg/layeredMatrix.js'
import { type PartialInverseOptions, partialInverseApply } from '../core/linalg/partialInverse.js'
import { denseProducts, type Expandable, type Products } from '../core/linalg/products.js'
import { checkChoice, checkNumbers } from '../core/options.js'
import { show } from '../core/shape.js'
import { allFinite, checkTensor, Tensor } from '../core/tensor.js'
import type { JacobianOperator } from '../core/verbs/jacobianOperator.js'

export type { PartialInverseOptions }

/** How V Λ^κ Uᵀ g is computed: see `partialInverse`. */
export type Route = 'svd' | 'gram' | 'krylov'

/**
 * A Jacobian of samples, stacked to [B·K, P]: stored `[B, K, P]` (`sampleJacobian`), in layers (`layeredJacobian`), or
 * as products only (`jacobianOperator`).
 */
export type Jacobian = Tensor | LayeredMatrix | JacobianOperator

export interface RouteOptions extends PartialInverseOptions {
  /** Default 'auto': by size, and by the accuracy that the truncation and the spectrum need. */
  route?: Route | 'auto'
  /** Relative error up to which `gram` is taken at its word; where `krylov` stops, if it has no steps. Default 1e-6. */
  tolerance?: number
  /** Steps of `krylov`: from few and cheap to B·K and exact. Without them it goes on until the tolerance. */
  steps?: number
}

export interface SpectrumReport {
  /** Singular values of J, descending: all of them, or by `krylov` the Ritz values, of which the largest are accurate. */
  readonly singularValues: Float64Array
  /** How many took part, and the threshold. */
  readonly kept: number
  readonly threshold: number
  readonly route: Route
  /**
   * Relative error of the update against the singular value decomposition of J: by `gram` a bound, by `krylov` an
   * estimate, at most 1; by `svd` 0, though V Λ^κ Uᵀ g itself is only determined to about ε s_max / s_min by J's entries.
   */
  readonly error: number
  /** Of `krylov`. */
  readonly steps?: number
  /** Why this route. */
  readonly because: string
}

/** Throws OptionError unless kappa is finite and the others are not negative. */
export function checkPartialInverse(
  asked: string,
  { kappa = -1 / 2, truncation = 0, damping = 0, small = 'drop', tolerance = 0, route = 'auto', steps }: RouteOptions
): void {
  checkNumbers(asked, 'finite', { kappa })
  checkNumbers(asked, 'notNegative', { truncation, damping, tolerance })
  checkChoice(asked, 'route', route, ['auto', 'svd', 'gram', 'krylov'])
  if (steps !== undefined) checkNumbers(asked, 'count', { steps })
  checkChoice(asked, 'small', small, ['drop', 'clamp'])
  if (small === 'clamp' && (steps !== undefined || route === 'gram' || route === 'krylov'))
    throw new OptionError(
      `${asked} with small: 'clamp'`,
      steps === undefined ? `the route '${route}'` : `${steps} steps`,
      "Take the route 'svd': the others do not see the small singular values"
    )
}

/** Rows or columns up to which a singular value decomposition is as cheap as anything: measured even at about 40. */
const SMALL = 40
/** Bytes of J, and of J Jᵀ, up to which they are made. */
const LARGEST = 2 ** 29

/**
 * V Λ^κ Uᵀ g for J = U Λ Vᵀ: the family between gradient and Gauss-Newton (the book, eq. 27: "J^(-1/2) = V Λ^(-1/2) Uᵀ").
 * J are the samples' Jacobians, stacked to [B·K, P]; g [B, K] is dL/dy. Result [P], to be subtracted from θ. Three routes:
 *
 *   svd      the reference: QR, then the singular values of the small factor. J is stored.
 *   gram     Jᵀ (J Jᵀ)^(κ/2 - 1/2) g: several times cheaper, and needs J J ᵀ [B·K, B·K] only, which a layered Jacobian
 *            sums without making J. The condition number is squared: the result is taken where its error bound is within
 *            the tolerance, and otherwise thrown away for `svd`.
 *   krylov   k steps of Golub-Kahan bidiagonalisation on products J v and Jᵀ u; approximate, with an error estimate.
 *
 * 'auto' takes `krylov` where there are only products, or `steps` are given, or J Jᵀ is too large; `svd` for small or tall
 * J; else `gram`, with `svd` (or `krylov`, where J is too large to be made) if its bound is too large. The report says which and why.
 */
export function partialInverse(
  J: Jacobian,
  g: Tensor,
  options: RouteOptions = {}
): { delta: Tensor; report: SpectrumReport } {
  const { kappa = -1 / 2, truncation = 1e-10, relative = true, damping = 0 } = options
  checkPartialInverse('partialInverse', options)
  checkTensor(g, 'partialInverse', 'dL/dy')
  const products = productsOf(J, g)
  const f64 = (t: Tensor): Float64Array => (t.data instanceof Float64Array ? t.data : Float64Array.from(t.data))
  const { delta, report } = byRoute(products, f64(g), { ...options, kappa, truncation, relative, damping })
  return { delta: new Tensor([products.cols], g.dtype === 'f64' ? delta : Float32Array.from(delta)), report }
}

type Answer = { delta: Float64Array; report: SpectrumReport }

function byRoute(J: Products | Expandable, g: Float64Array, options: RouteOptions): Answer {
  const { tolerance = 1e-6, steps, small } = options
  const route = small === 'clamp' ? 'svd' : (options.route ?? 'auto')
  const { rows, cols } = J
  const bySvd = (J: Expandable, because: string): Answer => {
    const { delta, ...spectrum } = partialInverseApply(J.matrix(), rows, cols, g, options)
    return { delta, report: { ...spectrum, route: 'svd', error: 0, because } }
  }
  const byKrylov = (because: string): Answer => {
    const { delta, ...rest } = partialInverseByKrylov(J, g, { ...options, steps, tolerance: steps ? 0 : tolerance })
    return { delta, report: { ...rest, route: 'krylov', because } }
  }
  if (!('gram' in J)) {
    if (route !== 'auto' && route !== 'krylov')
      throw new OptionError(
        `partialInverse by '${route}'`,
        'a Jacobian known by its products only',
        "Give sampleJacobian's or layeredJacobian's, or take 'krylov'"
      )
    return byKrylov(route === 'krylov' ? 'asked for' : 'J is known by its products only')
  }
  if (route === 'krylov') return byKrylov('asked for')
  if (route === 'svd') return bySvd(J, 'asked for')
  if (route === 'auto') {
    if (steps !== undefined) return byKrylov('its steps were given')
    if (Math.min(rows, cols) <= SMALL) return bySvd(J, `J [${rows}, ${cols}] is small`)
    if (rows > cols) return bySvd(J, `J [${rows}, ${cols}] is tall`)
    if (8 * rows * rows > LARGEST) return byKrylov(`J Jᵀ [${rows}, ${rows}] is too large`)
  }
  const { delta, error, ...spectrum } = partialInverseByGram(J, g, options)
  const digits = error.toExponential(1)
  if (error <= tolerance)
    return {
      delta,
      report: { ...spectrum, route: 'gram', error, because: `its error bound ${digits} is within ${tolerance}` }
    }
  const because = `the error bound ${digits} of 'gram' is above ${tolerance}`
  return 8 * rows * cols <= LARGEST ? bySvd(J, because) : byKrylov(`${because}, and J is too large to be made`)
}

/** J [rows, cols] for a g of `rows` entries; throws unless they fit and are finite. */
function productsOf(J: Jacobian, g: Tensor): Products | Expandable {
  const rows = g.size
  const mismatch = (found: string) =>
    new ShapeError(
      'partialInverse',
      `${found} and dL/dy ${show(g.shape)}`,
      'Give J [B, K, P] and dL/dy [B, K], as sampleJacobian and grad return them'
    )
  if (!allFinite(g.data)) throw notFinite()
  if (J instanceof LayeredMatrix) {
    if (J.rows !== rows) throw mismatch(`J [${J.rows}, ${J.cols}] in layers`)
    if (!J.blocks.every(({ left, right }) => allFinite(right) && (!left || allFinite(left)))) throw notFinite()
    return J
  }
  if (!(J instanceof Tensor) && typeof J?.apply === 'function' && typeof J.applyT === 'function') {
    if (J.value.size !== rows) throw mismatch(`a Jacobian of ${J.value.size} outputs`)
    const { value, input } = J
    const like = (shape: readonly number[], v: Float64Array) =>
      new Tensor(shape, value.dtype === 'f64' ? v : Float32Array.from(v))
    return {
      rows,
      cols: input.size,
      apply: v => Float64Array.from(J.apply(like(input.shape, v)).data),
      applyT: u => Float64Array.from(J.applyT(like(value.shape, u)).data)
    }
  }
  checkTensor(J, 'partialInverse', 'J')
  if (J.rank < 2 || rows === 0 || J.size % rows !== 0 || J.shape[0] !== g.shape[0]) throw mismatch(`J ${show(J.shape)}`)
  if (J.dtype !== g.dtype)
    throw new DTypeError('partialInverse', `J in ${J.dtype}, dL/dy in ${g.dtype}`, 'Convert one by cast')
  if (!allFinite(J.data)) throw notFinite()
  return denseProducts(J.data instanceof Float64Array ? J.data : Float64Array.from(J.data), rows, J.size / rows)
}

const notFinite = (): NonFiniteError =>
  new NonFiniteError(
    'partialInverse',
    'NaN or infinity in J or dL/dy',
    'Look for the first one with tape.checkFinite()'
  )
