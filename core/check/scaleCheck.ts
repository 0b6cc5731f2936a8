import { add } from '../structural/add.js'
import { mul } from '../structural/mul.js'
import { sum } from '../structural/sum.js'
import { type Tensor, tensor } from '../tensor.js'
import { exponent, norm } from './probe.js'

/** Δx of a method for the task P(x) = target, loss ½‖P(x) - target‖². */
export type StepOf = (P: (x: Tensor) => Tensor, x: Tensor, target: Tensor) => Tensor

export interface ScaleOptions {
  P?: (x: Tensor) => Tensor
  x?: Tensor
  target?: Tensor
}

const A = [
  [2, -0.5],
  [0.3, 1.2]
]

/** A mildly curved map of two numbers. */
const curved = (x: Tensor): Tensor => add(sum(mul(tensor(A), x), -1), mul(mul(x, x), 0.1))

const FACTORS = [1, 2, 4, 8]

/**
 * How does the length of a step depend on the units of x and of y? x in units s times smaller, y in units c times
 * smaller: |step| ~ s^p c^q, fitted. Right for a method that respects units: p = 1 (the step is an x) and q = 0 (it
 * does not care how y is measured). Gradient descent gives (-1, 2), Adam (0, 0), half-inverse gradients (½, ½);
 * Gauss-Newton, Newton and SIP (1, 0).
 */
export function scaleCheck(
  step: StepOf,
  { P = curved, x = tensor([0.7, -0.4]), target = tensor([0.9, 0.2]) }: ScaleOptions = {}
): { p: number; q: number } {
  const length = (s: number, c: number): number =>
    norm(step(z => mul(P(mul(z, 1 / s)), c), mul(x, s), mul(target, c)).data)
  return {
    p: exponent(
      FACTORS,
      FACTORS.map(s => length(s, 1))
    ),
    q: exponent(
      FACTORS,
      FACTORS.map(c => length(1, c))
    )
  }
}
