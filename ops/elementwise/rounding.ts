import { elementwise } from '../../core/families/elementwise.js'
import type { Op } from '../../core/op.js'
import { type Tensor, tensor } from '../../core/tensor.js'

export interface Rounding {
  name: string
  /** y in words, and typeset. */
  y: string
  tex: string
  /** The integer for a number. */
  of(x: number): number
  /** The same for a GPU: of `x`. */
  gpu: string
  /** Where it jumps, in words, and some of those places. */
  jumps: string
  at: readonly number[]
  /** Two intervals without a jump. */
  between: readonly [low: number, high: number][]
}

/** The family of round, floor and ceil: constant but for jumps, so all derivatives are 0. */
export function rounding({ name, y, tex, of, gpu, jumps, at, between }: Rounding): Op<undefined> {
  const extreme: Tensor = tensor([1e300, -1e300, 1e-300, -1e-300])
  return elementwise({
    name,
    doc: `y = ${y}
  tangent  dy = 0
  adjoint  0
  inverse  none: an output stands for an interval of inputs
  caveats  constant but for the jumps at the ${jumps}, where the derivative counts as 0 too, as in PyTorch`,
    tex: { y: tex, slope: '0' },
    kernel: (x, out) => {
      for (let i = 0; i < x.length; i++) out[i] = of(x[i])
    },
    gpu,
    derivative: () => 0,
    noInverse: 'an output stands for an interval of inputs',
    extremes: [],
    examples: r => [
      ...between.map(([low, high], k) => ({ inputs: [r.uniform(k === 0 ? [2, 3] : [3], low, high)] })),
      { inputs: [tensor([...at])], smooth: false, note: 'jump' },
      { inputs: [extreme], smooth: false, extreme: true, note: 'beyond 2⁵³ every number is an integer' }
    ]
  })
}
