import type { Random } from '../../core/random.js'
import type { Shape } from '../../core/shape.js'
import { type Data, type DType, Tensor } from '../../core/tensor.js'

/**
 * The right-hand side of s' = f(s; u, parameters), written with operators. It is given what stays constant over a step, and
 * returns the function of the state: what does not depend on the state is then computed once a step.
 *
 *     const rate: Rate = u => s => add(matmul(s, At), mul(u, push))
 */
export type Rate = (...given: Tensor[]) => (s: Tensor) => Tensor

/** An ordinary differential equation s' = f(s; u, parameters) for states [..., n]. */
export interface System {
  /** Of the operator that integrates it. */
  readonly name: string
  /** n */
  readonly states: number
  /** Controls that act at a time. 0 (default): u is no input. */
  readonly controls?: number
  /** Number of inputs behind the state and the controls, constant in time: to be learned, for instance. */
  readonly parameters?: number
  readonly rate: Rate
  /** s = (q, p) with q' a function of p alone and p' of q alone: what leapfrog needs. */
  readonly separable?: boolean
  /** What the exact flow without controls keeps, [...], such as the energy. */
  invariant?(s: Tensor, ...parameters: Tensor[]): Tensor
  /** The equation in Unicode and in TeX, and lines for the doc string. */
  readonly doc: { readonly equation: string; readonly tex: string; readonly lines: string }
  /** Points of the domain: a batch of states, and the parameters. */
  readonly examples: {
    state(r: Random, batch: number): Tensor
    parameters?(r: Random, batch: number): Tensor[]
    /** Sizes of states and controls at the ends of the range of f64 with which the rules still hold. */
    readonly extremes: readonly number[]
    /** Small enough for the orders to show. */
    readonly dt: number
  }
}

/** A constant of a right-hand side in both dtypes. */
export function constant(shape: Shape, numbers: ArrayLike<number>): Readonly<Record<DType, Tensor>> {
  const made = (data: Data) => new Tensor(shape, data)
  return { f64: made(Float64Array.from(numbers)), f32: made(Float32Array.from(numbers)) }
}
