import t from 'tap'
import {
  apply,
  defineBlock,
  grad,
  hessian,
  InverseError,
  jacobian,
  jacobianOperator,
  jvp,
  localInverse,
  ones,
  random,
  stopGradient,
  Tape,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
  zeros
} from '../../core/index.js'
import {
  add,
  at,
  cast,
  cos,
  exp,
  identity,
  matmul,
  mul,
  reshape,
  sin,
  square,
  stack,
  sub,
  sum,
  swapAxes,
  tanh
} from '../../ops/index.js'
import { relativeError } from '../golden.js'

/** A handful of operations on numbers of size 1, in two orders: a few units in the last place. */
const ROUNDING = 1e-14

t.test('grad and valueAndGrad', async t => {
  const P = (x: Tensor) => stack([at(x, 0), square(at(x, 1))])
  const { value, grad: g } = valueAndGrad((x: Tensor) => sum(square(P(x))))(tensor([3, 3]))
  t.equal(value.item(), 90)
  t.same(g.toArray(), [6, 108], 'the example of the book')

  const f = (x: Tensor, y: Tensor) => sum(mul(square(x), y))
  const [x, y] = [tensor([1, 2]), tensor([3, 4])]
  t.same(grad(f)(x, y).toArray(), [6, 16])
  t.same(grad(f, { wrt: 1 })(x, y).toArray(), [1, 4])
  const both = grad(f, { wrt: [1, 0] })(x, y)
  t.same(
    both.map(d => d.toArray()),
    [
      [1, 4],
      [6, 16]
    ],
    'in the order asked for'
  )
  t.same(grad((x: Tensor) => sum(mul(x, x)))(x).toArray(), [2, 4], 'one tensor used twice')
  t.same(
    grad(f, { wrt: [0, 1] })(x, x).map(d => d.toArray()),
    [
      [2, 8],
      [1, 4]
    ],
    'one tensor as two arguments'
  )
  t.same(grad(() => tensor(3))(x).toArray(), [0, 0], 'a constant')
  t.same(grad((x: Tensor) => sum(x))(zeros([0, 2])).shape, [0, 2], 'nothing to differentiate')
  t.equal(grad((x: Tensor) => sum(square(x)))(tensor([1], { dtype: 'f32' })).dtype, 'f32')
  t.equal(grad((x: Tensor) => sum(square(cast(x, 'f32'))))(tensor([1])).dtype, 'f64', 'back through a cast')
})

t.test('vjp, jvp, jacobian, jacobianOperator and hessian of one map', async t => {
  const A = random(0).normal([3, 2])
  const f = (x: Tensor) => sin(reshape(matmul(A, reshape(x, [2, 1])), [3]))
  const x = tensor([0.3, -0.7])
  const z = reshape(matmul(A, reshape(x, [2, 1])), [3])
  const J = mul(reshape(cos(z), [3, 1]), A)
  const product = (M: Tensor, v: Tensor) => reshape(matmul(M, reshape(v, [-1, 1])), [-1])
  const transposed = (u: Tensor) => reshape(matmul(reshape(u, [1, 3]), J), [2])
  const [dx, ct] = [tensor([1.5, 2]), tensor([1, -2, 0.5])]

  const { value, J: got } = jacobian(f)(x)
  t.ok(relativeError(value, sin(z)) < ROUNDING)
  t.same(got.shape, [3, 2])
  t.ok(relativeError(got, J) < ROUNDING)
  t.ok(relativeError(jvp(f)(x, dx).tangent, product(J, dx)) < ROUNDING)
  const { pullback } = vjp(f)(x)
  t.ok(relativeError(pullback(ct), transposed(ct)) < ROUNDING)
  t.ok(relativeError(pullback(ct), transposed(ct)) < ROUNDING, 'and again')
  const operator = jacobianOperator(f)(x)
  t.ok(relativeError(operator.apply(dx), product(J, dx)) < ROUNDING)
  t.ok(relativeError(operator.applyT(ct), transposed(ct)) < ROUNDING)

  // H = -Aᵀ diag(sin z) A for Σ sin(A x)
  const H = hessian((x: Tensor) => sum(f(x)))(x)
  const want = matmul(swapAxes(mul(A, reshape(mul(sin(z), -1), [3, 1]))), A)
  t.ok(relativeError(H, want) < ROUNDING)

  const cubic = hessian((x: Tensor) => mul(mul(square(at(x, 0)), at(x, 1)), at(x, 2)))(tensor([2, 3, 5]))
  t.same(cubic.toArray(), [
    [30, 20, 12],
    [20, 0, 4],
    [12, 4, 0]
  ])
})

t.test('several arguments, shapes of a Jacobian, scalars', async t => {
  const f = (x: Tensor, y: Tensor) => mul(x, y)
  const [x, y] = [random(1).normal([2, 3]), random(2).normal([3])]
  const { J } = jacobian(f, { wrt: [0, 1] })(x, y)
  t.same(
    J.map(j => j.shape),
    [
      [2, 3, 2, 3],
      [2, 3, 3]
    ]
  )
  const both = jvp(f)([x, y], [ones([2, 3]), ones([3])])
  t.ok(relativeError(both.tangent, add(x, y)) < ROUNDING)
  const { pullback } = vjp(f, { wrt: [0, 1] })(x, y)
  const [cx, cy] = pullback(ones([2, 3]))
  t.ok(relativeError(cx, mul(ones([2, 1]), y)) < ROUNDING)
  t.ok(relativeError(cy, sum(x, 0)) < ROUNDING)
  t.same(jacobian(square)(tensor(3)).J.shape, [])
  t.equal(jacobian(square)(tensor(3)).J.item(), 6)
  t.equal(hessian(square)(tensor(3)).item(), 2)
  t.same(jacobian(() => tensor([1, 2]))(tensor([1, 2, 3])).J.toArray(), [
    [0, 0, 0],
    [0, 0, 0]
  ])
  t.equal(jvp(() => tensor(1))(tensor(2), tensor(1)).tangent.item(), 0)
  t.equal(
    jacobianOperator(() => tensor(1))(tensor(2))
      .applyT(tensor(1))
      .item(),
    0
  )
})

t.test('stopGradient is a constant for every derivative', async t => {
  const f = (x: Tensor) => sum(mul(x, stopGradient(square(x))))
  const x = tensor([2, 3])
  t.same(grad(f)(x).toArray(), [4, 9])
  t.equal(jvp(f)(x, tensor([1, 0])).tangent.item(), 4)
  t.same(hessian(f)(x).toArray(), [
    [0, 0],
    [0, 0]
  ])
})

t.test('localInverse', async t => {
  t.same(localInverse(square)(tensor([4]), tensor([-1])).toArray(), [-2])
  t.same(localInverse(square)(tensor([4, 9]), tensor([-1, 2])).toArray(), [-2, 3])
  t.ok(Math.abs(localInverse(sin)(tensor([0.5]), tensor([9])).item() - (3 * Math.PI - Math.asin(0.5))) < ROUNDING * 10)
  const P = (x: Tensor) => stack([at(x, 0), square(at(x, 1))])
  t.same(localInverse(P)(tensor([1, 4]), tensor([3, 3])).toArray(), [1, 2])
  // Used twice: no rule of its own, so a block is solved. To the tolerance of newton, relative to the step of size 1.
  const twice = localInverse((x: Tensor) => add(mul(x, x), x))(tensor([6]), tensor([1]))
  t.ok(Math.abs(twice.item() - 2) < 1e-11)
  t.throws(() => localInverse(square)(tensor([-1]), tensor([2])), InverseError)
})

t.test('perturbation confusion', async t => {
  const one = tensor(1)
  // d/dx [x · d/dy (x + y) at y = x]: the inner derivative is 1, so the outer one is 1, not 2.
  t.equal(grad((x: Tensor) => mul(x, grad((y: Tensor) => add(x, y))(x)))(one).item(), 1)
  t.equal(grad((x: Tensor) => mul(x, grad((y: Tensor) => add(x, y))(one)))(one).item(), 1)
  t.equal(jvp((x: Tensor) => mul(x, jvp((y: Tensor) => add(x, y))(x, one).tangent))(one, one).tangent.item(), 1)
  t.equal(grad((x: Tensor) => mul(x, jvp((y: Tensor) => add(x, y))(x, one).tangent))(one).item(), 1)
  t.equal(jvp((x: Tensor) => mul(x, grad((y: Tensor) => add(x, y))(x)))(one, one).tangent.item(), 1)
  // d/dx [x · d/dy (x y) at y = x] = d/dx x² = 2x, although x is also the point of the inner derivative.
  t.equal(grad((x: Tensor) => mul(x, grad((y: Tensor) => mul(x, y))(x)))(tensor(3)).item(), 6)
  // d/dx d/dy (x y)² at y = x: 4 x³ from ∂y, then through both x: d/dx (2 x³) = 6 x².
  t.equal(grad((x: Tensor) => grad((y: Tensor) => square(mul(x, y)))(x))(tensor(2)).item(), 24)
  // A direction that depends on the outer variable.
  t.equal(grad((x: Tensor) => jvp(square)(x, x).tangent)(tensor(3)).item(), 12, 'd/dx 2x·x')
  // The same tensor watched by two tapes of the user's own.
  const [outer, inner] = [new Tape(), new Tape()]
  const x = outer.watch(tensor(3))
  const z = outer.record(() => identity(x))
  inner.watch(z)
  t.ok(outer.knows(z) && inner.knows(z) && !inner.knows(x))
})

t.test('fourth order in mixed modes', async t => {
  /** y = x³ e^(x/2): every derivative differs; its fourth is e^(x/2) (x³/16 + 3x²/2 + 9x + 12). */
  const f = (x: Tensor) => mul(mul(square(x), x), exp(mul(x, 0.5)))
  const u = 0.7
  const x = tensor(u)
  const e = Math.exp(u / 2)
  const exact = [
    e * (u ** 3 / 2 + 3 * u ** 2),
    e * (u ** 3 / 4 + 3 * u ** 2 + 6 * u),
    e * (u ** 3 / 8 + (9 * u ** 2) / 4 + 9 * u + 6),
    e * (u ** 3 / 16 + (3 * u ** 2) / 2 + 9 * u + 12)
  ]
  type F = (x: Tensor) => Tensor
  const modes: Record<string, (f: F) => F> = {
    grad: f => x => grad(f)(x),
    jvp: f => x => jvp(f)(x, tensor(1)).tangent,
    vjp: f => x => vjp(f)(x).pullback(tensor(1)),
    jacobian: f => x => jacobian(f)(x).J
  }
  const block = defineBlock({ name: 'f', forward: ([x]) => f(x), examples: () => [] })
  const names = Object.keys(modes)
  for (const [kind, g] of [
    ['operators', f],
    ['a block', (x: Tensor) => apply(block, [x])]
  ] as const)
    for (let order = 1; order <= 4; order++) {
      let worst = 0
      const count = names.length ** order
      for (let k = 0; k < count; k++) {
        let h: F = g
        for (let o = 0, rest = k; o < order; o++, rest = Math.floor(rest / names.length))
          h = modes[names[rest % names.length]](h)
        worst = Math.max(worst, Math.abs(h(x).item() - exact[order - 1]) / exact[order - 1])
      }
      // Sums of at most 5 terms per order, all positive: no cancellation.
      t.ok(worst < ROUNDING * 10, `order ${order}, ${count} ways of nesting, through ${kind}: ${worst}`)
    }
})

t.test('second derivatives of a map of vectors agree in every mode', async t => {
  const W = random(3).normal([3, 3])
  const f = (x: Tensor) => sum(tanh(matmul(reshape(x, [1, 3]), W)))
  const x = random(4).normal([3])
  const H = hessian(f)(x)
  const v = random(5).normal([3])
  const Hv = reshape(matmul(H, reshape(v, [3, 1])), [3])
  const ways: Record<string, Tensor> = {
    'jvp of grad': jvp((x: Tensor) => grad(f)(x))(x, v).tangent,
    'grad of jvp': grad((x: Tensor) => jvp(f)(x, v).tangent)(x),
    'vjp of grad': vjp((x: Tensor) => grad(f)(x))(x).pullback(v),
    'grad of vjp': grad((x: Tensor) => sum(mul(vjp(f)(x).pullback(tensor(1)), v)))(x),
    'product of jacobianOperator': jacobianOperator((x: Tensor) => grad(f)(x))(x).apply(v),
    'its transpose': jacobianOperator((x: Tensor) => grad(f)(x))(x).applyT(v)
  }
  // Three entries, each a sum of nine products of size 1.
  for (const [name, got] of Object.entries(ways)) t.ok(relativeError(got, Hv) < ROUNDING * 10, name)
  const T = hessian(f)
  const third = jacobian((x: Tensor) => T(x))(x).J
  t.same(third.shape, [3, 3, 3])
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++)
      for (let k = 0; k < 3; k++) {
        const [a, b] = [third.data[9 * i + 3 * j + k], third.data[9 * k + 3 * i + j]]
        t.ok(Math.abs(a - b) < ROUNDING * 100, 'third derivatives are symmetric') // of size 10
      }
})

t.test('derivatives of what a target sweep found: a constant', async t => {
  const g = grad((x: Tensor) => {
    const target = localInverse(square)(tensor([4]), x)
    return sum(square(sub(x, target)))
  })(tensor([3]))
  t.same(g.toArray(), [2])
})

t.test('localInverse in f32 ends where f32 does', async t => {
  const f32 = (v: number[]) => tensor(v, { dtype: 'f32' })
  const P = (x: Tensor) => add(x, sin(x))
  const x = localInverse(P)(f32([0.5, -1]), f32([0, 0]))
  t.equal(x.dtype, 'f32')
  P(x).data.forEach((v, i) => {
    t.ok(Math.abs(v - [0.5, -1][i]) < 1e-6)
  })
  t.ok(Math.abs(localInverse(exp)(f32([100]), f32([0])).item() - Math.log(100)) < 1e-6)
  t.throws(() => localInverse(square)(f32([-1]), f32([2])), InverseError)
  t.throws(() => localInverse(P, { tolerance: 1e-12 })(f32([0.5]), f32([0])), InverseError, 'what is asked counts')
})
