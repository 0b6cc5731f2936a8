import t from 'tap'
import { OptionError, ShapeError, type Tensor, tensor } from '../../core/index.js'
import * as ops from '../../ops/index.js'

// Values that NumPy gives.

const abcd = tensor([1, 2, 3, 4])
const M = tensor([
  [1, 2, 3],
  [4, 5, 6]
])

t.test('pad', async t => {
  const along = (width: number | [number, number], mode: 'periodic' | 'reflect' | 'edge') =>
    ops.pad(abcd, width, { mode }).toArray()
  t.same(ops.pad(abcd, [1, 2]).toArray(), [0, 1, 2, 3, 4, 0, 0])
  t.same(ops.pad(abcd, 1, { value: 7 }).toArray(), [7, 1, 2, 3, 4, 7])
  t.same(ops.pad(abcd, [0, 1], { value: Number.NEGATIVE_INFINITY }).toArray(), [1, 2, 3, 4, Number.NEGATIVE_INFINITY])
  t.same(along([2, 1], 'periodic'), [3, 4, 1, 2, 3, 4, 1])
  t.same(along([2, 1], 'reflect'), [3, 2, 1, 2, 3, 4, 3])
  t.same(along([2, 1], 'edge'), [1, 1, 1, 2, 3, 4, 4])
  t.same(along([9, 0], 'reflect'), [4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4], 'wider than x, as NumPy continues')
  t.same(along([5, 6], 'periodic'), [4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2])
  t.same(ops.pad(M, 1, { mode: 'reflect', axes: -1 }).toArray(), [
    [2, 1, 2, 3, 2],
    [5, 4, 5, 6, 5]
  ])
  const twoAxes = ops
    .pad(
      M,
      [
        [0, 1],
        [2, 0]
      ],
      { axes: [-1, 0], mode: 'periodic' }
    )
    .toArray()
  t.same(
    twoAxes,
    [
      [1, 2, 3, 1],
      [4, 5, 6, 4],
      [1, 2, 3, 1],
      [4, 5, 6, 4]
    ],
    'widths in the order of the axes'
  )
  t.same(ops.pad(tensor([[5]]), 1, { value: 2 }).toArray(), [
    [2, 2, 2],
    [2, 5, 2],
    [2, 2, 2]
  ])
  t.same(ops.pad(tensor([]), 1).toArray(), [0, 0])
  t.equal(ops.pad(M, 0), M)
})

const wrong = (v: unknown) => v as never
const refused: readonly [string, () => unknown, typeof ShapeError | typeof OptionError, RegExp][] = [
  ['a negative width', () => ops.pad(M, [-1, 0]), ShapeError, /width \[-1,0\]/],
  ['half a width', () => ops.pad(M, 0.5), ShapeError, /whole number/],
  ['a pair for one of two axes', () => ops.pad(M, [[1, 1]]), ShapeError, /along 2 axes/],
  ['an axis that is not there', () => ops.pad(M, 1, { axes: 2 }), ShapeError, /rank 2/],
  ['an axis twice', () => ops.pad(M, 1, { axes: [0, -2] }), ShapeError, /twice/],
  ['a mode of no name', () => ops.pad(M, 1, { mode: wrong('mirror') }), OptionError, /'reflect'/],
  ['a value of NaN', () => ops.pad(M, 1, { value: Number.NaN }), OptionError, /NaN/],
  ['a value beside a mode', () => ops.pad(M, 1, { mode: 'edge', value: 1 }), OptionError, /constant/],
  ['the edge of nothing', () => ops.pad(tensor([]), 1, { mode: 'edge' }), ShapeError, /length 0/]
]

t.test('wrong calls', async t => {
  for (const [name, call, error, text] of refused)
    t.throws(call, error, name) && t.throws(call, { message: text }, name)
})
