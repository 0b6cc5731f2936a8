import { apply } from '../apply.js'
import { alloc, type Data } from '../memory.js'
import { carryAligned, defineOp, type Inverse, type Op } from '../op.js'
import type { Random } from '../random.js'
import { mul } from '../structural/mul.js'
import { Tensor } from '../tensor.js'

export interface Elementwise {
  name: string
  doc: string
  /** One loop; `x` and `y` have the same length. */
  kernel(x: Data, y: Data): void
  /** dy/dx at x, where y is the output: written with operators, or a constant. */
  derivative(x: Tensor, y: Tensor): Tensor | number
  /**
   * Per entry: the input near `x` whose output is `target`, or the nearest one in reach; NaN where there is none.
   */
  inverse?: { kind: 'exact' | 'local'; at(target: number, x: number): number }
  noInverse?: string
  examples(random: Random): readonly { inputs: readonly Tensor[]; smooth?: boolean; note?: string }[]
}

/**
 * The family y_i = f(x_i). The Jacobian is diagonal, so tangent and adjoint are the same product with f'(x),
 * and a claim moves entry by entry.
 */
export function elementwise(rules: Elementwise): Op<undefined> {
  const { at, kind } = rules.inverse ?? {}
  const inverse: Inverse<undefined> | undefined = at && {
    kind: kind as 'exact' | 'local',
    apply: ({ inputs: [x] }, { value, weight }) => {
      const t = alloc(x.size, x.dtype)
      for (let i = 0; i < t.length; i++)
        t[i] = weight && weight.data[i] === 0 ? x.data[i] : at(value.data[i], x.data[i])
      return [{ value: new Tensor(x.shape, t), weight }]
    }
  }
  return defineOp({
    name: rules.name,
    doc: rules.doc,
    outShape: ([s]) => s,
    forward: ([x]) => {
      const y = alloc(x.size, x.dtype)
      rules.kernel(x.data, y)
      return new Tensor(x.shape, y)
    },
    jvp: ([dx], v) => dx && mul(dx, rules.derivative(v.x[0], v.y)),
    vjp: (ct, v) => [mul(ct, rules.derivative(v.x[0], v.y))],
    carry: carryAligned,
    inverse,
    noInverse: rules.noInverse,
    examples: rules.examples
  })
}

/** The user's function of an element-wise operator. */
export function elementwiseFunction(op: Op<undefined>): (x: Tensor) => Tensor {
  return x => apply(op, [x])
}
