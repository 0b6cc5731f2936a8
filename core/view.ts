import { RuleError } from './errors.js'
import type { Site, View } from './op.js'
import { describe } from './options.js'
import { type Shape, sameShape, show } from './shape.js'
import { reshape } from './structural/reshape.js'
import { sum } from './structural/sum.js'
import { type DType, Tensor } from './tensor.js'

/**
 * Undoes broadcasting: `ct` is `[...lead axes, ...q axes]`, the input had `shape`, which NumPy's rule stretched to
 * those q axes. The adjoint of stretching is summing. This is the one place where that is done.
 */
function sumTo(ct: Tensor, lead: number, shape: Shape): Tensor {
  const front = ct.shape.slice(0, lead)
  if (sameShape(ct.shape, [...front, ...shape])) return ct
  const rank = shape.length
  let q = ct.shape.length - lead
  // A parameter [1, n] has one axis more than rows [K, B, n] leave for it.
  if (q < rank) {
    ct = reshape(ct, [...front, ...Array<number>(rank - q).fill(1), ...ct.shape.slice(lead)])
    q = rank
  }
  const axes: number[] = []
  for (let k = 0; k < q - rank; k++) axes.push(k - q)
  for (let k = 0; k < rank; k++) if (shape[k] === 1 && ct.shape[ct.shape.length - rank + k] !== 1) axes.push(k - rank)
  const summed = axes.length > 0 ? sum(ct, axes, true) : ct
  return summed.shape.length === lead + rank ? summed : reshape(summed, [...front, ...shape])
}

/** The view of the cotangent and the tangent sweep: no row axes, nothing carried. */
export function plainView(site: Site, wants: (i: number) => boolean = () => true): View {
  return {
    x: site.inputs,
    y: site.out,
    attrs: site.attrs,
    saved: site.saved,
    lead: 0,
    carried: () => false,
    wants,
    shape: i => site.inputs[i].shape,
    to: (_, i) => site.inputs[i].shape,
    fold: (ct, i) => sumTo(ct, 0, site.inputs[i].shape)
  }
}

/** The view of the sample-Jacobian sweep: two row axes `[K, B]`, and per input whether its axis 0 is among them. */
export function rowView(site: Site, carried: readonly boolean[], wants: (i: number) => boolean): View {
  const shape = (i: number): Shape => (carried[i] ? site.inputs[i].shape.slice(1) : site.inputs[i].shape)
  return {
    x: site.inputs,
    y: site.out,
    attrs: site.attrs,
    saved: site.saved,
    lead: 2,
    carried: i => carried[i],
    wants,
    shape,
    to: (ct, i) => [...ct.shape.slice(0, 2), ...shape(i)],
    fold: (ct, i) => sumTo(ct, 2, shape(i))
  }
}

/** A rule's result must have the shape and dtype that its site says: checked where it is returned, naming operator and rule. */
export function checkRule(site: Site, rule: string, got: Tensor, want: Shape, dtype: DType, what: string): void {
  const asked = `rule ${rule} of ${site.op.name}`
  if (!(got instanceof Tensor))
    throw new RuleError(asked, `it returned ${describe(got)} for ${what}`, 'Return a tensor, or null where it is zero')
  if (got.dtype !== dtype)
    throw new RuleError(asked, `it returned ${got.dtype} for ${what}, which is ${dtype}`, 'Keep the dtype, or use cast')
  if (!sameShape(got.shape, want))
    throw new RuleError(
      asked,
      `it returned shape ${show(got.shape)} for ${what}, which needs ${show(want)}`,
      'Use v.to and v.fold, and count axes from the end'
    )
}

/** Same for the number of results. */
export function checkCount(site: Site, rule: string, results: readonly unknown[]): void {
  if (!Array.isArray(results) || results.length !== site.inputs.length)
    throw new RuleError(
      `rule ${rule} of ${site.op.name}`,
      `${Array.isArray(results) ? `${results.length} results` : 'no array'} for ${site.inputs.length} inputs`,
      'Return one entry per input, null where it is zero'
    )
}
