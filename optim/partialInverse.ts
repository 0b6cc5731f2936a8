import { DTypeError, NonFiniteError, ShapeError } from '../core/errors.js'
import { type PartialInverseOptions, partialInverseApply } from '../core/linalg/partialInverse.js'
import { checkNumbers } from '../core/options.js'
import { show } from '../core/shape.js'
import { allFinite, checkTensor, Tensor } from '../core/tensor.js'

export type { PartialInverseOptions }

export interface SpectrumReport {
  /** All singular values of J, descending. */
  readonly singularValues: Float64Array
  /** How many took part, and the threshold. */
  readonly kept: number
  readonly threshold: number
}

/** Throws OptionError unless kappa is finite and the truncation not negative. */
export function checkPartialInverse(asked: string, { kappa, truncation }: { kappa: number; truncation: number }): void {
  checkNumbers(asked, 'finite', { kappa })
  checkNumbers(asked, 'notNegative', { truncation })
}

/**
 * V Λ^κ Uᵀ g for J = U Λ Vᵀ: the family between gradient and Gauss-Newton (the book, eq. 27: "J^(-1/2) = V Λ^(-1/2) Uᵀ").
 * J [B, K, P] are the samples' Jacobians, stacked to [B·K, P]; g [B, K] is dL/dy. Result [P], to be subtracted from θ.
 */
export function partialInverse(
  J: Tensor,
  g: Tensor,
  { kappa = -1 / 2, truncation = 1e-10, relative = true }: PartialInverseOptions = {}
): { delta: Tensor; report: SpectrumReport } {
  checkPartialInverse('partialInverse', { kappa, truncation })
  checkTensor(J, 'partialInverse', 'J')
  checkTensor(g, 'partialInverse', 'dL/dy')
  const rows = g.size
  if (J.rank < 2 || rows === 0 || J.size % rows !== 0 || J.shape[0] !== g.shape[0])
    throw new ShapeError(
      'partialInverse',
      `J ${show(J.shape)} and dL/dy ${show(g.shape)}`,
      'Give J [B, K, P] and dL/dy [B, K], as sampleJacobian and grad return them'
    )
  if (J.dtype !== g.dtype)
    throw new DTypeError('partialInverse', `J in ${J.dtype}, dL/dy in ${g.dtype}`, 'Convert one by cast')
  if (!allFinite(J.data) || !allFinite(g.data))
    throw new NonFiniteError(
      'partialInverse',
      'NaN or infinity in J or dL/dy',
      'Look for the first one with tape.checkFinite()'
    )
  const f64 = (t: Tensor): Float64Array => (t.data instanceof Float64Array ? t.data : Float64Array.from(t.data))
  const P = J.size / rows
  const { delta, singularValues, kept, threshold } = partialInverseApply(f64(J), rows, P, f64(g), {
    kappa,
    truncation,
    relative
  })
  return {
    delta: new Tensor([P], J.dtype === 'f64' ? delta : Float32Array.from(delta)),
    report: { singularValues, kept, threshold }
  }
}
