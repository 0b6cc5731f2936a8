import t from 'tap'
import { minus, norm as norm2 } from '../../core/check/probe.js'
import { DTypeError, grad, hessian, OptionError, ShapeError } from '../../core/index.js'
import type { Nested } from '../../core/nested.js'
import type { Op } from '../../core/op.js'
import { random } from '../../core/random.js'
import { runInverse } from '../../core/targets/answer.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { atan2Op } from '../../ops/elementwise/atan2.js'
import * as ops from '../../ops/index.js'
import { logSoftmaxOp } from '../../ops/reductions/logSoftmax.js'
import { logsumexpOp } from '../../ops/reductions/logsumexp.js'
import { maxOp } from '../../ops/reductions/max.js'
import { minOp } from '../../ops/reductions/min.js'
import { normOp } from '../../ops/reductions/norm.js'
import { prodOp } from '../../ops/reductions/prod.js'
import { softmaxOp } from '../../ops/reductions/softmax.js'
import { standardDeviationOp } from '../../ops/reductions/standardDeviation.js'
import { varianceOp } from '../../ops/reductions/variance.js'

// Values against formulas written out, the ends of the range, degenerate inputs, and what the laws leave open.

type F = (x: Tensor) => Tensor
const last = { axes: [-1], keepDims: false }
const gradient = (f: F, x: Nested): Nested => grad((z: Tensor) => ops.sum(f(z)))(tensor(x)).toArray()

function near(
  t: { ok(v: boolean, note: string): void },
  got: Tensor | Nested,
  want: Nested,
  tolerance = 1e-14,
  note = ''
): void {
  const [a, b] = [tensor(got), tensor(want)]
  const scale = Math.max(...b.data.map(Math.abs)) || 1
  const error =
    a.size === b.size ? Math.max(0, ...a.data.map((v, i) => Math.abs(v / scale - b.data[i] / scale))) : 1 / 0
  t.ok(error <= tolerance, `${note} ${JSON.stringify(tensor(got).toArray())} is ${JSON.stringify(want)}`)
}

/** The input that an inverse rule asks for; null where it refuses. */
function back(op: Op, xs: Nested[], target: Nested, attrs: unknown = last, active = 0): Nested {
  const inputs = xs.map(x => tensor(x))
  const shapes = inputs.map(x => x.shape)
  const out = op.forward(inputs, attrs, op.outShape!(shapes, attrs), {})
  const claim = { value: tensor(target), weight: null }
  const answer = runInverse(
    { op, inputs, out, attrs, saved: {} },
    claim,
    xs.map((_, i) => i === active)
  )
  return 'refuse' in answer ? Number.NaN : answer[active]!.value.toArray()
}

const total = (v: number[]): number => v.reduce((a, b) => a + b, 0)
const average = (v: number[]): number => total(v) / v.length
const spread = (v: number[]): number => total(v.map(u => (u - average(v)) ** 2))

const naive: Record<string, [(x: Tensor, axes: number[], keep: boolean) => Tensor, (v: number[]) => number]> = {
  sum: [ops.sum, total],
  mean: [ops.mean, average],
  prod: [ops.prod, v => v.reduce((a, b) => a * b, 1)],
  max: [ops.max, v => Math.max(...v)],
  min: [ops.min, v => Math.min(...v)],
  norm: [ops.norm, v => Math.hypot(...v)],
  variance: [ops.variance, v => spread(v) / v.length],
  'variance, corrected': [
    (x, axes, keep) => ops.variance(x, axes, keep, { correction: 0.5 }),
    v => spread(v) / (v.length - 0.5)
  ],
  standardDeviation: [ops.standardDeviation, v => Math.sqrt(spread(v) / v.length)],
  logsumexp: [ops.logsumexp, v => Math.log(total(v.map(Math.exp)))]
}

t.test('every choice of axes of a [2, 3, 4], against formulas written out', t => {
  const x = random(1).normal([2, 3, 4])
  for (const [name, [f, formula]] of Object.entries(naive)) {
    let worst = 0
    for (let bits = 0; bits < 8; bits++) {
      const axes = [0, 1, 2].filter(a => bits & (1 << a))
      const index = (i: number): number[] => [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4]
      const groups = new Map<string, number[]>()
      x.data.forEach((v, i) => {
        const key = index(i)
          .filter((_, a) => !axes.includes(a))
          .join()
        groups.set(key, [...(groups.get(key) ?? []), v])
      })
      const want = [...groups.values()].map(formula)
      const got = f(x, axes, false)
      const kept = f(
        x,
        axes.map(a => a - 3),
        true
      )
      t.same(
        got.shape,
        x.shape.filter((_, a) => !axes.includes(a))
      )
      t.same(
        kept.shape,
        x.shape.map((d, a) => (axes.includes(a) ? 1 : d))
      )
      t.same(kept.data, got.data)
      worst = Math.max(worst, norm2(minus(got.data, want)) / (norm2(want) || 1))
    }
    t.ok(worst < 1e-15 * 20, `${name}: ${worst}`)
    t.same(f(x, [2, 0, 1], false).toArray(), (f as F)(x).toArray(), `${name}: all axes by default`)
  }
  for (const axes of [[-1], [0, 2], [0, 1, 2]]) {
    const y = ops.softmax(x, axes)
    near(t, ops.sum(y, axes), ops.mean(ops.div(y, y), axes).toArray())
    near(t, ops.exp(ops.logSoftmax(x, axes)), y.toArray())
    near(t, ops.log(y), ops.sub(x, ops.logsumexp(x, axes, true)).toArray())
  }
  near(t, ops.softmax(x), ops.softmax(x, -1).toArray(), 0)
  near(t, ops.logSoftmax(x), ops.logSoftmax(x, 2).toArray(), 0)
  t.end()
})

t.test('known numbers', t => {
  const x = tensor([2, 4, 4, 4, 5, 5, 7, 9])
  t.equal(ops.variance(x).item(), 4)
  t.equal(ops.standardDeviation(x).item(), 2)
  t.equal(ops.variance(x, 0, false, { correction: 1 }).item(), 32 / 7)
  t.equal(ops.prod(tensor([1, 2, 3, 4, 5])).item(), 120)
  t.equal(ops.norm(tensor([[3], [4]])).item(), 5)
  near(t, ops.logsumexp(tensor([0, 0])), Math.log(2), 0)
  near(t, ops.softmax(tensor([0, Math.log(3)])), [0.25, 0.75])
  t.end()
})

t.test('running sums, both ways, with and without the entry itself', t => {
  const x = tensor([
    [1, 2, 3],
    [10, 20, 30]
  ])
  t.same(ops.cumsum(x).toArray(), [
    [1, 3, 6],
    [10, 30, 60]
  ])
  t.same(ops.cumsum(x, 0).toArray(), [
    [1, 2, 3],
    [11, 22, 33]
  ])
  t.same(ops.cumsum(x, -1, { reverse: true }).toArray(), [
    [6, 5, 3],
    [60, 50, 30]
  ])
  t.same(ops.cumsum(x, 1, { exclusive: true }).toArray(), [
    [0, 1, 3],
    [0, 10, 30]
  ])
  t.same(ops.cumsum(x, 1, { exclusive: true, reverse: true }).toArray(), [
    [5, 3, 0],
    [50, 30, 0]
  ])
  const n = 100_000
  const ones = tensor(new Float32Array(n).fill(0.1))
  const end = ops.cumsum(ones).data[n - 1]
  t.ok(Math.abs(end / (n * ones.data[0]) - 1) < 1e-7, `f32 is summed in f64: ${end}`)
  t.end()
})

t.test('the ends of the range', t => {
  near(t, ops.norm(tensor([3e300, -4e300])), 5e300)
  near(t, ops.norm(tensor([3e-300, -4e-300])), 5e-300)
  near(t, gradient(ops.norm, [3e300, -4e300]), [0.6, -0.8])
  near(t, gradient(ops.norm, [3e-300, 4e-300]), [0.6, 0.8])
  near(t, ops.standardDeviation(tensor([1e300, 3e300])), 1e300)
  near(t, gradient(ops.standardDeviation, [1e-300, 3e-300]), [-0.5, 0.5])
  near(t, ops.variance(ops.add(tensor([1, 2, 3]), 1e9)), 2 / 3, 1e-15, 'no cancellation')
  near(t, ops.logsumexp(tensor([1e300, 1e300, -1e300])), 1e300)
  near(t, gradient(ops.logsumexp, [1e300, 1e300, -1e300]), [0.5, 0.5, 0])
  near(t, ops.logsumexp(tensor([-1e300, -1e300])), -1e300)
  near(t, ops.logsumexp(tensor([0, -40])), Math.exp(-40), 1e-15, 'a small sum beside 1')
  near(t, ops.logsumexp(tensor([-800, -800])), -800 + Math.log(2))
  near(t, ops.softmax(tensor([1000, 0, -1000])), [1, 0, 0])
  near(t, ops.softmax(tensor([-1000, -1000])), [0.5, 0.5])
  near(t, ops.logSoftmax(tensor([1000, 0, -1000])), [0, -1000, -2000])
  near(t, ops.logSoftmax(tensor([1e300, 1e300])), [-Math.log(2), -Math.log(2)])
  const p = Math.exp(-40)
  near(
    t,
    gradient(x => ops.mul(ops.softmax(x), tensor([1, 0])), [40, 0]),
    [p, -p],
    1e-15,
    'a softmax that is nearly 1'
  )
  near(t, ops.prod(tensor([1e300, 1e300, 1e-300, 1e-300, 2])), 2)
  near(t, ops.prod(tensor([1e-200, 1e-200, -1e200, 1e200])), -1)
  near(t, ops.prod(tensor([1e-200, 1e-200, 0, 1e200])), 0)
  t.equal(ops.prod(tensor([1e200, -1e200])).item(), -Infinity)
  t.equal(ops.max(tensor([-1e300, 1e300])).item(), 1e300)
  t.end()
})

t.test('nothing to reduce, one entry, infinities, NaN', t => {
  const none = tensor([[], []])
  t.same(ops.prod(none, 1).toArray(), [1, 1])
  t.same(ops.norm(none, 1).toArray(), [0, 0])
  t.same(ops.logsumexp(none, 1).toArray(), [-Infinity, -Infinity])
  t.same(ops.softmax(none).shape, [2, 0])
  t.same(ops.cumsum(none).shape, [2, 0])
  for (const f of [ops.max, ops.min, ops.mean, ops.variance, ops.standardDeviation]) {
    t.throws(() => f(none, 1), ShapeError)
    t.same(f(none, 0).shape, [0], 'an axis of length 0 that stays')
  }
  const one = tensor([[7]])
  for (const f of [ops.max, ops.min, ops.prod, ops.norm, ops.logsumexp]) t.equal(f(one).item(), 7)
  t.equal(ops.variance(one).item(), 0)
  t.equal(ops.softmax(one).item(), 1)
  const inf = Number.POSITIVE_INFINITY
  t.same(
    ops
      .logsumexp(
        tensor([
          [-inf, -inf],
          [-inf, 3],
          [inf, 3]
        ]),
        1
      )
      .toArray(),
    [-inf, 3, inf]
  )
  near(
    t,
    gradient(x => ops.logsumexp(x), [-inf, 3]),
    [0, 1]
  )
  t.ok(ops.softmax(tensor([-inf, -inf])).data.every(Number.isNaN))
  for (const f of [ops.max, ops.min, ops.prod, ops.norm, ops.logsumexp, ops.variance])
    for (const v of [
      [Number.NaN, 1, 2],
      [1, Number.NaN, 2]
    ])
      t.ok(Number.isNaN(f(tensor(v)).item()), `${f.name} of ${v}`)
  t.end()
})

t.test('derivatives at ties, kinks and zeros', t => {
  const ties = [
    [1, 3, 3, 0],
    [2, 2, 2, 2]
  ]
  t.same(
    gradient(x => ops.max(x, 1), ties),
    [
      [0, 0.5, 0.5, 0],
      [0.25, 0.25, 0.25, 0.25]
    ]
  )
  t.same(
    gradient(x => ops.min(x, 0), ties),
    [
      [1, 0, 0, 1],
      [0, 1, 1, 0]
    ]
  )
  t.same(gradient(ops.norm, [0, 0]), [0, 0])
  t.same(gradient(ops.standardDeviation, [0.1, 0.1, 0.1]), [0, 0, 0])
  t.same(gradient(ops.prod, [2, 0, 5]), [0, 10, 0])
  t.same(gradient(ops.prod, [0, 3, 0]), [0, 0, 0])
  // Second derivatives of Π x: the product of all entries but two.
  for (const x of [
    [2, 3, 4, 5, 6],
    [2, 0, 4, 5, 6],
    [0, 3, 0, 5, 6],
    [0, 0, 0, 1, 2]
  ]) {
    const H = hessian((z: Tensor) => ops.prod(z))(tensor(x))
    const want = x.map((_, i) =>
      x.map((_, j) => (i === j ? 0 : x.reduce((p, v, k) => (k === i || k === j ? p : p * v), 1)))
    )
    t.same(H.toArray(), want, `Hessian of the product at ${x}`)
  }
  // ∂²‖x‖ = (I - x xᵀ/‖x‖²)/‖x‖
  near(t, hessian((z: Tensor) => ops.norm(z))(tensor([3, 4])), [
    [16 / 125, -12 / 125],
    [-12 / 125, 9 / 125]
  ])
  t.end()
})

t.test('inverse rules: numbers', t => {
  t.same(back(maxOp, [[1, 4, 3]], 6), [1, 6, 3])
  t.same(back(maxOp, [[1, 4, 3]], 2), [1, 2, 2])
  t.same(back(maxOp, [[4, 4, 3]], 5), [5, 5, 3], 'all that tie move')
  t.same(back(minOp, [[1, 4, 3]], 3.5), [3.5, 4, 3.5])
  t.same(back(minOp, [[1, 4, 3]], 0), [0, 4, 3])
  near(t, back(normOp, [[3, 4]], 10), [6, 8])
  t.same(back(normOp, [[3, 4]], -1), [0, 0], 'the nearest norm in reach')
  t.same(back(normOp, [[0, 0, 0, 0]], 2), [1, 1, 1, 1], 'no direction: equal entries')
  const v = { ...last, correction: 0 }
  near(t, back(varianceOp, [[1, 3]], 4, v), [0, 4])
  near(t, back(varianceOp, [[1, 3]], -4, v), [2, 2])
  near(t, back(varianceOp, [[5, 5, 5]], 6, v), [2, 5, 8], 1e-14, 'no direction: a ramp')
  t.same(back(varianceOp, [[5]], 6, v), [5], 'one entry has no variance')
  near(t, back(standardDeviationOp, [[1, 3]], 2, v), [0, 4])
  near(t, back(standardDeviationOp, [[1, 3]], -2, v), [2, 2])
  t.ok((back(normOp, [[3, 4]], Number.NaN) as number[]).every(Number.isNaN), 'no target, no answer')
  t.end()
})

t.test('inverse of prod: signs and zeros', t => {
  const cases: [number[], number][] = [
    [[2, 3], 7],
    [[2, 3], -7],
    [[-2, 3, 0.1], 1e-9],
    [[-2, 3, 0.1], -1e9],
    [[2, 0, 5], 3],
    [[2, 0, 5], -3],
    [[0, 0, 4], 36],
    [[0, -2, 0, 0], 5],
    [[1e200, 1e-200, 3], 12],
    [[7], -3]
  ]
  for (const [x, target] of cases) {
    const got = back(prodOp, [x], target) as number[]
    near(t, ops.prod(tensor(got)), target, 1e-12, `prod of ${got}`)
  }
  t.same(back(prodOp, [[2, 0, 5]], 3), [2, 0.3, 5], 'one zero takes it all')
  near(t, back(prodOp, [[0, 0, 4]], -36), [-3, 3, 4], 1e-14, 'zeros share')
  t.same(back(prodOp, [[3, -2]], 0), [3 - 4 / 3, -0], 'to 0 the smallest entry goes')
  t.end()
})

t.test('inverse of logsumexp, softmax, logSoftmax: near and far', t => {
  for (const x of [[0, -5], [1, 1, 1], [0, -1e-9, 3], [-700, 20, 0], [5], [1e5, 1e5 - 1]])
    for (const target of [-1e300, -1e5, -800, -6, -1, 0, 2.5, 30, 800, 1e5, 1e300]) {
      const got = tensor(back(logsumexpOp, [x], target))
      const error = Math.abs(ops.logsumexp(got).item() - target)
      t.ok(error <= 1e-14 * (Math.abs(target) + Math.max(...x.map(Math.abs))), `${x} to ${target}: ${error}`)
    }
  near(t, back(logsumexpOp, [[0, -5]], -1000), [-1000 - Math.log(2), -1000 - Math.log(2)], 1e-14, 'down to one level')
  near(t, back(logsumexpOp, [[-1 / 0, -1 / 0]], 1), [1 - Math.log(2), 1 - Math.log(2)])
  t.same(back(logsumexpOp, [[-1 / 0, 2]], 5), [-1 / 0, 5])
  t.ok((back(logsumexpOp, [[1, 2]], -1 / 0) as number[]).every(Number.isNaN))

  near(t, back(softmaxOp, [[1, 3]], [0.5, 0.5]), [2, 2])
  near(t, ops.softmax(tensor(back(softmaxOp, [[1, 3, 0]], [0.7, 0.2, 0.1]))), [0.7, 0.2, 0.1])
  near(t, ops.softmax(tensor(back(softmaxOp, [[1, 3, 0]], [1, 0, 0]))), [1, 0, 0], 1e-15, 'one-hot')
  near(t, ops.softmax(tensor(back(softmaxOp, [[1, 3, 0]], [0.7, 0.5, 0.1]))), [0.6, 0.4, 0], 1e-15, 'sum 1.3')
  const single = { value: tensor([0.1, 0.2, 0.7], { dtype: 'f32' }), weight: null }
  const x32 = tensor([1, 3, 0], { dtype: 'f32' })
  const y32 = softmaxOp.forward([x32], { axes: [-1], keepDims: true }, [3], {})
  const site = { op: softmaxOp, inputs: [x32], out: y32, attrs: { axes: [-1], keepDims: true }, saved: {} }
  const answer = runInverse(site, single, [true])
  t.ok(!('refuse' in answer) && norm2(minus(ops.softmax(answer[0]!.value).data, single.value.data)) < 1e-7, 'f32')
  t.same(back(softmaxOp, [[0, -800]], [1, 0]), [0, -800], 'what is asked is there already')
  const moved = ops.logSoftmax(tensor(back(softmaxOp, [[0, 1, -800]], [0.5, 0.5, 0])))
  near(t, moved, [Math.log(0.5), Math.log(0.5), ops.logSoftmax(tensor([0, 1, -800])).data[2]])
  near(t, back(logSoftmaxOp, [[1, 3]], [-Math.log(2), -Math.log(2)]), [2, 2])
  for (const target of [
    [-1, -1],
    [0, 0],
    [-900, -5],
    [3, -2]
  ]) {
    const y = ops.logSoftmax(tensor([1, 3]))
    const got = ops.logSoftmax(tensor(back(logSoftmaxOp, [[1, 3]], target)))
    t.ok(norm2(minus(got.data, target)) <= norm2(minus(y.data, target)) * (1 + 1e-12), `never further from ${target}`)
  }
  t.end()
})

t.test('argmax and argmin: positions', t => {
  const x = tensor([
    [1, 5, 5],
    [7, -2, 0]
  ])
  t.same(ops.argmax(x, 1).toArray(), [1, 0])
  t.same(ops.argmax(x, 0, true).toArray(), [[1, 0, 0]])
  t.same(ops.argmin(x, -1).toArray(), [0, 1])
  t.equal(ops.argmax(x).item(), 3)
  t.equal(ops.argmin(x).item(), 4)
  t.equal(ops.argmax(tensor([1, Number.NaN, 9, Number.NaN])).item(), 1)
  t.equal(ops.argmax(ops.cast(x, 'f32')).dtype, 'f32')
  t.throws(() => ops.argmax(tensor([[], []]), 1), { message: /no entries/ })
  t.throws(() => ops.argmin(x, 2), ShapeError)
  t.end()
})

t.test('atan2: quadrants, axes, the branch cut, the ends of the range', t => {
  const pi = Math.PI
  const angle = (a: number, b: number): number => ops.atan2(a, b).item()
  near(t, [angle(1, 1), angle(1, -1), angle(-1, -1), angle(-1, 1)], [pi / 4, (3 * pi) / 4, (-3 * pi) / 4, -pi / 4], 0)
  near(t, [angle(0, 1), angle(1, 0), angle(0, -1), angle(-0, -1), angle(-1, 0)], [0, pi / 2, pi, -pi, -pi / 2], 0)
  const slopes = (a: number, b: number): number[] => {
    const [p, q] = grad((a: Tensor, b: Tensor) => ops.atan2(a, b), { wrt: [0, 1] })(tensor(a), tensor(b))
    return [p.item(), q.item()]
  }
  near(t, slopes(3, 4), [4 / 25, -3 / 25])
  near(t, slopes(3e300, 4e300), [4e-300 / 25, -3e-300 / 25])
  near(t, slopes(3e-300, -4e-300), [-4e300 / 25, -3e300 / 25])
  near(t, slopes(1e-300, 1e300), [1e-300, 0])
  t.same(slopes(0, 0), [0, -0])

  const height = (a: number, b: number, target: number) =>
    (back(atan2Op, [[a], [b]], [target], undefined) as number[])[0]
  const width = (a: number, b: number, target: number) =>
    (back(atan2Op, [[a], [b]], [target], undefined, 1) as number[])[0]
  near(t, height(1, 2, pi / 4), 2)
  near(t, height(1, -2, (3 * pi) / 4), 2)
  near(t, height(1, -2, (-3 * pi) / 4), -2)
  t.ok(Number.isNaN(height(1, 2, 2)), 'a point at the right never has an angle beyond π/2')
  t.ok(Number.isNaN(height(1, -2, 1)))
  t.ok(Math.abs(height(1, -2, 4)) < 1e-15, 'beyond π counts as π')
  t.equal(height(2, 0, -1.5), -2)
  t.equal(height(2, 0, 1), 2)
  t.equal(height(0, 0, 1), 1)
  near(t, width(2, 1, pi / 4), 2)
  near(t, width(2, 1, (3 * pi) / 4), -2)
  near(t, width(-2, 1, -pi / 4), 2)
  t.ok(Number.isNaN(width(2, 1, -1)))
  t.equal(width(0, 2, 3), -2)
  t.equal(width(0, 2, -3), 2)
  t.end()
})

t.test('where there is no derivative, second derivatives are 0 as the first ones', t => {
  const nothing = Array(2).fill([0, 0])
  t.same(hessian(x => ops.norm(x))(tensor([0, 0])).toArray(), nothing, 'norm')
  t.same(hessian(x => ops.standardDeviation(x))(tensor([3, 3])).toArray(), nothing, 'standardDeviation')
  t.same(hessian(x => ops.complexAbs(x))(tensor([0, 0])).toArray(), nothing, 'complexAbs')
  near(t, hessian(x => ops.norm(x))(tensor([3, 4])), [0.128, -0.096, -0.096, 0.072], 1e-14, 'elsewhere they are there')
  t.end()
})

t.test('wrong calls', t => {
  const x = tensor([[1, 2]])
  const each: [string, F][] = Object.entries({ ...naive, softmax: [ops.softmax], logSoftmax: [ops.logSoftmax] }).map(
    ([name, [f]]) => [name, f as F]
  )
  for (const [name, f] of each) {
    const with2 = f as (x: unknown, axes?: unknown) => Tensor
    t.throws(() => with2(3), DTypeError, name)
    t.throws(() => with2(x, 2), ShapeError, name)
    t.throws(() => with2(x, [0, -2]), { message: /named twice/ }, name)
    t.throws(() => with2(x, 'all'), { message: /axes/ }, name)
  }
  t.throws(() => ops.variance(x, 0, false, { correction: 1 }), { message: /1 of the 2 entries/ })
  t.throws(() => ops.variance(x, 0, false, { correction: -1 }), OptionError)
  t.throws(() => ops.max(tensor([])), { message: /max of \[0\].*no entries/ })
  t.throws(() => ops.cumsum(x, 2), ShapeError)
  t.throws(() => ops.cumsum(x, 0, { reverse: 1 as unknown as boolean }), { message: /reverse is a number/ })
  // An object or a number in the place of keepDims would be true, and its correction would not count.
  for (const f of [ops.sum, ops.mean, ops.prod, ops.max, ops.norm, ops.variance, ops.argmax])
    for (const keep of [1, 'yes', null, { correction: 1 }])
      t.throws(() => (f as (...args: unknown[]) => Tensor)(x, 0, keep), { message: /keepDims is/ }, f.name)
  t.throws(() => ops.variance(x, 0, false, { ddof: 1 } as never), { message: /an option of the name ddof.*correction/ })
  t.throws(() => ops.standardDeviation(x, 0, false, null as never), { message: /null for its options/ })
  t.throws(() => ops.cumsum(x, 0, true as never), { message: /a boolean for its options/ })
  t.throws(() => ops.cumsum(x, 0, { reversed: true } as never), { message: /the name reversed/ })
  t.throws(() => ops.cumsum([1] as unknown as Tensor), DTypeError)
  t.throws(() => ops.cumsum(tensor(1)), { message: /A scalar has no axes/ })
  t.throws(() => ops.atan2(tensor([1, 2]), tensor([1, 2, 3])), ShapeError)
  t.end()
})
