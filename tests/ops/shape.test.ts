import t from 'tap'
import { gradCheck } from '../../core/check/index.js'
import {
  DTypeError,
  equalTensors,
  grad,
  jacobian,
  mapData,
  type Nested,
  OptionError,
  random,
  ShapeError,
  sampleJacobian,
  Tape,
  type Tensor,
  targetSweep,
  tensor,
  zeros
} from '../../core/index.js'
import { runInverse } from '../../core/targets/answer.js'
import * as ops from '../../ops/index.js'

const { add, gather, mul, pad, scatterAdd, slice, square, sum, take } = ops
const abcd = tensor([1, 2, 3, 4])
const M = tensor([
  [1, 2, 3],
  [4, 5, 6]
])

// Values that NumPy and PyTorch give.

t.test('pad', async t => {
  const along = (width: number | [number, number], mode: 'periodic' | 'reflect' | 'edge') =>
    pad(abcd, width, { mode }).toArray()
  t.same(pad(abcd, [1, 2]).toArray(), [0, 1, 2, 3, 4, 0, 0])
  t.same(pad(abcd, 1, { value: 7 }).toArray(), [7, 1, 2, 3, 4, 7])
  t.same(pad(abcd, [0, 1], { value: Number.NEGATIVE_INFINITY }).toArray(), [1, 2, 3, 4, Number.NEGATIVE_INFINITY])
  t.same(along([2, 1], 'periodic'), [3, 4, 1, 2, 3, 4, 1])
  t.same(along([2, 1], 'reflect'), [3, 2, 1, 2, 3, 4, 3])
  t.same(along([2, 1], 'edge'), [1, 1, 1, 2, 3, 4, 4])
  t.same(along([9, 0], 'reflect'), [4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4], 'wider than x')
  t.same(along([5, 6], 'periodic'), [4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2])
  t.same(pad(tensor([5]), 2, { mode: 'reflect' }).toArray(), [5, 5, 5, 5, 5], 'one entry')
  t.same(pad(M, 1, { mode: 'reflect', axes: -1 }).toArray(), [
    [2, 1, 2, 3, 2],
    [5, 4, 5, 6, 5]
  ])
  const widths = [
    [0, 1],
    [2, 0]
  ] as const
  t.same(
    pad(M, widths, { axes: [-1, 0], mode: 'periodic' }).toArray(),
    [
      [1, 2, 3, 1],
      [4, 5, 6, 4],
      [1, 2, 3, 1],
      [4, 5, 6, 4]
    ],
    'widths in the order of the axes'
  )
  t.same(pad(tensor([[5]]), 1, { value: 2 }).toArray(), [
    [2, 2, 2],
    [2, 5, 2],
    [2, 2, 2]
  ])
  t.same(pad(tensor([]), 1).toArray(), [0, 0])
  t.equal(pad(M, 0), M)
  t.equal(pad(tensor(M, { dtype: 'f32' }), 1, { value: 1, axes: 0 }).dtype, 'f32')
  t.same(grad((x: Tensor) => sum(square(pad(x, 1, { value: 7 }))))(abcd).toArray(), [2, 4, 6, 8])
})

t.test('slice, as x[start:stop:step]', async t => {
  const x = tensor([0, 1, 2, 3, 4])
  const of = (start?: number, stop?: number, step?: number) => slice(x, 0, start, stop, step).toArray()
  t.same(of(1, 4), [1, 2, 3])
  t.same(of(-2), [3, 4])
  t.same(of(0, 5, 2), [0, 2, 4])
  t.same(of(undefined, undefined, -1), [4, 3, 2, 1, 0])
  t.same(of(undefined, undefined, -2), [4, 2, 0])
  t.same(of(3, 0, -1), [3, 2, 1])
  t.same(of(-2, 1, -2), [3])
  t.same(of(2, undefined, -1), [2, 1, 0])
  t.same(of(2, 2, -1), [])
  t.same(slice(tensor([]), 0, undefined, undefined, -1).toArray(), [])
  t.same(slice(M, -2, undefined, undefined, -1).toArray(), [
    [4, 5, 6],
    [1, 2, 3]
  ])
  t.same(
    grad((x: Tensor) => sum(mul(slice(x, 0, 4, 0, -2), tensor([10, 20]))))(x).toArray(),
    [0, 0, 20, 0, 10],
    'adjoint'
  )
})

t.test('flip, roll, tile, repeat, take', async t => {
  const rows = (x: Tensor) => x.toArray()
  t.same(rows(ops.flip(M)), [
    [6, 5, 4],
    [3, 2, 1]
  ])
  t.same(rows(ops.flip(M, -1)), [
    [3, 2, 1],
    [6, 5, 4]
  ])
  t.ok(equalTensors(ops.flip(M, [0, 1]), ops.flip(M)))
  t.same(rows(ops.roll(abcd, 1, 0)), [4, 1, 2, 3])
  t.same(rows(ops.roll(abcd, -5, 0)), [2, 3, 4, 1])
  t.same(rows(ops.roll(M, [1, -1], [0, 1])), [
    [5, 6, 4],
    [2, 3, 1]
  ])
  t.same(rows(ops.roll(abcd, [1, 2], [0, 0])), [2, 3, 4, 1], 'shifts along one axis add up')
  t.same(rows(ops.roll(M, 1, [0, 1])), [
    [6, 4, 5],
    [3, 1, 2]
  ])
  t.same(rows(ops.tile(tensor([1, 2]), 2)), [1, 2, 1, 2])
  t.same(rows(ops.tile(tensor([1, 2]), [2, 2])), [
    [1, 2, 1, 2],
    [1, 2, 1, 2]
  ])
  t.same(rows(ops.tile(tensor([[1, 2]]), 2)), [[1, 2, 1, 2]], 'fewer numbers than axes: those in front stay')
  t.same(ops.tile(M, [2, 1, 3]).shape, [2, 2, 9])
  t.same(ops.tile(M, 0).shape, [2, 0])
  t.same(rows(ops.tile(tensor(3), 2)), [3, 3])
  t.same(rows(ops.repeat(tensor([1, 2]), 2)), [1, 1, 2, 2])
  t.same(rows(ops.repeat(M, 2, 0)), [
    [1, 2, 3],
    [1, 2, 3],
    [4, 5, 6],
    [4, 5, 6]
  ])
  t.same(rows(take(M, [2, -3, 2], 1)), [
    [3, 1, 3],
    [6, 4, 6]
  ])
  t.same(rows(take(M, Int32Array.of(1, 0), 0)), [
    [4, 5, 6],
    [1, 2, 3]
  ])
  t.same(take(M, [], 0).shape, [0, 3])
  t.ok(Object.is(ops.flip(tensor([-0, 1])).data[1], -0), 'a zero keeps its sign')
})

t.test('gather and scatterAdd', async t => {
  t.same(
    gather(
      M,
      tensor([
        [0, 0],
        [2, 1]
      ]),
      1
    ).toArray(),
    [
      [1, 1],
      [6, 5]
    ]
  )
  t.same(gather(M, tensor([[0, 1, 1]]), 0).toArray(), [[1, 5, 6]])
  t.same(gather(M, tensor([[1]]), 0).toArray(), [[4]], 'an index with shorter axes, as PyTorch allows')
  t.same(gather(M, tensor([2, 0]), 1).toArray(), [
    [3, 1],
    [6, 4]
  ])
  const index = tensor([
    [0, 0, 2],
    [1, 1, 1]
  ])
  t.same(scatterAdd(index, M, 1, 4).toArray(), [
    [3, 0, 3, 0],
    [0, 15, 0, 0]
  ])
  t.same(scatterAdd(tensor([[1, 0, 1]]), tensor([[1, 2, 3]]), 0, 2).toArray(), [
    [0, 2, 0],
    [1, 0, 3]
  ])
  t.same(scatterAdd(tensor([1, 1, 0]), M, 1, 2).toArray(), [
    [3, 3],
    [6, 9]
  ])
  const f32 = gather(tensor(M, { dtype: 'f32' }), index, 1)
  t.same(
    [f32.dtype, f32.toArray()],
    [
      'f32',
      [
        [1, 1, 3],
        [5, 5, 5]
      ]
    ],
    'an index of another dtype'
  )
  const many = scatterAdd(zeros([2 ** 20]), tensor(new Float32Array(2 ** 20).fill(0.1)), 0, 1)
  t.ok(Math.abs(many.item() - 2 ** 20 * Math.fround(0.1)) < 0.01, 'f32 adds up in f64')
  // ⟨gather(x), ct⟩ = ⟨x, scatterAdd(ct)⟩
  const [x, ct] = [random(1).normal([2, 5]), random(2).normal([2, 3])]
  const [left, right] = [sum(mul(gather(x, index, 1), ct)), sum(mul(x, scatterAdd(index, ct, 1, 5)))]
  t.ok(Math.abs(left.item() - right.item()) < 1e-14)
})

t.test('against loops over entries, in both dtypes, with runs that are copied at once', async t => {
  for (const dtype of ['f64', 'f32'] as const) {
    const x = random(8).normal([3, 5, 70], 0, 1, { dtype })
    const index = mapData(random(9).uniform([3, 4, 70], 0, 5), Math.floor)
    const entry = (b: number, i: number, r: number) => x.data[(b * 5 + i) * 70 + r]
    const naive = (n: number, of: (b: number, i: number, r: number) => number) => {
      const y = zeros([3, n, 70], dtype)
      y.data.forEach((_, q) => {
        y.data[q] = of(Math.floor(q / (70 * n)), Math.floor(q / 70) % n, q % 70)
      })
      return y
    }
    const taken = naive(4, (b, i, r) => entry(b, [4, 0, 4, 2][i], r))
    t.ok(equalTensors(take(x, [4, 0, 4, 2], 1), taken), `take ${dtype}`)
    const chosen = naive(4, (b, i, r) => entry(b, index.data[(b * 4 + i) * 70 + r], r))
    t.ok(equalTensors(gather(x, index, 1), chosen), `gather ${dtype}`)
    const backwards = naive(3, (b, i, r) => entry(b, 4 - 2 * i, r))
    t.ok(equalTensors(slice(x, 1, undefined, undefined, -2), backwards), `slice ${dtype}`)
    const wide = naive(9, (b, i, r) => entry(b, [2, 1, 0, 1, 2, 3, 4, 3, 2][i], r))
    t.ok(equalTensors(pad(x, 2, { axes: 1, mode: 'reflect' }), wide), `pad ${dtype}`)
  }
})

t.test('onehot, split, squeeze, expandDims, swapAxes', async t => {
  t.same(ops.onehot([2, 0], 3).toArray(), [
    [0, 0, 1],
    [1, 0, 0]
  ])
  t.same(ops.onehot(tensor([[1], [0]], { dtype: 'f32' }), 2).shape, [2, 1, 2])
  t.equal(ops.onehot(tensor(1, { dtype: 'f32' }), 2).dtype, 'f32')
  t.same(ops.onehot([], 3).shape, [0, 3])
  const parts = (x: Tensor, n: number | number[], axis?: number) => ops.split(x, n, axis).map(p => p.toArray())
  t.same(parts(abcd, 2), [
    [1, 2],
    [3, 4]
  ])
  t.same(parts(abcd, [1, 0, 3]), [[1], [], [2, 3, 4]])
  t.same(parts(M, 2, 0), [[[1, 2, 3]], [[4, 5, 6]]])
  t.ok(equalTensors(ops.concat(ops.split(M, 3, 1), 1), M), 'concat puts them together')
  t.same(ops.split(zeros([0]), 2)[1].shape, [0])
  const x = zeros([2, 1, 3, 1])
  t.same(ops.squeeze(x).shape, [2, 3])
  t.same(ops.squeeze(x, 1).shape, [2, 3, 1])
  t.same(ops.squeeze(x, [-1, 1]).shape, [2, 3])
  t.same(ops.squeeze(zeros([1, 1])).shape, [])
  t.same(ops.expandDims(M, -1).shape, [2, 3, 1])
  t.same(ops.expandDims(M, 0).shape, [1, 2, 3])
  t.same(ops.expandDims(M, [0, 2]).shape, [1, 2, 1, 3])
  t.same(ops.expandDims(tensor(1), 0).shape, [1])
  t.same(ops.swapAxes(zeros([2, 3, 4]), 0, 2).shape, [4, 3, 2])
  t.same(ops.swapAxes(zeros([2, 3, 4])).shape, [2, 4, 3])
  t.same(ops.swapAxes(M, 1, 1).toArray(), M.toArray())
  const many = Array.from({ length: 300 }, (_, i) => tensor(i % 3 === 0 ? [] : [i]))
  t.equal(ops.concat(many, 0).size, 200, 'many parts, some empty')
  t.same(ops.stack([zeros([0]), zeros([0])]).shape, [0, 2])
})

const wrong = (v: unknown) => v as never
const k = tensor([[0, 1]])
const refused: readonly [string, () => unknown, typeof ShapeError | typeof OptionError | typeof DTypeError, RegExp][] =
  [
    ['a negative width', () => pad(M, [-1, 0]), ShapeError, /width \[-1, 0\]/],
    ['half a width', () => pad(M, 0.5), ShapeError, /whole number/],
    ['a pair for one of two axes', () => pad(M, [[1, 1]]), ShapeError, /along 2 axes/],
    ['no width', () => pad(M, wrong(undefined)), ShapeError, /width undefined/],
    ['an axis that is not there', () => pad(M, 1, { axes: 2 }), ShapeError, /rank 2/],
    ['an axis twice', () => pad(M, 1, { axes: [0, -2] }), ShapeError, /twice/],
    ['a mode of no name', () => pad(M, 1, { mode: wrong('mirror') }), OptionError, /'reflect'/],
    ['a value of NaN', () => pad(M, 1, { value: Number.NaN }), OptionError, /NaN/],
    ['a value beside a mode', () => pad(M, 1, { mode: 'edge', value: 1 }), OptionError, /constant/],
    ['the edge of nothing', () => pad(tensor([]), 1, { mode: 'edge' }), ShapeError, /length 0/],
    ['an axis instead of options', () => pad(M, 0, wrong(1)), OptionError, /a number for its options/],
    ['pad of an array', () => pad(wrong([1]), 1), DTypeError, /tensor/],
    ['a start behind the end', () => slice(abcd, 0, 4, 0, -1), ShapeError, /start 4/],
    ['a stop above the start', () => slice(abcd, 0, 1, 2, -1), ShapeError, /step -1/],
    ['a stop before the first', () => slice(abcd, 0, 3, -5, -1), ShapeError, /stop -5/],
    ['half a step', () => slice(abcd, 0, 0, 2, 0.5), ShapeError, /step 0.5/],
    ['flip of an axis that is not there', () => ops.flip(M, 2), ShapeError, /rank 2/],
    ['flip of an array', () => ops.flip(wrong([1])), DTypeError, /tensor/],
    ['roll by half', () => ops.roll(M, 0.5, 0), ShapeError, /shift 0.5/],
    ['roll without axes', () => ops.roll(M, 1, wrong(undefined)), ShapeError, /for each axis/],
    ['two shifts of one axis', () => ops.roll(M, [1, 2], 0), ShapeError, /for each axis/],
    ['tile by -1', () => ops.tile(M, -1), ShapeError, /-1 copies/],
    ['repeat by half', () => ops.repeat(M, 0.5), OptionError, /times/],
    ['take beyond the end', () => take(M, [3], 1), ShapeError, /index 3 of an axis of length 3/],
    ['take before the start', () => take(M, [-4], 1), ShapeError, /index -4/],
    ['take half an entry', () => take(M, [0.5], 1), ShapeError, /index 0.5/],
    ['take by a tensor', () => take(M, wrong(k), 1), ShapeError, /gather/],
    ['gather beyond the end', () => gather(M, tensor([[3], [0]]), 1), ShapeError, /index 3/],
    ['gather from the end', () => gather(M, tensor([[-1], [0]]), 1), ShapeError, /index -1/],
    ['gather of half an entry', () => gather(M, tensor([[0.5], [0]]), 1), ShapeError, /index 0.5/],
    ['gather of NaN', () => gather(M, tensor([[Number.NaN], [0]]), 1), ShapeError, /index NaN/],
    ['gather from nothing', () => gather(zeros([1, 0]), k, 1), ShapeError, /no entries/],
    ['an index of more axes', () => gather(abcd, k, 0), ShapeError, /do not fit/],
    ['an index that is longer elsewhere', () => gather(M, zeros([3, 1]), 1), ShapeError, /do not fit/],
    ['an index without the axis', () => gather(M, tensor([0, 0, 0]), 0), ShapeError, /do not fit/],
    ['an index as a list', () => gather(M, wrong([0]), 1), DTypeError, /its index/],
    ['scatterAdd beyond the end', () => scatterAdd(k, zeros([1, 2]), 1, 1), ShapeError, /index 1/],
    ['another number of updates', () => scatterAdd(k, zeros([1, 3]), 1, 2), ShapeError, /each update/],
    ['scatterAdd to half a length', () => scatterAdd(k, zeros([1, 2]), 1, 0.5), OptionError, /length/],
    ['a label beyond the classes', () => ops.onehot([0, 3], 3), ShapeError, /label 3 at place 1/],
    ['half a label', () => ops.onehot([0.5], 3), ShapeError, /label 0.5/],
    ['a label as a word', () => ops.onehot(wrong('cat'), 3), DTypeError, /labels/],
    ['a rest', () => ops.split(abcd, 3), ShapeError, /length 4/],
    ['sizes that miss some', () => ops.split(abcd, [1, 2]), ShapeError, /add up/],
    ['no parts', () => ops.split(abcd, 0), ShapeError, /into 0/],
    ['squeeze of a long axis', () => ops.squeeze(M, 0), ShapeError, /length 2/],
    ['a new axis that is not there', () => ops.expandDims(M, 3), ShapeError, /rank 3/],
    ['a new axis twice', () => ops.expandDims(M, [0, 0]), ShapeError, /twice/],
    ['no new axis', () => ops.expandDims(M, wrong(undefined)), ShapeError, /NaN/],
    ['swapAxes with an axis that is not there', () => ops.swapAxes(M, 0, 2), ShapeError, /rank 2/]
  ]

t.test('wrong calls', async t => {
  for (const options of [{ axis: 0 }, ['edge'], null, 'edge'])
    t.throws(() => ops.pad(tensor([1, 2]), 1, options as never), { code: 'ERR_OPTION', message: /axes, mode, value/ })
  for (const [name, call, error, text] of refused) {
    t.throws(call, error, name)
    t.throws(call, { message: text }, name)
  }
})

/** The claim on x of the one operator that f applies, for what is asked of y. */
function asked(f: (x: Tensor) => Tensor, x: Nested, value: Nested, weight?: Nested): [Nested, Nested | null] {
  const tape = new Tape()
  const input = tape.watch(tensor(x))
  tape.record(() => f(input))
  const [site, ...more] = tape.sites
  if (more.length > 0) throw new Error('one operator, please')
  const claim = { value: tensor(value), weight: weight === undefined ? null : tensor(weight) }
  const answer = runInverse(
    site,
    claim,
    site.inputs.map(i => i === input)
  )
  if ('refuse' in answer) throw new Error(answer.refuse)
  const given = answer[site.inputs.indexOf(input)]!
  return [given.value.toArray(), given.weight?.toArray() ?? null]
}

t.test('claims of the inverse rules', async t => {
  const abc = [1, 2, 3]
  const reflect = (x: Tensor) => pad(x, 1, { mode: 'reflect' })
  t.same(
    asked(reflect, abc, [9, 5, 7, 6, 3]),
    [
      [5, 19 / 3, 6],
      [1, 3, 1]
    ],
    'copies: the mean, weights add up'
  )
  t.same(
    asked(reflect, abc, [9, 5, 7, 6, 3], [1, 1, 3, 0, 0]),
    [
      [5, 7.5, 3],
      [1, 4, 0]
    ],
    'weighted; no claim: x stays'
  )
  const periodic = (x: Tensor) => pad(x, [1, 0], { mode: 'periodic' })
  t.same(asked(periodic, abc, [8, 5, 6, 4]), [
    [5, 6, 6],
    [1, 1, 2]
  ])
  t.same(
    asked(x => pad(x, 1, { mode: 'edge' }), [1, 2], [4, 6, 7, 9]),
    [
      [5, 8],
      [2, 2]
    ]
  )
  t.same(
    asked(x => pad(x, 1, { value: 7 }), [1, 2], [0, 5, 6, 0]),
    [[5, 6], null],
    'the border has no say'
  )
  t.same(
    asked(x => slice(x, 0, 2, 0, -1), abc, [8, 9]),
    [
      [1, 9, 8],
      [0, 1, 1]
    ]
  )
  t.same(
    asked(x => ops.flip(x), abc, [7, 8, 9], [1, 0, 2]),
    [
      [9, 2, 7],
      [2, 0, 1]
    ]
  )
  t.same(
    asked(x => ops.roll(x, 1, 0), abc, [7, 8, 9]),
    [
      [8, 9, 7],
      [1, 1, 1]
    ]
  )
  t.same(
    asked(x => ops.tile(x, 2), [1, 2], [3, 4, 5, 8], [1, 1, 3, 1]),
    [
      [4.5, 6],
      [4, 2]
    ]
  )
  t.same(
    asked(x => ops.repeat(x, 2), [1, 2], [3, 5, 8, 0], [1, 1, 3, 0]),
    [
      [4, 8],
      [2, 3]
    ]
  )
  t.same(
    asked(x => take(x, [0, 2, 2], 0), abc, [5, 6, 9], [1, 2, 1]),
    [
      [5, 2, 7],
      [1, 0, 3]
    ]
  )
  t.same(
    asked(x => gather(x, tensor([2, 2, 1]), 0), abc, [5, 8, 9], [2, 1, 0]),
    [
      [1, 2, 6],
      [0, 0, 3]
    ]
  )
  const added = (x: Tensor) => scatterAdd(tensor([0, 2, 2]), x, 0, 3)
  t.same(
    asked(added, abc, [4, 9, 11]),
    [[4, 5, 6], null],
    'each takes half; where there is no update nothing can be done'
  )
  t.same(asked(added, abc, [4, 9, 11], [1, 1, 0]), [
    [4, 2, 3],
    [1, 0, 0]
  ])
})

t.test('a target through pieces: split, changed apart, put together', async t => {
  const tape = new Tape()
  const x = tape.watch(tensor([1, 2, 3, 4]))
  const y = tape.record(() => {
    const [q, p] = ops.split(x, 2)
    return ops.concat([mul(ops.flip(p), 2), add(ops.roll(q, 1, 0), 1)], 0)
  })
  const target = tensor([10, 12, 7, 5])
  const { targets } = targetSweep(tape, [[y, target]], [x])
  t.same(targets[0].value.toArray(), [4, 6, 6, 5])
})

t.test('a chain of them against finite differences', async t => {
  const index = tensor([
    [0, 5, 5],
    [2, 1, 7]
  ])
  const chain = (x: Tensor) => {
    const wide = pad(square(x), [1, 2], { axes: -1, mode: 'reflect' })
    const turned = ops.roll(ops.flip(wide, -1), 2, -1)
    const chosen = mul(gather(turned, index, 1), take(x, [1, 0, 1], 1))
    const back = add(scatterAdd(index, chosen, 1, 8), ops.tile(ops.repeat(slice(x, -1, 3, 1, -1), 2), [1, 2]))
    const [a, b] = ops.split(pad(back, 1, { axes: 1, value: 0.5 }), 2)
    return ops.squeeze(mul(ops.expandDims(a, 1), ops.expandDims(pad(b, 0, { mode: 'periodic' }), 1)), 1)
  }
  const rows = gradCheck(chain, { inputs: [random(3).normal([2, 5])] }, random(4))
  t.ok(rows.length >= 5)
  for (const row of rows) t.ok(row.passed, `${row.check}: ${row.error}`)
})

t.test('rows per sample where each sample has its own index', async t => {
  const B = 3
  const [x, table, theta] = [random(5).normal([B, 4]), random(6).normal([5, 2]), random(7).normal([4])]
  const index = tensor([
    [3, 0],
    [1, 1],
    [2, 3]
  ])
  const rows = tensor([
    [4, 0],
    [1, 1],
    [4, 2]
  ])
  const one = (t: Tensor, b: number) => slice(t, 0, b, b + 1)
  const f = (th: Tensor, x: Tensor, k: Tensor) => square(gather(mul(th, x), k, 1))
  const g = (table: Tensor, k: Tensor) => square(gather(table, k, 0))
  const h = (th: Tensor, x: Tensor, k: Tensor) => square(scatterAdd(k, gather(mul(th, x), k, 1), 1, 4))
  const loop = (J: (b: number) => Tensor) =>
    ops.concat(
      Array.from({ length: B }, (_, b) => J(b)),
      0
    )
  const close = (a: Tensor, b: Tensor, name: string) => {
    t.same(a.shape, b.shape, name)
    t.ok(Math.max(...a.data.map((v, i) => Math.abs(v - b.data[i]))) < 1e-14, name)
  }
  for (const [name, fn] of [
    ['gather', f],
    ['scatterAdd', h]
  ] as const) {
    const { J } = sampleJacobian((th, x, k) => fn(th, x, k), { wrt: [0, 1, 2] })(theta, x, index)
    close(
      J[0],
      loop(b => jacobian((th: Tensor) => fn(th, one(x, b), one(index, b)))(theta).J),
      `${name}: parameter`
    )
    const own = loop(b => jacobian((xb: Tensor) => fn(theta, xb, one(index, b)))(one(x, b)).J)
    close(J[1], ops.squeeze(own, -2), `${name}: sample`)
    t.ok(
      J[2].data.every(v => v === 0),
      'none to the index'
    )
  }
  const { J } = sampleJacobian((t, k) => g(t, k), { wrt: 0 })(table, rows)
  close(
    J,
    loop(b => jacobian((t: Tensor) => g(t, one(rows, b)))(table).J),
    'rows of a table that all share'
  )
})
