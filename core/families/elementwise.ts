import { apply } from '../apply.js'
import { gpuMap } from '../backends/gpu/kernels.js'
import { map, unary } from '../backends/kernels.js'
import type { UnaryName } from '../backends/wasm/binary.js'
import type { MapName } from '../backends/wasm/map.js'
import { alloc, allocUnset, type Data } from '../memory.js'
import { carryAligned, defineOp, type Example, type Inverse, type Op } from '../op.js'
import type { Random } from '../random.js'
import { mul } from '../structural/mul.js'
import { Tensor } from '../tensor.js'
import { withCost } from './cost.js'
import { ENDS, edgesOfOne, withEdges } from './edges.js'
import { heldBack } from './heldBack.js'

interface Rules<A> {
  name: string
  doc: string
  /** y, dy/dx and x̃, typeset. */
  tex?: { y: string; slope: string; inverse?: string }
  /** One loop, which writes every entry of `y`; `x` has the same length. */
  kernel(x: Data, y: Data, attrs: A): void
  /** y of one x for a GPU, in GPU.js's language: an expression of `x`, or statements that return; attributes as numbers in it. */
  gpu?: string | ((attrs: A) => string)
  /** The same function in WebAssembly, where that is available: equal but for the last bits. */
  wasm?: MapName
  /** The same function in WebAssembly, bit for bit. */
  exact?: UnaryName
  /**
   * Per entry: the input near `x` whose output is `target`, or the nearest one in reach; NaN where there is none.
   * Not asked where the target is the current output: there x stays, however flat f is; nor for a target NaN.
   */
  inverse?: { kind: 'exact' | 'local'; at(target: number, x: number, attrs: A): number }
  noInverse?: string
  /** Points of its domain; the family adds an axis of length 1 and an empty one, both with entries of the first. */
  examples(random: Random): readonly Example<A>[]
  /** Inputs at the ends of the range, with the attributes of the first example; [] for none. Default ±1e300, ±1e-300. */
  extremes?: readonly number[]
}

interface Slope<A> {
  /** dy/dx at x, where y is the output: written with operators, or a constant. */
  derivative(x: Tensor, y: Tensor, attrs: A): Tensor | number
}

interface Product<A> {
  /** A change or a cotangent times dy/dx, where dy/dx vanishes to rounding while the product does not (1/x at 1e300). */
  times(change: Tensor, x: Tensor, y: Tensor, attrs: A): Tensor
}

export type Elementwise<A = undefined> = Rules<A> & (Slope<A> | Product<A>)

/**
 * The family y_i = f(x_i). The Jacobian is diagonal, so tangent and adjoint are the same product with f'(x),
 * and a claim moves entry by entry.
 */
export function elementwise<A = undefined>(rules: Elementwise<A>): Op<A> {
  const { gpu } = rules
  const { at, kind } = rules.inverse ?? {}
  const times: Product<A>['times'] =
    'times' in rules ? rules.times : (change, x, y, attrs) => mul(change, rules.derivative(x, y, attrs))
  const inverse: Inverse<A> | undefined = at && {
    kind: kind as 'exact' | 'local',
    apply: (site, { value, weight }) => {
      const { out, attrs } = site
      const x = site.inputs[0]
      const t = alloc(x.size, x.dtype)
      for (let i = 0; i < t.length; i++) {
        const target = value.data[i]
        const stays = (weight && weight.data[i] === 0) || target === out.data[i]
        t[i] = stays ? x.data[i] : Number.isNaN(target) ? target : at(target, x.data[i], attrs)
      }
      return [{ value: heldBack(site, 0, { value, weight }, new Tensor(x.shape, t)), weight }]
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
      const y = allocUnset(x.size, x.dtype)
      if (rules.exact) unary(rules.exact, (x, y) => rules.kernel(x, y, attrs), x.data, y)
      else if (!rules.wasm || !map(rules.wasm, x.data, y)) rules.kernel(x.data, y, attrs)
      return new Tensor(x.shape, y)
    },
    device: gpu === undefined ? undefined : ([x], attrs) => gpuMap(x, typeof gpu === 'string' ? gpu : gpu(attrs)),
    jvp: ([dx], v) => dx && times(dx, v.x[0], v.y, v.attrs),
    vjp: (ct, v) => [times(ct, v.x[0], v.y, v.attrs)],
    carry: carryAligned,
    inverse,
    noInverse: rules.noInverse,
    examples: withEdges(rules.examples, first => edgesOfOne(first, rules.extremes ?? ENDS))
  })
}

/** The user's function of an element-wise operator. */
export function elementwiseFunction(op: Op<undefined>): (x: Tensor) => Tensor {
  return x => apply(op, [x])
}
