import { inspect } from 'node:util'
import t from 'tap'
import {
  allFinite,
  arange,
  DTypeError,
  equalTensors,
  eye,
  full,
  linspace,
  type Nested,
  ones,
  onesLike,
  random,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
  zerosLike
} from '../../core/index.js'
import { add, at, concat, expand, mul, pad, permute, reshape, slice, square, stack, sum } from '../../ops/index.js'

/** Shapes of rank 0 to 6. */
const shapes = [[], [5], [2, 3], [2, 3, 4], [2, 1, 3, 2], [2, 1, 3, 2, 2], [2, 1, 3, 1, 2, 2]]

t.test('nested arrays in and out, rank 0 to 6, f64 and f32', async t => {
  for (const shape of shapes)
    for (const dtype of ['f64', 'f32'] as const) {
      const x = random(0).normal(shape, 0, 1, { dtype })
      const nested = x.toArray()
      const back = tensor(nested, { dtype })
      t.ok(equalTensors(x, back), `${dtype} [${shape}]`)
      t.equal(back.rank, shape.length)
      t.equal(back.dtype, dtype)
      let depth = 0
      for (let v: Nested = nested; Array.isArray(v); v = v[0]) depth++
      t.equal(depth, shape.length)
    }
  t.equal(tensor(3).item(), 3)
  t.same(tensor([]).shape, [0])
  t.same(tensor([[], []]).shape, [2, 0])
  t.same(zeros([2, 0, 3]).toArray(), [[], []])
  t.same(tensor([[1, 2]]).dtype, 'f64', 'the default')
  t.same(tensor([[1, 2, 3, 4]], { shape: [2, 2] }).toArray(), [
    [1, 2],
    [3, 4]
  ])
})

t.test('typed arrays in and out without copies', async t => {
  for (const data of [new Float64Array([1, 2, 3, 4, 5, 6]), new Float32Array([1, 2, 3, 4, 5, 6])]) {
    const x = tensor(data, { shape: [2, 3] })
    t.equal(x.data, data, 'the same array')
    t.equal(x.data.buffer, data.buffer)
    data[0] = 9
    t.equal((x.toArray() as number[][])[0][0], 9)
    t.equal(reshape(x, [3, 2]).data, data, 'reshape shares, too')
    t.equal(tensor(x).data, data)
    const view = data.subarray(2, 4)
    t.equal(tensor(view).data, view, 'also a view into a larger buffer')
  }
  const f64 = new Float64Array([1 / 3])
  const f32 = tensor(f64, { dtype: 'f32' })
  t.equal(f32.dtype, 'f32')
  t.equal(f32.item(), Math.fround(1 / 3))
  t.equal(tensor(f64, { dtype: 'f64' }).data, f64)
  const nested = [1, 2]
  const copy = tensor(nested)
  nested[0] = 7
  t.same(copy.toArray(), [1, 2], 'nested arrays are copied')
})

t.test('no operator changes its inputs, nor shares memory that another writes', async t => {
  // Small results are views of one chunk: they must lie apart.
  const many = Array.from({ length: 2000 }, (_, i) => full([9 + (i % 7)], i, i % 2 ? 'f32' : 'f64'))
  t.ok(many.every((x, i) => x.data.every(v => v === i)))
  const x = random(1).normal([3, 4])
  const before = x.data.slice()
  square(x)
  add(x, x)
  sum(x, 0)
  permute(x)
  t.same(x.data, before)
})

t.test('broadcasting as NumPy does it', async t => {
  const cases: [number[], number[], number[] | null][] = [
    [[2, 3], [3], [2, 3]],
    [[2, 1], [3], [2, 3]],
    [[], [2, 2], [2, 2]],
    [[1], [0], [0]],
    [
      [2, 1, 3],
      [4, 1],
      [2, 4, 3]
    ],
    [
      [6, 1, 5, 1],
      [7, 1, 2],
      [6, 7, 5, 2]
    ],
    [
      [1, 1, 1, 1, 1, 2],
      [3, 1, 1, 2, 1, 1],
      [3, 1, 1, 2, 1, 2]
    ],
    [[2, 3], [2], null],
    [[4], [3], null],
    [[0], [2], null]
  ]
  for (const [a, b, want] of cases)
    for (const dtype of ['f64', 'f32'] as const) {
      const [x, y] = [random(2).normal(a, 0, 1, { dtype }), random(3).normal(b, 0, 1, { dtype })]
      if (!want) {
        t.throws(() => add(x, y), ShapeError, `[${a}] and [${b}]`)
        continue
      }
      const z = mul(x, y)
      t.same(z.shape, want)
      t.equal(z.dtype, dtype)
      t.same(add(y, x).data, add(x, y).data)
      // Entry by entry, by index arithmetic of its own.
      const f = dtype === 'f32' ? Math.fround : (v: number) => v
      for (let p = 0; p < z.size; p++) {
        const index = unravel(p, want)
        if (z.data[p] !== f(entry(x, index) * entry(y, index))) t.fail(`entry ${index} of [${a}]·[${b}]`)
      }
    }
})

t.test('numbers beside a tensor take its dtype', async t => {
  t.equal(add(tensor([1], { dtype: 'f32' }), 0.1).dtype, 'f32')
  t.equal(mul(2, tensor([1], { dtype: 'f32' })).dtype, 'f32')
  t.throws(() => add(tensor(1), tensor(1, { dtype: 'f32' })), DTypeError)
})

t.test('shape operators on every rank', async t => {
  for (const shape of shapes) {
    const x = random(4).normal(shape)
    const rank = shape.length
    t.same(reshape(x, [-1]).data, x.data)
    t.ok(equalTensors(permute(permute(x)), x), `reversed twice [${shape}]`)
    t.same(expand(x, [2, ...shape]).shape, [2, ...shape])
    t.ok(equalTensors(at(expand(x, [2, ...shape]), 1, 0), x))
    for (let axis = -rank; axis < rank; axis++) {
      const a = axis < 0 ? axis + rank : axis
      t.same(
        sum(x, axis).shape,
        shape.filter((_, k) => k !== a)
      )
      t.ok(equalTensors(concat([slice(x, axis, 0, 1), slice(x, axis, 1)], axis), x), `halves along ${axis}`)
      t.ok(equalTensors(slice(pad(x, [1, 2], { axes: axis }), axis, 1, -2), x), `padded along ${axis}`)
      const parts = Array.from({ length: shape[a] }, (_, i) => at(x, i, axis))
      t.ok(equalTensors(stack(parts, a), x), `stacked along ${axis}`)
    }
    let total = 0
    for (const v of x.data) total += v
    t.ok(Math.abs(sum(x).item() - total) <= 1e-14 * x.size, 'the sum, in another order of additions')
  }
})

t.test('makers', async t => {
  t.same(eye(2).toArray(), [
    [1, 0],
    [0, 1]
  ])
  t.same(arange(3).toArray(), [0, 1, 2])
  t.same(linspace(0, 1, 3).toArray(), [0, 0.5, 1])
  t.same(linspace(2, 5, 1).toArray(), [2])
  t.same(full([2], 7, 'f32').data, new Float32Array([7, 7]))
  t.same(zerosLike(ones([2], 'f32')).data, new Float32Array(2))
  t.same(onesLike(zeros([1])).toArray(), [1])
  t.ok(allFinite(ones([2]).data))
  t.notOk(allFinite(tensor([1, Number.NaN]).data))
  t.ok(equalTensors(tensor([Number.NaN]), tensor([Number.NaN])))
  t.notOk(equalTensors(tensor([0]), tensor([0], { dtype: 'f32' })))
})

t.test('printing', async t => {
  t.equal(String(tensor(2.5)), 'f64 [] 2.5')
  t.equal(String(tensor([1, 2 / 3])), 'f64 [2] [1, 0.66667]')
  t.equal(
    String(
      tensor(
        [
          [1, 2],
          [3, -4e-9]
        ],
        { dtype: 'f32' }
      )
    ),
    'f32 [2, 2]\n[[1, 2],\n [3, -4e-9]]'
  )
  t.equal(String(zeros([0])), 'f64 [0] []')
  t.equal(String(arange(20)), 'f64 [20] [0, 1, 2, …, 17, 18, 19]')
  t.equal(String(reshape(arange(8), [2, 2, 2])), 'f64 [2, 2, 2]\n[[[0, 1],\n  [2, 3]],\n [[4, 5],\n  [6, 7]]]')
  t.equal(inspect(tensor([1, 2])), 'f64 [2] [1, 2]')
  t.equal(inspect({ x: tensor(1) }), '{ x: f64 [] 1 }')
  t.equal(String(tensor([Number.NaN, Number.NEGATIVE_INFINITY])), 'f64 [2] [NaN, -Infinity]')
  t.ok(String(zeros([300, 300])).length < 500, 'a large one stays small')
})

function unravel(p: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length)
  for (let k = shape.length - 1; k >= 0; k--) {
    index[k] = p % shape[k]
    p = Math.floor(p / shape[k])
  }
  return index
}

/** The entry of a tensor at an index of a shape to which it broadcasts. */
function entry(x: Tensor, index: readonly number[]): number {
  let at = 0
  x.shape.forEach((d, k) => {
    at = at * d + (d === 1 ? 0 : index[index.length - x.rank + k])
  })
  return x.data[at]
}

t.test('an array that holds itself is an error, not an endless walk', async t => {
  const a: unknown[] = []
  a.push(a)
  t.throws(() => tensor(a as never), ShapeError)
})
