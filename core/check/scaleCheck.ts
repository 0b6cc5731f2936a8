import { add } from '../structural/add.js'
import { mul } from '../structural/mul.js'
import { reshape } from '../structural/reshape.js'
import { sum } from '../structural/sum.js'
import { type Tensor, tensor } from '../tensor.js'
import { exponent, norm } from './probe.js'

/** Δx of a method for the task P(x) = target, loss ½‖P(x) - target‖²: for one sample, x `[1, n]` and target `[1, m]`. */
export type StepOf = (P: (x: Tensor) => Tensor, x: Tensor, target: Tensor) => Tensor

export interface ScaleOptions {
  /** [B, n] → [B, m] */
  P?: (x: Tensor) => Tensor
  /** `[1, n]` */
  x?: Tensor
  /** `[1, m]` */
  target?: Tensor
}

export interface ScaleReport {
  /** |step| ~ s^p c^q */
  p: number
  q: number
  /** The units tried, for s and for c alike. */
  factors: readonly number[]
  /** |step| with s, and with c, the factor. */
  lengths: { s: number[]; c: number[] }
}

const A = [
  [2, -0.5],
  [0.3, 1.2]
]

/** A mildly curved map of two numbers, y_i = Σ_j A_ij x_j + x_i²/10. */
const curved = (x: Tensor): Tensor => add(sum(mul(tensor(A), unsqueezed(x)), -1), mul(mul(x, x), 0.1))
const unsqueezed = (x: Tensor): Tensor => reshape(x, [x.shape[0], 1, 2])

const FACTORS = [1, 2, 4, 8]

/**
 * How does the length of a step depend on the units of x and of y? x in units s times smaller, y in units c times
 * smaller: |step| ~ s^p c^q, fitted. Right for a method that respects units: p = 1 (the step is an x) and q = 0 (it
 * does not care how y is measured). Gradient descent gives (-1, 2), Adam (0, 0), half-inverse gradients (½, ½);
 * Gauss-Newton, Newton and SIP (1, 0).
 */
export function scaleCheck(
  step: StepOf,
  { P = curved, x = tensor([[0.7, -0.4]]), target = tensor([[0.9, 0.2]]) }: ScaleOptions = {}
): ScaleReport {
  const length = (s: number, c: number): number =>
    norm(step(z => mul(P(mul(z, 1 / s)), c), mul(x, s), mul(target, c)).data)
  const lengths = { s: FACTORS.map(s => length(s, 1)), c: FACTORS.map(c => length(1, c)) }
  return { p: exponent(FACTORS, lengths.s), q: exponent(FACTORS, lengths.c), factors: FACTORS, lengths }
}
