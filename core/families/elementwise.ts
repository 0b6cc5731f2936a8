import { apply } from '../apply.js'
import { alloc, type Data } from '../memory.js'
import { carryAligned, defineOp, type Example, type Inverse, type Op } from '../op.js'
import type { Random } from '../random.js'
import { mul } from '../structural/mul.js'
import { Tensor } from '../tensor.js'
import { withCost } from './cost.js'

export interface Elementwise<A = undefined> {
  name: string
  doc: string
  /** y, dy/dx and x̃, typeset. */
  tex?: { y: string; slope: string; inverse?: string }
  /** One loop; `x` and `y` have the same length. */
  kernel(x: Data, y: Data, attrs: A): void
  /** dy/dx at x, where y is the output: written with operators, or a constant. */
  derivative(x: Tensor, y: Tensor, attrs: A): Tensor | number
  /**
   * Per entry: the input near `x` whose output is `target`, or the nearest one in reach; NaN where there is none.
   * Not asked where the target is the current output: there x stays, however flat f is.
   */
  inverse?: { kind: 'exact' | 'local'; at(target: number, x: number, attrs: A): number }
  noInverse?: string
  examples(random: Random): readonly Example<A>[]
}

/**
 * The family y_i = f(x_i). The Jacobian is diagonal, so tangent and adjoint are the same product with f'(x),
 * and a claim moves entry by entry.
 */
export function elementwise<A = undefined>(rules: Elementwise<A>): Op<A> {
  const { at, kind } = rules.inverse ?? {}
  const inverse: Inverse<A> | undefined = at && {
    kind: kind as 'exact' | 'local',
    apply: ({ inputs: [x], out, attrs }, { value, weight }) => {
      const t = alloc(x.size, x.dtype)
      for (let i = 0; i < t.length; i++)
        t[i] =
          (weight && weight.data[i] === 0) || value.data[i] === out.data[i]
            ? x.data[i]
            : at(value.data[i], x.data[i], attrs)
      return [{ value: new Tensor(x.shape, t), weight }]
    }
  }
  return defineOp<A>({
    name: rules.name,
    doc: withCost(rules.doc, 'one pass over the entries'),
    tex: rules.tex && {
      y: rules.tex.y,
      tangent: `dy = ${rules.tex.slope}\\,dx`,
      adjoint: `\\bar x = ${rules.tex.slope}\\,\\bar y`,
      inverse: rules.tex.inverse
    },
    outShape: ([s]) => s,
    forward: ([x], attrs) => {
      const y = alloc(x.size, x.dtype)
      rules.kernel(x.data, y, attrs)
      return new Tensor(x.shape, y)
    },
    jvp: ([dx], v) => dx && mul(dx, rules.derivative(v.x[0], v.y, v.attrs)),
    vjp: (ct, v) => [mul(ct, rules.derivative(v.x[0], v.y, v.attrs))],
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
