import { apply } from '../../core/apply.js'
import { literal } from '../../core/backends/gpu/code.js'
import { pointwise, stretched } from '../../core/backends/gpu/kernels.js'
import { combine } from '../../core/backends/plain/combine.js'
import { OptionError, ShapeError } from '../../core/errors.js'
import { edgesOfLinear, withEdges } from '../../core/families/edges.js'
import { heldBack } from '../../core/families/heldBack.js'
import { allocUnset } from '../../core/memory.js'
import { carryAligned, defineOp, type Op } from '../../core/op.js'
import { checkNumbers, describe } from '../../core/options.js'
import { sameShape, show } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { checkTensor, mapData, Tensor } from '../../core/tensor.js'

export interface CombinationAttrs {
  /** One factor for each tensor. */
  readonly factors: readonly number[]
}

/**
 * A chain of products with numbers and of sums is one site and one pass over memory here, where every link would write a
 * tensor and read it again: the stages of Runge-Kutta methods. Other chains that are long and frequent are operators
 * as well (gelu, silu, softplus, batchNorm, the updates of optimisers): each has rules that say more than a compiler of chains
 * could find, such as an inverse, and a reader sees what runs.
 */
export const linearCombinationOp: Op<CombinationAttrs> = defineOp<CombinationAttrs>({
  name: 'linearCombination',
  doc: `y = Σ c_i x_i, tensors of one shape, the numbers c_i constant
  tangent  dy = Σ c_i dx_i
  adjoint  c_i ct to each
  inverse  of one of them, x̃_i = x_i + (ỹ - y)/c_i; several are left to the ladder
  cost     one pass over the entries of all inputs, 2 flops each`,
  tex: {
    y: String.raw`y = \textstyle\sum_i c_i x_i`,
    tangent: String.raw`dy = \textstyle\sum_i c_i\,dx_i`,
    adjoint: String.raw`\bar x_i = c_i\,\bar y`,
    inverse: String.raw`\tilde x_i = x_i + (\tilde y - y)/c_i`
  },
  outShape: shapes => {
    const [first] = shapes
    for (const s of shapes)
      if (!sameShape(s, first))
        throw new ShapeError(
          `linearCombination of ${shapes.map(show).join(', ')}`,
          `${show(s)} beside ${show(first)}`,
          'Give tensors of one shape; add and mul broadcast'
        )
    return first
  },
  forward: (xs, { factors }, shape) => {
    const y = allocUnset(xs[0].size, xs[0].dtype)
    combine(
      xs.map(x => x.data),
      factors,
      y
    )
    return new Tensor(shape, y)
  },
  device: (xs, { factors }, shape) => {
    const names = xs.map((_, i) => `x${i}`)
    const terms = names.map((name, i) => `${literal(factors[i])} * ${name}`)
    return pointwise(
      shape,
      xs.map(x => stretched(x, shape)),
      names,
      terms.join(' + ')
    )
  },
  jvp: (dxs, v) => {
    const moved = dxs.flatMap((dx, i) => (dx ? [{ dx, c: v.attrs.factors[i] }] : []))
    return moved.length === 0
      ? undefined
      : linearCombination(
          moved.map(m => m.dx),
          moved.map(m => m.c)
        )
  },
  vjp: (ct, v) => v.x.map((_, i) => (v.wants(i) ? mul(ct, v.attrs.factors[i]) : null)),
  carry: carryAligned,
  inverse: {
    kind: 'exact',
    apply: (site, asked, active) => {
      const i = active.indexOf(true)
      const c = site.attrs.factors[i]
      if (c === 0) return { refuse: `its factor ${i} is 0` }
      const { data: y } = site.out
      const { data: target } = asked.value
      const weight = asked.weight?.data
      const x = mapData(site.inputs[i], (v, k) =>
        weight?.[k] === 0 || target[k] === y[k] ? v : v + (target[k] - y[k]) / c
      )
      return site.inputs.map((_, k) => (k === i ? { value: heldBack(site, i, asked, x), weight: asked.weight } : null))
    }
  },
  examples: withEdges(
    r => [
      { inputs: [r.normal([4])], attrs: { factors: [2] }, note: 'one' },
      { inputs: [r.normal([2, 3]), r.normal([2, 3]), r.normal([2, 3])], attrs: { factors: [1, -0.5, 3] } },
      { inputs: [r.normal([0, 2]), r.normal([0, 2])], attrs: { factors: [1, 0] }, note: 'an empty axis, a factor 0' }
    ],
    edgesOfLinear
  )
})

/**
 * Σ c_i x_i of tensors of one shape, with numbers c_i: the same as mul and add, in one pass and one site.
 *
 *     linearCombination([s, k1], [1, dt / 2])
 *
 * Throws ShapeError where shapes differ or there is no tensor, OptionError for factors that are no finite numbers, one each.
 */
export function linearCombination(xs: readonly Tensor[], factors: readonly number[]): Tensor {
  if (!Array.isArray(xs) || xs.length === 0)
    throw new ShapeError('linearCombination', describe(xs), 'Give an array with at least one tensor')
  xs.forEach((x, i) => {
    checkTensor(x, 'linearCombination', `tensor ${i}`)
  })
  if (!Array.isArray(factors) || factors.length !== xs.length)
    throw new OptionError(
      'linearCombination',
      `${describe(factors)} as factors of ${xs.length} tensors`,
      'Give one number for each'
    )
  checkNumbers('linearCombination', 'finite', Object.fromEntries(factors.map((c, i) => [`factor ${i}`, c])))
  return apply(linearCombinationOp, xs, { factors })
}
