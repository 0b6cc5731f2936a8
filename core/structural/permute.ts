import { apply } from '../apply.js'
import { stepsOf } from '../backends/gpu/code.js'
import { pointwise } from '../backends/gpu/kernels.js'
import { permuteCopy } from '../backends/kernels.js'
import { ShapeError } from '../errors.js'
import { allocUnset } from '../memory.js'
import { defineOp, type Op } from '../op.js'
import { describe } from '../options.js'
import { axesFromEnd, fromEnd, type Shape, show, size } from '../shape.js'
import { checkTensor, Tensor, tensor } from '../tensor.js'

/** `axes[k]` is the axis of x, counted from the end, that becomes axis k of y: they permute the last axes.length axes. */
interface PermuteAttrs {
  axes: readonly number[]
}

const inverseOrder = (axes: readonly number[]): number[] => {
  const back = new Array<number>(axes.length)
  axes.forEach((a, k) => {
    back[a + axes.length] = k - axes.length
  })
  return back
}

function move(x: Tensor, axes: readonly number[], shape: Shape): Tensor {
  const front = x.shape.length - axes.length
  const order = x.shape.map((_, k) => (k < front ? k : axes[k - front] + x.shape.length))
  const y = allocUnset(size(shape), x.dtype)
  permuteCopy(x.data, x.shape, order, y)
  return new Tensor(shape, y)
}

const permutedShape = (s: Shape, axes: readonly number[]): number[] => {
  if (axes.length > s.length)
    throw new ShapeError(
      `permute of ${show(s)} by ${show(axes)}`,
      `${axes.length} axes of a tensor of rank ${s.length}`,
      'Name axes the tensor has'
    )
  return s.map((d, k) => {
    const j = k - (s.length - axes.length)
    return j < 0 ? d : s[s.length + axes[j]]
  })
}

export const permuteOp: Op<PermuteAttrs> = defineOp<PermuteAttrs>({
  name: 'permute',
  doc: `y = x with its last axes in another order
  tangent  dy = permute(dx)
  adjoint  ct in the order back
  inverse  moves entries and weights back
  cost     one pass`,
  tex: {
    y: String.raw`y = \pi x`,
    tangent: String.raw`dy = \pi\,dx`,
    adjoint: String.raw`\bar x = \pi^{-1} \bar y`,
    inverse: String.raw`\tilde x = \pi^{-1} \tilde y`
  },
  outShape: ([s], { axes }) => permutedShape(s, axes),
  forward: ([x], { axes }, shape) => move(x, axes, shape),
  device: ([x], { axes }, shape) => {
    const steps = stepsOf(x.shape)
    const order = [...steps.slice(0, x.rank - axes.length), ...axes.map(a => steps[x.rank + a])]
    return pointwise(shape, [{ t: x, steps: order }], ['x'], 'x')
  },
  jvp: ([dx], v) => dx && apply(permuteOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(permuteOp, [ct], { axes: inverseOrder(v.attrs.axes) })],
  carry: ({ inputs: [x], attrs: { axes } }) =>
    axes.length < x.shape.length || axes[0] === -x.shape.length ? [true] : undefined,
  inverse: {
    kind: 'structural',
    apply: ({ inputs: [x], attrs: { axes } }, { value, weight }) => {
      const back = (t: Tensor) => move(t, inverseOrder(axes), x.shape)
      return [{ value: back(value), weight: weight && back(weight) }]
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 3, 4])], attrs: { axes: [-1, -2] } },
    { inputs: [r.normal([2, 3, 4])], attrs: { axes: [-3, -1, -2] } },
    { inputs: [r.normal([2, 3])], attrs: { axes: [-1, -2] } },
    { inputs: [r.normal([0, 1, 3])], attrs: { axes: [-1, -3, -2] }, note: 'empty axis' },
    {
      inputs: [
        tensor([
          [1e300, -1e300],
          [1e-300, -1e-300]
        ])
      ],
      attrs: { axes: [-1, -2] },
      extreme: true
    }
  ]
})

/**
 * All axes in another order: `axes[k]` becomes axis k, reversed by default. NumPy calls it transpose, a word that in
 * PyTorch exchanges two axes (here `swapAxes`); so nothing here has that name.
 */
export function permute(x: Tensor, axes?: readonly number[]): Tensor {
  checkTensor(x, 'permute')
  const order = axes ?? x.shape.map((_, k) => x.rank - 1 - k)
  if (!Array.isArray(order))
    throw new ShapeError('permute', `${describe(order)} for its axes`, 'Axes are a list of whole numbers')
  if (order.length !== x.rank || axesFromEnd(order, x.rank, 'permute').length !== x.rank)
    throw new ShapeError(
      `permute of ${show(x.shape)} by ${show(order)}`,
      'not all axes are named',
      'Name each axis once'
    )
  // Leading axes that stay are left out, so that the rules hold with row axes in front.
  const named = order.map(a => fromEnd(a, x.rank, 'permute'))
  let stay = 0
  while (stay < x.rank && named[stay] === stay - x.rank) stay++
  return apply(permuteOp, [x], { axes: named.slice(stay) })
}

/** Two axes exchanged, the last two by default: a matrix, or a batch of them, transposed. Of any two axes: PyTorch's transpose. */
export const swapAxes = (x: Tensor, a = -2, b = -1): Tensor => {
  checkTensor(x, 'swapAxes')
  if (x.rank < 2)
    throw new ShapeError(`swapAxes of ${show(x.shape)}`, 'fewer than two axes', 'Give a matrix or a batch of them')
  const [p, q] = [fromEnd(a, x.rank, 'swapAxes'), fromEnd(b, x.rank, 'swapAxes')]
  return permute(
    x,
    x.shape.map((_, k) => (k - x.rank === p ? q : k - x.rank === q ? p : k))
  )
}
